"""The constants of the reader's own device, from a table of reads."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from pcmlib.base.checks import plain, require, require_known
from pcmlib.base.cores import one_torch_thread
from pcmlib.base.progress import progress
from pcmlib.device.fit.checks import Comparison, compare, findings
from pcmlib.device.fit.estimate import Estimate, Tell, estimate, refit
from pcmlib.device.fit.free import LINES, NAMES, Free, rough
from pcmlib.device.fit.outliers import Outlier, gross, outliers
from pcmlib.device.fit.reads import Reads, gather
from pcmlib.device.fit.table import Measurements, measurements
from pcmlib.device.known import pulse_ratio
from pcmlib.device.laws import PCMParameters, devices_differ, read_noise

_SETTINGS = ("write_noise", "read_noise", "drift", "bits")  # no constants of a device
CONSTANTS = tuple(
    field.name for field in dataclasses.fields(PCMParameters) if field.name not in _SETTINGS
)
SIMPLER = {
    "no history": {"A1": 0.0, "A2": 0.0},
    "the mean step is the same at every G": {"m1": 0.0},
    "the spread of a step is the same at every G and pulse": {"m2": 0.0, "A2": 0.0},
    "no drift": {"nu": 0.0, "nu_spread": 0.0},
    "all devices have one nu": {"nu_spread": 0.0},
}
"""Laws that say with fewer constants what a table may not need more for."""
LIMITS = ("g_min", "g_max")  # where reads lie at one, that is it: it has no standard error
_TIED = 3  # reads at one extreme value that make it a limit
_RESOLVED = 0.6  # noise in distances of the grid's nodes
A_PCM = "no check distinguishes these devices from the model's"
NO_PCM = "these devices are not PCM of this model"
_MOST_TOLD = 5  # outliers that a summary lists
_UNTOLD = 1.0  # standard deviation of a free number (`free`) that a table does not tell


@dataclass(frozen=True)
class Fit:
    """Constants fitted to a table of reads, and what there is to say about them."""

    table: Measurements
    parameters: PCMParameters  # with the likeliest constants
    standard_errors: dict[str, float]  # of the constants that the table tells
    unidentified: dict[str, str]  # constants that it does not tell, and why; the value is a guess
    fixed: tuple[str, ...]  # constants that were given
    log_likelihood: float  # of the reads, as densities in 1/µS
    simpler: dict[str, float]  # BIC of the simpler laws less that of the whole: below 0, they do
    checks: dict[str, Comparison]
    findings: tuple[str, ...]  # what is wrong with the model for these reads
    bic: float  # k ln(reads) - 2 log-likelihood, with k free constants
    outliers: tuple[Outlier, ...] = ()  # reads too unlikely to be chance, the least likely first
    findings_without: tuple[str, ...] = ()  # what is wrong with the model for the others

    @property
    def is_pcm(self) -> bool:
        """Whether no check says that this is no PCM of the model."""
        return not self.findings

    @property
    def constants(self) -> dict[str, Any]:
        return {name: getattr(self.parameters, name) for name in CONSTANTS}

    def __repr__(self) -> str:
        return self.summary()

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, strings and lists; `PCMParameters(**found["constants"])` is the device."""
        compared = {
            name: {"at": one.at, "measured": one.measured, "simulated": one.mean,
                   "simulated_sd": one.simulated.std(0), "residual": one.residual}
            for name, one in self.checks.items()
        }  # fmt: skip
        return {
            "constants": self.constants,
            "standard_errors": self.standard_errors,
            "unidentified": list(self.unidentified),
            "reasons": self.unidentified,
            "fixed": list(self.fixed),
            "devices": self.table.devices,
            "reads": len(self.table),
            "log_likelihood": self.log_likelihood,
            "bic": self.bic,
            "bic_of_simpler_laws": self.simpler,
            "is_pcm": self.is_pcm,
            "findings": list(self.findings),
            "outliers": [vars(one) for one in self.outliers],
            "findings_without_outliers": list(self.findings_without),
            "pulse_ratio": pulse_ratio(self.parameters),
            "checks": compared,
        }

    def _error(self, name: str) -> str:
        value, error = getattr(self.parameters, name), self.standard_errors[name]
        nearly = name not in LINES and value < error
        return f"{error:.2g}" + (f"   at most {value + 2 * error:.2g}, maybe 0" if nearly else "")

    def _of_outliers(self) -> list[str]:
        if not self.outliers:
            return []
        count, more = len(self.outliers), len(self.outliers) - _MOST_TOLD
        reads, it = ("1 read is", "it") if count == 1 else (f"{count} reads are", "them")
        which = "it is" if count == 1 else "one is"
        if "mean" not in self.checks:
            rests = f"the constants may rest on {it}"
        elif bool(self.findings) == bool(self.findings_without):
            rests = f"the verdict does not rest on {it}, but the constants may"
        else:
            other = NO_PCM if self.findings_without else A_PCM
            rests = f"the verdict rests on {it}: without {it}, {other}"
        return [
            f"{reads} too unlikely under this model to be chance:",
            *(f"  {one}" for one in self.outliers[:_MOST_TOLD]),
            *([f"  and {more} more"] if more > 0 else []),
            f"{rests}; if {which} a mistake, leave it out and fit again",
        ]

    def summary(self) -> str:
        """Lines for a terminal."""
        lines = [self.table.summary()]
        if self.table.passed_over:
            lines.append(f"columns ignored: {', '.join(self.table.passed_over)}")
        for name in (*NAMES, *LIMITS):
            value = f"{name:>12} = {getattr(self.parameters, name):8.4g}"
            if name in self.fixed:
                lines.append(f"{value}   as given")
            elif name in self.unidentified:
                lines.append(f"{value}   not determined: {self.unidentified[name]}")
            elif name in LIMITS:
                lines.append(f"{value}   the limit at which reads pile up")
            else:
                lines.append(f"{value} ± {self._error(name)}")
        for law, more in self.simpler.items():
            if more < 0:
                how = " ".join(f"--fix {name}=0" for name in SIMPLER[law])
                lines.append(f"a simpler law will do: {law} (BIC {more:.1f}); fit it with {how}")
        if "mean" not in self.checks:
            lines.append("too few devices to check the model by; 8 after the same pulse will do")
        elif self.is_pcm:
            lines.append(A_PCM)
        else:
            lines.append(f"{NO_PCM}:")
            lines.extend(f"  {finding}" for finding in self.findings)
        lines.extend(self._of_outliers())
        ratio = pulse_ratio(self.parameters)
        lines.append(f"the first ten SETs add {ratio:.3g} times as much as to the usual device")
        return "\n".join(lines)


def fit_device(
    table: Any, *, fix: Mapping[str, float] | None = None, simpler: bool = True, seed: int = 0
) -> Fit:
    """Fit the model's constants to reads of the reader's devices, by maximum likelihood.

    The fit is to all reads. Where some are too unlikely to be chance (`outliers`), a second one to
    the others tells whether they are what is wrong; where some are gross, it is what expects them.

    Args:
        table: a CSV file, by its path or open, or columns by name (a dict, a data frame): device,
            pulse, time (may be missing) and conductance, as `pcmlib.device.fit.table` says.
        fix: constants that are known, by name; bounds are pairs. Those of `free.NAMES` that are
            not among them are fitted; the others, such as nu_slope and nu_spread_slope, are as
            they are in `PCMParameters` by default.
        simpler: whether to compare with simpler laws, which takes about as long again.
        seed: of the simulated tables that the checks compare with.

    Raises:
        ValueError: naming the line and the column of what is not allowed.
    """
    reads_of = measurements(table)
    given = {name: plain(value) for name, value in (fix or {}).items()}
    for name in given:
        require_known("fix", name, CONSTANTS)
    _base(reads_of, given)  # refuses limits that cannot be, before a bar is there
    bar = progress(desc=f"fitting {reads_of.devices} devices", unit=" steps")
    with one_torch_thread(), bar:  # matrices of this size gain nothing from more threads
        found = rest = _fit(reads_of, given, simpler, seed, bar.update)
        left_out = np.flatnonzero(gross(reads_of)).tolist()
        if left_out:
            rest = _fit(reads_of.without(left_out), given, False, seed, bar.update)
        unlikely = outliers(reads_of, rest.parameters)
        if unlikely and sorted(unlikely) != left_out:
            rest = _fit(reads_of.without(list(unlikely)), given, False, seed, bar.update)
    if not unlikely:
        return found
    said = rest.findings
    return dataclasses.replace(found, outliers=tuple(unlikely.values()), findings_without=said)


def _fit(table: Measurements, given: dict[str, Any], simpler: bool, seed: int, tell: Tell) -> Fit:
    """A fit to all reads of a table."""
    base, unidentified = _base(table, given)
    reads = gather(table, base.g_min, base.g_max, base.T0)
    names = tuple(n for n in NAMES if n not in given and n not in unidentified)
    free = Free(names, base, (reads.high - reads.low) / 12, float(np.median(table.conductance)))
    start = free.numbers(rough(table, reads, base) | given)
    found = estimate(free, reads, start, tell)
    parameters, errors = free.parameters(found.x), free.errors(found.x, found.covariance)
    unidentified |= _untold(names, found) | _too_fine(names, found, parameters)
    bic = len(names) * math.log(len(table)) - 2 * found.log_likelihood
    others = _simpler(free, reads, found, len(table), bic, tell) if simpler else {}
    known = {n: e for n, e in errors.items() if n not in unidentified and n not in given}
    checks = compare(table, parameters, seed)
    return Fit(
        table, parameters, known, unidentified, tuple(given), found.log_likelihood, others, checks,
        tuple(findings(checks)), bic,
    )  # fmt: skip


def _base(table: Measurements, given: dict[str, Any]) -> tuple[PCMParameters, dict[str, str]]:
    """Constants that are not asked for by likelihood, and why a table does not tell some.

    A limit is where reads pile up at one value. Without it, the grid ends where no read lies.
    """
    r, known, untold = table.conductance, dict(given), dict[str, str]()
    for name, sign in (("g_min", -1), ("g_max", 1)):
        values, counts = np.unique(sign * r, return_counts=True)
        extreme = float(sign * values[-1])
        if name in given:
            place = table.place(int((sign * r).argmax()))
            allowed = f"{'at most' if sign < 0 else 'at least'} the {extreme:g} µS that was read"
            allowed += f" ({place})"
            require(bool(sign * given[name] >= values[-1]), name, given[name], allowed)
        elif counts[-1] >= _TIED and counts[-1] > 2 * counts[-2]:
            known[name] = extreme
        else:
            side = "a lower" if sign < 0 else "an upper"
            untold[name] = f"no reads pile up at {side} limit"
            known[name] = extreme + sign * (0.1 if sign > 0 else 1e-3) * float(np.ptp(r))
    usual = PCMParameters()
    if table.time is None:
        untold |= dict.fromkeys(("nu", "nu_spread"), "the table has no times")
    else:
        known["t_min"] = min(usual.t_min, float(table.time.min()))
        if np.ptp(np.log(table.time)) < 0.02:
            known.setdefault("T0", float(np.median(table.time)))
            alike = abs(math.log(known["T0"] / float(np.median(table.time)))) < 0.01
            if alike:
                reason = f"all reads are {known['T0']:g} s after their pulse"
                untold |= dict.fromkeys(("nu", "nu_spread"), reason)
    if not (table.pulse == 0).any():
        untold |= dict.fromkeys(("g_reset", "reset_spread"), "no reads before the first SET")
    known.setdefault("g_reset", min(usual.g_reset, known["g_max"] / 2))
    return PCMParameters(**known), {n: why for n, why in untold.items() if n not in given}


def _untold(names: tuple[str, ...], found: Estimate) -> dict[str, str]:
    """Constants along the flat directions of the likelihood: wider than `_UNTOLD`."""
    widths, axes = torch.linalg.eigh(found.covariance)
    flat = axes[:, widths.sqrt() > _UNTOLD].abs() > 0.3
    said = {}
    for i in np.flatnonzero(found.covariance.diagonal().sqrt() > _UNTOLD):
        along = flat[:, flat[i]].any(1)
        others = [name for j, name in enumerate(names) if along[j] and j != i]
        together = f"the reads tell it only together with {', '.join(others)}"
        said[names[i]] = together if others else "the reads hardly depend on it"
    return said


def _too_fine(names: tuple[str, ...], found: Estimate, p: PCMParameters) -> dict[str, str]:
    """Read noise below what the filter's grid resolves."""
    g = found.grid.g.numpy()
    if np.median(read_noise(g[1:], p) / np.diff(g)) > _RESOLVED:
        return {}
    reason = f"the reads' noise is finer than the fit's grid, {np.diff(g).max():.2g} µS"
    return {name: reason for name in ("m3", "c3") if name in names}


def _simpler(
    free: Free, reads: Reads, found: Estimate, count: int, bic: float, tell: Tell
) -> dict[str, float]:
    """BIC of the simpler laws, of those whose constants are free, less that of the whole."""
    others = {}
    for law, values in SIMPLER.items():
        same_nu = "nu_spread" in values and devices_differ(free.base.replace(nu_spread=0.0))
        if not set(values) <= set(free.names) or same_nu:
            continue
        dropped = set(values) | ({"a"} if "A1" in values else set())
        kept = [i for i, name in enumerate(free.names) if name not in dropped]
        less = dataclasses.replace(
            free, names=tuple(free.names[i] for i in kept), base=free.base.replace(**values)
        )
        at_zero = [free.names.index(name) for name in values]
        x, H = found.given_zero(at_zero, kept)
        likeliest = refit(less, reads, x, H, tell)
        others[law] = len(kept) * math.log(count) - 2 * likeliest - bic
    return others
