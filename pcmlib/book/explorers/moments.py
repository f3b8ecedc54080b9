"""Moments of an array, in the Python that a browser runs."""

from __future__ import annotations

import math

from pcmlib.base.kernels import kernel


@kernel(error_model="numpy")
def mean_and_sd(x):
    """Mean and sample standard deviation."""
    total = squares = 0.0
    for i in range(len(x)):
        total += x[i]
    mean = total / len(x)
    for i in range(len(x)):
        squares += (x[i] - mean) ** 2
    return mean, math.sqrt(squares / (len(x) - 1))
