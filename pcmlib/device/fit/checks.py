"""Is this a PCM of the model? What was measured beside what the fitted devices would give.

The fitted constants measure the table anew, a hundred times over, and each statistic of the reads
is compared with the hundred. A statistic that lies further off than `FAR` of their standard
deviations says what is wrong with the model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from pcmlib.base.records import Record
from pcmlib.device.fit.simulate import redraw
from pcmlib.device.fit.table import Measurements
from pcmlib.device.laws import PCMParameters

TABLES = 100
FAR = 5.0
_BINS = 5  # of conductance, for the step's dependence on it
_FEWEST = 8  # devices that a statistic is made of
_SPREADS = {"mean": "sd", "step": "step_sd", "change": "change_sd"}


@dataclass(frozen=True, eq=False)
class Comparison(Record):
    """One statistic over something: as measured, and over `TABLES` simulated tables."""

    at: Float64[np.ndarray, " n"]  # pulse number, µS or s
    measured: Float64[np.ndarray, " n"]
    simulated: Float64[np.ndarray, "tables n"]

    @property
    def mean(self) -> Float64[np.ndarray, " n"]:
        return self.simulated.mean(0)

    @property
    def residual(self) -> Float64[np.ndarray, " n"]:
        """Measured less simulated, in standard deviations of a simulated table's."""
        return (self.measured - self.mean) / np.maximum(self.simulated.std(0), 1e-12)

    @property
    def worst(self) -> int:
        return int(np.abs(self.residual).argmax())


def compare(table: Measurements, p: PCMParameters, seed: int = 0) -> dict[str, Comparison]:
    """All statistics.

    mean, sd            µS, over the devices, of their first read after each pulse number
    step, step_sd       µS, from one pulse's first read to the next's, by the conductance before
    change, change_sd   ln of a state's read over its first one, by delay
    """
    generator, look = np.random.default_rng(seed), _Look(table, p.T0)
    measured = look(table.conductance)
    simulated = [look(redraw(table, p, generator)) for _ in range(TABLES)]
    return {
        name: Comparison(look.at[name], found, np.array([one[name] for one in simulated]))
        for name, found in measured.items()
        if len(found)
    }


class _Look:
    """The statistics of conductances, in a table's rows."""

    def __init__(self, table: Measurements, T0: float) -> None:
        key = table.device * (table.pulse.max() + 1) + table.pulse
        _, self.first, self.state = np.unique(key, return_index=True, return_inverse=True)
        self.pulse = table.pulse[self.first]
        same = np.diff(table.device[self.first]) == 0
        self.steps = np.flatnonzero(same & (np.diff(self.pulse) == 1))
        before = table.conductance[self.first][self.steps]
        self.edges = np.quantile(before, np.linspace(0, 1, _BINS + 1)[1:-1]) if len(before) else []
        bins = np.searchsorted(self.edges, before)
        later = np.ones(len(table), bool)
        later[self.first] = False
        time = np.full(len(table), T0) if table.time is None else table.time
        self.later = np.flatnonzero(later & (time > 1.01 * time[self.first][self.state]))
        delays, self.delay = np.unique(
            np.rint(np.log10(time[self.later]) * 4).astype(int), return_inverse=True
        )
        self.floor = 0.02 * float(np.median(table.conductance))
        pulses, fewest = np.arange(self.pulse.max() + 1), min(_FEWEST, table.devices)
        self.at, self.kept = {}, {}
        for name, where, at in (
            ("mean", self.pulse, pulses),
            ("step", bins, self._mean(before, bins, _BINS)),
            ("change", self.delay, 10 ** (delays / 4)),
        ):
            self.kept[name] = np.bincount(where, minlength=len(at)) >= fewest
            self.at[name] = self.at[_SPREADS[name]] = at[self.kept[name]].astype(float)

    def __call__(self, r: Float64[np.ndarray, " reads"]) -> dict[str, Float64[np.ndarray, " n"]]:
        G = r[self.first]
        step, before = np.diff(G)[self.steps], G[:-1][self.steps]
        bins = np.searchsorted(self.edges, before)
        positive = np.maximum(r, self.floor)
        change = np.log(positive[self.later] / positive[self.first][self.state[self.later]])
        found = {}
        for name, values, where in (
            ("mean", G, self.pulse), ("step", step, bins), ("change", change, self.delay),
        ):  # fmt: skip
            kept = self.kept[name]
            mean = self._mean(values, where, len(kept))
            variance = self._mean((values - mean[where]) ** 2, where, len(kept))
            found[name], found[_SPREADS[name]] = mean[kept], np.sqrt(variance[kept])
        return found

    @staticmethod
    def _mean(values: np.ndarray, where: np.ndarray, count: int) -> np.ndarray:
        number = np.bincount(where, minlength=count)
        return np.bincount(where, values, minlength=count) / np.maximum(number, 1)


def findings(checks: dict[str, Comparison]) -> list[str]:
    """What is wrong with the model for these reads, in words; nothing where no check fails."""
    said = []
    if "step" in checks:
        low, high = checks["step"].measured[[0, -1]]
        chance = np.ptp(checks["step"].simulated[:, [0, -1]], axis=1).std()
        if high - low > FAR * chance:
            said.append(
                f"steps grow with G, from {low:.3g} µS at {checks['step'].at[0]:.4g} µS to "
                f"{high:.3g} µS at {checks['step'].at[-1]:.4g} µS, where a PCM's shrink"
            )
    first, last = checks["mean"].measured[[0, -1]] if "mean" in checks else (0.0, 0.0)
    if last < first:
        said.append(f"SETs lower the conductance, from {first:.3g} to {last:.3g} µS on the mean")
    if "change_sd" in checks:
        by_delay = checks["change_sd"]
        excess = np.log(by_delay.measured / by_delay.mean)
        noise = np.log(by_delay.simulated / by_delay.mean)
        trend = np.log(by_delay.at) - np.log(by_delay.at).mean()
        if (trend @ excess) > FAR * (noise @ trend).std() and by_delay.residual[-1] > 0:
            a, b = by_delay.measured[[0, -1]]
            said.append(
                f"the spread grows with time, from {a:.2f} to {b:.2f} in ln G between "
                f"{by_delay.at[0]:.2g} and {by_delay.at[-1]:.2g} s, more than a read's noise and "
                "devices that differ in nu can do"
            )
    words = {
        "mean": "the mean after pulse {at:.0f} is {measured:.3g} µS, the model's {model:.3g}",
        "sd": "the spread after pulse {at:.0f} is {measured:.3g} µS, the model's {model:.3g}",
        "step": "the mean step at {at:.3g} µS is {measured:.3g} µS, the model's {model:.3g}",
        "step_sd": "the step's spread at {at:.3g} µS is {measured:.3g} µS, the model's {model:.3g}",
        "change": "drift is no power law: ln G changes by {measured:.3f} until {at:.2g} s, "
        "the model's by {model:.3f}",
        "change_sd": "the change until {at:.2g} s has a spread of {measured:.3f} in ln G, "
        "the model's {model:.3f}",
    }
    for name, text in words.items():
        if name in checks and abs(checks[name].residual[checks[name].worst]) > FAR:
            one, i = checks[name], checks[name].worst
            told = {"at": one.at[i], "measured": one.measured[i], "model": one.mean[i]}
            said.append(text.format(**told))
    return said
