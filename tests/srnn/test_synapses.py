"""Layers of synapses: what symmetric devices and absent synapses are, and when reads may be."""

import numpy as np
import pytest
import torch

from pcmlib.training import TrainConfig
from pcmlib.training.network import Network


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
    rows = network._replicas[0]._layers["in"].rows(0, np.uint64(0), 0)
    assert not rows.analogue
    torch.testing.assert_close(torch.from_numpy(rows.weights), network.layers["in"].weights()[0])


def test_a_trial_before_the_last_pulses_or_after_the_last_update_is_refused():
    network = Network(TrainConfig(scheme="sign", n_rec=4, n_in=3, epochs=2))
    gradients = network.run(torch.tensor([0]), 1).gradients
    network.learn(gradients, 2, 0)
    for update in (1, 7, -1):
        with pytest.raises(ValueError, match=f"update = {update}: must be .*at least 2.* 6"):
            network.run(torch.tensor([0]), update)
    with pytest.raises(ValueError, match="epoch = 2"):
        network.epoch(2)
