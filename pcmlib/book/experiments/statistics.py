"""Error bars, ratios and tests over a few networks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pcmlib.base.checks import require, require_count, require_number


@dataclass(frozen=True)
class Interval:
    """An estimate, and the ends of its confidence interval; in the unit of what was estimated.

    The ends are NaN where there is no interval: for a single network.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        ends = "no interval" if math.isnan(self.low) else f"{self.low:.3g} to {self.high:.3g}"
        return f"{self.value:.3g} ({ends})"


def bootstrap(
    values: Sequence[float] | Float[np.ndarray, " n"],
    *,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Mean of `values` with its bootstrap interval (percentiles, widened by sqrt(n / (n - 1))).

    The widening makes up for the spread of a resample, which is too small by that factor. A single
    value says nothing of a spread: the ends are NaN.
    """
    values = np.asarray(values, float)
    require(values.ndim == 1 and len(values) >= 1, "values", values, "at least one number")
    require(bool(np.isfinite(values).all()), "values", values, "finite numbers")
    require_number("level", level, above=0, at_most=0.999)
    require_count("resamples", resamples, at_least=100)
    n = len(values)
    if n == 1:
        return Interval(float(values[0]), math.nan, math.nan)
    chosen = np.random.default_rng(seed).integers(n, size=(resamples, n))
    means = values[chosen].mean(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    mean, wider = values.mean(), np.sqrt(n / (n - 1))
    return Interval(float(mean), *(float(mean + wider * (x - mean)) for x in (low, high)))


def ratio(a: Float[np.ndarray, " n"], b: Float[np.ndarray, " n"]) -> Interval:
    """How many times larger a is than b: the geometric mean over pairs, with its 95 % interval."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    require(a.shape == b.shape, "b", b, f"as long as a: {len(a)}")
    require(bool((a > 0).all() and (b > 0).all()), "(a, b)", (a, b), "above 0")
    log = bootstrap(np.log(a) - np.log(b))
    return Interval(*(float(np.exp(x)) for x in (log.value, log.low, log.high)))


def sign_flip_test(difference: Sequence[float] | Float[np.ndarray, " n"]) -> float:
    """Chance of a mean at least so far from 0 if the sign of each difference were a coin's.

    Exact: all 2^n choices of signs are tried.
    """
    difference = np.asarray(difference, float)
    require(len(difference) <= 16, "difference", difference, "at most 16 numbers")
    signs = np.array(list(itertools.product((-1, 1), repeat=len(difference))))
    means = np.abs(signs @ difference)
    return float((means >= abs(difference.sum()) * (1 - 1e-12)).mean())


def smoothed(values: Float[np.ndarray, "R E"], window: int = 5) -> Float[np.ndarray, "R E"]:
    """Mean over the last `window` epochs, over as many as there are at the start."""
    require_count("window", window)
    padded = np.pad(values, ((0, 0), (window - 1, 0)))
    total = np.lib.stride_tricks.sliding_window_view(padded, window, axis=1).sum(-1)
    return total / np.minimum(np.arange(1, values.shape[1] + 1), window)
