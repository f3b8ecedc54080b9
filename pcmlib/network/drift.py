"""Drift during a trial: all pulses come at whole updates, so every device's age at the start of a
trial is a whole number of updates.

The law is G (elapsed/T0)^(-nu), with elapsed = start + tau at time tau of the trial. Where the
trial is short against the period of the updates, a device that got no pulse at the last update
hardly drifts, and a few terms of a series give the law to the last bits of a float32:

    (1 + u)^(-nu) = 1 - nu u (1 - (nu+1)/2 u (1 - (nu+2)/3 u)),    u = tau / start

Devices of age 0 share one curve. Elsewhere, or where devices differ in nu, each read takes a power.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pcmlib.base.kernels import kernel
from pcmlib.device import drift, drift_exponent

_EXACT = 2e-8  # relative error at which the series is as good as the law


class Course(NamedTuple):
    """How devices drift in the trials of a run."""

    alike: bool  # whether all devices drift with one exponent
    series: bool  # whether the series is taken
    nu: np.float32  # their common exponent
    dt: np.float32  # s, of a time step
    period: float  # s, between updates
    t_min: float  # s, delay of a read
    T0: np.float32  # s
    young: np.ndarray  # float32 [T]: drift factor at each step of a device of age 0
    factor: np.ndarray  # float32 [ages]: drift factor at the start of a trial, by age in updates,
    # of devices that are alike
    by_start: np.ndarray  # float32 [ages]: 1 / start (1/s); 0 for age 0, whose factor is 1


@kernel(inner=True, error_model="numpy")
def make_course(run, p):
    """Of a run (a record); p: the device's constants in force."""
    updates = int(run.epochs) * int(run.samples)
    young = np.empty(int(run.steps), np.float32)
    factor, by_start = np.empty(updates + 1, np.float32), np.empty(updates + 1, np.float32)
    course = course_of(run, p, young, factor, by_start)
    nu, clock = common_exponent(run, p), _Clock(run.T0)
    for t in range(len(young)):
        young[t] = drift(1.0, t * run.dt + run.t_min, nu, clock)
    for age in range(updates + 1):
        start = age * run.period + run.t_min
        factor[age], by_start[age] = drift(1.0, start, nu, clock), 1 / start
    factor[0], by_start[0] = 1, 0
    return course


@kernel(inner=True, error_model="numpy")
def course_of(run, p, young, factor, by_start):
    """The same, with its arrays as `make_course` filled them in."""
    nu, u = common_exponent(run, p), run.steps * run.dt / run.period
    alike = run.nu_slope == 0 and run.nu_spread == 0
    series = alike and nu * (nu + 1) * (nu + 2) * (nu + 3) / 24 * u**4 < _EXACT
    return Course(
        alike, series, np.float32(nu), np.float32(run.dt), run.period, run.t_min,
        np.float32(run.T0), young, factor, by_start,
    )  # fmt: skip


@kernel(inner=True, error_model="numpy")
def common_exponent(run, p):
    """The drift exponent of devices that are alike; else 0."""
    alike = run.nu_slope == 0 and run.nu_spread == 0
    return np.float64(drift_exponent(1.0, 0.0, p)) if alike else 0.0


class _Clock(NamedTuple):
    """What the law of drift asks of its constants, in float64."""

    T0: float  # s


@kernel(inner=True, error_model="numpy")
def settle(devices, deviate, update, p, course, rows):
    """Devices of a crossbar as the trial after `update` updates finds them, in rows [n_pre, L].

    rows: G (µS), at the start of the trial if the series is taken, else T0 after the last pulse;
    1 / start (1/s), 0 where the age is 0, or start (s); nu. `deviate`: of each nu, in sds.
    """
    _, pairs, n_pre, n_post = devices.G.shape
    G, tp = devices.G, devices.tp
    rows_G, rows_start, rows_nu = rows
    by_period, oldest = 1 / course.period, len(course.by_start) - 1
    for i in range(n_pre):
        for side in range(2):
            for n in range(pairs):
                at = (side * pairs + n) * n_post
                for j in range(n_post):
                    k = np.uint64(at + j)
                    g = G[side, n, i, j]
                    age = update - np.int32(tp[side, n, i, j] * by_period + 0.5)
                    age = min(max(age, 0), oldest)  # whatever the period, an age of the course
                    if course.series:
                        rows_start[i, k] = course.by_start[np.uint32(age)]
                        rows_G[i, k] = g * course.factor[np.uint32(age)]
                    else:
                        rows_start[i, k] = np.float32(age * course.period + course.t_min)
                        rows_nu[i, k] = drift_exponent(g, deviate[side, n, i, j], p)
                        rows_G[i, k] = g


@kernel(inner=True, fastmath={"contract"}, error_model="numpy")
def drift_by_series(Gd, at, i, tau, young, nu, G, by_start):
    """Gd[at:] = row i of the devices at time tau (s) of the trial; those of age 0 times `young`."""
    one = np.float32(1)
    a, b, c = nu, (nu + one) / np.float32(2), (nu + np.float32(2)) / np.float32(3)
    for k in range(G.shape[1]):
        r = by_start[i, k]
        u = r * tau
        factor = one - a * u * (one - b * u * (one - c * u))
        Gd[np.uint64(at + k)] = G[i, k] * (young if r == 0 else factor)


@kernel(inner=True, fastmath={"contract"}, error_model="numpy")
def drift_by_power(Gd, at, i, tau, G, start, nu, course):
    """The same by the law itself."""
    for k in range(G.shape[1]):
        Gd[np.uint64(at + k)] = drift(G[i, k], start[i, k] + tau, nu[i, k], course)
