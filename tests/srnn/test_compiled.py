"""The compiled kernels against the network in torch, and against the mathematics of a read."""

import math

import numba
import numpy as np
import pytest
import torch

from pcmlib.device import PCMParameters
from pcmlib.srnn import compiled
from pcmlib.training import TrainConfig
from pcmlib.training.network import Network

SMALL = {"n_in": 20, "n_rec": 15, "n_out": 2, "steps": 200, "replicas": 3, "lr_in": 0.0}


def first_sample(config, compiled):
    network = Network(config, compiled=compiled)
    for layer in network.layers.values():  # sums of few-bit weights are exact in any order
        if not config.on_crossbar:
            weights = layer.weights()
            weights.copy_((weights * 1024).round() / 1024)
    return network, network.run(torch.tensor([0, 2, 1]), update=0)


def test_without_noise_the_kernels_equal_torch_to_the_bit():
    config = TrainConfig(**SMALL, gain=0.5)
    _, mine = first_sample(config, True)
    _, theirs = first_sample(config, False)
    assert mine.trial.z.sum() > 50
    for a, b in zip(mine.trial, theirs.trial, strict=True):
        assert torch.equal(a, b)
    torch.testing.assert_close(mine.loss, theirs.loss)
    torch.testing.assert_close(mine.rate_hz, theirs.rate_hz)


def currents(network, x, r=0, update=0, stream=0):
    """The input's currents of replica r for spikes x [T, n_in], as the kernels read them."""
    replica = network._replicas[r]
    draw = (update << 4) + stream
    rows = replica._layers["in"].rows(update, replica._keys[0], draw)
    current = np.zeros((len(x), network.config.n_rec), np.float32)
    compiled.read_inputs(current, 0, compiled.find_spikes(x), rows, 0, len(x))
    return current


DEVICES = {
    "alike": {},
    "slope": {"nu_slope": 0.0155, "nu_bounds": (0.02, 0.1)},
    "spread": {"nu_spread": 0.02},
    "no drift": {"nu": 0.0},
    "strong": {"nu": 1.5, "nu_bounds": (0.0, 2.0)},
}


@pytest.mark.parametrize("period", [38.6, 0.5])
@pytest.mark.parametrize("constants", DEVICES.values(), ids=DEVICES)
def test_drift_without_read_noise_agrees_with_torch_and_the_law(constants, period):
    """One spike of each input at another step: its row is the drifted weight of that time.

    Of devices of age 0, 1 and 300, in trials short and long against the period.
    """
    config = TrainConfig.preset(
        "mixed-precision", "reference", **SMALL, read_noise=0.0, pairs=2, epochs=150,
        constants=tuple(constants.items()), period=period, conductance=5.0,
    )  # fmt: skip
    network = Network(config)
    layer = network.layers["in"]
    p, xbar, devices = config.parameters, layer.crossbar, layer.crossbar.devices
    devices.tp[:, 0], devices.tp[:, 1] = 0.0, 299 * period
    devices.tp[:, 1, 1] = 300 * period
    layer.begin_trial(300)
    x = np.zeros((200, 20), np.bool_)
    x[np.arange(20) * 7, np.arange(20)] = True
    for r in range(3):
        mine = currents(network, x, r, update=300)
        for i in range(20):
            t = 300 * period + 7 * i * 1e-3 + 5e-4
            elapsed = (t - devices.tp[r, :, :, i]).float()
            nu = p.nu - p.nu_slope * torch.log(devices.G[r, :, :, i] / 12)
            nu = nu.clamp(*p.nu_bounds)
            if p.nu_spread:
                nu = (nu + p.nu_spread * devices.nu_deviate[r, :, :, i]).clamp(min=0)
            G = devices.G[r, :, :, i] * (elapsed / p.T0) ** -nu
            G = G.clamp(p.g_min, p.g_max).mean(1)
            row = (G[0] - G[1]) / xbar.scale[r]
            torch.testing.assert_close(torch.from_numpy(mine[7 * i]), row, rtol=1e-5, atol=2e-6)
        step = torch.from_numpy(x[:1]).expand(3, -1)
        theirs = layer.current(step, 0)[r]
        torch.testing.assert_close(theirs, torch.from_numpy(mine[0]), rtol=1e-5, atol=2e-6)


def test_devices_of_all_ages_drift_as_one_by_one():
    """Read at the trial's end, without noise, after 20,000 updates: to 2e-6."""
    config = TrainConfig(
        scheme="sign", n_in=1, n_rec=200, steps=1000, epochs=20_000, samples=1, read_noise=0.0,
        conductance=5.0,
    )  # fmt: skip
    network = Network(config)
    devices = network.layers["in"].crossbar.devices
    devices.tp[0, 0, 0, 0] = config.period * torch.linspace(0, 20_000, 200).round().double()
    x = np.zeros((1000, 1), np.bool_)
    x[998] = True
    read = currents(network, x, update=20_000)[998]
    t = 20_000 * config.period + 0.998 + config.parameters.t_min
    G = devices.drifted(t)[0, :, 0, 0]
    torch.testing.assert_close(torch.from_numpy(read), G[0] - G[1], rtol=2e-6, atol=1e-5)


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


@pytest.mark.parametrize("how", ["kernel", "torch"])
@pytest.mark.parametrize("G", [0.2, 5.0, 11.8])
def test_an_event_driven_read_has_the_distribution_of_the_model(how, G):
    """G+ = G against G- = 0.1 µS, read 40,000 times: mean and variance within 4 standard errors.

    A read wrong by 0.01 µS (at G = 0.2; by 0.05 at 11.8) in its mean, or by 3 % in its variance,
    would be found.
    """
    config = TrainConfig.preset(
        "mixed-precision", "reference", n_in=4, n_rec=50, steps=201, scale=2.0, samples=1,
        input_rate=1000.0, drift=0.0,
    )  # fmt: skip
    network = Network(config)
    layer = network.layers["in"]
    layer.crossbar.devices.G[:, 0], layer.crossbar.devices.G[:, 1] = G, 0.1
    layer.begin_trial(0)
    if how == "kernel":
        x = np.zeros((200, 4), np.bool_)
        x[np.arange(200), np.arange(200) % 4] = True
        reads = [currents(network, x, stream=stream) for stream in range(4)]
        values = torch.from_numpy(np.stack(reads)).double().flatten()
    else:
        one = torch.tensor([[True, False, False, False]])
        values = torch.cat([layer.current(one, t % 200) for t in range(800)]).double().flatten()
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
    layer = network.layers["in"]
    layer.crossbar.devices.G.fill_(5.0)
    layer.begin_trial(0)
    x = np.zeros((200, 2), np.bool_)
    x[::2, 0] = x[1::2, 1] = True
    current = currents(network, x)
    first, second = current[::2], current[1::2]
    for a, b in ((first, second), (first[1:], first[:-1]), (first[:, 1:], first[:, :-1])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.04


@pytest.mark.parametrize("replicas", [1, 3])
def test_the_number_of_threads_changes_no_bit(replicas):
    """One network's input may be read by another thread, ahead of the recurrence."""
    config = TrainConfig.preset("mixed-precision", "reference", replicas=replicas, steps=300)
    results = []
    before = numba.get_num_threads()
    try:
        for threads in {1, before}:
            numba.set_num_threads(threads)
            network = Network(config)
            results.append(network.run(torch.tensor([1, 0, 2])[:replicas], update=0))
    finally:
        numba.set_num_threads(before)
    for other in results[1:]:
        assert torch.equal(results[0].trial.y, other.trial.y)
        assert torch.equal(results[0].gradients.w_in, other.gradients.w_in)


def test_spikes_by_time():
    spikes = compiled.find_spikes(np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0]], np.bool_))
    assert spikes.first.tolist() == [0, 2, 2, 3]
    assert spikes.index.tolist() == [0, 2, 1]
    assert spikes.when.tolist() == [0, 0, 2]
