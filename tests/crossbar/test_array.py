"""Crossbars against hand-dealt pulses, exact steps of an ideal memory, and their own promises."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pcmlib.crossbar import Crossbar, make_update_ready
from pcmlib.device import PCMParameters

IDEAL = PCMParameters(bits=4)  # 0.75 µS a pulse: the step that the schemes assume


def uniform(xbar, plus, minus):
    """Place all devices of the sides at the given conductances (µS)."""
    G = torch.empty(xbar.devices.shape)
    G[:, 0], G[:, 1] = plus, minus
    xbar.devices.put(G)


def test_a_weight_is_the_mean_difference_over_pairs_by_the_scale():
    xbar = Crossbar(3, 4, replicas=2, pairs=2, scale=torch.tensor([1.0, 4.0]))
    G = torch.rand(xbar.devices.shape, generator=torch.Generator().manual_seed(0)) * 10
    xbar.devices.put(G)
    by_hand = torch.empty(2, 3, 4)
    for r, scale in enumerate((1.0, 4.0)):
        for i in range(3):
            for j in range(4):
                plus = (G[r, 0, 0, i, j] + G[r, 0, 1, i, j]) / 2
                minus = (G[r, 1, 0, i, j] + G[r, 1, 1, i, j]) / 2
                by_hand[r, i, j] = (plus - minus) / scale
    torch.testing.assert_close(xbar.weights(), by_hand)


@given(
    pairs=st.integers(1, 16),
    deals=st.lists(st.integers(0, 40), min_size=1, max_size=6),
)
def test_pulses_are_dealt_one_pair_at_a_time_in_turn(pairs, deals):
    xbar = Crossbar(1, 1, pairs=pairs)
    expected, turn = [0] * pairs, 0
    for count in deals:
        xbar.deal(torch.tensor([[[[count]], [[0]]]]), t=0.0)
        for _ in range(count):
            expected[turn] += 1
            turn = (turn + 1) % pairs
    assert xbar.devices.n_set[0, 0, :, 0, 0].tolist() == expected
    assert xbar.devices.n_set[0, 1].sum() == 0


@given(
    change=st.floats(-10, 10),
    pairs=st.integers(1, 16),
    others=st.floats(-10, 10),
    exact=st.booleans(),
)
def test_a_synapse_has_its_own_whole_count(change, pairs, others, exact):
    if exact:  # a whole number of steps is that many pulses, whatever rounding does
        change = round(change / 0.75) * 0.75
    xbar = Crossbar(1, 2, pairs=pairs)
    counts = xbar.pulses(torch.tensor([[[change, others]]]))[0, :, 0, 0]
    wanted = round(abs(change) * pairs / 0.75) if exact else math.floor(abs(change) * pairs / 0.75)
    grows, stays = (0, 1) if change > 0 else (1, 0)
    assert abs(counts[grows].item() - wanted) <= (0 if exact else 1)
    assert counts[stays] == 0


def test_an_assumed_pulse_can_differ_between_replicas():
    xbar = Crossbar(1, 1, replicas=2)
    counts = xbar.pulses(torch.full((2, 1, 1), -3.0), torch.tensor([0.75, 1.5]))
    assert counts[:, :, 0, 0].tolist() == [[0, 4], [0, 2]]


@pytest.mark.parametrize("pairs", [1, 2, 8])
def test_programming_an_ideal_memory_hits_its_target(pairs):
    xbar = Crossbar(2, 2, pairs=pairs, parameters=IDEAL)
    uniform(xbar, 1.0, 1.0)
    target = torch.tensor([[[3.0, -3.0], [0.75, 0.0]]])
    xbar.program(target, t=0.0)
    torch.testing.assert_close(xbar.difference, target)


def test_synapses_that_do_not_exist_weigh_nothing_and_get_no_pulse():
    exists = ~torch.eye(5, dtype=torch.bool)
    xbar = Crossbar(5, 5, replicas=2, pairs=3, exists=exists)
    xbar.program(torch.full((2, 5, 5), 6.0), t=0.0)
    xbar.reset(torch.ones(2, 2, 5, 5, dtype=torch.bool), t=0.0)
    xbar.program(torch.full((2, 5, 5), 6.0), t=0.0)
    off = ~exists
    assert xbar.devices.n_set[..., off].sum() == 0
    assert xbar.devices.n_reset[..., off].sum() == 0
    for weights in (xbar.weights(), xbar.read(1.0)):
        assert (weights[:, off] == 0).all()
        assert (weights[:, exists] != 0).all()


def test_refresh_resets_saturated_synapses_and_keeps_their_weight():
    xbar = Crossbar(1, 4, pairs=2, parameters=IDEAL)
    plus = torch.tensor([9.1, 10.6, 9.75, 8.9])
    minus = torch.tensor([7.6, 11.35, 0.75, 8.9])
    uniform(xbar, plus, minus)
    refreshed = xbar.refresh(t=1.0)
    # The third differs by more than 4.5 µS and the fourth has no side above 9 µS.
    assert refreshed.tolist() == [[[True, True, False, False]]]
    torch.testing.assert_close(xbar.difference[0, 0], plus - minus)
    torch.testing.assert_close(xbar.sides[0, :, 0, :2], torch.tensor([[1.6, 0.1], [0.1, 0.85]]))
    assert xbar.reset_pulses.tolist() == [8]
    assert xbar.set_pulses.tolist() == [4 + 2]  # 1.5 and 0.75 µS at 0.375 µS a pulse


def test_refresh_and_reach_are_shares_of_the_largest_conductance():
    """At 24 µS, twice the usual: from 18 µS on, within 9 µS; pulses reach 20 µS."""
    xbar = Crossbar(1, 4, pairs=2, parameters=IDEAL.replace(g_max=24.0))
    uniform(xbar, torch.tensor([18.1, 17.9, 18.1, 23.0]), torch.tensor([9.5, 9.5, 8.5, 23.0]))
    assert xbar.refresh(t=1.0).tolist() == [[[True, False, False, True]]]
    uniform(xbar, torch.full((4,), 5.0), torch.full((4,), 5.0))
    make_update_ready(xbar, torch.tensor([[[14.9, 15.1, -14.9, -15.1]]]), t=2.0)
    assert (xbar.devices.G < 1).any(dim=2)[0, :, 0].tolist() == [
        [False, False, False, True], [False, True, False, False]
    ]  # fmt: skip


def test_update_ready_resets_the_other_side_where_the_growing_one_lacks_room():
    xbar = Crossbar(1, 4, parameters=IDEAL)
    uniform(xbar, torch.tensor([0.1, 8.0, 5.0, 0.1]), torch.tensor([5.0, 0.1, 0.1, 0.1]))
    # -4.9 -> 10 and 7.9 -> -10 have no room for 15 and 18 µS; 4.9 -> 9 and 0 -> 9.9 have.
    make_update_ready(xbar, torch.tensor([[[10.0, -10.0, 9.0, 9.9]]]), t=0.0)
    assert xbar.devices.n_reset[0, :, 0, 0].tolist() == [[0, 1, 0, 0], [1, 0, 0, 0]]
    torch.testing.assert_close(xbar.difference[0, 0], torch.tensor([0.0, 0.0, 4.9, 0.0]))


def test_write_verify_pulses_until_a_read_is_within_the_tolerance():
    xbar = Crossbar(1, 4, parameters=IDEAL)  # 0.75 µS a SET
    xbar.verify(torch.tensor([[[2.0, -2.0, 0.3, 0.0]]]), t=1.0, tolerance=0.4)
    # 2 needs 3 pulses, which leave it 0.25 above; 0.3 is within the tolerance as it is.
    torch.testing.assert_close(xbar.difference, torch.tensor([[[2.25, -2.25, 0.0, 0.0]]]))
    assert xbar.devices.n_set[0, :, 0, 0].tolist() == [[3, 0, 0, 0], [0, 3, 0, 0]]
    assert xbar.reads.tolist() == [4 + 4 + 1 + 1]  # a first one, and one after each pulse
    # Pulses count as their worth from what a first read says; none are asked of the last two.
    counts = torch.tensor([[[[0, 1, 0, 0]], [[1, 0, 0, 0]]]])
    xbar.write(counts, 2.0, assumed_pulse=1.5, tolerance=0.4)
    torch.testing.assert_close(xbar.difference, torch.tensor([[[0.75, -0.75, 0.0, 0.0]]]))
    assert xbar.reads.tolist() == [10 + 3 + 3]


def test_write_verify_brings_back_what_overshoots_and_gives_up():
    xbar = Crossbar(1, 1, parameters=PCMParameters(bits=5, g_max=24.0))  # 0.75 µS a SET
    xbar.verify(torch.full((1, 1, 1), 1.0), t=1.0, tolerance=0.1)
    # 0.75, 1.5, 0.75, 1.5 ...: a step of 0.75 never meets 1.0.
    assert xbar.devices.n_set[0, :, 0, 0, 0].tolist() == [16 + 1, 16 - 1]
    assert xbar.reads.tolist() == [33]


@pytest.mark.parametrize(("pairs", "tolerance"), [(1, 0.6), (4, 0.4)])
def test_write_verify_ends_where_its_last_read_says(pairs, tolerance):
    """The error is at most the tolerance, and a read's noise, in 40,000."""
    n = 200
    start = {"pairs": pairs, "seed": 5, "conductance": 1.0}
    xbar = Crossbar(n, n, **start)
    quiet = Crossbar(n, n, **start, parameters=PCMParameters(read_noise=0.0))
    change = torch.full((1, n, n), 4.0)
    xbar.verify(change, t=1.0, tolerance=tolerance)
    quiet.verify(change, t=1.0, tolerance=tolerance)
    error = (quiet.difference - change).abs()
    done = quiet.devices.n_set.sum((1, 2)) < 32
    assert done.float().mean() > 0.9
    assert error[done].max() <= tolerance + 1e-5
    # With read noise: the last read is of 2 N devices, of sd 0.13 + 0.03 G, up to G = 12.
    noise = math.sqrt(2) * (0.13 + 0.03 * 12) / math.sqrt(pairs)
    error = (xbar.difference - change)[xbar.devices.n_set.sum((1, 2)) < 32]
    assert error.std() < math.hypot(tolerance, noise)
    open_loop = Crossbar(n, n, **start)
    open_loop.program(change, t=1.0)
    assert error.std() < 0.7 * open_loop.difference.std()


def test_a_reset_starts_the_turns_anew():
    xbar = Crossbar(1, 1, pairs=4)
    xbar.deal(torch.tensor([[[[3]], [[2]]]]), t=0.0)
    xbar.reset(torch.tensor([[[[True]], [[False]]]]), t=0.0)
    assert xbar.turn.flatten().tolist() == [0, 2]


@pytest.mark.parametrize("pairs", [1, 4])
def test_reads_of_chosen_columns_have_the_statistics_of_whole_reads(pairs):
    n = 40_000
    xbar = Crossbar(3, n, pairs=pairs, scale=2.0, seed=3)
    uniform(xbar, 6.0, 2.0)
    whole, chosen = (
        xbar.read(38.6)[0, 1].double(),
        xbar.read(38.6, torch.tensor([1]))[0, 0].double(),
    )
    # By hand, T0 after the pulse: sd of G+ is 0.31, of G- 0.19; N pairs average.
    sd = math.hypot(0.31, 0.19) / math.sqrt(pairs) / 2.0
    for reading in (whole, chosen):
        assert abs(reading.mean() - 2.0) < 4 * sd / math.sqrt(n)
        assert abs(reading.std() - sd) < 4 * sd / math.sqrt(2 * n)
    assert xbar.read(38.6, torch.tensor([2, 0])).shape == (1, 2, n)


def test_a_product_adds_the_weights_that_it_reads():
    xbar = Crossbar(3, 2, replicas=2, parameters=IDEAL)
    uniform(xbar, torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), 1.0)
    x = torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, -2.0]])
    expected = torch.tensor([[2.0, 4.0], [-8.0, -10.0]])
    torch.testing.assert_close(xbar.matvec(x, t=1.0), expected)


def test_replicas_together_equal_replicas_alone():
    def train(xbar, keep):
        change = torch.linspace(-9, 9, 3 * 20 * 30).view(3, 20, 30)[keep]
        xbar.program(change, t=1.0)
        make_update_ready(xbar, -change, t=2.0)
        xbar.program(-2 * change, t=3.0)
        xbar.verify(change / 9, t=3.5, tolerance=0.5)
        xbar.refresh(t=4.0, tolerance=0.5)
        return xbar.read(5.0)

    together = train(Crossbar(20, 30, replicas=3, pairs=3, conductance=1.0, seed=7), [0, 1, 2])
    for r in range(3):
        alone = train(Crossbar(20, 30, pairs=3, conductance=1.0, seed=7 + r), [r])
        assert torch.equal(together[r : r + 1], alone)


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (lambda: Crossbar(0, 3), "n_pre = 0: must be a whole number, at least 1"),
        (lambda: Crossbar(3, 3, pairs=0), "pairs = 0: must be a whole number, at least 1"),
        (lambda: Crossbar(3, 3, scale=0.0), "scale = 0.0: must be above 0"),
        (lambda: Crossbar(3, 3, scale=torch.ones(2)), "must be above 0; one number, or 1"),
        (lambda: Crossbar(3, 3, seed=[1, 2]), "seed = [1, 2]: must be a whole number"),
        (lambda: Crossbar(3, 3, seed=-4), "seed = -4: must be a whole number, at least 0"),
        (
            lambda: Crossbar(3, 2, exists=torch.ones(2, 3, dtype=torch.bool)),
            "must be bool of shape (3, 2)",
        ),
        (lambda: Crossbar(3, 2).program(torch.ones(1, 2, 3), 0.0), "change.shape = (1, 2, 3)"),
        (
            lambda: Crossbar(3, 2).program(torch.full((1, 3, 2), torch.nan), 0.0),
            "change[0, 0, 0] = nan: must be finite in float64; 6 of 6 entries are not",
        ),
        (lambda: Crossbar(3, 2).read(0.0, torch.tensor([3])), "must be presynaptic neurons 0 .. 2"),
        (lambda: Crossbar(3, 2).refresh(0.0, threshold=-1.0), "threshold = -1.0"),
    ],
)
def test_bad_input_is_refused_by_name(action, words):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the words are checked below
        action()
    assert words in str(error.value)
