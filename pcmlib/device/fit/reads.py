"""What the likelihood needs of a table of reads: a few sums for each state and delay."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from pcmlib.device.fit.table import Measurements
from pcmlib.device.laws import Constants, read_noise

_WIDTHS = (0.01, 0.03, 0.1, 0.3)  # of a class of delays, in ln t
_MOST_SUMS = 2**23


class State(NamedTuple):
    """All devices' reads after one pulse; sums of reads r, a row a device, five a delay:

    how many lie between the limits, sum r, sum r^2, how many lie at the lower and the upper limit.
    """

    delays: list[float]  # s since the pulse
    statistics: Float64[Tensor, "n sums"]


class Reads(NamedTuple):
    """A table as the likelihood takes it."""

    states: list[State | None]  # by pulse; None where nobody read
    devices: int
    low: float  # µS, limits: a read there says that the device or the read was cut off
    high: float
    most: float  # reads of one state, nine states in ten
    T0: float  # s

    def every(self, n: int) -> Reads:
        """The reads of each n-th device."""
        states = [s and State(s.delays, s.statistics[::n].contiguous()) for s in self.states]
        return self._replace(states=states, devices=len(range(0, self.devices, n)))

    @property
    def first_told(self) -> int:
        """The first pulse after which nu shows: there are reads at other delays than T0."""
        off = [any(t != self.T0 for t in s.delays) if s else False for s in self.states]
        return off.index(True) if True in off else len(off)

    def sharpest_nu(self, p: Constants) -> float:
        """About how sharply one device's reads tell its nu, as a standard deviation."""
        middle = (self.low + self.high) / 2
        noise = float(read_noise(middle, p)) / middle if middle > 0 else 1.0
        logs = np.zeros(self.devices)
        for state in filter(None, self.states):
            count = state.statistics.view(self.devices, -1, 5)[:, :, [0, 3, 4]].sum(2).numpy()
            logs += count @ np.log(np.array(state.delays) / self.T0) ** 2
        told = float(np.quantile(logs, 0.9))
        return noise / math.sqrt(told) if told > 0 else 1.0


def gather(table: Measurements, low: float, high: float, T0: float) -> Reads:
    """The sums of a table.

    Delays are taken to the nearest of those that lie 1 % apart, from T0 on (a change of 0.04 % in
    conductance at nu = 0.04); further apart where the table has so many that sums would fill the
    memory.
    """
    log_t = np.zeros(len(table)) if table.time is None else np.log(table.time / T0)
    for width in _WIDTHS:
        place = np.rint(log_t / width).astype(int)
        kinds = np.unique(np.stack([table.pulse, place]), axis=1)
        if kinds.shape[1] * table.devices * 5 <= _MOST_SUMS:
            break
    r = table.conductance
    at_low, at_high = r <= low, r >= high
    inside = ~(at_low | at_high)
    terms = np.stack([inside, inside * r, inside * r * r, at_low, at_high], axis=1)
    states: list[State | None] = []
    order, last = np.argsort(table.pulse, kind="stable"), int(table.pulse.max())
    firsts = np.searchsorted(table.pulse[order], np.arange(last + 2))
    for begin, end in pairwise(firsts):
        rows = order[begin:end]
        if len(rows) == 0:
            states.append(None)
            continue
        delays, which = np.unique(place[rows], return_inverse=True)
        sums = np.zeros((table.devices, len(delays), 5))
        np.add.at(sums, (table.device[rows], which), terms[rows])
        times = [T0 * math.exp(width * d) if d else T0 for d in delays.tolist()]
        states.append(State(times, torch.from_numpy(sums.reshape(table.devices, -1))))
    each = np.unique(np.stack([table.device, table.pulse]), axis=1, return_counts=True)[1]
    most = float(np.quantile(each, 0.9))
    return Reads(states, table.devices, low, high, most, T0)
