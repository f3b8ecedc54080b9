"""The laws of a neuron and of its outputs, in plain arithmetic (`pcmlib.base.arithmetic`).

Numba compiles them into the trial and its gradient; torch evaluates them in `reference`.
"""

from __future__ import annotations

import math

import numpy as np
from numba.extending import register_jitable

from pcmlib.base.arithmetic import log, maximum, where

_NEVER = np.float32(math.inf)  # a threshold that no membrane reaches


@register_jitable
def membrane(v, current, spiked, alpha, theta):
    """v(t+1) = alpha v(t) + I(t) - theta z(t): a leak, the current, and a spike's soft reset."""
    return alpha * v + current - where(spiked, theta, 0)


@register_jitable
def adaptation(b, spiked, rho, beta):
    """b(t+1) = rho b(t) + beta z(t): each spike raises the threshold, which slowly recovers."""
    return rho * b + where(spiked, beta, 0)


@register_jitable
def threshold(theta, b, resting):
    """theta(t) = theta + b(t), which v must exceed for a spike; infinite in refractory time."""
    return where(resting, _NEVER, theta + b)


@register_jitable
def pseudo_derivative(v, threshold, theta, gamma):
    """h = gamma max(0, 1 - |v - theta(t)| / theta), in place of the derivative of a step."""
    return gamma * maximum(theta - abs(v - threshold), 0) / theta


@register_jitable
def log_probability(y, top, whole):
    """log p_k = y_k - top - log whole of softmax: top = max_k y_k, whole = sum_k e^(y_k - top)."""
    return y - top - log(whole)
