"""One phase-change memory cell: its constants and its laws.

A PCM cell stores its conductance G in the phase of a thin film. A SET pulse crystallises some of
it, so G goes up by a random step; a RESET pulse melts it, so G falls back to almost nothing. There
is no pulse for a small step down. Between pulses G drifts, and every read is noisy.

Model: Nandakumar et al., J. Appl. Phys. 124, 152135 (2018), doi:10.1063/1.5042408, as implemented
in srnn-pcm (Demirag et al., arXiv:2108.01804). Conductances in µS, times in s.

Each law is one function below, in plain arithmetic (`pcmlib.base.arithmetic`): Python evaluates it
over numbers and arrays, torch over tensors, and Numba compiles the very same function.
"""

from __future__ import annotations

import dataclasses
import math
from collections import namedtuple
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numba.extending import register_jitable

from pcmlib.base.arithmetic import clip, log, maximum, power
from pcmlib.base.checks import is_number, make_plain, require, require_count, require_number


@dataclass(frozen=True)
class PCMParameters:
    """Every constant of the model, with its unit. Source of the values: srnn-pcm, `xbar.py`."""

    # SET: mean and sd of the step, linear in G and in the programming history P
    a: float = 2.6  # pulses: P falls to 1/e in a pulses
    m1: float = -0.084  # 1: mean step per G
    c1: float = 0.880  # µS: mean step at G = P = 0
    A1: float = 1.40  # µS: mean step per P
    m2: float = 0.091  # 1: sd of the step per G
    c2: float = 0.260  # µS: sd of the step at G = P = 0
    A2: float = 2.15  # µS: sd of the step per P
    # RESET and limits
    g_reset: float = 0.1  # µS: mean after RESET
    reset_spread: float = 0.1  # 1: sd after RESET, relative to g_reset
    g_min: float = 0.1  # µS: lower end of what a SET or a read can give
    g_max: float = 12.0  # µS: upper end; 12 in training, 20 in the device paper's figures
    # READ: drift and noise
    nu: float = 0.04  # 1: drift exponent
    T0: float = 38.6  # s: G is what a read gives T0 after the last pulse
    m3: float = 0.03  # 1: read noise per G
    c3: float = 0.13  # µS: read noise at G = 0
    t_min: float = 5e-4  # s: least delay of a read; a read in a pulse's own instant is taken here
    # Options beyond srnn-pcm: nu falls with G (Joshi et al. 2020, doi:10.1038/s41467-020-16108-9),
    # and devices differ, those of low G more (`pcmlib.device.known` has measured values)
    nu_slope: float = 0.0  # 1: nu(G) = nu - nu_slope ln(G / g_max), kept within the bounds
    nu_bounds: tuple[float, float] = (0.0, 1.0)  # 1: bounds of nu(G)
    nu_spread: float = 0.0  # 1: sd of nu from device to device, at g_max where it has a slope
    nu_spread_slope: float = 0.0  # 1: fall of that sd with ln(G / g_max), as nu_slope
    nu_spread_bounds: tuple[float, float] = (0.0, 1.0)  # 1: bounds of the sd; a negative one is 0
    # Scales of the non-idealities: 1 as modelled, 0 off
    write_noise: float = 1.0  # 1: scales the noise of SET and RESET
    read_noise: float = 1.0  # 1: scales the noise of a read
    drift: float = 1.0  # 1: scales nu
    # Performance mode: an ideal memory of `bits` bits, without noise and drift
    bits: int | None = None  # bits: a SET adds g_max / 2^bits; None is the full PCM model

    g_tiny: ClassVar[float] = 1e-6  # µS: least conductance that a logarithm is taken of

    def __post_init__(self) -> None:
        make_plain(self)
        for name, value in vars(self).items():
            if name in BOUNDS:
                pair = isinstance(value, tuple) and len(value) == 2 and all(map(is_number, value))
                fits = pair and 0 <= value[0] <= value[1]
                require(fits, name, value, "(low, high) with 0 <= low <= high, finite")
            elif name != "bits":
                limits = {"above": 0.0} if name in _ABOVE_0 else {"at_least": 0.0}
                require_number(name, value, **({} if name in _ANY_SIGN else limits))
        allowed = f"above g_min = {self.g_min} and g_reset = {self.g_reset} µS"
        require(self.g_max > max(self.g_min, self.g_reset), "g_max", self.g_max, allowed)
        if self.bits is not None:
            require_count("bits", self.bits, at_least=1, at_most=16)

    @property
    def set_step(self) -> float | None:
        """The exact step of a SET in performance mode (µS); None on the full model."""
        return None if self.bits is None else self.g_max / 2**self.bits

    nu_low = property(lambda p: p.nu_bounds[0])
    nu_high = property(lambda p: p.nu_bounds[1])
    nu_spread_low = property(lambda p: p.nu_spread_bounds[0])
    nu_spread_high = property(lambda p: p.nu_spread_bounds[1])

    @property
    def in_force(self) -> PCMParameters:
        """The constants that every law is evaluated with.

        Performance mode is the model at m1 = A1 = 0, c1 = g_max / 2^bits, without noise and drift.
        """
        if self.bits is None:
            return self
        ideal = {"write_noise": 0.0, "read_noise": 0.0, "drift": 0.0, "bits": None}
        return self.replace(m1=0.0, c1=self.set_step, A1=0.0, **ideal)

    def replace(self, **changes: Any) -> PCMParameters:
        """A copy with some constants changed."""
        return dataclasses.replace(self, **changes)

    def constants(self) -> Constants:
        """The constants in force, as a named tuple of float32: what the compiled loops take."""
        p = self.in_force
        return Constants(*(np.float32(getattr(p, name)) for name in Constants._fields))


Constants = namedtuple(
    "Constants",
    "m1 c1 A1 m2 c2 A2 g_reset reset_spread g_min g_max m3 c3 write_noise read_noise nu nu_slope "
    "nu_low nu_high nu_spread nu_spread_slope nu_spread_low nu_spread_high drift T0 t_min g_tiny",
)
BOUNDS = ("nu_bounds", "nu_spread_bounds")
"""The constants that are a pair: (low, high), as numbers nu_low and so on."""
_ABOVE_0 = ("a", "T0", "t_min", "g_max")
_ANY_SIGN = ("m1", "c1", "A1", "nu_slope", "nu_spread", "nu_spread_slope", "g_min")


# The laws. G, P: numbers, arrays or tensors of any one shape; p: parameters in force, or Constants.


def history_decay(p: PCMParameters) -> float:
    """P <- P exp(-1/a): the factor by which one SET shrinks the programming history.

    The decay comes before the use, so pulse k after a RESET (P = 1) sees P = exp(-k/a).
    """
    return math.exp(-1 / p.a)


@register_jitable
def set_increment(G, P, p):
    """Mean and sd of a SET's step (µS), given the conductance G (µS) and the history P.

    mu = m1 G + c1 + A1 P,    sigma = m2 G + c2 + A2 P
    """
    return p.m1 * G + p.c1 + p.A1 * P, p.m2 * G + p.c2 + p.A2 * P


@register_jitable
def drift(G, elapsed, nu, p):
    """Conductance `elapsed` seconds after the last pulse: G (elapsed / T0)^(-nu), in µS."""
    return G * power(elapsed / p.T0, -nu)


@register_jitable
def drift_exponent(G, deviate, p):
    """nu of each device: its dependence on G, its spread (`deviate`: a standard normal), its scale.

    mean(G) = clip(nu - nu_slope ln(G / g_max), bounds)
    sd(G)   = clip(nu_spread - nu_spread_slope ln(G / g_max), bounds)
    nu(G)   = mean(G) + sd(G) deviate, at least 0

    The deviate belongs to the device and stays; nu follows G, from pulse to pulse. With the
    defaults this is the constant 0.04.
    """
    if p.nu_slope == 0 and not devices_differ(p):
        return p.drift * clip(p.nu, p.nu_low, p.nu_high)
    depth = log(maximum(G, p.g_tiny) / p.g_max)
    mean = clip(p.nu - p.nu_slope * depth, p.nu_low, p.nu_high)
    sd = clip(p.nu_spread - p.nu_spread_slope * depth, p.nu_spread_low, p.nu_spread_high)
    return p.drift * maximum(mean + sd * deviate, 0)


@register_jitable
def devices_differ(p):
    """Whether devices of one conductance drift with exponents of their own."""
    return p.nu_spread > 0 or p.nu_spread_slope != 0 or p.nu_spread_low > 0


@register_jitable
def drifted(G, elapsed, deviate, p):
    """Conductance `elapsed` seconds after the last pulse, in µS, of each device by its own nu.

    Less than t_min after a pulse, or in its very instant, where the power law diverges, it is the
    one t_min after it.
    """
    return drift(G, maximum(elapsed, p.t_min), drift_exponent(G, deviate, p), p)


@register_jitable
def read_noise(Gd, p):
    """sd of one read of a device whose drifted conductance is Gd (µS): m3 Gd + c3."""
    return p.m3 * Gd + p.c3


@register_jitable
def read_out(Gd, xi, p):
    """One read (µS) of a device whose drifted conductance is Gd: clip(Gd + (m3 Gd + c3) xi)."""
    return clip(Gd + p.read_noise * read_noise(Gd, p) * xi, p.g_min, p.g_max)


@register_jitable
def after_reset(xi, p):
    """Conductance that a RESET leaves (µS): g_reset (1 + reset_spread xi), at least 0."""
    return maximum(p.g_reset + p.write_noise * p.reset_spread * p.g_reset * xi, 0)
