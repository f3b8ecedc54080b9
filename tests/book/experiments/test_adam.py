"""FP32 by Adam: its steps are Adam's, written out in plain NumPy, and it learns."""

import numpy as np
import torch

from pcmlib.book.experiments import adam, comparison
from pcmlib.network.epoch import shuffled
from pcmlib.training import TrainConfig
from pcmlib.training.network import Network

CONFIG = TrainConfig(
    n_rec=12, steps=80, samples=2, epochs=3, replicas=2, lr_in=(2e-4, 1e-4), lr_rec=1e-4,
    lr_out=3e-4, lr_decay=0.9,
)  # fmt: skip


def test_the_steps_are_adams(monkeypatch):
    """Each network by its own loop over plain numbers."""
    kept = {}

    class Seen(Network):
        def __init__(self, *args):
            super().__init__(*args)
            kept["network"] = self

    monkeypatch.setattr(adam, "Network", Seen)
    run = adam.train_by_adam(CONFIG)
    for r in range(2):
        one = CONFIG.replica(r)
        network = Network(one)
        (state,), m, v, t = network.states, 0.0, 0.0, 0
        lr = np.concatenate([
            np.full(w.numel(), 10 * rate)
            for w, rate in zip(network.weights.values(), (one.lr_in, one.lr_rec, one.lr_out),
                               strict=True)
        ])  # fmt: skip
        for epoch in range(3):
            for sample in shuffled(state.order[0], epoch, 2):
                trial = network.run(torch.tensor([sample]), epoch * 2)
                g = np.concatenate([x.flatten().double().numpy() for x in trial.gradients])
                t += 1
                m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
                size = lr * 0.9**epoch * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
                move = size * m / (np.sqrt(v) + 1e-8 * np.sqrt(1 - 0.999**t))
                state.weights[:] = np.clip((state.weights - move) * state.exists, -1, 1)
        found = kept["network"].states[r].weights
        np.testing.assert_allclose(found, state.weights, rtol=1e-3, atol=1e-6)
        assert np.abs(found).max() > 0
    assert run.loss.shape == run.rate_hz.shape == (2, 3)


def test_the_set_of_its_study_learns():
    run = adam.by_adam(networks=2, epochs=40)
    assert run.loss[:, -1].max() < 0.2 * run.loss[:, 0].min()
    assert (run.final_loss(1) == run.loss[:, -1]).all()
    assert (run.final_loss() == run.loss[:, -4:].mean(1)).all()  # a tenth, as of a TrainingRun


def test_a_run_is_compared_like_any_other():
    silent = adam.AdamRun(CONFIG, torch.full((2, 20), 0.4), torch.zeros(2, 20))
    better = adam.AdamRun(CONFIG, torch.full((2, 20), 0.1), torch.zeros(2, 20))
    assert comparison.versus(silent, better).ratio.value == np.float32(0.1) / np.float32(0.4)
