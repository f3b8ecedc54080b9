"""The gradient that e-prop approximates: back-propagation through time, by automatic derivatives.

    dE/dW of any E(y),   with dz_j/dv_j = -dz_j/dtheta_j replaced by the pseudo-derivative h_j

It follows every path of a spike's influence, the recurrent ones too, and so has to keep the whole
trial and go back through it; no local rule could. The soft reset carries no gradient, as in e-prop.
Where there are no recurrent weights and B = W_out^T, e-prop's gradient is this one exactly, that of
neurons that adapt or rest, too.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pcmlib.network.laws import membrane, pseudo_derivative
from pcmlib.network.laws import threshold as threshold_now
from pcmlib.network.reference.eprop import Gradients
from pcmlib.network.reference.rollout import Neurons


class _Spike(torch.autograd.Function):
    """z = [v > theta(t)], with the pseudo-derivative for a derivative."""

    @staticmethod
    def forward(ctx, v, threshold, theta, gamma):
        ctx.save_for_backward(v, threshold, theta)
        ctx.gamma = gamma
        return (v > threshold).to(v.dtype)

    @staticmethod
    def backward(ctx, grad):
        by_v = grad * pseudo_derivative(*ctx.saved_tensors, ctx.gamma)
        return by_v, -by_v, None, None


def bptt_gradients(
    inputs: Bool[Tensor, "R T n_in"],
    E: Callable[[Float[Tensor, "R T n_out"]], Float[Tensor, ""]],
    w_in: Float[Tensor, "R n_in n_rec"],
    w_rec: Float[Tensor, "R n_rec n_rec"],
    w_out: Float[Tensor, "R n_rec n_out"],
    p: Neurons,
) -> Gradients:
    """dE/dW of digital weights, for a function E of the outputs, summed over replicas; without
    regularisation. Time and memory O(n_rec T) and more."""
    weights = [w.detach().clone().requires_grad_() for w in (w_in, w_rec, w_out)]
    w_in, w_rec, w_out = weights
    theta = p.threshold[:, None].to(w_in.dtype)
    x, beta = inputs.to(w_in.dtype), p.betas(w_in.shape[2]).to(w_in.dtype)
    v = z = b = torch.zeros(x.shape[0], w_in.shape[2], dtype=x.dtype, device=x.device)
    rest = torch.zeros_like(z, dtype=torch.int64)
    y = [x.new_zeros(x.shape[0], w_out.shape[2])]
    for t in range(x.shape[1] - 1):
        current = torch.einsum("ri,rij->rj", x[:, t], w_in) + torch.einsum("ri,rij->rj", z, w_rec)
        v = membrane(v, current, z.detach() > 0, p.alpha, theta)
        b = p.rho * b + beta * z
        rest = torch.where(z > 0, p.refractory, rest) - 1
        z = _Spike.apply(v, threshold_now(theta, b, rest > 0), theta, p.gamma)
        y.append(p.kappa * y[t] + torch.einsum("rj,rjk->rk", z, w_out))
    return Gradients(*torch.autograd.grad(E(torch.stack(y, 1)), weights))


def angle(a: Gradients, b: Gradients) -> dict[str, Float[Tensor, " R"]]:
    """Angle between two gradients in degrees, for each layer and replica."""
    cosines = [
        torch.cosine_similarity(x.flatten(1), y.flatten(1)) for x, y in zip(a, b, strict=True)
    ]
    angles = (torch.rad2deg(torch.arccos(c.clamp(-1, 1))) for c in cosines)
    return dict(zip(("in", "rec", "out"), angles, strict=True))
