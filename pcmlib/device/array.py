"""Arrays of PCM devices: SET, RESET and READ of many cells at once, and the wear they leave."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import EllipsisType

import numpy as np
import torch
from jaxtyping import Float32, Float64, Int32
from torch import Tensor

from pcmlib.base import rng
from pcmlib.base.checks import Values, as_tensor, plain, require, require_number
from pcmlib.base.memory import require_memory
from pcmlib.device import laws
from pcmlib.device.laws import PCMParameters
from pcmlib.device.pulses import MOST_PULSES, Devices, apply_set, in_slices

Index = EllipsisType | tuple[EllipsisType | slice | Tensor, ...]

_BYTES = 36  # of a device: its state, and what a SET or a read needs meanwhile


class PCMArray:
    """PCM devices in an array of any shape: SET, RESET, READ, and the wear they leave.

    State, each of the array's shape:
        G        µS   conductance as a read T0 after the last pulse gives it, without noise
        P        1    programming history, 1 after RESET
        tp       s    time of the last pulse
        n_set    1    SET pulses ever received (wear: nothing clears it)
        n_reset  1    RESET pulses ever received (likewise)

    `seed` is one number, or one for each entry of the first axis: entry r then depends on seed[r]
    alone, so replicas computed together equal replicas computed one at a time. A new array is as
    after a RESET at time 0, which does not count as wear; with `conductance` (µS), it lies at
    conductance (1 + 0.1 xi) instead.
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
        conductance: Values = None,
    ) -> None:
        shape = plain(shape)
        whole = isinstance(shape, tuple) and all(type(n) is int and n > 0 for n in shape)
        allowed = "a tuple of whole numbers above 0, such as (10, 20)"
        require(whole and len(shape) > 0, "shape", shape, allowed)
        self.parameters = parameters or PCMParameters()
        self.shape = shape
        require_memory("shape", shape, _BYTES * math.prod(shape))
        self.key = rng.keys(plain(seed))
        require(
            len(self.key) in (1, shape[0]), "seed", seed, f"one number, or {shape[0]} (shape[0])"
        )
        self._draw = 0
        self.t_last = 0.0  # s: time of the latest pulse on any device

        self.P = torch.ones(shape)
        self.tp = torch.zeros(shape, dtype=torch.float64)
        self.n_set = torch.zeros(shape, dtype=torch.int32)
        self.n_reset = torch.zeros(shape, dtype=torch.int32)
        if laws.devices_differ(self.parameters):
            self.nu_deviate = self._normal()
        if conductance is None:
            self.G = self._after_reset()
        else:
            mean = self._check_conductance(conductance, None)
            self.G = (mean * (1 + 0.1 * self._normal())).clamp(0.0, self.parameters.g_max)

    def set(self, t: float, pulses: Values = None) -> None:
        """SET: one pulse to every device, or to those where a mask holds, or a count to each.

            P <- P exp(-1/a);    G <- clip(G + mu + sigma xi, g_min, g_max);    tp <- t

        Ctrl-C stops it as if it had not been called.

        Args:
            t: time in s, not before any earlier pulse of the array.
            pulses: None, a bool mask or whole pulse counts, of the array's shape; each up to
                MOST_PULSES.

        Raises:
            ValueError: for another shape, other counts, or such a t.
        """
        t = self.check_time(t)
        counts, most = self._check_pulses(pulses)
        p, shape = self.parameters, rng.in_rows(self.shape, len(self.key))
        decay, draw = np.float32(laws.history_decay(p)), self.next_draw()
        each = counts.view(shape).numpy()

        def work(state: Sequence[Tensor], begin: int, end: int) -> None:
            devices = Devices(*(x.view(shape).numpy() for x in state))
            apply_set(devices, each, t, p.constants(), decay, self.key, draw, begin, end)

        pulses = most * counts.numel()
        self.take(t, in_slices(work, self.state, rng.blocks(shape), pulses))

    @property
    def state(self) -> tuple[Tensor, ...]:
        """What pulses change, as of `pcmlib.device.pulses.Devices`."""
        return self.G, self.P, self.tp, self.n_set, self.n_reset

    def take(self, t: float, state: Sequence[Tensor]) -> None:
        """The state after pulses at time t (s)."""
        self.G, self.P, self.tp, self.n_set, self.n_reset = state
        self.t_last = t

    def reset(self, t: float, mask: Values = None) -> None:
        """RESET: G ~ N(g_reset, (reset_spread g_reset)^2), P = 1, tp = t, where `mask` holds."""
        t = self.check_time(t)
        if mask is None:
            mask = torch.ones(self.shape, dtype=torch.bool)
        mask = as_tensor("mask", mask, "mask", torch.bool, shape=self.shape)
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
        Gd = self.drifted(t, where)
        whole = Gd.shape[:1] == self.shape[:1] or not self.parameters.in_force.read_noise
        require(whole, "where", where, "an index that keeps the first axis whole")
        return self._read(Gd)

    def measure(self) -> Float32[Tensor, "..."]:
        """One noisy read of every device (µS), T0 after its last pulse.

        That is what a controller that knows the drift makes of a read soon after a pulse.
        """
        return self._read(self.G)

    def _read(self, Gd: Float32[Tensor, "..."]) -> Float32[Tensor, "..."]:
        p = self.parameters.in_force
        return laws.read_out(Gd, self._normal(Gd.shape) if p.read_noise else 0.0, p)

    def drifted(self, t: float, where: Index = ...) -> Float32[Tensor, "..."]:
        """Conductance at time t (s) without read noise and clipping, in µS.

        A read less than t_min after a device's pulse is taken t_min after it.
        """
        t = self.check_time(t)
        p = self.parameters.in_force
        try:
            G, tp = self.G[where], self.tp[where]
        except (IndexError, TypeError, RuntimeError):
            require(False, "where", where, f"an index into the array's shape {self.shape}")
        if p.drift == 0:
            return G.clone()
        deviate = self.nu_deviate[where] if laws.devices_differ(p) else 0.0
        return laws.drifted(G, (t - tp).float(), deviate, p)

    def put(self, conductance: Values) -> None:
        """Place the devices at exact conductances (µS), with P = 1: a start for experiments."""
        self.G = self._check_conductance(conductance, self.shape).clone()
        self.P = torch.ones_like(self.P)

    def _after_reset(self) -> Float32[Tensor, "..."]:
        return laws.after_reset(self._normal(), self.parameters.in_force)

    def next_draw(self, several: int = 1) -> int:
        """The first of so many new draws of random numbers, a multiple of `several`."""
        first = (self._draw // several + 1) * several
        self._draw = first + several - 1
        return first

    def _normal(self, shape: Sequence[int] | None = None) -> Float32[Tensor, "..."]:
        return rng.normal(tuple(self.shape if shape is None else shape), self.key, self.next_draw())

    def check_time(self, t: float) -> float:
        require_number("t", plain(t), at_least=self.t_last)
        return float(t)

    def _check_conductance(
        self, values: Values, shape: tuple[int, ...] | None
    ) -> Float32[Tensor, "..."]:
        """As a tensor of `shape`; None: of any that stretches to the array's."""
        G = as_tensor("conductance", values, "real", torch.float32, shape=shape)
        pairs = zip(reversed(G.shape), reversed(self.shape), strict=False)
        fits = G.ndim <= len(self.shape) and all(own in (1, n) for own, n in pairs)
        allowed = f"one that stretches to the array's shape {self.shape}"
        require(fits, "conductance.shape", tuple(G.shape), allowed)
        low, high = float(G.min()), float(G.max())
        allowed = f"finite, from 0 to g_max = {self.parameters.g_max} µS"
        inside = low >= 0 and high <= float(np.float32(self.parameters.g_max))
        require(inside, "conductance (least, greatest)", (low, high), allowed)
        return G

    def _check_pulses(self, pulses: Values) -> tuple[Int32[Tensor, "..."], int]:
        """Counts, and the greatest of them."""
        if pulses is None:
            return torch.ones(self.shape, dtype=torch.int32), 1
        counts = as_tensor("pulses", pulses, "whole", torch.int32, shape=self.shape)
        least, most = (int(end) for end in counts.aminmax())
        require(least >= 0, "pulses (least)", least, "at least 0 everywhere")
        allowed = f"at most {MOST_PULSES} for a device at once"
        require(most <= MOST_PULSES, "pulses (greatest)", most, allowed)
        return counts, most
