"""Pattern generation: turn frozen noise into a sum of sinusoids.

A sample is a target and the input that has to call it up:

    y*(t) = u(t) / max_t |u(t)|,   u(t) = sum_f A_f sin(2 pi f t + phi_f)
    A_f ~ U(0.5, 2),  phi_f ~ U(0, 2 pi),  f in 1, 2, 3, 5 Hz
    x_i(t) = 1 with probability rate dt, drawn once and then frozen

Task of Demirag et al., arXiv 2108.01804, with the values of its public code (srnn-pcm).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from pcmlib.base import rng
from pcmlib.base.checks import make_plain, require, require_count, require_number
from pcmlib.base.kernels import kernel
from pcmlib.tasks.samples import Samples, key_of, keys_of


@dataclass(frozen=True)
class PatternTask:
    """What a sample looks like."""

    classes: ClassVar[bool] = False  # targets are no classes
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

    def generate(self, seeds: Sequence[int], epoch: int = 0) -> Samples:
        """Draw the samples of ``len(seeds)`` replicas; replica r depends on seeds[r] alone.

        Those of another epoch are others.
        """
        shape = (len(seeds), self.samples, self.steps)
        inputs = np.empty((*shape, self.n_in), np.bool_)
        targets = np.empty((*shape, self.n_out), np.float32)
        rate = self.input_rate * self.dt
        for key, x, y in zip(keys_of(seeds, epoch), inputs, targets, strict=True):
            draw(key, rate, np.array(self.frequencies), self.dt, x, y)
        return Samples(torch.from_numpy(inputs), torch.from_numpy(targets), torch.ones(shape))


_FREQUENCIES = np.array(PatternTask().frequencies)


@kernel(error_model="numpy")
def draw(key, chance, frequencies, dt, x, y):
    """Fill in a key's spikes x [sample, time, n_in] and targets y [sample, time, n_out]."""
    draw_inputs(key, chance, x)
    draw_targets(key, frequencies, dt, y)


@kernel(inner=True, error_model="numpy")
def draw_task(run, seed, epoch, x, y):
    """The samples that a seed draws in an epoch, as a run's record says."""
    draw(key_of(seed, epoch), run.input_rate * run.dt, _FREQUENCIES, run.dt, x, y)


@kernel(inner=True, error_model="numpy")
def draw_inputs(key, chance, x):
    """Fill in the spikes x [sample, time, n_in] of one replica."""
    samples, T, n_in = x.shape
    limit = np.float32(chance)
    for s in range(samples):
        for t in range(T):
            for i in range(n_in):
                x[s, t, i] = rng.uniform_at(key, 0, 0, (s * T + t) * n_in + i) < limit


@kernel(inner=True, error_model="numpy")
def draw_targets(key, frequencies, dt, y):
    """Fill in the targets y [sample, time, n_out] of one replica."""
    samples, T, n_out = y.shape
    F = len(frequencies)
    u = np.empty(T)
    for s in range(samples):
        for k in range(n_out):
            u[:] = 0
            for f in range(F):
                at = (s * n_out + k) * F + f
                A = 0.5 + 1.5 * np.float64(rng.uniform_at(key, 1, 0, at))
                phi = 2 * math.pi * np.float64(rng.uniform_at(key, 2, 0, at))
                for t in range(T):
                    time = np.float64(np.float32(t) * np.float32(dt))
                    u[t] += A * math.sin(2 * math.pi * frequencies[f] * time + phi)
            largest = 0.0
            for t in range(T):
                largest = max(largest, abs(u[t]))
            for t in range(T):
                y[s, t, k] = u[t] / largest
