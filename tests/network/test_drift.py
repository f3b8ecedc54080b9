"""Drift during a trial: the series is the law where it is taken, to the last bits of a float32."""

from typing import get_type_hints

import numpy as np
import pytest
from numba import types

from pcmlib.device import PCMParameters
from pcmlib.device.record import in_force
from pcmlib.network.drift import Course, drift_by_power, drift_by_series, make_course
from pcmlib.training import TrainConfig
from pcmlib.training.record import numbers

PERIOD = 38.6


def course(p, steps):
    """Of two updates, each number as wide as `Course` says: Numba hands Python float64."""
    names = ("nu", "nu_slope", "nu_spread", "nu_bounds")
    constants = {name: getattr(p, name) for name in names}
    config = TrainConfig(scheme="sign", steps=steps, epochs=1, samples=2, constants=constants)
    run = numbers(config)[0]
    taken = make_course(run, in_force(run))
    narrow = {name: np.float32(getattr(taken, name)) for name in ("nu", "dt", "T0")}
    return taken._replace(**narrow)


@pytest.mark.parametrize("nu", [0.0, 0.04, 0.3, 1.5])
def test_the_series_is_the_power_law_as_far_as_it_is_taken(nu):
    """At the end of the longest trial for which it is; 3e-7 is five roundings."""
    p = PCMParameters(nu=nu, nu_bounds=(0.0, 2.0))
    fourth = nu * (nu + 1) * (nu + 2) * (nu + 3) / 24  # of the first term left out, times u^4
    steps = int(PERIOD / 1e-3 * (2e-8 / fourth) ** 0.25) if nu else 1000
    assert steps > 300
    taken = course(p, steps)
    assert taken.series
    assert nu == 0 or not course(p, steps + 2).series
    G, ages = np.full((1, 3), 5.0, np.float32), np.array([0, 1, 2])
    tau = np.float32((steps - 1) * 1e-3)
    found = np.empty(3, np.float32)
    rows = G * taken.factor[ages], taken.by_start[ages][None]
    drift_by_series(found, 0, 0, tau, taken.young[steps - 1], taken.nu, *rows)
    elapsed = ages * PERIOD + (steps - 1) * 1e-3 + p.t_min
    np.testing.assert_allclose(found, 5 * (elapsed / p.T0) ** -nu, rtol=3e-7)


def test_the_power_is_the_law_for_devices_of_their_own():
    p = PCMParameters(nu_spread=0.02)
    taken = course(p, 1000)
    assert not taken.series
    nu = np.array([[0.0, 0.04, 0.3]], np.float32)
    start = np.array([[5e-4, 38.6, 77.2]], np.float32)
    found = np.empty(3, np.float32)
    drift_by_power(found, 0, 0, np.float32(0.7), np.full((1, 3), 5, np.float32), start, nu, taken)
    exact = 5 * ((start.astype(float) + 0.7) / p.T0) ** -nu.astype(float)
    np.testing.assert_allclose(found, exact[0], rtol=1e-6)


def test_long_trials_take_the_power():
    short, long = (course(PCMParameters(), steps) for steps in (1000, 10_000))
    assert short.series
    assert not long.series


def test_its_numbers_are_as_wide_as_it_says():
    """A wider one would have the kernels reckon in float64: slower, and other last bits."""
    run = numbers(TrainConfig(scheme="sign"))[0]
    make_course(run, in_force(run))
    kind = make_course._outer.nopython_signatures[0].return_type
    told = get_type_hints(Course)
    found = {name: kind.types[n] for n, name in enumerate(Course._fields)}
    assert found["nu"] == found["dt"] == found["T0"] == types.float32
    for name in ("young", "factor", "by_start"):
        assert found[name].dtype == types.float32
    assert {name for name in told if told[name] is float} == {"period", "t_min"}
