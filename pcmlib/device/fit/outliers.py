"""Reads that the fitted model finds too unlikely to be chance: mistakes of the measurement, maybe.

What is expected of a read is what the device's other reads tell. With alpha_k and beta_k the
weights of the grid's states (`likelihood`) given the reads before and after those of pulse k,

    v = alpha_k beta_k prod_j N(r_j; g_d, (m3 g_d + c3)^2),    sum v = 1
    F(r) = sum v Phi((r - g_d) / (m3 g_d + c3)),               p = 2 min(F(r), 1 - F(r))

over the state's other reads j; a read at a limit has what lies beyond it. A read with p below
`CHANCE` / (number of reads) stands out: of a hundred tables of the model, 100 `CHANCE` have such a
read (Bonferroni). A device's least likely one is left out, and its others are judged without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int64
from torch import Tensor

from pcmlib.device import laws
from pcmlib.device.fit.likelihood import FINEST, LEAST, SURE, grid_for, start, transitions
from pcmlib.device.fit.reads import gather
from pcmlib.device.fit.table import Measurements
from pcmlib.device.laws import Constants, PCMParameters

CHANCE = 0.01
_HELD = 8_000_000  # numbers of all states' weights, for the devices that are taken at once
_GROSS = 10.0  # robust standard deviations
_FEW = 0.05  # of the reads


@dataclass(frozen=True)
class Outlier:
    """A read, and what the model expects from the device's other reads."""

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


def outliers(table: Measurements, p: PCMParameters) -> dict[int, Outlier]:
    """The reads that stand out by their rows, the least likely first."""
    chain, least = _Chain(table, p), CHANCE / len(table)
    counted, odds = np.ones(len(table), bool), np.zeros((3, len(table)))
    mean, sd, chance = odds
    devices = np.arange(table.devices)
    while len(devices):
        odds[:, np.isin(table.device, devices)] = chain.judge(devices, counted)
        far = np.abs(table.conductance - mean) / sd
        order = np.lexsort((-far, chance, table.device))
        order = order[counted[order] & np.isin(table.device[order], devices)]
        worst = order[np.unique(table.device[order], return_index=True)[1]]
        worst = worst[chance[worst] < least]
        counted[worst], devices = False, table.device[worst]
    rows = np.flatnonzero(~counted & (chance < least))
    time = np.full(len(table), None) if table.time is None else table.time
    return {
        i: Outlier(
            table.place(i), table.labels[table.device[i]], int(table.pulse[i]), time[i],
            float(table.conductance[i]), float(mean[i]), float(sd[i]), float(chance[i]),
        )
        for i in rows[np.lexsort((-far[rows], chance[rows]))].tolist()
    }  # fmt: skip


def gross(table: Measurements) -> Bool[np.ndarray, " reads"]:
    """Reads so far from the median after their pulse that a fit to them tells little of the others.

    Where they are more than a few, they are no single mistakes, and there are none.
    """
    r, off, spread = table.conductance, np.empty(len(table)), np.empty(len(table))
    for k in np.unique(table.pulse):
        same = table.pulse == k
        off[same] = np.abs(r[same] - np.median(r[same]))
        spread[same] = np.median(off[same])
    found = off > _GROSS * 1.48 * np.maximum(spread, np.median(off))
    return found & (found.mean() <= _FEW)


class _Told(NamedTuple):
    """Reads of one state, one of each of some devices, beside what the grid's states would give."""

    Gd: Float64[Tensor, "..."]  # µS
    s: Float64[Tensor, "..."]  # µS
    below: Float64[Tensor, "..."]  # probability of a read of at most this one
    above: Float64[Tensor, "..."]  # of at least this one
    log: Float64[Tensor, "..."]  # log-density of this one


class _Chain:
    """A table's reads, and the states that they may be of."""

    def __init__(self, table: Measurements, p: PCMParameters) -> None:
        self.table, self.reads = table, gather(table, p.g_min, p.g_max, p.T0)
        self.p = Constants(*(getattr(p, name) for name in Constants._fields))  # not in float32
        self.grid = grid_for(self.p, self.reads)
        self.g, self.weights, self.deviates, self.shares = start(self.p, self.grid)
        count = len(self.reads.states) - 1
        self.moves = list(islice(transitions(self.g, self.p, p.a, self.grid), count))
        state = table.device * (count + 1) + table.pulse
        order = np.argsort(state, kind="stable")
        _, first, many = np.unique(state[order], return_index=True, return_counts=True)
        self.turn = np.empty(len(table), np.int64)  # how many reads of its state a read comes after
        self.turn[order] = np.arange(len(table)) - np.repeat(first, many)

    def judge(
        self, devices: Int64[np.ndarray, " n"], counted: Bool[np.ndarray, " reads"]
    ) -> Float64[np.ndarray, "3 own"]:
        """Mean, sd and p of all reads of the devices, given those others of them that count."""
        each = len(self.grid.g) * len(self.shares) * len(self.reads.states)
        odds = np.zeros((3, len(self.table)))
        with torch.no_grad():
            for part in np.array_split(devices, -(-len(devices) * each // _HELD)):
                self._judge(part, counted, odds)
        return odds[:, np.isin(self.table.device, devices)]

    def _judge(
        self,
        devices: Int64[np.ndarray, " n"],
        counted: Bool[np.ndarray, " reads"],
        odds: Float64[np.ndarray, "3 reads"],
    ) -> None:
        place = np.full(self.table.devices, -1)
        place[devices] = np.arange(len(devices))
        place = torch.from_numpy(place[self.table.device])  # of each read's device among these
        states, first_told = self._rounds(place >= 0), self.reads.first_told
        alpha, befores, likelihoods = self.weights.expand(len(devices), 1, -1), [], []
        for k, rounds in enumerate(states):
            alpha = alpha @ self.moves[k - 1] if k > 0 else alpha
            alpha = alpha * self.shares[:, None] if k == first_told else alpha
            before, L = torch.log(alpha.clamp(min=LEAST)), torch.zeros_like(alpha)
            for rows in rounds:
                kept = rows[counted[rows]]
                L[place[kept]] += self._told(k, kept).log
            alpha = _normalised(before + L)
            befores.append(before)
            likelihoods.append(L)
        after = torch.zeros_like(alpha)
        for k in reversed(range(len(states))):
            for rows in states[k]:
                n, told, counts = place[rows], self._told(k, rows), torch.from_numpy(counted[rows])
                L = likelihoods[k][n] - told.log * counts[:, None, None]
                v = _normalised(befores[k][n] + after[n] + L)
                mean = (v * told.Gd).sum((1, 2))
                variance = (v * (told.Gd**2 + told.s**2)).sum((1, 2)) - mean**2
                sides = [(v * side).sum((1, 2)) for side in (told.below, told.above)]
                chance = 2 * torch.minimum(*sides)
                found = mean, variance.clamp(min=0).sqrt(), chance.clamp(max=1)
                odds[:, rows] = torch.stack(found).numpy()
            if k > 0:
                beta = _normalised(after + likelihoods[k])
                beta = (beta * self.shares[:, None]).sum(1, True) if k == first_told else beta
                after = torch.log((beta @ self.moves[k - 1].T).clamp(min=LEAST))

    def _rounds(self, own: Bool[Tensor, " reads"]) -> list[list[Int64[np.ndarray, " n"]]]:
        """Rows by pulse: each device's first read after it, each device's second one, and so on."""
        pulse, turn = self.table.pulse, self.turn
        rows = np.flatnonzero(own.numpy())
        rows = rows[np.lexsort((turn[rows], pulse[rows]))]
        new = (np.diff(pulse[rows]) != 0) | (np.diff(turn[rows]) != 0)
        states: list[list[np.ndarray]] = [[] for _ in self.reads.states]
        for same in np.split(rows, np.flatnonzero(new) + 1):
            states[pulse[same[0]]].append(same)
        return states

    def _told(self, k: int, rows: Int64[np.ndarray, " n"]) -> _Told:
        r = torch.from_numpy(self.table.conductance[rows])[:, None, None]
        Gd = (self.grid.g if k > 0 else self.g)[None, None]
        if k >= self.reads.first_told:
            time = torch.from_numpy(self.table.time[rows])[:, None, None]
            Gd = laws.drifted(Gd, time, self.deviates[:, None], self.p)
        s, at_low, at_high = laws.read_noise(Gd, self.p), r == self.reads.low, r == self.reads.high
        s = s.clamp(min=FINEST)
        z = ((r - Gd) / s).clamp(min=SURE, max=-SURE)
        log = torch.where(at_low, torch.special.log_ndtr(z), -z * z / 2 - torch.log(s))
        log = torch.where(at_high, torch.special.log_ndtr(-z), log)
        below = torch.special.ndtr(z).masked_fill(at_high, 1)
        return _Told(Gd, s, below, torch.special.ndtr(-z).masked_fill(at_low, 1), log)


def _normalised(log: Float64[Tensor, "n q m"]) -> Float64[Tensor, "n q m"]:
    """Weights whose sum is 1, from their logarithms."""
    return torch.softmax(log.flatten(1), 1).view(log.shape)
