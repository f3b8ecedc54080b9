"""Work on several things at once."""

import threading

import numba
import pytest

from pcmlib.base.cores import on_cores


@pytest.mark.parametrize("threads", [1, 2])
def test_answers_come_in_order(threads):
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(min(threads, before))
        assert on_cores(lambda x: x * x, range(50)) == [x * x for x in range(50)]
    finally:
        numba.set_num_threads(before)


@pytest.mark.skipif(numba.get_num_threads() < 2, reason="needs two cores")
def test_after_a_failure_nothing_new_is_begun():
    begun, lock = [], threading.Lock()

    def work(thing):
        with lock:
            begun.append(thing)
        if thing == 0:
            raise ValueError("no")
        threading.Event().wait(0.05)

    with pytest.raises(ValueError, match="no"):
        on_cores(work, range(100))
    count = len(begun)
    assert count < 100
    threading.Event().wait(0.2)
    assert len(begun) == count
