"""Programming by the kernels against the crossbar in torch, whose streams are others: statistics.

Each comparison is of means over synapses, within 4.5 standard errors of their difference.
"""

import math

import numpy as np
import pytest
import torch

from pcmlib.crossbar import Crossbar
from pcmlib.crossbar.laws import lacks_room, share, whole_pulses
from pcmlib.crossbar.programming import Devices, Update, program, read
from pcmlib.device import PCMParameters, history_decay

P = PCMParameters()


def by_kernel(bar, counts, t=38.6, number=1, **changes):
    """Give one crossbar its pulses, as a training does."""
    devices = bar.devices
    arrays = (devices.G, devices.P, devices.tp, devices.n_set, devices.n_reset, bar.turn)
    views = Devices(*(x[0].numpy() for x in arrays), bar.reads.numpy(), bar.exists.float().numpy())
    usual = {"t": t, "number": number, "refresh": False, "symmetric": False}
    usual |= {"tolerance": np.float32(0), "assumed_pulse": np.float32(0.75)}
    parts = {**usual, **changes}
    update = Update(**parts, decay=np.float32(history_decay(devices.parameters)))
    reset = np.zeros(counts.shape, np.bool_)
    program(counts.copy(), reset, views, update, devices.parameters.constants(), devices.key[0])


def agree(a, b):
    """Samples of two ways to the same distribution: their means and their sds."""
    a, b = (np.asarray(x, float).ravel() for x in (a, b))
    se = math.sqrt(a.var() / a.size + b.var() / b.size)
    assert abs(a.mean() - b.mean()) < 4.5 * se + 1e-6
    assert abs(a.std() / b.std() - 1) < 4.5 / math.sqrt(a.size)


@pytest.mark.parametrize("pairs", [1, 3])
def test_pulses_have_the_statistics_of_the_device(pairs):
    """0 to 6 pulses a side, twice; 40,000 synapses."""
    n = 200
    counts = np.random.default_rng(1).integers(0, 7, (2, n, n)).astype(np.int32)
    bars = [Crossbar(n, n, pairs=pairs, seed=seed) for seed in (1, 2)]
    for number in (1, 2):
        by_kernel(bars[0], counts, 38.6 * number, number)
        bars[1].deal(torch.from_numpy(counts)[None], 38.6 * number)
    a, b = (bar.devices for bar in bars)
    assert torch.equal(a.n_set, b.n_set)
    assert torch.equal(bars[0].turn, bars[1].turn)
    assert torch.equal(a.tp, b.tp)
    torch.testing.assert_close(a.P, b.P)
    for pulses in range(0, 4):
        mine, theirs = (x.G[x.n_set == pulses * 2 // pairs] for x in (a, b))
        if len(mine) > 1000:
            agree(mine, theirs)


def test_noise_is_new_at_each_pulse_device_and_update():
    """Steps of 20,000 devices that depend on nothing else: correlations within 4.5 standard errors.

    That is 0.032.
    """
    n = 100
    ones = np.ones((2, n, n), np.int32)
    alone = P.replace(m1=0.0, A1=0.0, m2=0.0, A2=0.0, c1=10.0, g_max=100.0)
    bar = Crossbar(n, n, parameters=alone)
    steps = []
    for number in range(1, 4):
        before = bar.devices.G.clone()
        by_kernel(bar, ones, 38.6 * number, number)
        steps.append((bar.devices.G - before)[0, :, 0].numpy().astype(float))
    first, second, third = steps
    for a, b in [
        (first, second),
        (second, third),
        (first[0], first[1]),
        (first[:, 1:], first[:, :-1]),
        (first[:, :, 1:], first[:, :, :-1]),
    ]:
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 4.5 / math.sqrt(a.size)


def test_a_refresh_keeps_the_weights_as_well_as_torch_does():
    n = 150
    G = 9 + 2 * torch.rand((1, 2, 1, n, n), generator=torch.Generator().manual_seed(1))
    bars = [Crossbar(n, n, seed=seed) for seed in (1, 2)]
    for bar in bars:
        bar.devices.put(G)
    before = bars[0].difference.clone()
    by_kernel(bars[0], np.zeros((2, n, n), np.int32), refresh=True)
    bars[1].refresh(38.6)
    a, b = (bar.devices for bar in bars)
    assert torch.equal(a.n_reset, b.n_reset)
    assert torch.equal(a.n_set, b.n_set)
    assert a.n_reset.sum() == 2 * n * n
    agree(bars[0].difference - before, bars[1].difference - before)


@pytest.mark.parametrize("pairs", [1, 3])
def test_write_verify_has_the_statistics_of_the_crossbar(pairs):
    """0 to 4 pulses' worth a side, and a refresh of what is full; 40,000 synapses."""
    n, within = 200, np.float32(0.4)
    counts = np.random.default_rng(2).integers(0, 5, (2, n, n)).astype(np.int32)
    counts[1, counts[0] > 0] = 0
    asked = torch.from_numpy(counts[0] - counts[1])[None]
    G = 2 + 9 * torch.rand((1, 2, pairs, n, n), generator=torch.Generator().manual_seed(1))
    bars = [Crossbar(n, n, pairs=pairs, seed=seed) for seed in (1, 2)]
    for bar in bars:
        bar.devices.put(G)
    by_kernel(bars[0], counts, tolerance=within, refresh=True)
    bars[1].write(torch.from_numpy(counts)[None], 38.6, assumed_pulse=0.75, tolerance=0.4)
    bars[1].refresh(38.6, tolerance=0.4)
    a, b = (bar.devices for bar in bars)
    for size in range(4):
        chosen = asked == size
        agree(bars[0].difference[chosen], bars[1].difference[chosen])
        one, two = (x.n_set.sum((1, 2))[chosen].double() for x in (a, b))
        se = ((one.var() + two.var()) / len(one)).sqrt()
        assert abs(one.mean() - two.mean()) < 4.5 * se + 1e-6
    reads = [bar.reads.item() / n**2 for bar in bars]
    assert abs(reads[0] - reads[1]) < 4.5 * 10 * math.sqrt(2) / n  # sd of a synapse's: below 10


@pytest.mark.parametrize("spread", [0.0, 0.02])
def test_a_read_is_that_of_the_crossbar(spread):
    """Two ways, means and sds; ages of two updates and three; devices alike, or not."""
    n = 200
    own = P.replace(nu_spread=spread)
    G = 1 + 8 * torch.rand((1, 2, 2, n, n), generator=torch.Generator().manual_seed(3))
    bar = Crossbar(n, n, pairs=2, seed=1, parameters=own, scale=3.0)
    bar.devices.put(G)
    bar.deal(torch.randint(0, 2, (1, 2, n, n), generator=torch.Generator().manual_seed(4)), 38.6)
    out, devices = np.empty((n, n), np.float32), bar.devices
    arrays = (devices.G, devices.P, devices.tp, devices.n_set, devices.n_reset, bar.turn)
    views = Devices(*(x[0].numpy() for x in arrays), bar.reads.numpy(), bar.exists.float().numpy())
    deviate = devices.nu_deviate[0] if spread else torch.zeros_like(devices.G[0])
    deviate, gain = deviate.numpy(), np.float32(1 / (2 * 3.0))
    elapsed = np.maximum(38.6 * np.arange(4), own.t_min)
    factor = ((elapsed / own.T0) ** -own.nu).astype(np.float32)[: 0 if spread else None]
    read(views, 3, 38.6, factor, deviate, gain, own.constants(), devices.key[0], out)
    assert bar.reads.item() == n * n
    truth = devices.drifted(3 * 38.6).mean(2)
    truth = (truth[:, 0] - truth[:, 1]) / 3.0
    agree(out - truth[0].numpy(), bar.read(3 * 38.6) - truth)


def test_symmetric_devices_lose_what_they_have_in_common():
    bar = Crossbar(3, 4, pairs=2)
    bar.devices.put(torch.rand(bar.devices.shape) * 5 + 1)
    before = bar.difference.clone()
    by_kernel(bar, np.zeros((2, 3, 4), np.int32), symmetric=True)
    torch.testing.assert_close(bar.difference, before)
    least = bar.devices.G.amin(1)
    torch.testing.assert_close(least, torch.full_like(least, P.g_min))


@pytest.mark.parametrize("pairs", [1, 2, 5])
def test_shares_add_up_and_differ_by_one_at_most(pairs):
    for turn in range(pairs):
        for count in range(12):
            shares = [share(count, turn, pair, pairs) for pair in range(pairs)]
            assert sum(shares) == count
            assert max(shares) - min(shares) <= 1
            assert shares[turn] == max(shares)


def test_whole_pulses_round_towards_zero_but_for_the_last_bits():
    for change in (0.3, -0.3, 0.1 * 3, np.float32(0.3)):
        assert whole_pulses(change, 0.1, 1) == 3
    assert whole_pulses(0.2999, 0.1, 1) == 2
    assert whole_pulses(0.0, 0.1, 4) == 0


def test_room_is_that_of_the_side_that_grows():
    assert lacks_room(1.5, 9.0, 0.0, 10.0)
    assert not lacks_room(-1.5, 9.0, 0.0, 10.0)
    assert lacks_room(-1.5, 0.0, 9.0, 10.0)
