"""Synapses as the step-by-step trial asks for them: which current do these spikes drive now?

Only presynaptic neurons that spike are read, when they spike.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Float32, Float64
from torch import Tensor

from pcmlib.device import PCMParameters, drifted
from pcmlib.device.laws import read_out

Weights = Float[Tensor, "R n_pre n_post"]


class DigitalSynapses:
    """Weights [R, n_pre, n_post], which read as they are."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    def current(self, spikes: Bool[Tensor, "R n_pre"], step: int) -> Float[Tensor, "R n_post"]:
        return torch.einsum("ri,rij->rj", spikes.to(self._weights.dtype), self._weights)


class CrossbarSynapses:
    """Differential pairs of PCM devices: each read drifts on, and has noise of its own.

    Args:
        G, tp, deviate: conductance (µS), time of the last pulse (s) and deviate of the drift
            exponent (standard deviations) of each device [R, 2, N, n_pre, n_post].
        exists: bool [n_pre, n_post]: synapses that are there.
        scale: µS that a weight of 1 corresponds to, of each replica.
        p: the devices' constants.
        start, dt: s, when the trial starts, and a time step of it.
        generator: of the read noise.
    """

    def __init__(
        self,
        G: Float32[Tensor, "R 2 N n_pre n_post"],
        tp: Float64[Tensor, "R 2 N n_pre n_post"],
        deviate: Float32[Tensor, "R 2 N n_pre n_post"],
        exists: Bool[Tensor, "n_pre n_post"],
        scale: Float[Tensor, " R"],
        p: PCMParameters,
        *,
        start: float,
        dt: float,
        generator: torch.Generator,
    ) -> None:
        self._devices, self._exists, self._scale, self._p = (G, tp, deviate), exists, scale, p
        self._start, self._dt, self._generator = start, dt, generator

    def current(self, spikes: Bool[Tensor, "R n_pre"], step: int) -> Float[Tensor, "R n_post"]:
        p = self._p.in_force
        r, i = spikes.nonzero(as_tuple=True)
        G, tp, deviate = (x[r, :, :, i] for x in self._devices)  # [spike, 2, N, n_post]
        elapsed = (self._start + step * self._dt + p.t_min - tp).float()
        Gd = drifted(G, elapsed, deviate, p) if p.drift else G
        xi = 0.0
        if p.read_noise:
            xi = torch.randn(Gd.shape, generator=self._generator, device=Gd.device)
        G = read_out(Gd, xi, p).mean(2)
        rows = (G[:, 0] - G[:, 1]) * self._exists[i] / self._scale[r, None]
        return rows.new_zeros(len(spikes), rows.shape[1]).index_add_(0, r, rows)
