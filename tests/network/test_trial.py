"""The compiled kernels against the network in torch, and against the mathematics of a read."""

import math

import numba
import numpy as np
import pytest
import torch

from pcmlib.device import PCMParameters, drifted
from pcmlib.device.record import in_force
from pcmlib.network.drift import course_of
from pcmlib.network.reads import reads_of, share_a_curve
from pcmlib.network.start import by_time
from pcmlib.network.state import Spikes, layer, neurons
from pcmlib.network.trial import recur
from pcmlib.training import TrainConfig
from pcmlib.training.in_torch import synapses
from pcmlib.training.network import Network

SMALL = {"n_in": 20, "n_rec": 15, "n_out": 2, "steps": 200, "replicas": 3, "lr_in": 0.0}


def first_sample(config, compiled):
    network = Network(config, compiled=compiled)
    for state in network.states:  # sums of few-bit weights are exact in any order
        state.weights[:] = np.round(state.weights * 1024) / 1024
    return network, network.run(torch.tensor([0, 2, 1]), update=0)


KINDS = {
    "LIF": {},
    "ALIF": {"adaptive": 15, "beta": 0.05, "tau_adapt": 0.2},
    "both, resting": {"adaptive": 6, "beta": (0.05, 0.0, 1.0), "refractory": 4},
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_without_noise_the_kernels_equal_torch_to_the_bit(kind):
    """But for adaptation, whose decay is rounded to float32 here."""
    config = TrainConfig(**SMALL, gain=0.5, **kind)
    _, mine = first_sample(config, True)
    _, theirs = first_sample(config, False)
    assert mine.trial.z.sum() > 50
    assert torch.equal(mine.trial.z, theirs.trial.z)
    for a, b in zip(mine.trial, theirs.trial, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6 if kind else 0, atol=0)
    torch.testing.assert_close(mine.loss, theirs.loss)
    torch.testing.assert_close(mine.rate_hz, theirs.rate_hz)


@pytest.mark.parametrize("refractory", [0, 1, 2, 5])
def test_a_neuron_rests_after_each_spike(refractory):
    """An input of 3 theta at each step: as soon as a neuron may spike again, it does."""
    config = TrainConfig(
        n_in=1, n_rec=2, samples=1, input_rate=1000.0, recurrence=False, refractory=refractory
    )
    network = Network(config)
    network.states[0].weights[:2] = 0.3
    trial = network.run(torch.tensor([0]), update=0).trial
    spikes = trial.z[0, :, 0].nonzero().flatten().tolist()
    assert spikes == [*range(1, 1000, max(refractory, 1))]
    resting = torch.isinf(trial.threshold[0, :, 0]).nonzero().flatten().tolist()
    assert resting == sorted({*range(1, 1000)} - {*spikes})


@numba.njit
def _currents(v, state, run, x, update, draw):
    p = in_force(run)
    course = course_of(run, p, state.young, state.factor)
    w_in, w_rec = layer(state, run, 0), layer(state, run, 1)
    shared = share_a_curve((w_in, w_rec), update, p, course)
    w_in = reads_of(w_in, p, course, update, draw, shared)
    w_rec = reads_of(w_rec, p, course, update, draw, shared)
    first, index, when = by_time(x)
    silent = np.zeros(len(v) + 1, np.int64), np.empty(1, np.int32), np.empty(1, np.int32)
    inputs, z = Spikes(first[0], index[0], when[0]), Spikes(*silent)
    recur(inputs, w_in, w_rec, neurons(run), v, np.empty((1, v.shape[1]), np.float32), z)


def currents(network, x, r=0, update=0, stream=0):
    """The input's currents of replica r for spikes x [T, n_in]: what membranes that forget hold."""
    v = np.zeros((len(x) + 1, network.config.n_rec), np.float32)
    draw, run = (update << 4) + stream, network._runs[r].copy()
    run["threshold"], run["tau_rec"] = 1e9, 1e-9
    _currents(v, network.states[r], run, x[None], update, draw)
    return v[1:]


def devices_of_input(network, name):
    """One of the states' arrays, of the input's devices: a view [2, N, n_in, n_rec] a replica."""
    c = network.config
    shape = 2, c.pairs, c.n_in, c.n_rec
    return [getattr(s, name)[: math.prod(shape)].reshape(shape) for s in network.states]


DEVICES = {
    "alike": {},
    "slope": {"nu_slope": 0.0155, "nu_bounds": (0.02, 0.1)},
    "spread": {"nu_spread": 0.02},
    "both": {
        "nu_slope": 0.0155,
        "nu_spread": -0.0059,
        "nu_spread_slope": 0.0125,
        "nu_spread_bounds": (0.008, 0.045),
    },
    "no drift": {"nu": 0.0},
    "strong": {"nu": 1.5, "nu_bounds": (0.0, 2.0)},
}


@pytest.mark.parametrize("reads", ["sums", "each"])
@pytest.mark.parametrize("period", [38.6, 0.5])
@pytest.mark.parametrize("constants", DEVICES.values(), ids=DEVICES)
def test_drift_without_read_noise_agrees_with_torch_and_the_law(constants, period, reads):
    """One spike of each input at another step: its row is the drifted weight of that time.

    Of devices of age 0, 1 and 300, in trials short and long against the period.
    """
    config = TrainConfig.preset(
        "mixed-precision", "reference", **SMALL, read_noise=0.0, pairs=2, epochs=150,
        constants=tuple(constants.items()), period=period, conductance=5.0, reads=reads,
    )  # fmt: skip
    network = Network(config)
    p, tps = config.parameters, devices_of_input(network, "tp")
    for tp in tps:
        tp[0], tp[1], tp[1, 1] = 0.0, 299 * period, 300 * period
    x = np.zeros((200, 20), np.bool_)
    x[np.arange(20) * 7, np.arange(20)] = True
    each = zip(
        devices_of_input(network, "G"), tps, devices_of_input(network, "deviate"), strict=True
    )
    theirs = synapses(network, 300)[0].current(torch.from_numpy(x[:1]).expand(3, -1), 0)
    for r, (G, tp, deviate) in enumerate(each):
        mine = currents(network, x, r, update=300)
        for i in range(20):
            t = 300 * period + 7 * i * 1e-3 + 5e-4
            nu = p.nu - p.nu_slope * np.log(G[:, :, i].astype(float) / 12)
            nu = nu.clip(*p.nu_bounds)
            sd = p.nu_spread - p.nu_spread_slope * np.log(G[:, :, i].astype(float) / 12)
            nu = (nu + sd.clip(*p.nu_spread_bounds) * deviate[:, :, i]).clip(min=0)
            Gd = G[:, :, i] * ((t - tp[:, :, i]) / p.T0) ** -nu
            Gd = Gd.clip(p.g_min, p.g_max).mean(1)
            row = (Gd[0] - Gd[1]) / config.scale
            np.testing.assert_allclose(mine[7 * i], row, rtol=1e-5, atol=2e-6)
        np.testing.assert_allclose(theirs[r], mine[0], rtol=1e-5, atol=2e-6)


def test_devices_of_all_ages_drift_as_one_by_one():
    """Read at the trial's end, without noise, after 20,000 updates: to 1e-5."""
    config = TrainConfig(
        scheme="sign", n_in=1, n_rec=200, steps=1000, epochs=20_000, samples=1, read_noise=0.0,
        conductance=5.0,
    )  # fmt: skip
    network = Network(config)
    (G,), (tp,) = devices_of_input(network, "G"), devices_of_input(network, "tp")
    tp[0, 0, 0] = config.period * np.linspace(0, 20_000, 200).round()
    x = np.zeros((1000, 1), np.bool_)
    x[998] = True
    read = currents(network, x, update=20_000)[998]
    t = 20_000 * config.period + 0.998 + config.parameters.t_min
    Gd = drifted(torch.from_numpy(G), torch.from_numpy(t - tp).float(), 0.0, config.parameters)
    exact = (Gd[0, 0, 0] - Gd[1, 0, 0]).numpy()
    np.testing.assert_allclose(read, exact, rtol=1e-5, atol=5e-5)


def clipped_moments(mean, sd, low, high):
    """Mean and variance of a normal number that is clipped to [low, high]."""
    a, b = (low - mean) / sd, (high - mean) / sd
    Phi = lambda x: 0.5 * math.erfc(-x / math.sqrt(2))  # noqa: E731
    phi = lambda x: math.exp(-x * x / 2) / math.sqrt(2 * math.pi)  # noqa: E731
    inside = Phi(b) - Phi(a)
    first = low * Phi(a) + high * (1 - Phi(b)) + mean * inside + sd * (phi(a) - phi(b))
    second = (
        low**2 * Phi(a)
        + high**2 * (1 - Phi(b))
        + (mean**2 + sd**2) * inside
        + sd**2 * (a * phi(a) - b * phi(b))
        + 2 * mean * sd * (phi(a) - phi(b))
    )
    return first, second - first**2


@pytest.mark.parametrize("how", ["sums", "each", "torch"])
@pytest.mark.parametrize("G", [0.2, 5.0, 11.8])
def test_a_read_has_the_distribution_of_the_model(how, G):
    """G+ = G against G- = 0.1 µS, read 40,000 times: mean and variance within 4 standard errors.

    A read wrong by 0.01 µS (at G = 0.2; by 0.05 at 11.8) in its mean, or by 3 % in its variance,
    would be found.
    """
    config = TrainConfig.preset(
        "mixed-precision", "reference", n_in=4, n_rec=50, steps=201, scale=2.0, samples=1,
        input_rate=1000.0, drift=0.0, reads="each" if how == "each" else "sums",
    )  # fmt: skip
    network = Network(config)
    (G_in,) = devices_of_input(network, "G")
    G_in[0], G_in[1] = G, 0.1
    if how != "torch":
        x = np.zeros((200, 4), np.bool_)
        x[np.arange(200), np.arange(200) % 4] = True
        reads = [currents(network, x, stream=stream) for stream in range(4)]
        values = torch.from_numpy(np.stack(reads)).double().flatten()
    else:
        one, layer_in = torch.tensor([[True, False, False, False]]), synapses(network, 0)[0]
        values = torch.cat([layer_in.current(one, t % 200) for t in range(800)]).double().flatten()
    p = PCMParameters()
    up, up_var = clipped_moments(G, 0.03 * G + 0.13, p.g_min, p.g_max)
    down, down_var = clipped_moments(0.1, 0.03 * 0.1 + 0.13, p.g_min, p.g_max)
    mean, variance, n = (up - down) / 2, (up_var + down_var) / 4, len(values)
    assert n == 40_000
    assert abs(values.mean().item() - mean) < 4 * math.sqrt(variance / n)
    fourth = ((values - mean) ** 4).mean().item()
    assert abs(((values - mean) ** 2).mean().item() - variance) < 4 * math.sqrt(
        (fourth - variance**2) / n
    )


def test_reads_of_a_row_are_independent_between_steps_synapses_and_sides():
    """Correlations over 10,000 pairs of reads: 4 standard errors are 0.04."""
    config = TrainConfig.preset("mixed-precision", "reference", n_in=2, n_rec=100, steps=201)
    network = Network(config)
    devices_of_input(network, "G")[0][:] = 5.0
    x = np.zeros((200, 2), np.bool_)
    x[::2, 0] = x[1::2, 1] = True
    current = currents(network, x)
    first, second = current[::2], current[1::2]
    for a, b in ((first, second), (first[1:], first[:-1]), (first[:, 1:], first[:, :-1])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.04


def test_the_number_of_threads_changes_no_bit():
    config = TrainConfig.preset("mixed-precision", "reference", replicas=3, steps=300)
    results = []
    before = numba.get_num_threads()
    try:
        for threads in {1, before}:
            numba.set_num_threads(threads)
            results.append(Network(config).run(torch.tensor([1, 0, 2]), update=0))
    finally:
        numba.set_num_threads(before)
    for other in results[1:]:
        assert torch.equal(results[0].trial.y, other.trial.y)
        assert torch.equal(results[0].gradients.w_in, other.gradients.w_in)


def test_spikes_by_time():
    x = np.array([[[1, 0, 1], [0, 0, 0], [0, 1, 0]], [[0, 0, 0], [0, 0, 1], [0, 0, 0]]], np.bool_)
    first, index, when = by_time(x)
    assert first.tolist() == [[0, 2, 2, 3], [0, 0, 1, 1]]
    assert index[0].tolist() == [0, 2, 1]
    assert when[0].tolist() == [0, 0, 2]
    assert (index[1, 0], when[1, 0]) == (2, 1)
