"""Evidence accumulation: its phases, its chances, and the side with more cues."""

import numpy as np
import pytest
import torch

from pcmlib.tasks import EvidenceTask

SMALL = EvidenceTask(steps=500, cues=3, cue=60, pause=40, recall=100, samples=400)


def counted(task, samples):
    """Cues of each trial by the channels that fire in them: 1 where from the right, [S, cues]."""
    x, group = samples.inputs[0], task.n_in // 4
    sides = []
    for n in range(task.cues):
        start = n * (task.pause + task.cue) + task.pause
        window = x[:, start : start + task.cue]
        left, right = window[..., :group].sum((1, 2)), window[..., group : 2 * group].sum((1, 2))
        assert ((left == 0) != (right == 0)).all()  # one side, and 24 spikes are expected of it
        sides.append(right > 0)
    return torch.stack(sides, 1)


def test_every_trial_is_of_the_class_of_most_of_its_cues():
    samples = SMALL.generate([5])
    sides = counted(SMALL, samples)
    right = sides.sum(1) > SMALL.cues / 2
    classes = samples.targets[0, :, -1]
    assert torch.equal(classes[:, 1] > 0, right)
    assert torch.equal(classes.sum(1), torch.ones(400))
    assert torch.equal(samples.targets, classes[None, :, None].expand_as(samples.targets))
    assert 150 < right.sum() < 250  # of 400: five standard errors are 50
    # a trial favours one side: all three cues agree with probability 0.7^3 + 0.3^3 = 0.37
    agree = (sides.all(1) | (~sides).all(1)).double().mean()
    assert abs(agree - 0.37) < 4.5 * np.sqrt(0.37 * 0.63 / 400)


def test_channels_fire_at_their_rates_in_their_phases_and_at_no_other_time():
    """400 trials: each rate within 4.5 standard errors."""
    samples = SMALL.generate([6])
    x = samples.inputs[0].double()
    cued = torch.zeros(500, dtype=torch.bool)
    for n in range(3):
        cued[100 * n + 40 : 100 * n + 100] = True
    recall = torch.arange(500) >= 400

    def rate(part):
        return part.mean().item(), 4.5 * np.sqrt(part.mean().item() / part.numel())

    assert x[:, ~cued, :20].sum() == 0
    assert x[:, ~recall, 20:30].sum() == 0
    for part, expected in (
        (2 * x[:, cued, :20], 0.04),  # half of these channels are of the other side
        (x[:, recall, 20:30], 0.04),
        (x[..., 30:], 0.01),
    ):
        found, error = rate(part)
        assert abs(found - expected) < 2 * error
    assert torch.equal(samples.counts[0], recall.float().expand(400, -1))
    assert SMALL.delay == 100


def test_the_fields_own_numbers_are_the_defaults():
    task = EvidenceTask()
    assert (task.n_in, task.n_out, task.steps, task.delay) == (40, 2, 2250, 1050)


def test_epochs_and_seeds_draw_other_trials_each_by_itself():
    both, alone = SMALL.generate([3, 4], 2), SMALL.generate([4], 2)
    assert torch.equal(both.inputs[1], alone.inputs[0])
    assert torch.equal(both.targets[1], alone.targets[0])
    for other in (SMALL.generate([4], 0), SMALL.generate([4], 1), SMALL.generate([3], 2)):
        assert not torch.equal(other.inputs, alone.inputs)
        assert not torch.equal(other.targets, alone.targets)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n_in", 42), ("n_out", 1), ("steps", 1199), ("cues", 6), ("cue", 0), ("pause", -1),
        ("recall", 0), ("input_rate", 1001.0), ("noise_rate", -1.0), ("chance", 1.1), ("dt", 0.0),
        ("samples", 0),
    ],
)  # fmt: skip
def test_bad_values_are_named(field, value):
    with pytest.raises(ValueError, match=rf"^{field} = "):
        EvidenceTask(**{field: value})
