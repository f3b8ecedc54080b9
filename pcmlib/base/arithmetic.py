"""Choices, limits and functions for laws that are written once, in plain arithmetic.

One source, three readers: Python evaluates a law over numbers, NumPy arrays or torch tensors, and
Numba compiles the same law into a loop (`njit`) for the CPU and the browser:

    def law(x, p):
        return where(x > p.level, log(x), 0) + p.slope * x

All three keep float32, where a number that is no array is Python's or of the array's own type; in a
compiled loop that goes for whole numbers (``where(c, x, 0)``), while a literal 0.5 is a float64, as
Numba has it. A NaN in either argument of `minimum` and `maximum` comes out, unless the caller is
compiled with `fastmath`. In float32, LLVM vectorises all of them.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numba import types
from numba.extending import overload

from pcmlib.base.elementary import exp32, log32


def where(condition, a, b):
    """`a` where the condition holds, else `b`; both are evaluated."""
    if _on_torch(condition, a, b):
        device = next(x.device for x in (condition, a, b) if isinstance(x, torch.Tensor))
        return torch.where(torch.as_tensor(condition, device=device), _operand(a), _operand(b))
    return np.where(condition, a, b)[()]


def floor(x):
    """The greatest whole number up to x, as a float of x's type."""
    return torch.floor(x) if _on_torch(x) else np.floor(x)


def trunc(x):
    """The whole number next to x towards 0, as a float of x's type."""
    return torch.trunc(x) if _on_torch(x) else np.trunc(x)


def log(x):
    """Natural logarithm."""
    return torch.log(x) if _on_torch(x) else np.log(x)


def exp(x):
    """e to the power of x."""
    return torch.exp(x) if _on_torch(x) else np.exp(x)


def power(x, y):
    """x to the power of y, for x > 0."""
    return x**y


def minimum(a, b):
    """The smaller of a and b."""
    if not _on_torch(a, b):
        return np.minimum(a, b)
    a, b = _operand(a), _operand(b)
    if isinstance(a, torch.Tensor):
        return torch.minimum(a, b) if isinstance(b, torch.Tensor) else a.clamp(max=b)
    return b.clamp(max=a)


def maximum(a, b):
    """The greater of a and b."""
    if not _on_torch(a, b):
        return np.maximum(a, b)
    a, b = _operand(a), _operand(b)
    if isinstance(a, torch.Tensor):
        return torch.maximum(a, b) if isinstance(b, torch.Tensor) else a.clamp(min=b)
    return b.clamp(min=a)


def clip(x, low, high):
    """x, at least `low` and at most `high`."""
    return minimum(maximum(x, low), high)


def _on_torch(*values):
    return any(isinstance(value, torch.Tensor) for value in values)


def _operand(value):
    """A tensor, or a plain number, which leaves a tensor's type as it is."""
    if isinstance(value, np.ndarray):
        return torch.as_tensor(value)
    return value.item() if isinstance(value, np.generic) else value


# What Numba compiles in their place, for numbers

_INF, _NAN = np.float32(math.inf), np.float32(math.nan)
_ZERO, _ONE = np.float32(0), np.float32(1)
_INLINE = {"forceinline": True}  # a loop that calls it is not vectorised
_LEAST, _MOST = np.float32(-87), np.float32(88)  # whose exponentials a float32 holds


def _as_floats(a, b):
    """Types of both; a whole number takes the other's float type, not Numba's float64."""
    if isinstance(a, types.Float) and not isinstance(b, types.Float):
        return a, a
    if isinstance(b, types.Float) and not isinstance(a, types.Float):
        return b, b
    return a, b


@overload(where)
def _where(condition, a, b):
    to_a, to_b = _as_floats(types.unliteral(a), types.unliteral(b))
    return lambda condition, a, b: to_a(a) if condition else to_b(b)


@overload(floor)
def _floor(x):
    return (lambda x: np.floor(x)) if isinstance(x, types.Float) else None


@overload(trunc)
def _trunc(x):
    return (lambda x: np.trunc(x)) if isinstance(x, types.Float) else None


@overload(log)
def _log(x):
    def narrow(x):
        if x > 0 and x < _INF:
            return log32(x)
        return x if x > 0 else (-_INF if x == 0 else _NAN)

    return narrow if x == types.float32 else (lambda x: math.log(x))


@overload(power, jit_options=_INLINE)
def _power(x, y):
    def narrow(x, y):
        z = y * log32(x)
        e = exp32(minimum(maximum(z, _LEAST), _MOST))
        e = where(z > _MOST, _INF, where(z < _LEAST, 0, e))
        of_infinity = where(y == 0, _ONE, where(y < 0, 0, y * _INF))
        return where(x < _INF, e, where(x != x, x, of_infinity))

    return narrow if x == y == types.float32 else (lambda x, y: x**y)


@overload(exp)
def _exp(x):
    def narrow(x):
        if x >= _LEAST and x <= _MOST:
            return exp32(x)
        return x if x != x else (_INF if x > 0 else _ZERO)

    return narrow if x == types.float32 else (lambda x: math.exp(x))


@overload(minimum)
def _minimum(a, b):
    to_a, to_b = _as_floats(types.unliteral(a), types.unliteral(b))
    return lambda a, b: to_a(a) if a < b or a != a else to_b(b)


@overload(maximum)
def _maximum(a, b):
    to_a, to_b = _as_floats(types.unliteral(a), types.unliteral(b))
    return lambda a, b: to_a(a) if a > b or a != a else to_b(b)


@overload(clip)
def _clip(x, low, high):
    return lambda x, low, high: minimum(maximum(x, low), high)
