"""Published devices against the numbers of their sources."""

import math

import numpy as np
import pytest

from pcmlib.device import DEVICES, PCMArray, drift_exponent, with_range

YEAR = 365 * 86400.0
AIHWKIT = DEVICES["aihwkit"]


def aihwkit_nu(G, xi):
    """nu as `PCMLikeNoiseModel.generate_drift_coefficients` of aihwkit 1.1 has it, G in µS."""
    log_g = np.log(G / 25)
    mean, sd = -0.0155 * log_g + 0.0244, -0.0125 * log_g - 0.0059
    return mean.clip(0.049, 0.1) + sd.clip(0.008, 0.045) * xi


def moments(G, t, negative):
    """Mean and sd (µS) of a device's conductance at time t: by quadrature over its deviate.

    negative: what becomes of a negative exponent."""
    xi = np.linspace(-8, 8, 40_001)
    weight = np.exp(-xi * xi / 2) / np.exp(-xi * xi / 2).sum()
    left = G * (t / 20) ** -negative(aihwkit_nu(np.float64(G), xi))
    mean = weight @ left
    return mean, math.sqrt(weight @ (left - mean) ** 2)


@pytest.mark.parametrize("G", [1.0, 20.0])
def test_what_a_year_leaves_is_as_quadrature_has_it(G):
    """200,000 devices; four standard errors, that of the sd of a kurtosis below 4."""
    n = 200_000
    array = PCMArray((n,), AIHWKIT, seed=1)
    array.put(np.full(n, G))
    left = array.drifted(YEAR).double()
    mean, sd = moments(G, YEAR, lambda nu: nu.clip(min=0))
    assert left.mean().item() == pytest.approx(mean, abs=4 * sd / math.sqrt(n))
    assert left.std().item() == pytest.approx(sd, abs=4 * sd * math.sqrt(3 / 4 / n))


def test_a_year_at_a_microsiemens_is_that_of_aihwkit():
    """0.385 ± 0.184 µS, where a negative exponent changes its sign; that is a hundredth of it."""
    assert moments(1.0, YEAR, np.abs) == pytest.approx((0.385, 0.184), abs=6e-4)
    assert moments(1.0, YEAR, lambda nu: nu.clip(min=0)) == pytest.approx((0.385, 0.184), abs=7e-3)


@pytest.mark.parametrize("g_max", [25.0, 12.0])
def test_another_range_leaves_the_law_in_microsiemens(g_max):
    p = with_range(AIHWKIT, g_max)
    assert p.g_max == g_max
    G, xi = np.geomspace(0.02, 25, 40), np.linspace(-2, 2, 40)
    expected = aihwkit_nu(G, xi).clip(min=0)
    np.testing.assert_allclose(drift_exponent(G, xi, p), expected, rtol=1e-12, atol=1e-15)
    with pytest.raises(ValueError, match="g_max"):
        with_range(AIHWKIT, 0.05)
