"""The constants that a table is asked for, as free numbers without limits, and where to start.

A mean's constant is a line in its number x, one that cannot be negative a square, a spread between
devices (of which the likelihood knows the square alone) an absolute value, the history's length an
exponential:

    m1 = 0.1 x,   c1 = S x - m1 G_mid            m2, m3, nu = 0.1 x^2
    nu_spread = 0.1 |x|,   reset_spread = |x|    A1, c2, A2, c3, g_reset = S x^2
    a = exp(x)

with S a twelfth of the reads' range and G_mid their median, so that a change of x by 1 is a large
one for every constant: where a table leaves an x wider than that, it does not tell the constant. At
x = 0 the likelihood then has no slope and a curvature, so that "indistinguishable from 0" is told
from "not determined". A1 is no negative number here: a PCM's history enlarges its first steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from pcmlib.device.fit.reads import Reads
from pcmlib.device.fit.table import Measurements
from pcmlib.device.laws import Constants, PCMParameters

NAMES = (
    "m1", "c1", "A1", "a", "m2", "c2", "A2", "nu", "nu_spread", "m3", "c3", "g_reset",
    "reset_spread",
)  # fmt: skip
"""All constants that can be asked for."""
LINES = ("m1", "c1")
_SQUARES = ("A1", "m2", "c2", "A2", "nu", "m3", "c3", "g_reset")
_IN_SIEMENS = ("c1", "A1", "c2", "A2", "c3", "g_reset")


@dataclass(frozen=True)
class Free:
    """Which constants are free, and what the others are."""

    names: tuple[str, ...]
    base: PCMParameters  # holds the constants that are not free
    scale: float  # S, µS
    middle: float  # G_mid, µS

    def unit(self, name: str) -> float:
        return self.scale if name in _IN_SIEMENS else 1.0 if name == "reset_spread" else 0.1

    def constants(self, x: Float64[Tensor, " free"]) -> dict[str, Tensor]:
        """The free constants, in their own units."""
        found: dict[str, Tensor] = {}
        for name, value in zip(self.names, x, strict=True):
            if name == "a":
                found[name] = torch.exp(value)
            elif name in _SQUARES:
                found[name] = self.unit(name) * value * value
            else:
                found[name] = self.unit(name) * (value if name in LINES else value.abs())
        if "c1" in found:
            found["c1"] = found["c1"] - found.get("m1", self.base.m1) * self.middle
        return found

    def numbers(self, constants: dict[str, float]) -> Float64[Tensor, " free"]:
        """x of the constants."""
        own = {name: constants[name] for name in self.names}
        if "c1" in own:
            own["c1"] += own.get("m1", self.base.m1) * self.middle
        x = []
        for name, value in own.items():
            if name == "a":
                x.append(math.log(value))
            else:
                part = value / self.unit(name)
                x.append(math.sqrt(max(part, 0.0)) if name in _SQUARES else part)
        return torch.tensor(x, dtype=torch.float64)

    def model(self, x: Float64[Tensor, " free"]) -> tuple[Constants, Any]:
        """What the laws take, and a."""
        own = self.constants(x)
        values = {name: getattr(self.base, name) for name in Constants._fields} | own
        a = values.pop("a", self.base.a)
        return Constants(**{n: values[n] for n in Constants._fields}), a

    def parameters(self, x: Float64[Tensor, " free"]) -> PCMParameters:
        """The constants as a device's."""
        return self.base.replace(**{n: float(v) for n, v in self.constants(x).items()})

    def errors(
        self, x: Float64[Tensor, " free"], covariance: Float64[Tensor, "free free"]
    ) -> dict[str, float]:
        """Standard errors of the constants; that of the square of x ~ N(x, s^2) in full."""
        slopes = torch.autograd.functional.jacobian(
            lambda y: torch.stack(list(self.constants(y).values())), x
        )
        variance = (slopes @ covariance @ slopes.T).diagonal()
        for i, name in enumerate(self.names):
            if name in _SQUARES:
                variance[i] += 2 * (self.unit(name) * covariance[i, i]) ** 2
        return dict(zip(self.names, variance.sqrt().tolist(), strict=True))


def rough(table: Measurements, reads: Reads, base: PCMParameters) -> dict[str, float]:
    """Constants to start from: regressions of the steps between pulses and of their squares.

    Read noise comes from reads of one state at one delay, where there are some, and from what
    neighbouring steps have in common (a read's error enters two, with opposite signs) where not.
    """
    r, S = table.conductance, (reads.high - reads.low) / 12
    near = np.ones(len(r), bool)
    if table.time is not None:
        far = np.abs(np.log(table.time / reads.T0))
        near = far <= max(0.5, float(far.min()))
    shape = table.devices, int(table.pulse.max()) + 1
    sums = np.zeros((3, *shape))
    for power in range(3):
        np.add.at(sums[power], (table.device[near], table.pulse[near]), r[near] ** power)
    count, total, squares = sums
    several = count > 1
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / count
        within = np.sum((squares - total * mean)[several]) / np.sum(count[several] - 1)
    before, after, step, gap = [], [], [], []
    for n in range(shape[0]):
        seen = np.flatnonzero(count[n])
        before.append(mean[n, seen[:-1]])
        after.append(seen[1:])
        gap.append(np.diff(seen))
        step.append(np.diff(mean[n, seen]) / np.maximum(np.diff(seen), 1))
    G, k, d = np.concatenate(before), np.concatenate(after), np.concatenate(step)
    if len(d) < 4:  # hardly a device was read after two pulses
        return {name: getattr(base, name) * (S if name in _IN_SIEMENS else 1) for name in NAMES}
    G_mid, best = float(np.median(r)), None
    for a in (1.2, 2.6, 6.0, 15.0):
        X = np.stack([G - G_mid, np.ones_like(G), np.exp(-k / a)], axis=1)
        coefficients, *_ = np.linalg.lstsq(X, d, rcond=1e-6)
        residual = d - X @ coefficients
        if best is None or residual @ residual < 0.99 * best[0]:
            best = residual @ residual, a, coefficients, residual, X
    _, a, (m1, at_middle, A1), residual, X = best
    m1 = float(np.clip(m1, -0.5, 0.2))
    if not np.isfinite(within):
        pairs = [x[1:] * x[:-1] for x in np.split(residual, np.cumsum([len(s) for s in step])[:-1])]
        common = np.concatenate(pairs)
        within = max(-float(common.mean()), 0.0) if len(common) else 0.0
    noise = max(math.sqrt(within), 0.01 * S)
    size = 1.25 * np.abs(residual) * np.sqrt(np.concatenate(gap))
    spread, *_ = np.linalg.lstsq(X + np.array([G_mid, 0, 0]), size, rcond=1e-6)
    first = r[table.pulse == 0]
    g_reset = max(float(first.mean()), 0.05 * S) if len(first) else base.g_reset
    return {
        "m1": m1, "c1": at_middle - m1 * G_mid,
        "A1": max(float(A1), 0.1 * S), "a": a, "m2": max(float(spread[0]), 0.01),
        "c2": max(float(spread[1]), 0.1 * S), "A2": max(float(spread[2]), 0.1 * S), "nu": 0.04,
        "nu_spread": 0.015, "m3": max(noise / 2 / G_mid, 0.005) if G_mid > 0 else 0.01,
        "c3": noise * 0.8, "g_reset": g_reset, "reset_spread": 0.1,
    }  # fmt: skip
