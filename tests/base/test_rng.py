"""The generator against published answers, exact moments, and its promise of independence."""

import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
import pytest
import torch
from numba import get_num_threads, njit, set_num_threads
from scipy import stats

from pcmlib.base import rng


@njit
def _philox(counter, key):
    return rng.philox(counter[0], counter[1], counter[2], counter[3], key[0], key[1])


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ([0] * 4, [0] * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_philox_gives_the_known_answers_of_its_authors(counter, key, answer):
    words = _philox(np.array(counter, np.uint32), np.array(key, np.uint32))
    assert " ".join(f"{int(word):08x}" for word in words) == answer


def test_normals_follow_the_normal_distribution():
    n = 4_000_000
    x = rng.normal((n,), rng.keys(1), draw=0).numpy().astype(float)
    # Standard errors of the moments of a normal: var(x^k) / n, with E x^2k = (2k - 1)!!
    for k, moment in ((1, 0), (2, 1), (3, 0), (4, 3), (6, 15)):
        se = math.sqrt((math.prod(range(1, 2 * k, 2)) - moment**2) / n)
        assert abs((x**k).mean() - moment) < 4.5 * se
    assert stats.kstest(x[:200_000], "norm").pvalue > 1e-4
    assert 4.7 < np.abs(x).max() < 6.2  # tails are there: 4e6 draws should reach about 5.2


def test_neighbouring_draws_are_uncorrelated():
    n = 1_000_000
    a, b = (rng.normal((n,), rng.keys(2), draw).numpy().astype(float) for draw in (0, 1))
    for lag in (1, 2, 256, 512, 768, 1024):
        assert abs(np.mean(a[lag:] * a[:-lag])) < 4.5 / math.sqrt(n)
    assert abs(np.mean(a * b)) < 4.5 / math.sqrt(n)


def test_a_row_depends_on_its_own_key_alone():
    together = rng.normal((3, 5000), rng.keys([7, 8, 9]), draw=4)
    alone = rng.normal((1, 5000), rng.keys([8]), draw=4)
    assert torch.equal(together[1:2], alone)
    assert not torch.equal(together[0], together[1])


def test_bits_do_not_depend_on_the_number_of_threads():
    two = rng.normal((100_000,), rng.keys(3), draw=0)
    threads = get_num_threads()
    set_num_threads(1)
    try:
        one = rng.normal((100_000,), rng.keys(3), draw=0)
    finally:
        set_num_threads(threads)
    assert torch.equal(one, two)


@pytest.mark.parametrize("n", [1, 30, 1024, 2500])
def test_a_row_has_a_counter_and_a_long_one_a_counter_for_each_block(n):
    """Rows of the last axis, anew for each key: what kernels draw row by row."""
    found = rng.normal((2, 3, 4, n), rng.keys([11, 12]), 5).numpy().reshape(2, 12, n)
    starts = range(0, n, rng.BLOCK)
    for (r, row), (k, first) in product(np.ndindex(2, 12), enumerate(starts)):
        size = min(rng.BLOCK, n - first)
        block = np.empty(rng.lanes(size), np.float32)
        rng.fill_normal(block, rng.keys(11 + r)[0], 5, row * len(starts) + k, 0)
        np.testing.assert_allclose(found[r, row, first : first + size], block[:size], atol=2e-6)
    assert len(np.unique(found)) > 0.99 * found.size  # no two rows share a counter


def test_with_a_key_for_each_device_of_a_row_each_is_a_row():
    together = rng.normal((3,), rng.keys([7, 8, 9]), draw=2)
    assert torch.equal(together[1:2], rng.normal((1,), rng.keys(8), draw=2))
    assert rng.normal((2, 0), rng.keys([7, 8]), draw=2).shape == (2, 0)


@pytest.mark.parametrize("seed", [-1, 1.5, [1, -2], [[1]]])
def test_a_bad_seed_is_refused(seed):
    with pytest.raises(ValueError, match=r"seed = .*whole number"):
        rng.keys(seed)


def test_threads_of_python_may_draw_at_once():
    """Numba's pool aborts the process when two threads enter it: cores_for keeps them apart."""
    alone = [rng.normal((100_000,), rng.keys(4), draw) for draw in range(20)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda d: rng.normal((100_000,), rng.keys(4), d), range(20)))
    assert all(map(torch.equal, alone, together))


FORK = """
import hashlib, multiprocessing, threading, torch
from pcmlib.base import rng

def draw(seed):
    x = rng.normal((400_000,), rng.keys(seed), 0)
    x = 2 * x + 1  # large enough for torch's threads, as the draw is for Numba's
    return hashlib.sha256(x.numpy().tobytes()).hexdigest()

if __name__ == "__main__":
    torch.set_num_threads(2)
    here = [draw(seed) for seed in range(4)]
    held = threading.Event()
    def hold():
        with rng.cores_for(1):
            held.set()
            threading.Event().wait()
    threading.Thread(target=hold, daemon=True).start()
    held.wait()  # another thread is drawing while this one forks
    with multiprocessing.get_context("fork").Pool(2) as pool:
        there = pool.map_async(draw, range(4)).get(timeout=60)
    print(there == here, len(set(there)))
"""


def test_a_forked_worker_draws_too():
    """Threads do not survive a fork, and what they held is not given back: a child has its own."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.stdout.split(), done.stderr) == (["True", "4"], "")


def test_uniform_numbers():
    """Mean and variance of 100,000 numbers, and a replica's independence of the others."""
    u = rng.uniform((2, 250, 200), np.array([5, 9], np.uint64), 3).double()
    assert abs(u.mean() - 0.5) < 4 * math.sqrt(1 / 12 / 1e5)
    assert abs(u.var() - 1 / 12) < 4 * math.sqrt(1 / 180 / 1e5)
    alone = rng.uniform((1, 250, 200), np.array([9], np.uint64), 3).double()
    assert torch.equal(u[1], alone[0])
    other = rng.uniform((1, 250, 200), np.array([9], np.uint64), 4)
    assert not torch.equal(alone, other.double())


def test_it_imports_where_there_is_no_fork():
    """Windows has none, and no hook for it."""
    program = "import os, torch, numba; del os.register_at_fork; import pcmlib.base.rng"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_uniform_number_is_below_one():
    """The last word's interval ends at 1; its middle has no float32."""
    unit = njit(lambda word: rng._unit(word))
    words = np.array([0, 1 << 8, 1 << 31, 2**32 - 257, 2**32 - 256, 2**32 - 1], np.uint32)
    values = np.array([unit(word) for word in words], np.float64)
    assert (values > 0).all()
    assert (values < 1).all()
    middles = (np.float64(words >> 8) + 0.5) / 2**24
    np.testing.assert_allclose(values, middles, rtol=0, atol=2**-25)
