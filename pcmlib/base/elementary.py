"""Exponential, logarithm, circle and normal tail in float32 by polynomials, to 1e-7 to 1e-6.

They have no branch, so that LLVM vectorises a loop of them; the C library's it would call one by
one, or not have at all (in a browser).

Sources: exp and log, Cephes (Moshier), expf and logf; cos and sin, minimax fits in [-1/2, 1/2];
tail, Abramowitz and Stegun (1964), 26.2.17.
"""

from __future__ import annotations

import numpy as np
from numba.extending import register_jitable

_F = np.float32


@register_jitable
def exp32(x):
    """e^x = 2^n e^r, r in [-log(2)/2, log(2)/2], for x from -87 to 88."""
    n = np.floor(x * _F(1.44269504089) + _F(0.5))
    r = x - n * _F(0.693359375) + n * _F(2.12194440e-4)
    y = _F(1.9875691500e-4)
    y = y * r + _F(1.3981999507e-3)
    y = y * r + _F(8.3334519073e-3)
    y = y * r + _F(4.1665795894e-2)
    y = y * r + _F(1.6666665459e-1)
    y = y * r + _F(5.0000001201e-1)
    power = np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)
    return (y * r * r + r + _F(1)) * power


@register_jitable
def log32(x):
    """log x = e log 2 + log m for x = m 2^e, m in [sqrt(1/2), sqrt(2)), x above 1e-38."""
    bits = _F(x).view(np.int32)
    e = np.int32((bits - np.int32(0x3F3504F3)) >> np.int32(23))
    m = np.int32(bits - np.int32(e << np.int32(23))).view(np.float32) - _F(1)
    y = _F(7.0376836292e-2)
    y = y * m + _F(-1.1514610310e-1)
    y = y * m + _F(1.1676998740e-1)
    y = y * m + _F(-1.2420140846e-1)
    y = y * m + _F(1.4249322787e-1)
    y = y * m + _F(-1.6668057665e-1)
    y = y * m + _F(2.0000714765e-1)
    y = y * m + _F(-2.4999993993e-1)
    y = y * m + _F(3.3333331174e-1)
    return m - _F(0.5) * m * m + y * m * m * m + _F(e) * _F(0.69314718056)


@register_jitable
def cos_sin_pi(a):
    """cos(pi a) and sin(pi a) for a in [-1, 1], by x = |a| - 1/2 in [-1/2, 1/2], to 1e-6."""
    x = abs(a) - _F(0.5)
    u = x * x
    s = _F(0.0821458866111) + u * _F(-0.00737043094571)
    s = _F(2.55016403988) + u * (_F(-0.599264529321) + u * s)
    s = x * (_F(3.14159265359) + u * (_F(-5.16771278005) + u * s))
    c = _F(0.235330630359) + u * (_F(-0.0258068913900) + u * _F(0.00192957430940))
    c = _F(4.05871212642) + u * (_F(-1.33526276885) + u * c)
    c = _F(1) + u * (_F(-4.93480220054) + u * c)
    return -s, (c if a >= _F(0) else -c)


@register_jitable
def normal_tail(x):
    """Density of the standard normal at x, and its probability above x."""
    t = _F(1) / (_F(1) + _F(0.2316419) * abs(x))
    density = _F(0.3989422804) * exp32(max(_F(-0.5) * x * x, _F(-80)))
    y = _F(1.781477937) + t * (_F(-1.821255978) + t * _F(1.330274429))
    y = density * t * (_F(0.319381530) + t * (_F(-0.356563782) + t * y))
    return density, (y if x > _F(0) else _F(1) - y)
