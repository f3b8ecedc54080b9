"""The laws of a neuron, in plain arithmetic (`pcmlib.base.arithmetic`).

Numba compiles them into the trial and its gradient; torch evaluates them in `reference`.
"""

from __future__ import annotations

from numba.extending import register_jitable

from pcmlib.base.arithmetic import maximum, where


@register_jitable
def membrane(v, current, spiked, alpha, threshold):
    """v(t+1) = alpha v(t) + I(t) - theta z(t): a leak, the current, and a spike's soft reset."""
    return alpha * v + current - where(spiked, threshold, 0)


@register_jitable
def pseudo_derivative(v, threshold, gamma):
    """h = gamma max(0, 1 - |v - theta| / theta), in place of the derivative of a step."""
    return gamma * maximum(threshold - abs(v - threshold), 0) / threshold
