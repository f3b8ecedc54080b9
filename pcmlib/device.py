"""One phase-change memory cell, and arrays of them.

A PCM cell stores its conductance G in the phase of a thin film. A SET pulse crystallises some of
it, so G goes up by a random step; a RESET pulse melts it, so G falls back to almost nothing. There
is no pulse for a small step down. Between pulses G drifts, and every read is noisy.

Model: Nandakumar et al., J. Appl. Phys. 124, 152135 (2018), doi:10.1063/1.5042408, as implemented
in srnn-pcm (Demirag et al., arXiv:2108.01804). Conductances in µS, times in s.

Each law is one function below, in plain arithmetic: torch evaluates it over tensors, and the
compiled loop in `_apply_set` compiles the very same function.
"""

from __future__ import annotations

import dataclasses
import math
from collections import namedtuple
from collections.abc import Sequence
from dataclasses import dataclass
from types import EllipsisType

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64, Int32, Shaped
from numba import njit, prange
from torch import Tensor

from pcmlib import rng
from pcmlib.checks import require, require_count, require_number


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
    # Options beyond srnn-pcm: nu falls with G (Joshi et al. 2020, doi:10.1038/s41467-020-16108-9,
    # as in aihwkit: slope 0.0155, nu 0.0244, bounds 0.049 and 0.1), and devices differ
    nu_slope: float = 0.0  # 1: nu(G) = nu - nu_slope ln(G / g_max), kept within the bounds
    nu_bounds: tuple[float, float] = (0.0, 1.0)  # 1: bounds of nu(G)
    nu_spread: float = 0.0  # 1: sd of nu from device to device
    # Scales of the non-idealities: 1 as modelled, 0 off
    write_noise: float = 1.0  # 1: scales the noise of SET and RESET
    read_noise: float = 1.0  # 1: scales the noise of a read
    drift: float = 1.0  # 1: scales nu
    # Performance mode: an ideal memory of `bits` bits, without noise and drift
    bits: int | None = None  # bits: a SET adds g_max / 2^bits; None is the full PCM model

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            if field.name in ("nu_bounds", "bits"):
                continue
            bounds: dict[str, float] = {}
            if field.name in ("a", "T0", "t_min", "g_max"):
                bounds = {"above": 0.0}
            elif field.name not in ("m1", "c1", "A1", "nu_slope"):
                bounds = {"at_least": 0.0}
            require_number(field.name, getattr(self, field.name), **bounds)
        allowed = f"above g_min = {self.g_min} and g_reset = {self.g_reset} µS"
        require(self.g_max > max(self.g_min, self.g_reset), "g_max", self.g_max, allowed)
        low, high = self.nu_bounds
        require(0 <= low <= high, "nu_bounds", self.nu_bounds, "(low, high) with 0 <= low <= high")
        if self.bits is not None:
            require_count("bits", self.bits, at_least=1, at_most=16)

    @property
    def set_step(self) -> float | None:
        """The exact step of a SET in performance mode (µS); None on the full model."""
        return None if self.bits is None else self.g_max / 2**self.bits

    def replace(self, **changes: float | int | None) -> PCMParameters:
        """A copy with some constants changed."""
        return dataclasses.replace(self, **changes)

    def constants(self) -> tuple[np.float32, ...]:
        """The constants as a named tuple of float32: what the compiled loops take."""
        return _Constants(*(np.float32(getattr(self, name)) for name in _Constants._fields))


Index = EllipsisType | tuple[EllipsisType | slice | Tensor, ...]

_Constants = namedtuple("_Constants", "m1 c1 A1 m2 c2 A2 g_min g_max m3 c3 write_noise read_noise")


# The laws. G, P: numbers or tensors of any one shape; p: PCMParameters.


def history_decay(p: PCMParameters) -> float:
    """P <- P exp(-1/a): the factor by which one SET shrinks the programming history.

    The decay comes before the use, so pulse k after a RESET (P = 1) sees P = exp(-k/a).
    """
    return math.exp(-1 / p.a)


def set_increment(G, P, p):
    """Mean and sd of a SET's step (µS), given the conductance G (µS) and the history P.

    mu = m1 G + c1 + A1 P,    sigma = m2 G + c2 + A2 P
    """
    return p.m1 * G + p.c1 + p.A1 * P, p.m2 * G + p.c2 + p.A2 * P


def drift(G, elapsed, nu, p):
    """Conductance `elapsed` seconds after the last pulse: G (elapsed / T0)^(-nu), in µS."""
    return G * (elapsed / p.T0) ** -nu


def drift_exponent(G, deviate, p):
    """nu of each device: its dependence on G, its spread (`deviate`: a standard normal), its scale.

    nu(G) = clip(nu - nu_slope ln(G / g_max), bounds) + nu_spread deviate, at least 0.
    With the defaults this is the constant 0.04.
    """
    low, high = p.nu_bounds
    if p.nu_slope == 0 and p.nu_spread == 0:
        return p.drift * min(max(p.nu, low), high)
    nu = (p.nu - p.nu_slope * torch.log(G.clamp(min=1e-6) / p.g_max)).clamp(low, high)
    return p.drift * (nu + p.nu_spread * deviate).clamp(min=0.0)


def read_noise(Gd, p):
    """sd of one read of a device whose drifted conductance is Gd (µS): m3 Gd + c3."""
    return p.m3 * Gd + p.c3


class PCMArray:
    """PCM devices in an array of any shape: SET, RESET, READ, and the wear they leave.

    State, each of the array's shape:
        G        µS   conductance as a read T0 after the last pulse gives it, without noise
        P        1    programming history, 1 after RESET
        tp       s    time of the last pulse
        n_set    1    SET pulses ever received (wear: nothing clears it)
        n_reset  1    RESET pulses ever received (likewise)

    `seed` is one number, or one for each entry of the first axis: entry r then depends on seed[r]
    alone, so replicas computed together equal replicas computed one at a time (on a CPU; a GPU
    draws all entries from one stream). A new array is as after a RESET at time 0, which does not
    count as wear; with `conductance` (µS), it lies at conductance (1 + 0.1 xi) instead.
    """

    G: Float32[Tensor, "..."]
    P: Float32[Tensor, "..."]
    tp: Float64[Tensor, "..."]
    n_set: Int32[Tensor, "..."]
    n_reset: Int32[Tensor, "..."]

    def __init__(
        self,
        shape: Sequence[int],
        parameters: PCMParameters | None = None,
        *,
        seed: int | Sequence[int] = 0,
        conductance: float | Float[Tensor, "..."] | None = None,
        device: str | torch.device = "cpu",
    ) -> None:
        shape = tuple(shape)
        whole = all(isinstance(n, int) and n > 0 for n in shape)
        require(len(shape) > 0 and whole, "shape", shape, "one or more whole numbers above 0")
        self.parameters = parameters or PCMParameters()
        self.shape = shape
        self.device = torch.device(device)
        self.key = rng.keys(seed)
        require(
            len(self.key) in (1, shape[0]), "seed", seed, f"one number, or {shape[0]} (shape[0])"
        )
        self._generator = torch.Generator(self.device).manual_seed(int(self.key[0]))
        self._draw = 0
        self.t_last = 0.0  # s: time of the latest pulse on any device

        self.P = torch.ones(shape, device=self.device)
        self.tp = torch.zeros(shape, dtype=torch.float64, device=self.device)
        self.n_set = torch.zeros(shape, dtype=torch.int32, device=self.device)
        self.n_reset = torch.zeros(shape, dtype=torch.int32, device=self.device)
        if self.parameters.nu_spread:
            self.nu_deviate = self._normal()
        if conductance is None:
            self.G = self._after_reset()
        else:
            mean = torch.as_tensor(conductance, dtype=torch.float32, device=self.device)
            self._check_conductance(mean)
            self.G = (mean * (1 + 0.1 * self._normal())).clamp(0.0, self.parameters.g_max)

    def set(self, t: float, pulses: Shaped[Tensor, "..."] | None = None) -> None:
        """SET: one pulse to every device, or to those where a mask holds, or a count to each.

            P <- P exp(-1/a);    G <- clip(G + mu + sigma xi, g_min, g_max);    tp <- t

        Args:
            t: time in s, not before any earlier pulse of the array.
            pulses: None, a bool mask or whole pulse counts, of the array's shape.

        Raises:
            ValueError: for another shape, negative counts, counts that are not whole, or such a t.
        """
        t = self._check_time(t)
        counts = self._check_pulses(pulses)
        p = self.parameters
        if self.device.type == "cpu":
            rows = (len(self.key), -1)
            state = (self.G, self.P, self.tp, self.n_set, counts)
            args = (array.view(rows).numpy() for array in state)
            decay, step = np.float32(history_decay(p)), np.float32(p.set_step or 0.0)
            _apply_set(*args, t, p.constants(), decay, step, self.key, self._next_draw())
        else:
            self._set_in_torch(t, counts)
        self.t_last = t

    def _set_in_torch(self, t: float, counts: Int32[Tensor, "..."]) -> None:
        """The same, pulse by pulse over the whole array: for any torch device."""
        p = self.parameters
        for pulse in range(int(counts.max())):
            mask = counts > pulse
            if p.bits is None:
                P = self.P * history_decay(p)
                mu, sigma = set_increment(self.G, P, p)
                G = self.G + mu + p.write_noise * sigma * self._normal()
                self.P = torch.where(mask, P, self.P)
            else:
                G = self.G + p.set_step
            self.G = torch.where(mask, G.clamp(p.g_min, p.g_max), self.G)
        self.tp = torch.where(counts > 0, t, self.tp)
        self.n_set += counts

    def reset(self, t: float, mask: Shaped[Tensor, "..."] | None = None) -> None:
        """RESET: G ~ N(g_reset, (reset_spread g_reset)^2), P = 1, tp = t, where `mask` holds."""
        t = self._check_time(t)
        mask = self._check_pulses(mask).bool()
        self.G = torch.where(mask, self._after_reset(), self.G)
        self.P = torch.where(mask, 1.0, self.P)
        self.tp = torch.where(mask, t, self.tp)
        self.n_reset += mask
        self.t_last = t

    def read(self, t: float, where: Index = ...) -> Float32[Tensor, "..."]:
        """One noisy read at time t (s), in µS, of every device or of those at the index `where`.

            Gd = G ((t - tp) / T0)^(-nu);    out = clip(Gd + (m3 Gd + c3) xi, g_min, g_max)

        The noise xi is new at every call. An index must keep the first axis whole.
        """
        p = self.parameters
        Gd = self.drifted(t, where)
        if p.read_noise and p.bits is None:
            Gd = Gd + p.read_noise * read_noise(Gd, p) * self._normal(Gd.shape)
        return Gd.clamp(p.g_min, p.g_max)

    def drifted(self, t: float, where: Index = ...) -> Float32[Tensor, "..."]:
        """Conductance at time t (s) without read noise and clipping, in µS.

        A read less than t_min after a device's pulse, or in its very instant, where the power law
        diverges, is taken t_min after it.
        """
        self._check_time(t)
        p = self.parameters
        G = self.G[where]
        if p.bits is not None or p.drift == 0:
            return G.clone()
        elapsed = (t - self.tp[where]).clamp(min=p.t_min).float()
        nu = drift_exponent(G, self.nu_deviate[where] if p.nu_spread else 0.0, p)
        return drift(G, elapsed, nu, p)

    def put(self, conductance: Float[Tensor, "..."]) -> None:
        """Place the devices at exact conductances (µS), with P = 1: a start for experiments."""
        self._check_shape("conductance", conductance)
        self._check_conductance(conductance)
        self.G = conductance.to(device=self.device, dtype=torch.float32).clone()
        self.P = torch.ones_like(self.P)

    def _after_reset(self) -> Float32[Tensor, "..."]:
        p = self.parameters
        sd = p.reset_spread * p.g_reset * (p.write_noise if p.bits is None else 0.0)
        return (p.g_reset + sd * self._normal()).clamp(min=0.0)

    def _next_draw(self) -> int:
        self._draw += 1
        return self._draw

    def _normal(self, shape: Sequence[int] | None = None) -> Float32[Tensor, "..."]:
        shape = tuple(self.shape if shape is None else shape)
        if self.device.type == "cpu":
            return rng.normal(shape, self.key, self._next_draw())
        return torch.randn(shape, generator=self._generator, device=self.device)

    def _check_time(self, t: float) -> float:
        require_number("t", t, at_least=self.t_last)
        return float(t)

    def _check_shape(self, name: str, value: Tensor) -> None:
        shape = tuple(getattr(value, "shape", ()))
        require(shape == self.shape, f"{name}.shape", shape, f"the array's shape {self.shape}")

    def _check_conductance(self, G: Tensor) -> None:
        low, high = float(G.min()), float(G.max())
        inside = math.isfinite(low + high) and low >= 0 and high <= self.parameters.g_max
        allowed = f"finite, from 0 to g_max = {self.parameters.g_max} µS"
        require(inside, "conductance (least, greatest)", (low, high), allowed)

    def _check_pulses(self, pulses: Tensor | None) -> Int32[Tensor, "..."]:
        if pulses is None:
            return torch.ones(self.shape, dtype=torch.int32, device=self.device)
        self._check_shape("mask", pulses)
        whole = not (pulses.is_floating_point() or pulses.is_complex())
        require(whole, "mask.dtype", pulses.dtype, "bool or a whole-number type")
        counts = pulses.to(device=self.device, dtype=torch.int32).contiguous()
        least = int(counts.min())
        require(least >= 0, "pulses (least)", least, "at least 0 everywhere")
        return counts


_increment = njit(inline="always")(set_increment)


@njit(parallel=True, cache=True, fastmath=True, error_model="numpy")
def _apply_set(G, P, tp, n_set, counts, t, p, decay, step, key, draw):
    """`counts` SET pulses to every device, block by block; arrays [rows, devices], in place.

    `step` > 0 is performance mode. Pulse k of a device uses normal k of its own place, so what one
    device receives does not depend on how many pulses another one gets.
    """
    rows, n = G.shape
    blocks = (n + rng.BLOCK - 1) // rng.BLOCK
    for job in prange(rows * blocks):
        row, block = job // blocks, job % blocks
        first, last = block * rng.BLOCK, min((block + 1) * rng.BLOCK, n)
        xi = np.empty(rng.BLOCK, np.float32)
        most = 0
        for i in range(first, last):
            most = max(most, counts[row, i])
            n_set[row, i] += counts[row, i]
            tp[row, i] = t if counts[row, i] > 0 else tp[row, i]
        for pulse in range(most):
            if step == 0:
                rng.fill_normal(xi, key[row], draw, block, pulse)
            for i in range(first, last):
                g, h = G[row, i], P[row, i] * decay
                mu, sigma = _increment(g, h, p)
                new = g + step if step > 0 else g + mu + p.write_noise * sigma * xi[i - first]
                new = min(max(new, p.g_min), p.g_max)
                hit = counts[row, i] > pulse
                G[row, i] = new if hit else g
                P[row, i] = h if hit and step == 0 else P[row, i]
