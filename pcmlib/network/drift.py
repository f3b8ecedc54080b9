"""Drift during a trial: all pulses come at whole updates, so every device's age at the start of a
trial is a whole number of updates.

The law is G (elapsed/T0)^(-nu), with elapsed = start + tau at time tau of the trial. Where a trial
is short against the period of the updates, a device that got no pulse at the last update hardly
drifts, and a straight line is as good as the law: the tangent at the middle of the trial, raised by
half of what it lacks at both ends,

    factor(tau) = settled (1 + fading (tau - middle)),    fading = -nu / (start + middle)
    settled = ((start + middle) / T0)^(-nu) (1 + bend),   bend = nu (nu + 1) / 4 u^2
    u = middle / (start + middle)

Devices of age 0 that drift alike share one curve. A place on it is 1 at the start of a trial, -1 at
its end, and (factor - center) / half in between.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pcmlib.base.kernels import kernel
from pcmlib.device import devices_differ, drift, drift_exponent

_EXACT = 3e-5  # error relative to a conductance, at most, with which the line serves
# which leave float32 and float64 as they are
_ONE, _HALF, _QUARTER = np.float32(1), np.float32(0.5), np.float32(0.25)
_STRONG = 5  # sds of the exponents' spread within which devices are expected


class Course(NamedTuple):
    """How devices drift in the trials of a run."""

    alike: bool  # whether all devices drift with one exponent
    sums: bool  # whether the line serves, so that a trial may draw sums of reads
    nu: np.float32  # their common exponent
    dt: np.float32  # s, of a time step
    middle: np.float32  # s, of the trial
    period: float  # s, between updates
    t_min: float  # s, delay of a read
    T0: np.float32  # s
    # of devices that are alike:
    young: np.ndarray  # float32 [T]: drift factor at each step, of age 0
    factor: np.ndarray  # float32 [ages]: at the start of a trial, by age in updates; 1 for age 0
    center: np.float32  # of what `young` goes through
    half: np.float32  # of its length


@kernel(inner=True, error_model="numpy")
def make_course(run, p):
    """Of a run (a record); p: the device's constants in force."""
    ages = int(run.epochs) * int(run.samples) + 1
    young, factor = np.empty(int(run.steps), np.float32), np.empty(ages, np.float32)
    nu, clock = common_exponent(run, p), _Clock(run.T0)
    for t in range(len(young)):
        young[t] = drift(1.0, t * run.dt + run.t_min, nu, clock)
    for age in range(ages):
        factor[age] = drift(1.0, age * run.period + run.t_min, nu, clock)
    factor[0] = 1
    return course_of(run, p, young, factor)


@kernel(inner=True, error_model="numpy")
def course_of(run, p, young, factor):
    """The same, with its tables as `make_course` filled them in."""
    middle = 0.5 * run.steps * run.dt
    nu, u = strongest_exponent(p), middle / (run.period + middle)
    alike = run.nu_slope == 0 and not devices_differ(run)
    sums = run.reads == 0 and bend(nu, u) < _EXACT
    start, end = young[0], young[len(young) - 1]
    return Course(
        alike, sums, np.float32(common_exponent(run, p)), np.float32(run.dt),
        np.float32(middle), run.period, run.t_min, np.float32(run.T0), young, factor,
        _HALF * (start + end), _HALF * (start - end),
    )  # fmt: skip


@kernel(inline="always")
def bend(nu, u):
    """What the tangent is raised by, relative to a conductance."""
    return _QUARTER * nu * (nu + _ONE) * (u * u)


@kernel(inner=True, error_model="numpy")
def common_exponent(run, p):
    """The drift exponent of devices that are alike; else 0."""
    alike = run.nu_slope == 0 and not devices_differ(run)
    return np.float64(drift_exponent(1.0, 0.0, p)) if alike else 0.0


@kernel(inner=True, error_model="numpy")
def strongest_exponent(p):
    """The greatest drift exponent that is to be expected of a device."""
    low = drift_exponent(np.float64(p.g_min), np.float64(_STRONG), p)
    return max(low, drift_exponent(np.float64(p.g_max), np.float64(_STRONG), p))


class _Clock(NamedTuple):
    """What the law of drift asks of its constants, in float64."""

    T0: float  # s
