"""Programming by the kernels, as a training and as `Crossbar` calls them, against plain NumPy.

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
ROADS = pytest.mark.parametrize("road", ["training", "crossbar"])


class Plain:
    """Synapses of N pairs, pulse by pulse from the equations, with NumPy's noise."""

    def __init__(self, G, seed=1):
        self.G, self.P, self.n_set = np.array(G, float), np.ones(G.shape), np.zeros(G.shape, int)
        self.pairs, self.turn, self.reads = G.shape[1], np.zeros(G[:, 0].shape, int), 0
        self.n_reset, self.random = np.zeros(G.shape, int), np.random.default_rng(seed)

    @property
    def difference(self):
        return self.G[0].mean(0) - self.G[1].mean(0)

    def deal(self, counts):
        for k in range(counts.max()):
            for side in range(2):
                self.pulse(side, counts[side] > k)

    def pulse(self, side, due):
        """One SET of the device whose turn it is."""
        for n in range(self.pairs):
            G, history = self.G[side, n], self.P[side, n] * math.exp(-1 / 2.6)
            mean, sd = -0.084 * G + 0.880 + 1.40 * history, 0.091 * G + 0.260 + 2.15 * history
            G = np.clip(G + mean + sd * self.random.standard_normal(G.shape), 0.1, 12)
            hit = due & (self.turn[side] == n)
            self.G[side, n] = np.where(hit, G, self.G[side, n])
            self.P[side, n] = np.where(hit, history, self.P[side, n])
            self.n_set[side, n] += hit
        self.turn[side] = np.where(due, (self.turn[side] + 1) % self.pairs, self.turn[side])

    def write(self, counts, within):
        """Closed loop, to what a first read says and the change that the pulses are worth."""
        asked, seen = counts[0] != counts[1], self.measure()
        goal = seen + (counts[0] - counts[1]) * 0.75 / self.pairs
        self.reads += asked.sum()
        for _ in range(32 * self.pairs):
            asked = asked & (np.abs(goal - seen) > within)
            self.pulse(0, asked & (seen < goal))
            self.pulse(1, asked & (seen > goal))
            self.reads, seen = self.reads + asked.sum(), self.measure()

    def measure(self):
        noise = (0.03 * self.G + 0.13) * self.random.standard_normal(self.G.shape)
        plus, minus = np.clip(self.G + noise, 0.1, 12).mean(1)
        return plus - minus

    def refresh(self, within=None):
        plus, minus = self.G.mean(1)
        full = (np.maximum(plus, minus) > 9) & (np.abs(plus - minus) < 4.5)
        self.G = np.where(full, 0.1 + 0.01 * self.random.standard_normal(self.G.shape), self.G)
        self.P, self.turn = np.where(full, 1, self.P), np.where(full, 0, self.turn)
        self.n_reset += full
        k = np.floor(np.abs(plus - minus) * self.pairs / 0.75).astype(int) * full
        counts = np.array([k * (plus > minus), k * (plus < minus)])
        if within:
            self.write(counts, within)
        else:
            self.deal(counts)


def by_kernel(bar, counts, t=38.6, number=1, **changes):
    """Give one crossbar its pulses, as a training does."""
    devices = bar.devices
    views = Devices(*(x[0].numpy() for x in (*devices.state, bar.turn)), *others(bar))
    usual = {"t": t, "number": number, "refresh": False, "symmetric": False}
    usual |= {"tolerance": np.float32(0), "assumed_pulse": np.float32(0.75)}
    usual |= {"above": np.float32(9), "within": np.float32(4.5)}
    parts = {**usual, **changes}
    update = Update(**parts, decay=np.float32(history_decay(devices.parameters)))
    reset = np.zeros(counts.shape, np.bool_)
    program(counts.copy(), reset, views, update, devices.parameters.constants(), devices.key[0])


def others(bar):
    return bar.reads.numpy(), bar.exists.float().numpy()


def agree(a, b):
    """Samples of two ways to the same distribution: their means and their sds."""
    a, b = (np.asarray(x, float).ravel() for x in (a, b))
    se = math.sqrt(a.var() / a.size + b.var() / b.size)
    assert abs(a.mean() - b.mean()) < 4.5 * se + 1e-6
    assert abs(a.std() / b.std() - 1) < 4.5 / math.sqrt(a.size)


def start(n, pairs, G, seed=1):
    """A crossbar at such conductances, and the same in NumPy."""
    bar = Crossbar(n, n, pairs=pairs, seed=seed)
    bar.devices.put(G)
    return bar, Plain(G[0].numpy())


def somewhere(n, pairs, low, high):
    noise = torch.rand((1, 2, pairs, n, n), generator=torch.Generator().manual_seed(1))
    return low + (high - low) * noise


@ROADS
@pytest.mark.parametrize("pairs", [1, 3])
def test_pulses_have_the_statistics_of_the_device(pairs, road):
    """0 to 6 pulses a side, twice; 40,000 synapses."""
    n = 200
    counts = np.random.default_rng(1).integers(0, 7, (2, n, n)).astype(np.int32)
    bar, plain = start(n, pairs, torch.full((1, 2, pairs, n, n), 0.1))
    for number in (1, 2):
        if road == "training":
            by_kernel(bar, counts, 38.6 * number, number)
        else:
            bar.deal(torch.from_numpy(counts)[None], 38.6 * number)
        plain.deal(counts)
    mine = bar.devices
    np.testing.assert_array_equal(mine.n_set[0], plain.n_set)
    np.testing.assert_array_equal(bar.turn[0], plain.turn)
    shares, pair = np.vectorize(share, otypes=[int]), np.arange(pairs)[:, None, None]
    last = shares(counts[:, None], counts[:, None] % pairs, pair, pairs)
    once = shares(counts[:, None], 0, pair, pairs)
    expected = np.where(last > 0, 77.2, np.where(once > 0, 38.6, 0.0))
    np.testing.assert_array_equal(mine.tp[0], expected)
    np.testing.assert_allclose(mine.P[0], plain.P, rtol=1e-5)
    for pulses in range(1, 13):
        chosen = plain.n_set == pulses
        if chosen.sum() > 1000:
            agree(mine.G[0].numpy()[chosen], plain.G[chosen])


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


@ROADS
def test_a_refresh_keeps_the_weights(road):
    """22,500 synapses, of which each is full."""
    n = 150
    bar, plain = start(n, 1, somewhere(n, 1, 9, 11))
    before = bar.difference.clone()
    if road == "training":
        by_kernel(bar, np.zeros((2, n, n), np.int32), refresh=True)
    else:
        assert bar.refresh(38.6).all()
    plain.refresh()
    np.testing.assert_array_equal(bar.devices.n_reset[0], plain.n_reset)
    assert plain.n_reset.all()
    apart = bar.devices.n_set[0].numpy() != plain.n_set  # where rounding decides on a pulse
    assert apart.mean() < 1e-3
    agree((bar.difference - before)[0], plain.difference - before[0].numpy())


@ROADS
@pytest.mark.parametrize("pairs", [1, 3])
def test_write_verify_has_the_statistics_of_the_crossbar(pairs, road):
    """0 to 4 pulses' worth a side, and a refresh of what is full; 40,000 synapses."""
    n, within = 200, np.float32(0.4)
    counts = np.random.default_rng(2).integers(0, 5, (2, n, n)).astype(np.int32)
    counts[1, counts[0] > 0] = 0
    bar, plain = start(n, pairs, somewhere(n, pairs, 2, 11))
    if road == "training":
        by_kernel(bar, counts, tolerance=within, refresh=True)
    else:
        bar.write(torch.from_numpy(counts)[None], 38.6, assumed_pulse=0.75, tolerance=0.4)
        bar.refresh(38.6, tolerance=0.4)
    plain.write(counts, 0.4)
    plain.refresh(0.4)
    for size in range(4):
        chosen = counts[0] - counts[1] == size
        agree(bar.difference[0].numpy()[chosen], plain.difference[chosen])
        one, two = (x.sum((0, 1))[chosen] for x in (bar.devices.n_set[0].numpy(), plain.n_set))
        se = math.sqrt((one.var() + two.var()) / len(one))
        assert abs(one.mean() - two.mean()) < 4.5 * se + 1e-6
    reads = bar.reads.item() / n**2, plain.reads / n**2
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
    views = Devices(*(x[0].numpy() for x in (*devices.state, bar.turn)), *others(bar))
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
