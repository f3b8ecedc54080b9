"""Live functions: knobs in, arrays out, with the arguments that a page is told."""

import numpy as np
import pytest

from pcmlib.book.live import Later, live
from pcmlib.book.live.function import FUNCTIONS


@pytest.fixture(autouse=True)
def _forgotten():
    """Functions of these tests are no pages'."""
    known = dict(FUNCTIONS)
    yield
    FUNCTIONS.clear()
    FUNCTIONS.update(known)


def line(slope, offset, table, y):
    for k in range(len(y)):
        y[k] = slope * k + offset + table[k]


def test_it_gives_its_outputs_by_name_as_float32():
    function = live(data={"table": np.arange(3.0)}, y=(3,))(line)
    found = function(offset=1, slope=2)
    assert list(found) == ["y"]
    assert found["y"].dtype == np.float32
    np.testing.assert_array_equal(found["y"], [1, 4, 7])
    assert function.describe() == {
        "knobs": ["slope", "offset"], "data": ["table"], "outputs": [["y", [3]]],
    }  # fmt: skip


def test_a_call_changes_nothing_for_the_next():
    def spoil(scale, table, y):
        for k in range(2):
            table[k] *= scale
            y[k] += table[k]

    function = live(data={"table": np.ones(2)}, y=(2,))(spoil)
    for _ in range(2):
        np.testing.assert_array_equal(function(scale=3)["y"], [3, 3])


def test_data_that_take_time_are_made_at_the_first_call():
    made = []

    def table():
        made.append(1)
        return np.zeros(3)

    function = live(data={"table": Later(table, np.float64)}, y=(3,))(line)
    assert not made
    assert len(function.parts) == 1  # what is compiled for a page needs no data
    assert not made
    function(slope=0, offset=0)
    function(slope=1, offset=0)
    assert made == [1]


def test_the_machine_may_have_a_faster_way():
    function = live(data={"table": np.zeros(3)}, y=(3,))(line)
    function.here(lambda slope, offset: {"y": np.full(3, slope + offset, np.float32)})
    np.testing.assert_array_equal(function(slope=1, offset=2)["y"], [3, 3, 3])


def shift(scale, word, y):
    for k in range(len(y)):
        y[k] = scale * (k + 10 * word)


def test_its_figure_is_one_call_in_which_a_choice_has_its_name():
    function = live(choices={"word": [None, "up", 3]}, y=(3,))(shift)
    function.figure(lambda y: y.tolist())  # what stands for a figure here
    for place, option in enumerate([None, "up", 3]):
        expected = [2 * (k + 10 * place) for k in range(3)]
        assert function.plot(scale=2, word=option) == expected
        assert function(scale=2, word=place)["y"].tolist() == expected
    for option in (0, 1, 2, "down"):
        with pytest.raises(
            ValueError, match=rf"^word = {option!r}: must be one of \[None, 'up', 3"
        ):
            function.plot(scale=2, word=option)
    with pytest.raises(ValueError, match=r"^knobs ="):
        function.plot(scale=2)


def test_faults_are_named():
    with pytest.raises(ValueError, match=r"^function = 'line': must be one whose last arguments"):
        live(z=(3,))(line)
    function = live(data={"table": np.zeros(3)}, y=(3,))(line)
    with pytest.raises(ValueError, match=r"^knobs = \['slope'\]: .*slope, offset"):
        function(slope=1)

    def other():
        def line(y):
            """Of the same name."""

        return line

    with pytest.raises(ValueError, match="a name that no other live function has"):
        live(y=(3,))(other())
