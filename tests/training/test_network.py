"""R networks: what absent synapses are, when reads may be, and training in torch."""

import pytest
import torch
from runs import small

from pcmlib.training import TrainConfig, train
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


def weights_for(config, seed=0, lead=()):
    draw = torch.Generator().manual_seed(seed)
    c = config
    shapes = {"in": (c.n_in, c.n_rec), "rec": (c.n_rec, c.n_rec), "out": (c.n_rec, c.n_out)}
    w = {n: 0.1 * torch.randn(*lead, *shape, generator=draw) for n, shape in shapes.items()}
    w["rec"].diagonal(0, -2, -1).zero_()
    return w


@pytest.mark.parametrize(
    ("scheme", "changes"),
    [
        ("vanilla", {}),
        ("mixed-precision", {"scale": 10.0}),
        ("multi-mem", {"scale": (5.0, 10.0, 20.0), "pairs": 3, "conductance": 2.0}),
        ("mixed-precision", {"scale": 10.0, "bits": 6}),
    ],
)
@pytest.mark.parametrize("lead", [(), (3,)])
def test_networks_start_with_the_weights_that_they_are_given(scheme, changes, lead):
    config = small(scheme, replicas=3, **changes)
    given = weights_for(config, lead=lead)
    network = Network(config, weights=given)
    for name, w in network.weights.items():
        torch.testing.assert_close(w, given[name].expand(3, *w.shape[1:]), atol=1e-6, rtol=1e-5)
    if config.on_crossbar:  # the lower side of a pair is where all devices start
        G = network.by_layer("G", 2, config.pairs)["in"]
        assert torch.all(G.amin(1) == config.conductance)


def test_a_run_starts_with_the_weights_of_another():
    config = small("vanilla", epochs=2)
    first = train(config)
    again = train(config.replace(lr_in=0.0, lr_rec=0.0, lr_out=0.0), weights=first.weights)
    for name, w in again.weights.items():
        assert torch.equal(w, first.weights[name])
    torch.testing.assert_close(again.outputs, first.outputs, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("scheme", "changes", "message"),
    [
        ("vanilla", {"in": torch.zeros(2, 2)}, r"weights\['in'\].shape = \(2, 2\): must be \("),
        ("vanilla", {"rec": None}, r"weights\['rec'\] = .*others.*: must be 0 from a neuron"),
        ("vanilla", {"out": 2.0}, r"weights\['out'\] \(greatest\) = 2.0: must be within ±1"),
        ("sign", {"out": 2.0}, r"weights\['out'\] \(greatest\) = 2.0: must be within ±1"),
        ("vanilla", {"more": 1.0}, r"weights = \['in', 'more', 'out', 'rec'\]: must be of in, rec"),
    ],
)
def test_weights_that_no_network_has_are_refused(scheme, changes, message):
    config = small(scheme, scale=10.0)
    given = weights_for(config)
    for name, value in changes.items():
        if value is None:
            given[name] = torch.ones(config.n_rec, config.n_rec)
        else:
            full = isinstance(value, torch.Tensor) or name not in given
            given[name] = value if full else torch.full_like(given[name], value)
    with pytest.raises(ValueError, match=message):
        train(config, weights=given)
