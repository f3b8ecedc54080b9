"""Runs for tests: small ones, ones made by hand, and whether two are the same."""

import pytest
import torch

from pcmlib.schemes import SCHEMES
from pcmlib.training import TrainConfig, TrainingRun, archive, train

SMALL = {"n_in": 20, "n_rec": 16, "steps": 120, "samples": 2, "threshold": 0.05}
SUMMARY = (
    "scheme", "config", "loss", "rate_hz", "set_pulses", "reset_pulses", "reads", "seconds",
)  # fmt: skip
# Learning rates at which every scheme programs within a few updates
BRISK = {"lr_in": 3e-3, "lr_rec": 3e-3, "lr_out": 3e-3, "scale": 12.0, "conductance": 2.0}


def small(scheme, **changes):
    on_crossbar = SCHEMES[scheme].on_crossbar
    fields = {**SMALL, **BRISK, "stop_level": 0.1, "prob_scale": 2.0, "gain": 0.2, **changes}
    if on_crossbar:
        fields.setdefault("refresh_period", 3)
    return TrainConfig(scheme=scheme, **fields)


def assert_same(a, b, row=slice(None)):
    """Run `a` is run `b`, or is replica `row` of it, to the bit."""
    for name in ("loss", "rate_hz", "set_pulses", "reset_pulses", "reads", "targets", "spikes"):
        assert torch.equal(getattr(a, name), getattr(b, name)[row]), name
    assert torch.equal(a.snapshots, b.snapshots[:, row])
    for name in a.state:
        assert torch.equal(a.state[name], b.state[name][row]), name


def train_up_to_a_checkpoint(config, folder, epochs, monkeypatch):
    """Train until the first checkpoint lies in the folder, and be interrupted there."""
    save = archive.save_checkpoint

    def save_and_stop(*content):
        save(*content)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(archive, "save_checkpoint", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            train(config, checkpoint=folder, checkpoint_every=epochs)


def made_up(loss, set_pulses=None, reset_pulses=None, **changes):
    """A run with this loss [R, E] and these pulses; G+ stands at 10 µS, G- at 1."""
    loss = torch.tensor(loss, dtype=torch.float32)
    R, E = loss.shape
    config = TrainConfig(epochs=E, replicas=R, n_in=3, n_rec=4, **changes)
    none = torch.zeros(R, E, dtype=torch.int64)
    targets = torch.full((R, 3, 5, 1), 0.5)
    G = torch.tensor([g for size in (3 * 4, 4 * 4, 4) for g in [10.0] * size + [1.0] * size])
    return TrainingRun(
        config=config,
        loss=loss,
        accuracy=torch.full((R, E), torch.nan),
        rate_hz=torch.full((R, E), 10.0),
        set_pulses=none if set_pulses is None else torch.tensor(set_pulses),
        reset_pulses=none if reset_pulses is None else torch.tensor(reset_pulses),
        reads=none.clone(),
        inputs=torch.zeros(R, 3, 5, 3, dtype=torch.bool),
        targets=targets,
        counts=torch.ones(R, 3, 5),
        snapshots=torch.zeros(len(config.snapshot_epochs), R, 3, 5, 1),
        spikes=torch.zeros(R, 3, 5, 4, dtype=torch.bool),
        state={
            "weights": torch.zeros(R, 32),
            "G": G.repeat(R, 1),
            "n_set": torch.zeros(R, 64, dtype=torch.int32),
        },
        seconds=1.0,
    )
