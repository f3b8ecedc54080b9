"""R networks: what absent synapses are, when reads may be, and training in torch."""

import pytest
import torch
from runs import small

from pcmlib.training import TrainConfig
from pcmlib.training.in_torch import synapses
from pcmlib.training.network import Network


def test_absent_synapses_carry_no_current_and_get_no_pulse():
    network = Network(TrainConfig(scheme="sign", n_rec=20, recurrence=False))
    everyone = torch.ones(1, 20, dtype=torch.bool)
    assert (synapses(network, 0)[1].current(everyone, 0) == 0).all()
    result = network.run(torch.tensor([0]), 0)
    network.learn(result.gradients, 1, 0)
    assert network.by_layer("n_set", 2, 1)["rec"].sum() == 0
    assert network.by_layer("n_set", 2, 1)["in"].sum() > 0


@pytest.mark.parametrize("bits", [5, None])
def test_devices_without_noise_and_drift_read_as_their_weights(bits):
    config = TrainConfig(
        scheme="sign", n_rec=4, n_in=3, bits=bits, conductance=2.0, read_noise=0.0, drift=0.0
    )
    network = Network(config)
    network.run(torch.tensor([0]), 0)
    read = network.by_layer("weights")["in"]
    torch.testing.assert_close(read, network.weights["in"])


def test_a_trial_before_the_last_pulses_or_after_the_last_update_is_refused():
    network = Network(TrainConfig(scheme="sign", n_rec=4, n_in=3, epochs=2))
    gradients = network.run(torch.tensor([0]), 1).gradients
    network.learn(gradients, 2, 0)
    for update in (1, 7, -1):
        with pytest.raises(ValueError, match=f"update = {update}: must be .*at least 2.* 6"):
            network.run(torch.tensor([0]), update)
    with pytest.raises(ValueError, match="epoch = 2"):
        network.epoch(2)
    for update in (0, 7):
        with pytest.raises(ValueError, match=f"update = {update}: must be .*at least 1.* 6"):
            network.learn(gradients, update, 0)


@pytest.mark.parametrize("scheme", ["vanilla", "mixed-precision", "upd-ready"])
def test_an_update_step_by_step_is_that_of_an_epoch(scheme):
    """One sample, so that there is one order: trial and update apart are those of `epoch`."""
    config = small(scheme, samples=1, epochs=3, replicas=2)
    whole, parts = Network(config), Network(config)
    for epoch in range(3):
        loss, rate_hz, _ = whole.epoch(epoch)
        result = parts.run(torch.tensor([0, 0]), epoch)
        parts.learn(result.gradients, epoch + 1, epoch)
        assert torch.equal(loss, result.loss)
        assert torch.equal(rate_hz, result.rate_hz)
    for name, value in whole.state().items():
        assert torch.equal(value, parts.state()[name]), name


@pytest.mark.parametrize("scheme", ["vanilla", "mixed-precision", "multi-mem"])
def test_torch_trains_the_network_that_the_kernels_train(scheme):
    """Without read noise and chance, whose streams differ: the same pulses, losses to 1e-4."""
    config = small(scheme, epochs=3, replicas=2).replace(read_noise=0.0)
    mine, theirs = Network(config, compiled=True), Network(config, compiled=False)
    for epoch in range(3):
        for a, b in zip(mine.epoch(epoch), theirs.epoch(epoch), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4, equal_nan=True)
    assert mine.wear.tolist() == theirs.wear.tolist()
