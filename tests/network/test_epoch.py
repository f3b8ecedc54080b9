"""Batches: gradients are added up, clipped as one, and each trial has read noise of its own."""

import numpy as np
import pytest
import torch
from runs import small

from pcmlib.training.network import Network


@pytest.mark.parametrize("limit", [None, 0.3])
def test_a_batch_learns_from_the_sum_of_its_gradients(limit):
    """Five samples in batches of five, two and one: as many updates, of so many gradients each."""
    config = small("vanilla", samples=5, epochs=1, gradient_limit=limit, regularisation=1e-2)
    whole = Network(config.replace(batch=5))
    single = Network(config.replace(gradient_limit=None))
    before = {name: w.clone() for name, w in whole.weights.items()}
    sums = [
        sum(gradients)
        for gradients in zip(
            *(single.run(torch.tensor([s]), 0).gradients for s in range(5)), strict=True
        )
    ]
    whole.epoch(0)
    assert whole.config.updates == 1
    for (name, w), g in zip(before.items(), sums, strict=True):
        step = getattr(config, f"lr_{name}") * (g if limit is None else g.clamp(-limit, limit))
        expected = (w - step).clamp(-1, 1)
        torch.testing.assert_close(whole.weights[name], expected, rtol=1e-5, atol=1e-6)
        assert (g.abs() > 0.3).any()
    assert config.replace(batch=2).updates == 3
    assert config.replace(batch=6, epochs=4).updates == 4


def test_updates_of_batches_come_one_period_after_the_other():
    network = Network(small("sign", samples=5, epochs=2, batch=2))
    network.epoch(0)
    network.epoch(1)
    (state,) = network.states
    assert state.tp.max() == pytest.approx(6 * network.config.period)
    assert network.config.updates == 6


def test_each_trial_of_a_batch_has_read_noise_of_its_own():
    """The same sample twice, which nothing else tells apart; so in the next batch."""
    config = small("sign", samples=4, batch=2, epochs=1, stop_level=1e9, conductance=5.0)
    network = Network(config)
    (state,) = network.states
    for s in range(4):
        for name in ("first", "index", "when"):
            getattr(state, name)[s] = getattr(state, name)[0]
    network.epoch(0)
    y = network._outputs[0]
    for a in range(4):
        for b in range(a):
            assert not np.array_equal(y[a], y[b])
