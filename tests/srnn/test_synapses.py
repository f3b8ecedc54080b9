"""Layers of synapses: what symmetric devices are, and what a table of drift holds."""

import numpy as np
import pytest
import torch

from pcmlib.device import PCMParameters
from pcmlib.srnn.synapses import drift_table
from pcmlib.training import TrainConfig
from pcmlib.training.network import Network


def test_the_drift_table_is_the_power_law():
    p = PCMParameters()
    table = drift_table(p, steps=1000, dt=1e-3, period=38.6, ages=4)
    assert table.shape == (1000, 4)
    assert table[0, 0] == pytest.approx((5e-4 / 38.6) ** -0.04)
    assert table[999, 0] == pytest.approx((0.9995 / 38.6) ** -0.04)
    assert table[500, 3] == pytest.approx(((3 * 38.6 + 0.5005) / 38.6) ** -0.04)
    assert (drift_table(p.replace(drift=0.0), steps=9, dt=1e-3, period=1.0, ages=3) == 1).all()


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
