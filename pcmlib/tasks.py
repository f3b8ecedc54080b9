"""Pattern generation: turn frozen noise into a sum of sinusoids.

A sample is a target and the input that has to call it up:

    y*(t) = u(t) / max_t |u(t)|,   u(t) = sum_f A_f sin(2 pi f t + phi_f)
    A_f ~ U(0.5, 2),  phi_f ~ U(0, 2 pi),  f in 1, 2, 3, 5 Hz
    x_i(t) = 1 with probability rate dt, drawn once and then frozen

Task of Demirag et al., arXiv 2108.01804, with the values of its public code (srnn-pcm).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pcmlib.base.checks import make_plain, require, require_count, require_number


class Patterns(NamedTuple):
    """The samples of R replicas: spikes in, targets out."""

    inputs: Bool[Tensor, "replica sample time n_in"]
    targets: Float[Tensor, "replica sample time n_out"]


@dataclass(frozen=True)
class PatternTask:
    """What a sample looks like."""

    n_in: int = 100  # input channels
    n_out: int = 1  # output channels, each with a target of its own
    steps: int = 1000  # time steps a sample
    dt: float = 1e-3  # s, one time step
    input_rate: float = 50.0  # Hz, mean rate of an input channel
    samples: int = 3
    frequencies: tuple[float, ...] = (1.0, 2.0, 3.0, 5.0)  # Hz, of the sinusoids

    def __post_init__(self) -> None:
        make_plain(self)
        for name in ("n_in", "n_out", "samples"):
            require_count(name, getattr(self, name), at_most=1_000_000)
        require_count("steps", self.steps, at_least=2, at_most=1_000_000)
        require_number("dt", self.dt, above=0)
        require_number("input_rate", self.input_rate, at_least=0, at_most=1 / self.dt)
        listed = isinstance(self.frequencies, tuple) and len(self.frequencies) > 0
        require(listed, "frequencies", self.frequencies, "a tuple of at least one frequency")
        for frequency in self.frequencies:
            require_number("frequencies", frequency, above=0, at_most=0.5 / self.dt)

    @property
    def time(self) -> Float[Tensor, " time"]:
        """The time of each step, s."""
        return torch.arange(self.steps) * self.dt

    def generate(self, seeds: Sequence[int]) -> Patterns:
        """Draw the samples of ``len(seeds)`` replicas; replica r depends on seeds[r] alone."""
        drawn = [self._draw(np.random.default_rng([_STREAM, seed])) for seed in seeds]
        inputs, targets = (torch.from_numpy(np.stack(part)) for part in zip(*drawn, strict=True))
        return Patterns(inputs, targets)

    def _draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """One replica: spikes [sample, time, n_in] and targets [sample, time, n_out]."""
        inputs = rng.random((self.samples, self.steps, self.n_in)) < self.input_rate * self.dt
        size = (self.samples, 1, self.n_out, len(self.frequencies))
        amplitude = rng.uniform(0.5, 2.0, size)
        phase = rng.uniform(0.0, 2 * np.pi, size)
        time = np.arange(self.steps)[:, None, None] * self.dt
        angle = 2 * np.pi * np.asarray(self.frequencies) * time + phase
        u = (amplitude * np.sin(angle)).sum(-1)
        y = u / abs(u).max(axis=1, keepdims=True)
        return inputs, y.astype(np.float32)


_STREAM = 1  # keeps these draws apart from others of the same seed
