"""Sums of reads: what arrives at a neuron, against the normal number that training draws for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pcmlib.base import rng
from pcmlib.base.checks import require_count, require_number
from pcmlib.base.records import Record
from pcmlib.device import PCMParameters
from pcmlib.device.laws import read_noise as noise_of
from pcmlib.device.laws import read_out
from pcmlib.device.moments import read_moments

_SUMS = 60  # use of a seed


@dataclass(frozen=True, eq=False)
class SumsOfReads(Record):
    """Sums of the reads of `count` differential pairs, all devices at one conductance."""

    count: int
    values: Float[np.ndarray, " draws"]  # µS
    sd: float  # µS, of the normal number in their place, whose mean is 0

    @property
    def excess_kurtosis(self) -> float:
        """That of the sums; a normal number has 0."""
        z = (self.values - self.values.mean()) / self.values.std()
        return float((z**4).mean() - 3)


def sums_of_reads(
    counts: Sequence[int] = (5, 150),
    *,
    conductance: float = 0.1,
    draws: int = 100_000,
    parameters: PCMParameters | None = None,
    seed: int = 0,
) -> list[SumsOfReads]:
    """Read `count` pairs of devices at `conductance` (µS), sum their differences, `draws` times.

    A pair's difference of two reads has mean 0 and twice a read's variance
    (`pcmlib.device.moments`).
    """
    p = (parameters or PCMParameters()).in_force
    require_number("conductance", conductance, at_least=0, at_most=p.g_max)
    require_count("draws", draws, at_least=2, at_most=10_000_000)
    for count in counts:
        require_count("counts", count, at_most=10_000)
    g, key = np.float32(conductance), rng.streams(_SUMS, [seed])
    sd = np.float32(p.read_noise * noise_of(float(g), p))
    variance = 0.0
    if sd > 0:
        _, variance, _ = read_moments(g, sd, np.float32(p.g_min), np.float32(p.g_max))
    found, draw = [], 0
    for count in counts:
        total = np.zeros(draws)
        for _ in range(count):
            for sign in (1, -1):
                draw += 1
                total += sign * read_out(g, rng.normal((draws,), key, draw).numpy(), p)
        found.append(SumsOfReads(count, total, float(np.sqrt(2 * count * variance))))
    return found
