"""Mean and variance of a read: of a normal number that is cut off at both limits.

A read gives clip(g + sd xi, g_min, g_max), with sd = m3 g + c3. With a and b the distances of g
from the lower and the upper limit in sds, the density phi and the upper tail Q of the normal,

    psi(x) = E[(xi - x)+]         = phi(x) - x Q(x)
    chi(x) = E[(xi^2 - x^2) 1(xi > x)] = Q(x) + x phi(x) - x^2 Q(x)

    mean     = g + sd (psi(a) - psi(b))
    variance = sd^2 (1 - chi(a) - chi(b) - (psi(a) - psi(b))^2)
    d mean / d g = 1 - Q(a) - Q(b), where sd hardly changes with g
"""

from __future__ import annotations

import numpy as np

from pcmlib.base.elementary import normal_tail
from pcmlib.base.kernels import kernel

_ZERO, _ONE = np.float32(0), np.float32(1)
FAR = np.float32(6)  # sds from a limit at which it cuts off nothing that a float32 holds


@kernel(inline="always")
def read_moments(g, sd, low, high):
    """Mean (µS), variance (µS^2) and slope of a read of a device at g (µS), with the noise's sd."""
    a, b = (g - low) / sd, (high - g) / sd
    phi_a, Q_a = normal_tail(a)
    phi_b, Q_b = normal_tail(b)
    rise = phi_a - a * Q_a - (phi_b - b * Q_b)
    cut = Q_a + a * (phi_a - a * Q_a) + Q_b + b * (phi_b - b * Q_b)
    return g + sd * rise, sd * sd * max(_ONE - cut - rise * rise, _ZERO), _ONE - Q_a - Q_b


@kernel(inline="always")
def read_moments_near_low(g, sd, low):
    """The same where the upper limit is `FAR`."""
    a = (g - low) / sd
    phi, Q = normal_tail(a)
    rise = phi - a * Q
    return g + sd * rise, sd * sd * max(_ONE - Q - a * rise - rise * rise, _ZERO), _ONE - Q
