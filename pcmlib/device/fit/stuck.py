"""Devices that do not respond to SETs, such as one whose contact is open.

Such a device keeps one conductance, any of the grid's nodes g_i, all as likely. With the model's
likelihood L_n of its reads r, the ratio

    E_n = (1 / m) sum_i prod_j N(r_j; g_i, (m3 g_i + c3)^2) / L_n

has a mean of 1 for a device of the model, so that P(E_n > x) <= 1 / x (Markov). A device is stuck
where E_n is above (number of devices) / `CHANCE`: of a hundred tables of the model, at most
100 `CHANCE` have such a device (Bonferroni), as with `outliers`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from pcmlib.device.fit.likelihood import features, grid_for, log_likelihood, slices
from pcmlib.device.fit.outliers import CHANCE
from pcmlib.device.fit.reads import gather
from pcmlib.device.fit.table import Measurements
from pcmlib.device.laws import Constants, PCMParameters

_MOST = 0.5  # of the devices: where more do not respond, these are no mistakes


@dataclass(frozen=True)
class StuckDevice:
    """A device, and what is odd about it."""

    device: str
    reads: int
    low: float  # µS, of its reads
    high: float
    p: float  # at most: probability that a device of the model looks so much like a stuck one
    what: str = "does not respond to SETs"

    def __str__(self) -> str:
        return (
            f"device {self.device} {self.what}: "
            f"{self.reads} reads, {self.low:.3g} to {self.high:.3g} µS"
        )


def stuck(table: Measurements, p: PCMParameters, chance: float = CHANCE) -> dict[int, StuckDevice]:
    """The devices that do not respond to SETs by their numbers, the plainest first.

    At most `chance` devices of a table of the model are among them, on the mean.
    """
    log_ratio = _log_ratio(table, p).numpy()
    read = np.bincount(table.device, minlength=table.devices) > 0
    found = np.flatnonzero(read & (log_ratio > math.log(read.sum() / chance)))
    if len(found) > _MOST * read.sum():
        return {}
    said = {}
    for n in found[np.argsort(-log_ratio[found])].tolist():
        r = table.conductance[table.device == n]
        at_most = math.exp(-min(log_ratio[n], 700.0))
        said[n] = StuckDevice(table.labels[n], len(r), float(r.min()), float(r.max()), at_most)
    return said


def _log_ratio(table: Measurements, p: PCMParameters) -> Float64[Tensor, " devices"]:
    """ln E_n."""
    reads = gather(table, p.g_min, p.g_max, p.T0)
    own = Constants(*(getattr(p, name) for name in Constants._fields))  # not in float32
    grid = grid_for(own, reads)
    with torch.no_grad():
        model = torch.cat(
            [log_likelihood(own, p.a, reads, grid, part) for part in slices(reads, grid)]
        )
        sums = [s.statistics.view(reads.devices, -1, 5).sum(1) for s in reads.states if s]
        each = torch.stack(sums).sum(0) @ features(grid.g[None], reads, own)[:, 0]
    return torch.logsumexp(each, 1) - math.log(len(grid.g)) - model
