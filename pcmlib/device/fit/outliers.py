"""Reads that the fitted model finds too unlikely to be chance: mistakes of the measurement, maybe.

The filter of `likelihood` expects of each read what the device's reads before it tell:

    F(r) = sum alpha N(r; g_d, (m3 g_d + c3)^2) over (-inf, r],    p = 2 min(F(r), 1 - F(r))

where a read at a limit has what lies beyond it. A read with p below `CHANCE` / (number of reads)
stands out: of a hundred tables of the model, `CHANCE` * 100 have such a read (Bonferroni). The
filter passes over it, so that it does not make the next ones unlikely.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from pcmlib.device import laws
from pcmlib.device.fit.likelihood import FINEST, Grid, slices, start, transitions
from pcmlib.device.fit.reads import Reads
from pcmlib.device.fit.table import Measurements
from pcmlib.device.laws import Constants, PCMParameters

CHANCE = 0.01


@dataclass(frozen=True)
class Outlier:
    """A read, and what the model expects from the device's reads before it."""

    place: str  # in the table, such as "line 17"
    device: str
    pulse: int  # SETs since RESET
    time: float | None  # s since the last pulse
    conductance: float  # µS
    expected: float  # µS, mean
    expected_sd: float  # µS, with the read's own noise
    p: float  # probability of a read at least as far off

    def __str__(self) -> str:
        delay = "" if self.time is None else f", {self.time:.4g} s"
        return (
            f"{self.place} (device {self.device}, pulse {self.pulse}{delay}): "
            f"{self.conductance:.4g} µS, expected {self.expected:.3g} ± {self.expected_sd:.2g} µS"
        )


def outliers(
    table: Measurements, p: PCMParameters, reads: Reads, grid: Grid
) -> tuple[Outlier, ...]:
    """The reads that stand out, the least likely first.

    reads, grid: of the table and the fit, as `log_likelihood` takes them.
    """
    mean, sd, chance = (np.empty(len(table)) for _ in range(3))
    with torch.no_grad():
        for part in slices(reads, grid):
            for rows, *expected in _expected(table, p, reads, grid, part):
                for values, those in zip((mean, sd, chance), expected, strict=True):
                    values[rows] = those.numpy()
    far = np.flatnonzero(chance < CHANCE / len(table))
    off = np.abs(table.conductance[far] - mean[far]) / sd[far]
    return tuple(
        Outlier(
            table.place(i), table.labels[table.device[i]], int(table.pulse[i]),
            None if table.time is None else float(table.time[i]), float(table.conductance[i]),
            float(mean[i]), float(sd[i]), float(chance[i]),
        )
        for i in far[np.lexsort((-off, chance[far]))].tolist()
    )  # fmt: skip


def _expected(
    table: Measurements, p: PCMParameters, reads: Reads, grid: Grid, part: slice
) -> Iterator[tuple[Int64[np.ndarray, " n"], Tensor, Tensor, Tensor]]:
    """Rows of a part of the devices with mean, sd and p: each state's first reads, then its second
    ones, and so on."""
    exact = Constants(*(getattr(p, name) for name in Constants._fields))  # and not in float32
    first, end, _ = part.indices(table.devices)
    own, turn = np.flatnonzero((table.device >= first) & (table.device < end)), _turns(table)
    own = own[np.lexsort((turn[own], table.pulse[own]))]
    changes = (np.diff(table.pulse[own]) != 0) | (np.diff(turn[own]) != 0)
    rounds = np.split(own, np.flatnonzero(changes) + 1)
    g, alpha, deviates, shares = start(exact, grid)
    moves, alpha, k = transitions(g, exact, p.a, grid), alpha.repeat(end - first, 1, 1), 0
    for rows in rounds:
        while k < table.pulse[rows[0]]:
            g, alpha, k = grid.g, alpha @ next(moves), k + 1
        Gd = g[None, None]
        if k >= reads.first_told:
            alpha = alpha * shares[None, :, None] if alpha.shape[1] < len(shares) else alpha
            time = torch.from_numpy(table.time[rows])[:, None, None]
            Gd = laws.drifted(Gd, time, deviates[:, None], exact)
        n, r = table.device[rows] - first, torch.from_numpy(table.conductance[rows])
        *expected, after = _compare(r[:, None, None], Gd, alpha[n], reads, exact)
        yield rows, *expected
        kept = expected[-1] >= CHANCE / len(table)
        alpha[n[kept.numpy()]] = after[kept]


def _compare(
    r: Float64[Tensor, "n 1 1"],
    Gd: Float64[Tensor, "..."],
    alpha: Float64[Tensor, "n q m"],
    reads: Reads,
    p: Constants,
) -> tuple[Tensor, Tensor, Tensor, Float64[Tensor, "n q m"]]:
    """Mean, sd and p of a read of each device, and what is known of the devices after it."""
    total = lambda x: (alpha * x).sum((1, 2))  # noqa: E731
    s, at_low, at_high = laws.read_noise(Gd, p).clamp(min=FINEST), r <= reads.low, r >= reads.high
    z, mean = (r - Gd) / s, total(Gd)
    sd = (total(Gd * Gd + s * s) - mean * mean).clamp(min=0).sqrt()
    below = total(torch.special.ndtr(z).masked_fill(at_high, 1))
    above = total(torch.special.ndtr(-z).masked_fill(at_low, 1))
    chance = (2 * torch.minimum(below, above)).clamp(max=1)
    L = -z * z / 2 - torch.log(s)
    L = torch.where(at_low, torch.special.log_ndtr(z), L)
    L = torch.where(at_high, torch.special.log_ndtr(-z), L)
    after = alpha * torch.exp(L - L.amax((1, 2), keepdim=True))
    return mean, sd, chance, after / after.sum((1, 2), keepdim=True)


def _turns(table: Measurements) -> Int64[np.ndarray, " reads"]:
    """How many reads of the same state each read comes after."""
    state = table.device * (table.pulse.max() + 1) + table.pulse
    order = np.argsort(state, kind="stable")
    _, firsts, counts = np.unique(state[order], return_index=True, return_counts=True)
    turns = np.empty(len(table), np.int64)
    turns[order] = np.arange(len(table)) - np.repeat(firsts, counts)
    return turns
