"""What reads come to in a trial, against the law of each device, and against reads one by one."""

import itertools

import numba
import numpy as np
import pytest
import torch
from scipy import stats

from pcmlib.device.record import in_force
from pcmlib.network.drift import course_of
from pcmlib.network.reads import settle, share_a_curve
from pcmlib.network.state import layer
from pcmlib.training import TrainConfig
from pcmlib.training.network import Network

SMALL = {"n_in": 6, "n_rec": 9, "steps": 400, "epochs": 100, "samples": 3, "scale": 2.0}
UPDATE = 250


@numba.njit
def _settle(state, run, update):
    part, p = layer(state, run, 0), in_force(run)
    course = course_of(run, p, state.young, state.factor)
    settle(part, update, p, course, share_a_curve((part,), update, p, course))


def settled(choice=(0, 0, 1, 2, 249), range_of_G=None, **changes):
    """A network whose input's devices are of all conductances, or of a range, and of the ages of
    `choice`, and what its trial reads: sums [n_in, K, n_rec], K = 3 or, of age 0 alone, 6; and
    (row, neuron, conductance, weight) of each device listed."""
    config = TrainConfig.preset("mixed-precision", "reference", **SMALL | changes)
    network = Network(config)
    state, shape = network.states[0], (2, config.pairs, config.n_in, config.n_rec)
    n, rng = int(np.prod(shape)), np.random.default_rng(1)
    state.G[:n] = np.where(rng.random(n) < 0.5, 0.1, rng.uniform(0.05, 12, n))
    if range_of_G:
        state.G[:n] = rng.uniform(*range_of_G, n)
    ages, moments = rng.choice(choice, n), 3 if any(choice) else 6
    state.tp[:n] = (UPDATE - ages) * config.period
    _settle(state, network._runs[0], UPDATE)
    first = state.single_first[: config.n_in + 1]
    listed = [
        (i, int(state.single_post[k]), float(state.single_G[k]), float(state.single_weight[k]))
        for i in range(config.n_in)
        for k in range(first[i], first[i + 1])
    ]
    sums = state.sums[: moments * config.n_in * config.n_rec].reshape(config.n_in, moments, -1)
    arrays = state.G[:n].reshape(shape), ages.reshape(shape), state.deviate[:n].reshape(shape)
    return config, sums, listed, arrays


def of_reads(p, G, elapsed, deviate):
    """Mean and variance of reads of devices, by the law and the integrals of a cut-off normal."""
    logarithm = np.log(np.maximum(G.astype(float), 1e-6) / p.g_max)
    nu = (p.nu - p.nu_slope * logarithm).clip(*p.nu_bounds)
    sd = (p.nu_spread - p.nu_spread_slope * logarithm).clip(*p.nu_spread_bounds)
    Gd = G * (elapsed / p.T0) ** -(p.drift * (nu + sd * deviate).clip(min=0))
    sd = np.maximum(p.read_noise * (p.m3 * Gd + p.c3), 1e-9)
    a, b = (p.g_min - Gd) / sd, (p.g_max - Gd) / sd
    Phi, phi = stats.norm.cdf, stats.norm.pdf
    inside = Phi(b) - Phi(a)
    mean = p.g_min * Phi(a) + p.g_max * Phi(-b) + Gd * inside + sd * (phi(a) - phi(b))
    second = p.g_min**2 * Phi(a) + p.g_max**2 * Phi(-b) + (Gd**2 + sd**2) * inside
    second += 2 * Gd * sd * (phi(a) - phi(b)) + sd**2 * (a * phi(a) - b * phi(b))
    return mean, second - mean**2


DEVICES = {
    "alike": {},
    "slope": {"nu_slope": 0.0155, "nu": 0.0244, "nu_bounds": (0.049, 0.1)},
    "spread": {"nu_spread": 0.005},
    "slope of the spread": {"nu_spread_slope": 0.005, "nu_spread_bounds": (0.001, 0.01)},
    "narrow": {"g_max": 0.5},
    "no drift": {"drift": 0.0},
}


# (pairs, n_in, n_rec): from the third on, more synapses than are worked out together.
SIZES = [(1, 6, 9), (3, 6, 9), (1, 41, 60), (2, 41, 60)]


@pytest.mark.parametrize(
    ("kind", "size"), [*itertools.product(DEVICES, SIZES), ("alike", (1, 2, 1030))]
)
def test_sums_have_the_moments_of_reads(kind, size):
    """Mean at both ends of the trial and variance in its middle, synapse by synapse, to 1e-4 of a
    device's read: a limit left out, a variance halved or a young device counted is far more."""
    (pairs, n_in, n_rec), changes = size, DEVICES[kind]
    fields = {k: v for k, v in changes.items() if k in ("g_max", "drift")}
    constants = {k: v for k, v in changes.items() if k not in fields}
    config, sums, listed, (G, ages, deviate) = settled(
        pairs=pairs, n_in=n_in, n_rec=n_rec, constants=constants, **fields
    )
    p, gain = config.parameters, 1 / (pairs * config.scale)
    length = config.steps * config.dt
    sign = np.array([gain, -gain])[:, None, None, None]
    old = (ages > 0) | (p.drift == 0)

    def moments(tau):
        mean, variance = of_reads(p, G, ages * config.period + p.t_min + tau, deviate)
        return (sign * old * mean).sum((0, 1)), (gain**2 * old * variance).sum((0, 1))

    for tau in (0.0, length):
        found = sums[:, 0] + sums[:, 1] * (tau - length / 2)
        np.testing.assert_allclose(found, moments(tau)[0], atol=1e-4 * gain * p.g_max)
    np.testing.assert_allclose(sums[:, 2], moments(length / 2)[1], rtol=2e-4, atol=2e-6)
    expected = [
        (i, j, float(G[s, n, i, j]), gain * (1 - 2 * s))
        for i in range(config.n_in)
        for s in range(2)
        for n in range(pairs)
        for j in range(config.n_rec)
        if not old[s, n, i, j]
    ]
    np.testing.assert_allclose(listed, expected, rtol=1e-6)


@pytest.mark.parametrize("pairs", [1, 3])
@pytest.mark.parametrize(("G", "noise"), [((0.1, 0.45), 1), ((3, 5), 1), ((3, 5), 0)])
def test_devices_that_are_all_young_share_a_curve(G, noise, pairs):
    """Mean and variance at ten steps, near the lower limit to 0.7 % of a read's noise."""
    config, sums, listed, (G, ages, deviate) = settled((0,), G, pairs=pairs, read_noise=noise)
    assert listed == []
    p, gain = config.parameters, 1 / (pairs * config.scale)
    sign = np.array([gain, -gain])[:, None, None, None]
    curve = ((p.t_min + np.arange(config.steps) * config.dt) / p.T0) ** -p.nu
    place = (curve - (curve[0] + curve[-1]) / 2) / (np.ptp(curve) / 2)
    for t in np.linspace(0, config.steps - 1, 10).astype(int):
        x = place[t]
        lagrange = np.array([x * (x - 1) / 2, 1 - x * x, x * (x + 1) / 2])
        found = np.einsum("k,imkj->mij", lagrange, sums.reshape(len(sums), 2, 3, -1))
        mean, variance = of_reads(p, G, ages + p.t_min + t * config.dt, deviate)
        noise = gain * np.sqrt(2 * pairs * variance.max())
        expected = (sign * mean).sum((0, 1))
        np.testing.assert_allclose(found[0], expected, rtol=1e-5, atol=max(7e-3 * noise, 1e-6))
        expected = (gain**2 * variance).sum((0, 1))
        np.testing.assert_allclose(found[1], expected, rtol=5e-3, atol=1e-6)


def test_young_devices_at_a_limit_are_read_singly():
    """Where they drift by many times the noise of a read, which no parabola follows."""
    _, _, listed, (G, *_) = settled((0,), (5, 11.9))
    assert len(listed) == G.size


def test_each_read_by_choice_lists_every_device():
    config, sums, listed, _ = settled(reads="each")
    assert sums.size == 0
    assert len(listed) == 2 * config.n_in * config.n_rec


@pytest.mark.parametrize("young", [1, 2])
@pytest.mark.parametrize("conductance", [0.1, 3.0, 5.0, 11.9])
def test_trials_have_the_moments_of_trials_that_read_each_device(conductance, young):
    """Membranes of 40 neurons that never spike.

    At 0.1 and 11.9 µS, every read is cut off; at 3 µS, if all are of age 0, devices share a curve,
    and near none is a limit. `young`: devices in two that are of age 0.
    """

    def prepare(network, update):
        (state,) = network.states
        state.tp[:] = (update - 1) * network.config.period
        state.tp[2 - young :: 3 - young] = update * network.config.period

    compare_moments(prepare, threshold=1e6, conductance=conductance)


@pytest.mark.parametrize("at_limit", [0, 1, 2])
def test_one_layer_at_a_limit_has_all_of_them_read_alike(at_limit):
    """Input and recurrence reach a membrane as one sum, of young devices that share a curve in two
    of the three layers alone. Neurons spike at most of the steps."""

    def prepare(network, update):
        (state,) = network.states
        state.tp[:] = update * network.config.period
        d = 0
        for k in range(3):
            devices = 2 * int(np.prod(state.shapes[k]))
            sides = state.G[d : d + devices].reshape(2, -1)
            sides[0], sides[1] = (11.9, 9.5) if k == at_limit else (3.5, 3.2)
            d += devices
        network.run(torch.tensor([0]), update, 15)
        listed = state.single_first[np.cumsum(state.shapes[:3, 0] + 1) - 1]
        n_in, n, n_out = network.config.n_in, network.config.n_rec, network.config.n_out
        assert listed.tolist() == [2 * n_in * n, 2 * n * (n - 1), 2 * n * n_out]

    compare_moments(prepare, threshold=0.05, conductance=3.0)


def compare_moments(prepare, **fields):
    """Membranes of 40 neurons over 1,440 trials each way: means within 4.5 standard errors (40
    comparisons), variances within 5."""
    n, trials = 40, 1440
    found = {}
    for reads in ("sums", "each"):
        config = TrainConfig.preset(
            "mixed-precision", "reference", n_in=30, n_rec=n, steps=60, samples=1, epochs=120,
            input_rate=100.0, reads=reads, seed=3, **fields,
        )  # fmt: skip
        network, last = Network(config), []
        for update in range(trials // 12):
            prepare(network, update)
            for stream in range(12):
                last.append(network.run(torch.tensor([0]), update, stream).trial.v[0, -1].numpy())
        found[reads] = np.array(last, np.float64)
    assert len(found["sums"]) == trials
    a, b = found["sums"], found["each"]
    error = np.sqrt((a.var(0) + b.var(0)) / trials)
    assert (np.abs(a.mean(0) - b.mean(0)) < 4.5 * error).all()
    ratio = a.var(0) / b.var(0)
    assert (np.abs(np.log(ratio)) < 5 * 2 / np.sqrt(trials)).all()
    assert abs(np.log(ratio).mean()) < 5 * 2 / np.sqrt(trials * n)
