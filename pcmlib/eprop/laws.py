"""What stands in for the derivative of a spike, in plain arithmetic (`pcmlib.base.arithmetic`)."""

from __future__ import annotations

from numba.extending import register_jitable

from pcmlib.base.arithmetic import maximum


@register_jitable
def pseudo_derivative(v, threshold, gamma):
    """h = gamma max(0, 1 - |v - theta| / theta), in place of the derivative of a step."""
    return gamma * maximum(threshold - abs(v - threshold), 0) / threshold
