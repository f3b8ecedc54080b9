"""A reader's own arrays as the samples that networks learn."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

from pcmlib.base.checks import Values, as_tensor, require
from pcmlib.tasks import Patterns
from pcmlib.training.config import TrainConfig


def as_samples(inputs: Values, targets: Values, config: TrainConfig) -> Patterns:
    """Samples for the networks of `config`; all learn the same, or each its own.

    Args:
        inputs: spikes, bool or 0 and 1, of shape [S, T, n_in] or [R, S, T, n_in]; or one pair for
            each sample, as neuromorphic data come: the times of its spikes (s), and their channels.
        targets: numbers of shape [S, T, n_out], [S, T] (one output), or [R, S, T, n_out]; None: 0.

    Raises:
        ValueError: naming the array, and what is allowed.
    """
    pairs = _are_pairs(inputs)
    x = _from_times(inputs, config) if pairs else _from_map(inputs)
    x = x.expand(config.replicas, *x.shape) if x.ndim == 3 else x
    R, S, T, _ = x.shape
    require(config.replicas == R, "inputs.shape", tuple(x.shape), f"{config.replicas} replicas")
    if targets is None:
        y = torch.zeros(S, T, config.n_out)
    else:
        y = as_tensor("targets", targets, "real", torch.float32)
    y = y.unsqueeze(-1) if y.ndim == 2 else y
    allowed = f"[{S}, {T}, outputs], as the inputs have samples and steps, or one of each replica"
    fits = y.ndim in (3, 4) and y.shape[-3:-1] == (S, T) and y.shape[-1] > 0
    require(fits and (y.ndim == 3 or len(y) == R), "targets.shape", tuple(y.shape), allowed)
    y = y.expand(R, *y.shape) if y.ndim == 3 else y
    return Patterns(x.contiguous(), y.contiguous())


def sized(config: TrainConfig, samples: Patterns) -> TrainConfig:
    """The configuration of a run that learns these samples."""
    (_, S, T, n_in), n_out = samples.inputs.shape, samples.targets.shape[-1]
    return config.replace(samples=S, steps=T, n_in=n_in, n_out=n_out)


def _from_map(inputs: Values) -> Bool[Tensor, "... S T n_in"]:
    """Spikes as a map of time and channels."""
    x = as_tensor("inputs", inputs, "signal", torch.float32)
    allowed = "[samples, steps, channels], or one of each replica; none of them 0"
    require(x.ndim in (3, 4) and x.numel() > 0, "inputs.shape", tuple(x.shape), allowed)
    binary = bool(((x == 0) | (x == 1)).all())
    require(binary, "inputs", "other numbers", "spikes: True and False, or 1 and 0")
    return x.bool()


def _are_pairs(inputs: Values) -> bool:
    """Whether these are times and channels: lists that no array of three axes is made of."""
    if isinstance(inputs, (Tensor, np.ndarray)) or not isinstance(inputs, (list, tuple)):
        return False
    return all(len(one) == 2 and np.ndim(one[0]) == 1 for one in inputs if hasattr(one, "__len__"))


def _from_times(inputs: Values, config: TrainConfig) -> Bool[Tensor, "S T n_in"]:
    """Spikes by their times and channels; a spike at time t is one of step floor(t / dt)."""
    x = torch.zeros(len(inputs), config.steps, config.n_in, dtype=torch.bool)
    for s, (times, channels) in enumerate(inputs):
        t = as_tensor(f"inputs[{s}]: times", times, "real", torch.float64)
        i = as_tensor(
            f"inputs[{s}]: channels", channels, "index", torch.int64, shape=tuple(t.shape)
        )
        end = config.steps * config.dt
        inside = bool(((t >= 0) & (t < end)).all())
        require(inside, f"inputs[{s}]: times", "others", f"from 0 to below {end:g} s (steps dt)")
        known = bool(((i >= 0) & (i < config.n_in)).all())
        require(known, f"inputs[{s}]: channels", "others", f"0 .. {config.n_in - 1} (n_in)")
        # 1e-6 of a step: so that 3 dt is in step 3, however it was rounded
        x[s, (t / config.dt + 1e-6).long().clamp(max=config.steps - 1), i] = True
    return x
