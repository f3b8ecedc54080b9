"""The gradient that e-prop approximates: back-propagation through time, by automatic derivatives.

    E = 1/2 sum_t sum_k (y_k(t) - y*_k(t))^2,   with dz_j/dv_j replaced by the pseudo-derivative h_j

It follows every path of a spike's influence, the recurrent ones too, and so has to keep the whole
trial and go back through it; no local rule could. The soft reset carries no gradient, as in e-prop.
Where there are no recurrent weights and B = W_out^T, e-prop's gradient is this one exactly.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pcmlib.network.laws import membrane, pseudo_derivative
from pcmlib.network.reference.eprop import Gradients
from pcmlib.network.reference.rollout import Neurons


class _Spike(torch.autograd.Function):
    """z = [v > theta], with the pseudo-derivative for a derivative."""

    @staticmethod
    def forward(ctx, v, theta, gamma):
        ctx.save_for_backward(v, theta)
        ctx.gamma = gamma
        return (v > theta).to(v.dtype)

    @staticmethod
    def backward(ctx, grad):
        v, theta = ctx.saved_tensors
        return grad * pseudo_derivative(v, theta, ctx.gamma), None, None


def bptt_gradients(
    inputs: Bool[Tensor, "R T n_in"],
    targets: Float[Tensor, "R T n_out"],
    w_in: Float[Tensor, "R n_in n_rec"],
    w_rec: Float[Tensor, "R n_rec n_rec"],
    w_out: Float[Tensor, "R n_rec n_out"],
    p: Neurons,
) -> Gradients:
    """dE/dW of digital weights, without regularisation; time and memory O(n_rec T) and more."""
    weights = [w.detach().clone().requires_grad_() for w in (w_in, w_rec, w_out)]
    w_in, w_rec, w_out = weights
    theta = p.threshold[:, None].to(w_in.dtype)
    x = inputs.to(w_in.dtype)
    v = z = torch.zeros(x.shape[0], w_in.shape[2], dtype=x.dtype, device=x.device)
    y = torch.zeros_like(targets[:, 0])
    E = ((y - targets[:, 0]) ** 2).sum() / 2
    for t in range(x.shape[1] - 1):
        current = torch.einsum("ri,rij->rj", x[:, t], w_in) + torch.einsum("ri,rij->rj", z, w_rec)
        v = membrane(v, current, z.detach() > 0, p.alpha, theta)
        z = _Spike.apply(v, theta, p.gamma)
        y = p.kappa * y + torch.einsum("rj,rjk->rk", z, w_out)
        E = E + ((y - targets[:, t + 1]) ** 2).sum() / 2
    return Gradients(*torch.autograd.grad(E, weights))


def angle(a: Gradients, b: Gradients) -> dict[str, Float[Tensor, " R"]]:
    """Angle between two gradients in degrees, for each layer and replica."""
    cosines = [
        torch.cosine_similarity(x.flatten(1), y.flatten(1)) for x, y in zip(a, b, strict=True)
    ]
    angles = (torch.rad2deg(torch.arccos(c.clamp(-1, 1))) for c in cosines)
    return dict(zip(("in", "rec", "out"), angles, strict=True))
