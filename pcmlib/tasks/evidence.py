"""Evidence accumulation: on which side were there more cues? The field's task for memory.

Cues come one after the other, each from the left or from the right, after a pause; then there is
a delay, and at the end the question, during which the network has to name the side.

    time      pause cue  pause cue ...          delay            recall
    channels  a quarter each: left, right, recall, noise. x_i(t) = 1 with probability rate dt, at
              `input_rate` while the channel's cue, or the recall, lasts; noise is always there
    class     0 where most cues were from the left, else 1
    counts    1 in the recall, 0 before

Each trial favours one side: a cue is from there with probability `chance`, so that no single cue
tells the answer.

Task of Bellec et al., Nat. Commun. 11, 3625 (2020), after Morcos and Harvey (2016), with the values
of NEST's tutorial and test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from pcmlib.base import rng
from pcmlib.base.checks import make_plain, require, require_count, require_number
from pcmlib.base.kernels import kernel
from pcmlib.tasks.samples import Samples, keys_of


@dataclass(frozen=True)
class EvidenceTask:
    """What a trial looks like; the delay is what the other phases leave of its steps."""

    classes: ClassVar[bool] = True

    n_in: int = 40  # input channels, four groups of as many
    n_out: int = 2  # left, right
    steps: int = 2250  # time steps a trial
    dt: float = 1e-3  # s, one time step
    input_rate: float = 40.0  # Hz, of a channel while its cue, or the recall, lasts
    samples: int = 32  # trials
    cues: int = 7  # an odd number of them
    cue: int = 100  # time steps of a cue
    pause: int = 50  # time steps before each
    recall: int = 150  # time steps, the last ones, in which the outputs count
    noise_rate: float = 10.0  # Hz, of a noise channel
    chance: float = 0.7  # of a cue to be from the side that the trial favours

    def __post_init__(self) -> None:
        make_plain(self)
        for name in ("n_in", "samples", "cues", "cue", "recall"):
            require_count(name, getattr(self, name), at_most=1_000_000)
        require_count("pause", self.pause, at_least=0, at_most=1_000_000)
        require(self.n_in % 4 == 0, "n_in", self.n_in, "a multiple of 4, a group of channels each")
        require(self.n_out == 2, "n_out", self.n_out, "2: left and right")
        require(self.cues % 2 == 1, "cues", self.cues, "an odd number: no draws")
        least = self.cues * (self.pause + self.cue) + self.recall
        require_count("steps", self.steps, at_least=least, at_most=1_000_000)
        require_number("dt", self.dt, above=0)
        for name in ("input_rate", "noise_rate"):
            require_number(name, getattr(self, name), at_least=0, at_most=1 / self.dt)
        require_number("chance", self.chance, at_least=0, at_most=1)

    @property
    def delay(self) -> int:
        """Time steps from the last cue to the recall."""
        return self.steps - self.cues * (self.pause + self.cue) - self.recall

    def generate(self, seeds: Sequence[int], epoch: int = 0) -> Samples:
        """Draw the trials of ``len(seeds)`` replicas; replica r depends on seeds[r] alone.

        Those of another epoch are others.
        """
        shape = (len(seeds), self.samples, self.steps)
        inputs = np.zeros((*shape, self.n_in), np.bool_)
        targets = np.zeros((*shape, 2), np.float32)
        phases = self.cues, self.cue, self.pause, self.recall
        chances = self.input_rate * self.dt, self.noise_rate * self.dt, self.chance
        for key, x, y in zip(keys_of(seeds, epoch), inputs, targets, strict=True):
            draw_evidence(key, phases, chances, x, y)
        counts = torch.zeros(shape)
        counts[..., -self.recall :] = 1
        return Samples(torch.from_numpy(inputs), torch.from_numpy(targets), counts)


@kernel(error_model="numpy")
def draw_evidence(key, phases, chances, x, y):
    """Fill in spikes x [sample, time, n_in] and classes y [sample, time, 2], which are 0 before."""
    cues, cue, pause, recall = phases
    spikes, noise, chance = np.float32(chances[0]), np.float32(chances[1]), np.float32(chances[2])
    samples, T, n_in = x.shape
    group = n_in // 4
    for s in range(samples):
        favoured = 0 if rng.uniform_at(key, 0, s, 0) < np.float32(0.5) else 1
        right = 0
        for n in range(cues):
            agrees = rng.uniform_at(key, 0, s, 1 + n) < chance
            side = favoured if agrees else 1 - favoured
            right += side
            start = n * (pause + cue) + pause
            _spike(key, s, x[s], start, start + cue, side * group, group, spikes)
        _spike(key, s, x[s], T - recall, T, 2 * group, group, spikes)
        _spike(key, s, x[s], 0, T, 3 * group, group, noise)
        y[s, :, 1 if 2 * right > cues else 0] = 1


@kernel(inner=True, error_model="numpy")
def _spike(key, s, x, start, end, first, group, chance):
    """Draw the spikes of a group of channels between two steps."""
    n_in = x.shape[1]
    for t in range(start, end):
        for i in range(first, first + group):
            x[t, i] = rng.uniform_at(key, 1, s, t * n_in + i) < chance
