"""The constants of the reader's own device, from a table of reads."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float64

from pcmlib.base.checks import plain, require, require_known, require_number
from pcmlib.base.cores import one_torch_thread
from pcmlib.base.progress import progress
from pcmlib.device.fit.checks import compare, findings
from pcmlib.device.fit.estimate import Estimate, Tell, estimate, refit
from pcmlib.device.fit.free import NAMES, Free, rough
from pcmlib.device.fit.outliers import Outlier, gross, outliers
from pcmlib.device.fit.reads import Reads, gather
from pcmlib.device.fit.result import CONSTANTS, LIMITS, SIMPLER, Fit
from pcmlib.device.fit.stuck import StuckDevice, stuck
from pcmlib.device.fit.table import Measurements, measurements
from pcmlib.device.laws import PCMParameters, devices_differ, read_noise

_TIED = 3  # reads at one extreme value that make it a limit
_RESOLVED = 0.6  # noise in distances of the grid's nodes
_UNTOLD = 1.0  # standard deviation of a free number (`free`) that a table does not tell
_ROUNDS = 3  # of fits without devices that look stuck


def fit_device(
    table: Any, *, fix: Mapping[str, float] | None = None, simpler: bool = True, seed: int = 0
) -> Fit:
    """Fit the model's constants to reads of the reader's devices, by maximum likelihood.

    The fit is to all reads. Where some are too unlikely to be chance (`outliers`), or devices do
    not respond to SETs (`stuck`), a fit to the others tells what rests on them; the limits are
    from these others alone.

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
        found = _fit(reads_of, given, simpler, seed, bar.update)
        odd = _odd(reads_of, found, lambda others: _fit(others, given, False, seed, bar.update))
        if not (odd.devices or odd.reads):
            return found
        limits = _base(odd.others, given)[0]
        if any(getattr(limits, n) != getattr(found.parameters, n) for n in LIMITS):
            r = odd.others.conductance  # no mistake is a limit
            found = _fit(reads_of, given, simpler, seed, bar.update, r)
    return dataclasses.replace(
        found, outliers=odd.reads, stuck=odd.devices, findings_without=odd.rest.findings,
        moved=_moved(found, odd.rest),
    )  # fmt: skip


class _Odd(NamedTuple):
    """What no chance explains, and a fit to the others."""

    devices: tuple[StuckDevice, ...]
    reads: tuple[Outlier, ...]
    others: Measurements
    rest: Fit


def _odd(table: Measurements, found: Fit, fit: Callable[[Measurements], Fit]) -> _Odd:
    """What is gross or looks stuck spoils the constants that would judge it: first without it."""
    aside, rest = np.zeros(len(table), bool), found
    apart = gross(table)
    for _ in range(_ROUNDS):
        if (apart != aside).any():
            aside, rest = apart, fit(table.without(apart))
        suspects = stuck(table, rest.parameters, chance=table.devices)
        apart = aside | np.isin(table.device, list(suspects))
        if (apart == aside).all():
            break
    devices = stuck(table, rest.parameters)
    left_out = np.isin(table.device, list(devices))
    reads = outliers(table.without(left_out), rest.parameters)
    left_out[np.flatnonzero(~left_out)[list(reads)]] = True
    others = table.without(left_out)
    if left_out.any() and (left_out != aside).any():
        rest = fit(others)
    return _Odd(tuple(devices.values()), tuple(reads.values()), others, rest)


def _moved(found: Fit, rest: Fit) -> dict[str, tuple[float, float]]:
    """The constants of the rest that are more than two standard errors off, and those errors."""
    moved = {}
    for name, error in rest.standard_errors.items():
        value = getattr(rest.parameters, name)
        if abs(value - getattr(found.parameters, name)) > 2 * error:
            moved[name] = value, error
    return moved


def _fit(
    table: Measurements,
    given: dict[str, Any],
    simpler: bool,
    seed: int,
    tell: Tell,
    r: Float64[np.ndarray, " some"] | None = None,
) -> Fit:
    """A fit to all reads of a table, with limits from the reads r (all where there are none)."""
    base, unidentified = _base(table, given, r)
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


def _base(
    table: Measurements, given: dict[str, Any], r: Float64[np.ndarray, " some"] | None = None
) -> tuple[PCMParameters, dict[str, str]]:
    """Constants that are not asked for by likelihood, and why a table does not tell some.

    A limit is where reads pile up at one value. Without it, the grid ends where no read lies.
    """
    r = table.conductance if r is None else r
    known, untold = dict(given), dict[str, str]()
    if "g_max" in given:
        require_number("g_max", given["g_max"], above=0)
    for name, sign in (("g_min", -1), ("g_max", 1)):
        values, counts = np.unique(sign * r, return_counts=True)
        extreme = float(sign * values[-1])
        if name in given:
            _require_beyond(table, name, given[name], sign)
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


def _require_beyond(table: Measurements, name: str, limit: float, sign: int) -> None:
    r = table.conductance
    row, beyond = int((sign * r).argmax()), int((sign * r > sign * limit).sum())
    below, least = ("below", "at most") if sign < 0 else ("above", "at least")
    number = "1 read is" if beyond == 1 else f"{beyond} reads are"
    allowed = (
        f"{least} the {r[row]:g} µS that was read ({table.place(row)}); "
        f"{number} {below} it: delete those that are mistakes"
    )
    require(beyond == 0, name, limit, allowed)


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
