"""Arrays of PCM devices: SET, RESET and READ of many cells at once, and the wear they leave."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import EllipsisType

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64, Int32, Shaped
from torch import Tensor

from pcmlib.base import rng
from pcmlib.base.checks import require, require_number
from pcmlib.device.laws import (
    PCMParameters,
    apply_set,
    drift,
    drift_exponent,
    history_decay,
    read_noise,
    set_increment,
)

Index = EllipsisType | tuple[EllipsisType | slice | Tensor, ...]


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
        listed = isinstance(shape, Sequence)
        require(listed, "shape", shape, "a tuple of whole numbers above 0, such as (10, 20)")
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
            with rng.cores_for(counts.numel()):
                apply_set(*args, t, p.constants(), decay, step, self.key, self._next_draw())
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
