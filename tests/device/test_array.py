"""PCM arrays against exact moments and closed forms."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import get_num_threads, set_num_threads
from scipy import stats

from pcmlib.device import PCMArray, PCMParameters

UNCLIPPED = PCMParameters(g_min=-1e6, g_max=1e6)
NOISELESS = PCMParameters(write_noise=0, read_noise=0, drift=0)


def exact_moments(pulses):
    """Mean and sd of G after 1, 2, ... pulses from RESET, where nothing clips.

    G' = G + m1 G + c1 + A1 P + (m2 G + k) xi with xi independent of G, so
    E' = (1 + m1) E + c1 + A1 P and V' = (1 + m1)^2 V + E[(m2 G + k)^2].
    """
    E, V = 0.1, 1e-4
    for pulse in range(1, pulses + 1):
        P = math.exp(-pulse / 2.6)
        k = 0.260 + 2.15 * P
        E, V = (
            (1 - 0.084) * E + 0.880 + 1.40 * P,
            (1 - 0.084) ** 2 * V + 0.091**2 * (V + E * E) + 2 * 0.091 * k * E + k * k,
        )
        yield E, math.sqrt(V)


def test_pulse_statistics_follow_the_exact_moment_recursion():
    n = 1_000_000
    array = PCMArray((n,), UNCLIPPED, seed=5)
    for mean, sd in exact_moments(20):
        array.set(0.0)
        G = array.G.double()
        assert abs(G.mean() - mean) < 4 * sd / math.sqrt(n)
        z4 = ((G - G.mean()) / G.std()).pow(4).mean()
        assert abs(G.std() - sd) < 4 * sd * math.sqrt((z4 - 1) / (4 * n))


def test_counts_are_the_same_as_pulses_one_by_one_in_distribution():
    n = 100_000
    together, one_by_one = PCMArray((n,), seed=1), PCMArray((n,), seed=2)
    together.set(0.0, torch.full((n,), 7))
    for _ in range(7):
        one_by_one.set(0.0)
    # Kolmogorov-Smirnov at n = 1e5 sees a difference of 0.01 in the distribution function.
    assert stats.ks_2samp(together.G, one_by_one.G).pvalue > 1e-4
    assert torch.equal(together.n_set, one_by_one.n_set)
    torch.testing.assert_close(together.P, one_by_one.P)


@given(counts=st.lists(st.integers(0, 5), min_size=1, max_size=50))
def test_without_noise_a_set_is_the_plain_recursion(counts):
    p = NOISELESS
    array = PCMArray((len(counts),), p)
    array.set(1.0, torch.tensor(counts))
    expected = []
    for count in counts:
        G, P = 0.1, 1.0
        for _ in range(count):
            P *= math.exp(-1 / p.a)
            G = min(max(G + p.m1 * G + p.c1 + p.A1 * P, p.g_min), p.g_max)
        expected.append(G)
    torch.testing.assert_close(array.G, torch.tensor(expected), rtol=1e-5, atol=1e-6)
    assert array.n_set.tolist() == counts
    assert array.tp.tolist() == [float(count > 0) for count in counts]


@given(bits=st.integers(1, 16), pulses=st.integers(0, 40))
@settings(max_examples=40)
def test_a_pulse_in_performance_mode_adds_exactly_one_step_until_saturation(bits, pulses):
    p = PCMParameters(bits=bits)
    array = PCMArray((3,), p)
    array.put(torch.full((3,), 0.5))
    array.set(0.0, torch.full((3,), pulses))
    expected = min(0.5 + pulses * 12 / 2**bits, 12.0)
    torch.testing.assert_close(array.G, torch.full((3,), expected), rtol=1e-5, atol=0)
    assert torch.equal(array.read(0.0), array.read(1e6))  # no noise, no drift


def test_the_clip_holds_at_both_ends():
    array = PCMArray((100_000,), seed=3)
    for _ in range(60):
        array.set(0.0)
    assert array.G.min() >= 0.1
    assert array.G.max() == 12.0
    reading = array.read(1e-3)
    assert reading.min() >= 0.1
    assert reading.max() == 12.0


@pytest.mark.parametrize(("G", "elapsed"), [(0.5, 1e-3), (5.0, 1.0), (10.0, 1e4)])
def test_a_read_is_the_drifted_conductance_with_its_noise(G, elapsed):
    n = 400_000
    array = PCMArray((n,), UNCLIPPED, seed=4)
    array.put(torch.full((n,), G))
    array.set(100.0, torch.zeros(n, dtype=torch.int32))
    array.tp.fill_(100.0)
    mean = G * (elapsed / 38.6) ** -0.04
    sd = 0.03 * mean + 0.13
    reading = array.read(100.0 + elapsed).double()
    assert abs(reading.mean() - mean) < 4 * sd / math.sqrt(n)
    assert abs(reading.std() - sd) < 4 * sd / math.sqrt(2 * n)
    # New noise at every read: two reads of the same devices share nothing.
    again = array.read(100.0 + elapsed).double()
    assert abs(torch.corrcoef(torch.stack([reading, again]))[0, 1]) < 4 / math.sqrt(n)


def test_a_read_in_the_instant_of_a_pulse_is_taken_at_the_least_delay():
    array = PCMArray((4,), PCMParameters(read_noise=0))
    array.set(7.0)
    assert torch.equal(array.drifted(7.0), array.drifted(7.0 + 5e-4))
    assert torch.isfinite(array.read(7.0)).all()
    assert (array.drifted(7.0) > array.drifted(7.01)).all()


def test_a_reset_leaves_the_conductance_it_should_and_the_history_anew():
    n = 200_000
    array = PCMArray((n,), seed=6)
    array.set(0.0, torch.full((n,), 5))
    mask = torch.arange(n) % 2 == 0
    before = array.G.clone()
    array.reset(3.0, mask)
    assert torch.equal(array.G[~mask], before[~mask])
    G = array.G[mask].double()
    assert abs(G.mean() - 0.1) < 4 * 0.01 / math.sqrt(n / 2)
    assert abs(G.std() - 0.01) < 4 * 0.01 / math.sqrt(n)
    assert array.P[mask].unique().tolist() == [1.0]
    assert array.tp[mask].unique().tolist() == [3.0]


def test_wear_is_never_cleared():
    array = PCMArray((2, 3))
    array.set(0.0, torch.tensor([[0, 1, 2], [3, 4, 5]]))
    array.reset(1.0)
    array.set(2.0)
    assert array.n_set.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert array.n_reset.tolist() == [[1, 1, 1], [1, 1, 1]]


def test_each_row_depends_on_its_own_seed_alone():
    def history(array):
        array.set(0.0)
        array.reset(1.0, torch.rand(array.shape, generator=torch.Generator().manual_seed(0)) < 0)
        array.set(2.0, torch.full(array.shape, 3))
        return torch.stack([array.G, array.read(2.5)], dim=1)

    together = history(PCMArray((3, 3000), seed=[11, 12, 13]))
    alone = history(PCMArray((1, 3000), seed=[12]))
    assert torch.equal(together[1], alone[0])
    assert not torch.equal(together[0], together[1])


@pytest.mark.parametrize("shape", [(200, 30), (4, 3, 7, 50), (3, 2500)])
def test_what_a_device_receives_is_its_own(shape):
    """Steps that depend on nothing but noise are uncorrelated along every axis, and from pulse to
    pulse: within 4.5 standard errors."""
    p = PCMParameters(m1=0.0, A1=0.0, m2=0.0, A2=0.0, c1=10.0, g_max=1e3)
    array = PCMArray(shape, p, seed=5 if len(shape) == 2 else [1, 2, 3, 4])
    array.set(0.0)
    first = array.G.double() - 10
    array.set(0.0)
    second = array.G.double() - first - 20
    pairs = [(first, second), *((first.roll(1, axis), first) for axis in range(len(shape)))]
    for a, b in pairs:
        assert abs(torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1]) < (
            4.5 / math.sqrt(a.numel())
        )


def test_same_seed_same_bits_whatever_the_number_of_threads():
    def run():
        array = PCMArray((50, 1000), seed=9)
        array.set(0.0, torch.full((50, 1000), 4))
        return array.read(1.0)

    threads = get_num_threads()
    first = run()
    set_num_threads(1)
    try:
        second = run()
    finally:
        set_num_threads(threads)
    assert torch.equal(first, second)


def test_devices_can_differ_in_their_drift():
    n = 200_000
    p = PCMParameters(read_noise=0, nu_spread=0.01, g_max=1e3)
    array = PCMArray((n,), p, seed=8)
    array.put(torch.full((n,), 5.0))
    nu = -torch.log(array.drifted(3860.0) / 5.0).double() / math.log(100)
    assert abs(nu.mean() - 0.04) < 4 * 0.01 / math.sqrt(n)
    assert abs(nu.std() - 0.01) < 4 * 0.01 / math.sqrt(2 * n)


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (lambda a: PCMArray((0, 3)), "shape = (0, 3): must be a tuple of whole numbers above 0"),
        (lambda a: PCMArray((2, 3), seed=[1, 2, 3]), "seed = [1, 2, 3]: must be one number, or 2"),
        (lambda a: PCMArray((2, 3), seed=-1), "seed = -1: must be a whole number, at least 0"),
        (lambda a: PCMArray((2, 3), conductance=-1.0), "must be finite, from 0 to g_max"),
        (
            lambda a: PCMArray((2, 3), conductance=float("nan")),
            "conductance = nan: must be finite",
        ),
        (lambda a: a.put(torch.full((2, 3), -0.5)), "conductance (least, greatest) = (-0.5, -0.5)"),
        (lambda a: a.put(torch.ones(3)), "conductance.shape = (3,): must be"),
        (lambda a: a.set(4.0), "t = 4.0: must be a finite number at least 5"),
        (lambda a: a.read(4.0), "t = 4.0: must be a finite number at least 5"),
        (lambda a: a.reset(float("nan")), "t = nan: must be a finite number"),
        (
            lambda a: a.set(6.0, torch.ones(3, 2, dtype=torch.bool)),
            "pulses.shape = (3, 2): must be",
        ),
        (lambda a: a.set(6.0, torch.ones(2, 3)), "pulses.dtype = torch.float32: must be bool"),
        (lambda a: a.set(6.0, -torch.ones(2, 3, dtype=torch.int32)), "pulses (least) = -1"),
    ],
)
def test_bad_input_is_refused_before_any_work(action, words):
    array = PCMArray((2, 3))
    array.set(5.0)
    before = array.G.clone(), array.n_set.clone()
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the words are checked below
        action(array)
    assert words in str(error.value)
    assert torch.equal(array.G, before[0])
    assert torch.equal(array.n_set, before[1])
