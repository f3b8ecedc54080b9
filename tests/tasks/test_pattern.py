"""The pattern-generation task: its statistics, its spectrum and its independence."""

import numpy as np
import pytest
import torch

from pcmlib.tasks import PatternTask


def test_input_rate_within_four_standard_errors():
    task = PatternTask(samples=5)
    inputs = task.generate(range(4)).inputs
    p, n = 0.05, inputs.numel()  # n = 2,000,000: standard error 1.5e-4
    assert abs(inputs.float().mean() - p) < 4 * np.sqrt(p * (1 - p) / n)


def test_targets_hold_the_four_frequencies_and_nothing_else():
    targets = PatternTask().generate([0, 1]).targets[..., 0]
    spectrum = torch.fft.rfft(targets).abs() / 500  # bin k is k Hz: the sample lasts 1 s
    mine = torch.zeros(501, dtype=torch.bool)
    mine[[1, 2, 3, 5]] = True
    assert spectrum[..., ~mine].max() < 1e-4
    # amplitudes were drawn within a factor of four of each other
    ratio = spectrum[..., mine].amax(-1) / spectrum[..., mine].amin(-1)
    assert (ratio < 4.001).all()
    torch.testing.assert_close(targets.abs().amax(-1), torch.ones(2, 3))


def test_a_replica_depends_on_its_own_seed_alone():
    task = PatternTask(steps=50)
    together, alone = task.generate([3, 4, 5]), task.generate([4])
    assert torch.equal(together.inputs[1], alone.inputs[0])
    assert torch.equal(together.targets[1], alone.targets[0])
    assert not torch.equal(together.targets[1], together.targets[2])


def test_another_epoch_draws_others():
    task = PatternTask(steps=50)
    frozen, later = task.generate([4]), task.generate([4], 1)
    assert torch.equal(frozen.inputs, task.generate([4], 0).inputs)
    assert not torch.equal(frozen.inputs, later.inputs)
    assert not torch.equal(frozen.targets, later.targets)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n_in", 0),
        ("steps", 1),
        ("dt", -1e-3),
        ("input_rate", -5.0),
        ("input_rate", 2000.0),
        ("frequencies", ()),
        ("frequencies", (0.0,)),
        ("samples", 0),
    ],
)
def test_bad_values_are_named(field, value):
    with pytest.raises(ValueError, match=field):
        PatternTask(**{field: value})


def test_at_one_spike_a_step_none_is_missed():
    """Even where the hash gives the greatest of numbers."""
    task = PatternTask(steps=2, samples=1, n_in=100_000, input_rate=1000.0)
    assert task.generate([3]).inputs.all()
