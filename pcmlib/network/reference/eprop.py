"""e-prop: the gradient of a recurrent spiking network, without going back through time.

    h_j(t)      = gamma max(0, 1 - |v_j(t) - theta| / theta)          pseudo-derivative of the spike
    zbar_i(t)   = alpha zbar_i(t-1) + z_i(t)                          trace of a presynaptic neuron
    ebar_ji(t)  = kappa ebar_ji(t-1) + h_j(t) zbar_i(t-1)             eligibility trace of a synapse
    L_j(t)      = sum_k B_jk (y_k(t) - y*_k(t)) + c_reg (f_j - f0)    learning signal of a neuron

    dE/dW_ji    = sum_t L_j(t) ebar_ji(t)                             (input and recurrent weights)
    dE/dW_kj    = sum_t (y_k(t) - y*_k(t)) ybar_j(t),   ybar = kappa-filtered z_j

`causal_gradients` does just that, step by step, as hardware would; it keeps a trace a synapse.
`gradients` gives the same numbers a thousand times cheaper. The kappa filter is linear, so it can
be moved from the n_rec n_pre traces onto the learning signals, where it runs backwards in time:

    E_k(t) = sum_{s>=t} kappa^(s-t) (y_k(s) - y*_k(s))
    R_j(t) = sum_{s>=t} kappa^(s-t) L_j(s)
           = sum_k B_jk E_k(t) + c_reg (f_j - f0) sum_{s>=t} kappa^(s-t)
    dE/dW_ji = sum_t h_j(t) R_j(t) zbar_i(t-1)

which is one matrix product. (`pcmlib.network.gradient` moves the alpha filter over as well, and is
left with one addition of a row for each spike.)

Source: Bellec et al., Nat. Commun. 11, 3625 (2020). All weights are presynaptic-major, [pre, post].
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pcmlib.base.records import short
from pcmlib.network.laws import pseudo_derivative
from pcmlib.network.reference.rollout import Neurons, Trial


class Gradients(NamedTuple):
    """dE/dW of the three layers, E = 1/2 sum_t sum_k (y_k - y*_k)^2 + regularisation."""

    w_in: Float[Tensor, "replica n_in n_rec"]
    w_rec: Float[Tensor, "replica n_rec n_rec"]
    w_out: Float[Tensor, "replica n_rec n_out"]

    __repr__ = short


class Regularisation(NamedTuple):
    """Pulls every neuron's rate towards a target."""

    strength: Float[Tensor, " replica"]  # c_reg, 1/Hz: learning signal for each Hz too many
    rate: Float[Tensor, " replica"]  # f0, Hz


def firing_rate(
    z: Bool[Tensor, "replica time n_rec"], p: Neurons
) -> Float[Tensor, "replica n_rec"]:
    """Mean rate of each neuron over the trial, Hz."""
    return z.sum(1) / (z.shape[1] * p.dt)


def gradients(
    inputs: Bool[Tensor, "replica time n_in"],
    trial: Trial,
    targets: Float[Tensor, "replica time n_out"],
    feedback: Float[Tensor, "replica n_rec n_out"],
    regularisation: Regularisation,
    p: Neurons,
    limit: float | None = None,
) -> Gradients:
    """The factorised gradient: time O(n_rec n_pre T) in matrix products, memory O(n_rec T).

    With a `limit`, entries are clipped to +-limit.
    """
    error = trial.y - targets
    T = error.shape[1]
    steps = torch.arange(T, device=error.device, dtype=error.dtype)
    lag = steps[None, :] - steps[:, None]  # lag[t, s] = s - t
    later = torch.where(lag >= 0, p.kappa ** lag.clamp(min=0), 0.0)
    earlier = torch.where(lag < 0, p.alpha ** (-lag - 1).clamp(min=0), 0.0)

    E = later @ error
    excess = regularisation.strength[:, None] * (
        firing_rate(trial.z, p) - regularisation.rate[:, None]
    )
    R = E @ feedback.mT + later.sum(1)[:, None] * excess[:, None, :]
    hR = pseudo_derivative(trial.v, p.threshold[:, None, None], p.gamma) * R
    z = trial.z.to(error.dtype)
    return _clip(
        limit,
        w_in=(earlier @ inputs.to(error.dtype)).mT @ hR,
        w_rec=(earlier @ z).mT @ hR,
        w_out=z.mT @ E,
    )


def causal_gradients(
    inputs: Bool[Tensor, "replica time n_in"],
    trial: Trial,
    targets: Float[Tensor, "replica time n_out"],
    feedback: Float[Tensor, "replica n_rec n_out"],
    regularisation: Regularisation,
    p: Neurons,
    limit: float | None = None,
) -> Gradients:
    """The same, step by step, with what is known at each step; only the rates are the trial's."""
    error = trial.y - targets
    h = pseudo_derivative(trial.v, p.threshold[:, None, None], p.gamma)
    excess = regularisation.strength[:, None] * (
        firing_rate(trial.z, p) - regularisation.rate[:, None]
    )
    x, z = inputs.to(error.dtype), trial.z.to(error.dtype)
    xbar, zbar, ybar = (
        torch.zeros_like(x[:, 0]),
        torch.zeros_like(z[:, 0]),
        torch.zeros_like(z[:, 0]),
    )
    e_in = e_rec = g_in = g_rec = g_out = torch.zeros((), dtype=error.dtype, device=error.device)
    for t in range(error.shape[1]):
        e_in = p.kappa * e_in + xbar[:, :, None] * h[:, t, None, :]  # [R, n_in, n_rec]
        e_rec = p.kappa * e_rec + zbar[:, :, None] * h[:, t, None, :]  # [R, n_rec, n_rec]
        ybar = p.kappa * ybar + z[:, t]
        L = torch.einsum("rjk,rk->rj", feedback, error[:, t]) + excess
        g_in = g_in + e_in * L[:, None, :]
        g_rec = g_rec + e_rec * L[:, None, :]
        g_out = g_out + ybar[:, :, None] * error[:, t, None, :]
        xbar = p.alpha * xbar + x[:, t]
        zbar = p.alpha * zbar + z[:, t]
    return _clip(limit, g_in, g_rec, g_out)


def _clip(limit: float | None, w_in: Tensor, w_rec: Tensor, w_out: Tensor) -> Gradients:
    """Clip to +-limit; a neuron has no synapse onto itself, hence no gradient there."""
    w_rec = w_rec * ~torch.eye(w_rec.shape[-1], dtype=torch.bool, device=w_rec.device)
    limit = math.inf if limit is None else limit
    return Gradients(*(w.clamp(-limit, limit) for w in (w_in, w_rec, w_out)))
