"""e-prop: the gradient of a recurrent spiking network, without going back through time.

    h_j(t)      = gamma max(0, 1 - |v_j(t) - theta_j(t)| / theta)     pseudo-derivative of the spike
    zbar_i(t)   = alpha zbar_i(t-1) + z_i(t)                          trace of a presynaptic neuron
    e_ji(t)     = h_j(t) zbar_i(t-1)                                  eligibility of a synapse
    ebar_ji(t)  = kappa ebar_ji(t-1) + e_ji(t)                        and its trace
    L_j(t)      = sum_k B_jk err_k(t) + c_reg (f_j - f0)              learning signal of a neuron

    dE/dW_ji    = sum_t L_j(t) ebar_ji(t)                             (input and recurrent weights)
    dE/dW_kj    = sum_t err_k(t) ybar_j(t),   ybar = kappa-filtered z_j

with err = dE/dy, which is y - y* for squares. To a neuron that adapts, a synapse is eligible by
what it did to the threshold, too:

    e_ji(t)     = h_j(t) (zbar_i(t-1) - beta eps_ji(t)),    eps_ji(t+1) = rho eps_ji(t) + e_ji(t)

`causal_gradients` does just that, step by step, as hardware would; it keeps a trace a synapse.
`gradients` gives the same numbers a thousand times cheaper. The kappa filter is linear, so it can
be moved from the n_rec n_pre traces onto the learning signals, where it runs backwards in time:

    E_k(t) = sum_{s>=t} kappa^(s-t) err_k(s)
    R_j(t) = sum_{s>=t} kappa^(s-t) L_j(s)
           = sum_k B_jk E_k(t) + c_reg (f_j - f0) sum_{s>=t} kappa^(s-t)
    dE/dW_ji = sum_t h_j(t) R_j(t) zbar_i(t-1)

which is one matrix product. eps is linear in zbar, with factors that are the neuron's alone, so its
adjoint takes one number a neuron: R_j(t) + lambda_j(t+1) stands in the place of R_j(t), where

    lambda_j(t) = rho lambda_j(t+1) - beta h_j(t) (R_j(t) + lambda_j(t+1)),    lambda_j(T) = 0

(`pcmlib.network.gradient` moves the alpha filter over as well, and is
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
    """dE/dW of the three layers, regularisation included."""

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
    error: Float[Tensor, "replica time n_out"],
    feedback: Float[Tensor, "replica n_rec n_out"],
    regularisation: Regularisation,
    p: Neurons,
    limit: float | None = None,
) -> Gradients:
    """The factorised gradient: time O(n_rec n_pre T) in matrix products, memory O(n_rec T).

    With a `limit`, entries are clipped to +-limit. `error` is dE/dy.
    """
    T = error.shape[1]
    steps = torch.arange(T, device=error.device, dtype=error.dtype)
    lag = steps[None, :] - steps[:, None]  # lag[t, s] = s - t
    later = torch.where(lag >= 0, p.kappa ** lag.clamp(min=0), 0.0)
    earlier = torch.where(lag < 0, p.alpha ** (-lag - 1).clamp(min=0), 0.0)

    E = later @ error
    excess = _excess(trial, regularisation, p)
    R = E @ feedback.mT + later.sum(1)[:, None] * excess[:, None, :]
    h = _pseudo_derivatives(trial, p)
    hR = h * (R + _adjoint(h, R, p)) if p.adaptive else h * R
    z = trial.z.to(error.dtype)
    return _clip(
        limit,
        w_in=(earlier @ inputs.to(error.dtype)).mT @ hR,
        w_rec=(earlier @ z).mT @ hR,
        w_out=z.mT @ E,
    )


def _adjoint(h: Tensor, R: Tensor, p: Neurons) -> Float[Tensor, "replica time n_rec"]:
    """lambda(t+1) for every t."""
    found, beta = torch.zeros_like(R), p.betas(R.shape[2])
    for t in range(R.shape[1] - 1, 0, -1):
        after = found[:, t]
        found[:, t - 1] = p.rho * after - beta * h[:, t] * (R[:, t] + after)
    return found


def causal_gradients(
    inputs: Bool[Tensor, "replica time n_in"],
    trial: Trial,
    error: Float[Tensor, "replica time n_out"],
    feedback: Float[Tensor, "replica n_rec n_out"],
    regularisation: Regularisation,
    p: Neurons,
    limit: float | None = None,
) -> Gradients:
    """The same, step by step, with what is known at each step; only the rates are the trial's."""
    excess = _excess(trial, regularisation, p)
    layers = [(x.to(error.dtype), *_Traces.of(x, trial, error)) for x in (inputs, trial.z)]
    h, beta = _pseudo_derivatives(trial, p), p.betas(trial.v.shape[2])[:, None, :]
    ybar, g_out = torch.zeros_like(trial.v[:, 0]), 0.0
    for t in range(error.shape[1]):
        L = torch.einsum("rjk,rk->rj", feedback, error[:, t]) + excess
        for pre, zbar, eps, ebar, g in layers:
            e = h[:, t, None, :] * (zbar[:, :, None] - beta * eps)  # [R, n_pre, n_rec]
            eps.mul_(p.rho).add_(e)
            ebar.mul_(p.kappa).add_(e)
            g.add_(ebar * L[:, None, :])
            zbar.mul_(p.alpha).add_(pre[:, t])
        ybar = p.kappa * ybar + trial.z[:, t]
        g_out = g_out + ybar[:, :, None] * error[:, t, None, :]
    (*_, g_in), (*_, g_rec) = layers
    return _clip(limit, g_in, g_rec, g_out)


class _Traces(NamedTuple):
    """Of the synapses of a layer, at one step; they start at 0."""

    zbar: Float[Tensor, "replica n_pre"]
    eps: Float[Tensor, "replica n_pre n_rec"]
    ebar: Float[Tensor, "replica n_pre n_rec"]
    g: Float[Tensor, "replica n_pre n_rec"]

    @classmethod
    def of(cls, spikes: Tensor, trial: Trial, error: Tensor) -> _Traces:
        (R, _, n_pre), n_rec = spikes.shape, trial.v.shape[2]
        shapes = (R, n_pre), *[(R, n_pre, n_rec)] * 3
        return cls(*(error.new_zeros(shape) for shape in shapes))


def _pseudo_derivatives(trial: Trial, p: Neurons) -> Float[Tensor, "replica time n_rec"]:
    return pseudo_derivative(trial.v, trial.threshold, p.threshold[:, None, None], p.gamma)


def _excess(trial: Trial, to: Regularisation, p: Neurons) -> Float[Tensor, "replica n_rec"]:
    """c_reg (f_j - f0)."""
    return to.strength[:, None] * (firing_rate(trial.z, p) - to.rate[:, None])


def _clip(limit: float | None, w_in: Tensor, w_rec: Tensor, w_out: Tensor) -> Gradients:
    """Clip to +-limit; a neuron has no synapse onto itself, hence no gradient there."""
    w_rec = w_rec * ~torch.eye(w_rec.shape[-1], dtype=torch.bool, device=w_rec.device)
    limit = math.inf if limit is None else limit
    return Gradients(*(w.clamp(-limit, limit) for w in (w_in, w_rec, w_out)))
