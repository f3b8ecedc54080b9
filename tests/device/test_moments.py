"""Moments of a read against quadrature of the clipped normal."""

import numpy as np
import pytest
from numba import njit
from scipy import integrate, stats

from pcmlib.device.moments import FAR, read_moments, read_moments_near_low

_F = np.float32


@njit(error_model="numpy")
def both(g, sd, low, high):
    return read_moments(g, sd, low, high)


@njit(error_model="numpy")
def one(g, sd, low):
    return read_moments_near_low(g, sd, low)


def by_quadrature(g, sd, low, high):
    """Mean and variance of clip(g + sd xi), and the probability of no clipping."""
    a, b = (low - g) / sd, (high - g) / sd
    density = stats.norm.pdf
    first, second = (
        low**n * stats.norm.cdf(a)
        + high**n * stats.norm.sf(b)
        + integrate.quad(lambda x, n=n: (g + sd * x) ** n * density(x), max(a, -9), min(b, 9))[0]
        for n in (1, 2)
    )
    return first, second - first**2, stats.norm.cdf(b) - stats.norm.cdf(a)


@pytest.mark.parametrize("sd", [0.02, 0.13, 0.5])
@pytest.mark.parametrize("low_high", [(0.1, 12.0), (0.0, 0.6)])
def test_moments_are_those_of_the_clipped_normal(sd, low_high):
    """From three sds below one limit to three above the other; narrow limits, too."""
    low, high = low_high
    for g in np.linspace(low - 3 * sd, high + 3 * sd, 41):
        mean, variance, inside = both(_F(g), _F(sd), _F(low), _F(high))
        exact = by_quadrature(float(_F(g)), sd, low, high)
        assert mean == pytest.approx(exact[0], abs=3e-6 * sd + 1e-6)
        assert variance == pytest.approx(exact[1], abs=1e-5 * sd**2)
        assert inside == pytest.approx(exact[2], abs=3e-6)


def test_far_from_the_upper_limit_the_lower_one_is_enough():
    for a in np.linspace(-4, 8, 25):
        g, sd, low = _F(0.1 + 0.13 * a), _F(0.13), _F(0.1)
        high = g + FAR * sd
        np.testing.assert_allclose(one(g, sd, low), both(g, sd, low, high), rtol=2e-6, atol=1e-7)
