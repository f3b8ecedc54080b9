"""Drift during a trial: a straight line serves as far as it is taken."""

from typing import get_type_hints

import pytest
from numba import types

from pcmlib.device import PCMParameters
from pcmlib.device.record import in_force
from pcmlib.network.drift import Course, make_course
from pcmlib.training import TrainConfig
from pcmlib.training.record import numbers

PERIOD = 38.6


def course(p, steps, **changes):
    """Of two updates."""
    names = ("nu", "nu_slope", "nu_spread", "nu_bounds")
    constants = {name: getattr(p, name) for name in names}
    config = TrainConfig(
        scheme="sign", steps=steps, epochs=1, samples=2, constants=constants, **changes
    )
    run = numbers(config)[0]
    return make_course(run, in_force(run))


@pytest.mark.parametrize("nu", [0.0, 0.04, 0.1])
def test_the_line_is_the_power_law_as_far_as_it_is_taken(nu):
    """Of the youngest devices, at the ends and in the middle of the longest trial: to 4e-5."""
    p = PCMParameters(nu=nu)
    u = (3e-5 * 4 / (nu * (nu + 1))) ** 0.5 if nu else 0.1
    steps = int(2 * u / (1 - u) * PERIOD / 1e-3) - 1
    assert steps > 1500
    taken, half = course(p, steps), steps * 1e-3 / 2
    assert taken.sums
    assert nu == 0 or not course(p, steps + 3).sums
    middle = PERIOD + p.t_min + half
    for tau in (0.0, half, 2 * half):
        line = (middle / p.T0) ** -nu * (1 + nu * (nu + 1) / 4 * (half / middle) ** 2)
        line *= 1 - nu / middle * (tau - half)
        exact = ((PERIOD + p.t_min + tau) / p.T0) ** -nu
        assert line == pytest.approx(exact, rel=4e-5)


def test_the_strongest_drift_of_a_device_decides():
    strong = {"nu_slope": 0.1, "nu_bounds": (0.0, 1.0)}
    assert course(PCMParameters(nu_spread=0.005), 1000).sums
    assert not course(PCMParameters(nu_spread=0.12), 1000).sums
    assert not course(PCMParameters(nu=0.1, **strong), 1000).sums


def test_long_trials_read_each_device_and_so_does_the_choice():
    assert course(PCMParameters(), 1000).sums
    assert not course(PCMParameters(), 10_000).sums
    assert not course(PCMParameters(), 1000, reads="each").sums


def test_its_numbers_are_as_wide_as_it_says():
    """A wider one would have the kernels reckon in float64: slower, and other last bits."""
    run = numbers(TrainConfig(scheme="sign"))[0]
    make_course(run, in_force(run))
    kind = make_course._outer.nopython_signatures[0].return_type
    told = get_type_hints(Course)
    found = {name: kind.types[n] for n, name in enumerate(Course._fields)}
    assert found["nu"] == found["dt"] == found["T0"] == found["middle"] == types.float32
    for name in ("young", "factor"):
        assert found[name].dtype == types.float32
    assert {name for name in told if told[name] is float} == {"period", "t_min"}
