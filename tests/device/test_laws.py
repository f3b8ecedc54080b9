"""The laws against numbers worked out by hand, and the refusal of bad constants."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pcmlib.device import (
    PCMParameters,
    drift,
    drift_exponent,
    history_decay,
    read_noise,
    set_increment,
)

P = PCMParameters()


def chance_that_a_set_lowers(G, pulse):
    mu, sigma = set_increment(G, math.exp(-pulse / 2.6), P)
    return 0.5 * math.erfc(mu / sigma / math.sqrt(2))


def test_the_first_set_of_a_fresh_device_has_a_signal_to_noise_ratio_of_about_one():
    # By hand: exp(-1/2.6) = 0.68073, so mu = -0.0084 + 0.88 + 0.95302 and so on.
    mu, sigma = set_increment(0.1, history_decay(P), P)
    assert mu == pytest.approx(1.82462, abs=1e-4)
    assert sigma == pytest.approx(1.73267, abs=1e-4)


@pytest.mark.parametrize(
    ("G", "pulse", "percent"), [(0.1, 1, 15), (5, 5, 26), (8, 10, 41), (9.4, 20, 47)]
)
def test_chance_that_a_set_lowers_the_conductance(G, pulse, percent):
    assert 100 * chance_that_a_set_lowers(G, pulse) == pytest.approx(percent, abs=0.6)


def test_the_mean_step_vanishes_at_the_fixed_point():
    mu, _ = set_increment(P.c1 / -P.m1, 0.0, P)
    assert mu == pytest.approx(0, abs=1e-12)
    assert P.c1 / -P.m1 == pytest.approx(10.48, abs=0.01)


@pytest.mark.parametrize(
    ("elapsed", "conductance"), [(1e-3, 18.31), (1, 13.89), (38.6, 12), (100, 11.55), (1e4, 9.61)]
)
def test_drift_of_twelve_microsiemens(elapsed, conductance):
    assert drift(12.0, elapsed, P.nu, P) == pytest.approx(conductance, abs=0.01)


@given(st.floats(0.1, 20), st.floats(1e-4, 1e5), st.floats(1.01, 100), st.floats(0.001, 0.2))
def test_drift_is_a_straight_line_in_logarithms(G, elapsed, factor, nu):
    ratio = drift(G, elapsed * factor, nu, P) / drift(G, elapsed, nu, P)
    assert math.log(ratio) / math.log(factor) == pytest.approx(-nu, rel=1e-6)


@pytest.mark.parametrize(
    ("G", "sd"), [(0.1, 0.133), (1, 0.160), (5, 0.280), (10, 0.430), (12, 0.490)]
)
def test_read_noise(G, sd):
    assert read_noise(G, P) == pytest.approx(sd)


def test_the_drift_exponent_is_constant_unless_asked_otherwise():
    assert drift_exponent(torch.tensor([1.0, 12.0]), 0.0, P) == 0.04
    assert drift_exponent(torch.tensor([1.0]), 0.0, P.replace(drift=0.5)) == 0.02


def test_the_drift_exponent_can_fall_with_conductance_and_differ_between_devices():
    # By hand at G = g_max / 10: 0.0244 + 0.0155 ln 10 = 0.06009; at g_max the lower bound holds.
    p = P.replace(nu=0.0244, nu_slope=0.0155, nu_bounds=(0.049, 0.1))
    nu = drift_exponent(torch.tensor([1.2, 12.0]), 0.0, p)
    torch.testing.assert_close(nu, torch.tensor([0.06009, 0.049]), atol=1e-5, rtol=0)
    spread = drift_exponent(torch.tensor([12.0]), torch.tensor([-2.0]), p.replace(nu_spread=0.01))
    torch.testing.assert_close(spread, torch.tensor([0.029]))


def test_a_performance_mode_step_is_a_power_of_two_part_of_the_range():
    assert P.set_step is None
    assert P.replace(bits=3).set_step == 1.5


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("a", 0, "above 0"),
        ("T0", -1.0, "above 0"),
        ("t_min", 0, "above 0"),
        ("g_max", 0.05, "above g_min"),
        ("nu", -0.01, "at least 0"),
        ("c3", float("nan"), "a finite number"),
        ("m1", float("inf"), "a finite number"),
        ("write_noise", "1", "a finite number"),
        ("read_noise", -1, "at least 0"),
        ("bits", 0, "at least 1 and at most 16"),
        ("bits", 17, "at least 1 and at most 16"),
        ("bits", 2.5, "a whole number"),
        ("nu_bounds", (0.2, 0.1), "low <= high"),
    ],
)
def test_a_bad_constant_is_refused_by_name(name, value, allowed):
    with pytest.raises(ValueError, match=name) as error:
        PCMParameters(**{name: value})
    assert allowed in str(error.value)
    assert repr(value) in str(error.value)
