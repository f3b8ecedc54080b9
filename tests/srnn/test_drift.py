"""Drift during a trial: the series is the law where it is taken, to the last bits of a float32."""

from typing import get_type_hints

import numpy as np
import pytest

from pcmlib.device import PCMParameters
from pcmlib.srnn.drift import Course, course, drift_by_power, drift_by_series

PERIOD = 38.6


@pytest.mark.parametrize("nu", [0.0, 0.04, 0.3, 1.5])
def test_the_series_is_the_power_law_as_far_as_it_is_taken(nu):
    """At the end of the longest trial for which it is; 3e-7 is five roundings."""
    p = PCMParameters(nu=nu, nu_bounds=(0.0, 2.0))
    fourth = nu * (nu + 1) * (nu + 2) * (nu + 3) / 24  # of the first term left out, times u^4
    steps = int(PERIOD / 1e-3 * (2e-8 / fourth) ** 0.25) if nu else 1000
    assert steps > 300
    taken = course(p, steps=steps, dt=1e-3, period=PERIOD, updates=2)
    assert taken.series
    assert nu == 0 or not course(p, steps=steps + 2, dt=1e-3, period=PERIOD, updates=2).series
    G, ages = np.full((1, 3), 5.0, np.float32), np.array([0, 1, 2])
    tau = np.float32((steps - 1) * 1e-3)
    found = np.empty(3, np.float32)
    rows = G * taken.factor[ages], taken.by_start[ages][None]
    drift_by_series(found, 0, 0, tau, taken.young[steps - 1], taken.nu, *rows)
    elapsed = ages * PERIOD + (steps - 1) * 1e-3 + p.t_min
    np.testing.assert_allclose(found, 5 * (elapsed / p.T0) ** -nu, rtol=3e-7)


def test_the_power_is_the_law_for_devices_of_their_own():
    p = PCMParameters(nu_spread=0.02)
    taken = course(p, steps=1000, dt=1e-3, period=PERIOD, updates=2)
    assert not taken.series
    nu = np.array([[0.0, 0.04, 0.3]], np.float32)
    start = np.array([[5e-4, 38.6, 77.2]], np.float32)
    found = np.empty(3, np.float32)
    drift_by_power(found, 0, 0, np.float32(0.7), np.full((1, 3), 5, np.float32), start, nu, taken)
    exact = 5 * ((start.astype(float) + 0.7) / p.T0) ** -nu.astype(float)
    np.testing.assert_allclose(found, exact[0], rtol=1e-6)


def test_long_trials_take_the_power():
    short, long = (
        course(PCMParameters(), steps=n, dt=1e-3, period=PERIOD, updates=2) for n in (1000, 10_000)
    )
    assert short.series
    assert not long.series


def test_its_numbers_are_as_wide_as_it_says():
    """A wider one would have the kernels reckon in float64: slower, and unlike a browser's."""
    taken = course(PCMParameters(), steps=10, dt=1e-3, period=PERIOD, updates=2)
    assert {name: type(x) for name, x in taken._asdict().items()} == get_type_hints(Course)
