"""Layers of synapses: what symmetric devices are, and what a table of drift holds."""

import numpy as np
import pytest
import torch

from pcmlib.device import PCMParameters
from pcmlib.srnn import compiled
from pcmlib.srnn.synapses import ages_with_columns, drift_table
from pcmlib.training import TrainConfig
from pcmlib.training.network import Network


def test_the_drift_table_is_the_power_law():
    p = PCMParameters()
    table = drift_table(p, steps=1000, dt=1e-3, period=38.6, ages=np.arange(4))
    assert table.shape == (1000, 4)
    assert table[0, 0] == pytest.approx((5e-4 / 38.6) ** -0.04)
    assert table[999, 0] == pytest.approx((0.9995 / 38.6) ** -0.04)
    assert table[500, 3] == pytest.approx(((3 * 38.6 + 0.5005) / 38.6) ** -0.04)
    assert (
        drift_table(p.replace(drift=0.0), steps=9, dt=1e-3, period=1.0, ages=np.arange(3)) == 1
    ).all()


def test_a_long_training_needs_no_long_table():
    """Hardly more columns for 60,000 updates, and every age within half a step of one."""
    columns = ages_with_columns(60_001)
    assert len(columns) < 6000
    assert columns[:1024].tolist() == list(range(1024))
    gap = np.diff(columns)
    assert (gap <= np.maximum(1, np.ceil(columns[1:] / 1024))).all()
    assert columns[-1] == 60_000
    assert ages_with_columns(751).tolist() == list(range(751))


def test_devices_of_all_ages_drift_as_one_by_one():
    """Read at the trial's end, with neither noise nor a column of their own, to 2e-6."""
    config = TrainConfig(
        scheme="sign", n_in=1, n_rec=200, steps=1000, epochs=20_000, samples=1, read_noise=0.0,
        conductance=5.0,
    )  # fmt: skip
    layer = Network(config).layers["in"]
    devices = layer.crossbar.devices
    devices.tp[0, 0, 0, 0] = config.period * torch.linspace(0, 19_999, 200).round().double()
    layer.begin_trial(20_000)
    x = np.zeros((1, 1000, 1), np.bool_)
    x[0, 998] = True
    rows = layer.rows(np.zeros(1, np.uint64), 0)
    read = compiled.input_currents(compiled.find_spikes(x), rows, 200)[0, 998]
    t = 20_000 * config.period + 0.998 + config.parameters.t_min
    G = devices.drifted(t)[0, :, 0, 0]
    assert rows.drift.shape[1] < 5000
    torch.testing.assert_close(torch.from_numpy(read), G[0] - G[1], rtol=2e-6, atol=1e-5)


def test_age_counts_updates_since_the_last_pulse():
    network = Network(TrainConfig(scheme="sign", n_rec=3, n_in=2))
    layer = network.layers["in"]
    mask = torch.zeros(layer.crossbar.devices.shape, dtype=torch.bool)
    mask[0, 1, 0, 1, 2] = True
    layer.crossbar.devices.set(7 * 38.6, mask)
    layer.begin_trial(9)
    expected = torch.full(mask.shape, 9)
    expected[mask] = 2
    assert torch.equal(layer.age().long(), expected)


def test_removing_the_common_part_keeps_the_weights():
    network = Network(TrainConfig(scheme="sign", n_rec=5, n_in=4, pairs=2))
    layer = network.layers["in"]
    devices = layer.crossbar.devices
    devices.put(5 * torch.rand(devices.shape, generator=torch.Generator().manual_seed(1)) + 0.1)
    before = layer.weights()
    layer.remove_common()
    torch.testing.assert_close(layer.weights(), before)
    torch.testing.assert_close(devices.G.amin(1), torch.full_like(devices.G[:, 0], 0.1))


def test_absent_synapses_carry_no_current_and_get_no_pulse():
    network = Network(TrainConfig(scheme="sign", n_rec=20, recurrence=False))
    everyone = torch.ones(1, 20, dtype=torch.bool)
    assert (network.layers["rec"].current(everyone, 0) == 0).all()
    result = network.run(torch.tensor([0]), 0)
    network.learn(result.gradients, 1, 0)
    assert network.layers["rec"].crossbar.set_pulses.item() == 0
    assert network.layers["in"].crossbar.set_pulses.item() > 0


def test_ideal_devices_read_as_their_weights():
    network = Network(TrainConfig(scheme="sign", n_rec=4, n_in=3, bits=5, conductance=2.0))
    layer = network.layers["in"]
    rows = layer.rows(np.zeros(1, np.uint64), 0)
    assert not rows.analogue
    torch.testing.assert_close(torch.from_numpy(rows.weights), layer.weights())
