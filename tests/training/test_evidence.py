"""Evidence accumulation, from the task to the run: memory is learnt, and sits in the thresholds."""

import pytest
import torch
from runs import assert_same, train_up_to_a_checkpoint

from pcmlib.training import TrainConfig, archive, train
from pcmlib.training.network import Network
from pcmlib.training.presets import EVIDENCE

SHORT = EVIDENCE | {
    "steps": 400,
    "task_settings": {"cues": 3, "cue": 70, "pause": 10, "recall": 50},
    "beta": 0.05,
    "lr_in": 1e-5,
    "lr_rec": 1e-5,
    "lr_out": 2e-5,
    "lr_decay": 1.0,
    "gain": 0.707,
    "feedback_gain": 7.07,
    "regularisation": 1.3e-4,
}
TINY = EVIDENCE | {
    "steps": 120, "input_rate": 200.0, "n_rec": 12, "adaptive": 5, "samples": 5, "batch": 2,
    "epochs": 3, "replicas": 2, "lr_in": 1e-4, "lr_rec": 1e-4, "lr_out": 1e-4,
    "task_settings": {"cues": 3, "cue": 20, "pause": 5, "recall": 30, "noise_rate": 50.0},
}  # fmt: skip


@pytest.mark.parametrize(("adaptive", "least", "most"), [(50, 0.88, 1.0), (0, 0.4, 0.6)])
def test_neurons_that_adapt_remember_and_others_are_at_chance(adaptive, least, most):
    """Share of right answers over 640 trials that were never seen before; 5 standard errors at
    chance are 0.1."""
    run = train(TrainConfig(**SHORT | {"adaptive": adaptive, "epochs": 100}))
    assert least <= run.accuracy[0, -10:].mean() <= most
    assert run.loss[0, :3].mean() > 0.6
    assert torch.isfinite(run.loss).all()


def test_accuracy_is_the_share_of_right_answers():
    """Without learning, on frozen trials: as the outputs say, that were kept after the run."""
    still = {"lr_in": 0.0, "lr_rec": 0.0, "lr_out": 0.0}
    config = TrainConfig(**TINY | still | {"fresh": False, "samples": 40, "epochs": 1})
    run = train(config)
    recall = run.outputs[:, :, -30:].sum(2).argmax(-1)
    right = (recall == run.targets[:, :, -1].argmax(-1)).float().mean(1)
    torch.testing.assert_close(run.accuracy[:, 0], right)
    assert 0 < right[0] < 1
    assert torch.isnan(train(TrainConfig(n_rec=4, n_in=3, steps=20, epochs=2)).accuracy).all()


def test_fresh_trials_are_other_ones_in_each_epoch_and_frozen_ones_the_same():
    config = TrainConfig(**TINY)
    run, network = train(config), Network(config)
    for epoch in range(config.epochs):
        network.epoch(epoch)
        drawn = config.problem.generate(config.seeds, epoch)
        assert torch.equal(network.inputs, drawn.inputs)
        assert torch.equal(network.targets, drawn.targets)
    last = config.problem.generate(config.seeds, config.epochs)
    assert torch.equal(run.inputs, last.inputs)  # what is shown at the end was never learnt
    assert torch.equal(run.targets, last.targets)
    frozen = train(config.replace(fresh=False))
    assert torch.equal(frozen.inputs, config.problem.generate(config.seeds).inputs)


@pytest.mark.parametrize("scheme", ["vanilla", "mixed-precision"])
@pytest.mark.parametrize("fresh", [True, False])
def test_a_run_is_resumed_to_the_bit_and_each_replica_is_alone(
    tmp_path, monkeypatch, scheme, fresh
):
    config = TrainConfig(**TINY | {"scheme": scheme, "fresh": fresh, "conductance": 2.0})
    train_up_to_a_checkpoint(config, tmp_path, 2, monkeypatch)
    assert archive.load_checkpoint(tmp_path)[0]["epoch"] == 2
    whole, again = train(config), train(config, checkpoint=tmp_path, resume=True)
    assert_same(again, whole)
    assert torch.equal(again.accuracy, whole.accuracy)
    assert_same(train(config.replica(1)), whole, slice(1, 2))


@pytest.mark.parametrize("scheme", ["vanilla", "mixed-precision"])
def test_torch_trains_the_network_that_the_kernels_train(scheme):
    """With neurons of both kinds, classes and batches, the last of them smaller."""
    config = TrainConfig(
        **TINY | {"scheme": scheme, "read_noise": 0.0, "conductance": 2.0, "gradient_limit": 3.0}
    )
    mine, theirs = Network(config, compiled=True), Network(config, compiled=False)
    for epoch in range(3):
        found, others = mine.epoch(epoch), theirs.epoch(epoch)
        for a, b in zip(found, others, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)
        assert (found[1] > 5).all()  # Hz
    assert mine.wear.tolist() == theirs.wear.tolist()
