"""The losses that the field has pinned for e-prop, by pcmlib's own trial and gradient.

NEST's test suite holds five losses of a regression (pattern generation) by the original TensorFlow
code of Bellec et al. and by NEST itself. Their network differs from ours by constants alone:

    v(t+1) = alpha v(t) + (1 - alpha) (W_in x(t+1) + W_rec z(t)) - theta z(t)
    y(t+1) = kappa y(t) + (1 - kappa) W_out z(t+1)
    h      = gamma / theta max(0, 1 - |v - theta| / theta)
    dE/dW  = sum_t L ebar + c_reg (f - f0) / T sum_t h zbar       zbar, ebar: each filter's sum is 1

so that weights enter ours times (1 - alpha) or (1 - kappa), and so do the gradients again. Ours
reads x one step later, and its rate term passes through the kappa filter; theirs does not.

Sources: Bellec et al., Nat. Commun. 11, 3625 (2020); NEST simulator, test of eprop_bsshslm_2020.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pcmlib.book.experiments.reproduction import markdown
from pcmlib.network.reference import (
    DigitalSynapses,
    Neurons,
    Regularisation,
    gradients,
    run_trial,
)

TENSORFLOW = (101.964363098144, 103.466735839843, 103.340606689453, 103.680244445800,
              104.412780761718)  # fmt: skip
NEST = (101.964356999041, 103.466731126205, 103.340607074771, 103.680244037686,
        104.412775748752)  # fmt: skip

_T, _N = 1000, 100  # steps; inputs, and neurons
_RATE, _C_REG, _F0 = 1e-4, 300.0, 0.01  # learning rate; spikes a step


def regression_losses(
    updates: int = 5, *, early: bool = True, filtered: bool = True, limit: float | None = None
) -> Float[np.ndarray, " updates"]:
    """E = 1/2 sum_t (y - y*)^2 at each update, in double precision.

    Args:
        updates: of plain gradient descent, on one sample.
        early: whether an input spike at t acts on v(t), as there; else on v(t+1).
        filtered: whether the readout is a low-pass filter, as there; else y = W_out z.
        limit: of each entry of our gradients, as in `TrainConfig.gradient_limit`; none there.
    """
    x, target, weights, feedback = _problem()
    if early:
        x = torch.cat([x[:, 1:], torch.zeros_like(x[:, :1])], dim=1)
    p = Neurons(torch.tensor([0.03], dtype=torch.float64), gamma=0.3 / 0.03)
    no_filter = dataclasses.replace(p, tau_out=1e-9)  # kappa = 0
    readout = p if filtered else no_filter
    into_v, into_y = 1 - p.alpha, 1 - readout.kappa
    enters = into_v, into_v, into_y
    zero = torch.zeros(1, dtype=torch.float64)
    no_rates = Regularisation(zero, zero)
    rates = Regularisation(zero + _C_REG * p.dt / _T, zero + _F0 / p.dt)
    by_both = into_v * into_y, into_v  # of the gradient by the error, and of that by the rates
    scales = by_both, by_both, (into_y, 0.0)
    losses = []
    for _ in range(updates):
        layers = [DigitalSynapses(w * k) for w, k in zip(weights, enters, strict=True)]
        trial = run_trial(x, *layers, _N, 1, readout)
        error = trial.y - target
        losses.append((error**2).sum().item() / 2)
        by_error = gradients(x, trial, error, feedback, no_rates, readout, limit)
        by_rate = gradients(x, trial, 0 * error, feedback, rates, no_filter, limit)
        steps = zip(weights, by_error, by_rate, scales, strict=True)
        weights = [w - _RATE * (e * a + r * b) for w, e, r, (a, b) in steps]
    return np.array(losses)


def _problem() -> tuple[
    Bool[Tensor, "1 T n_in"],
    Float[Tensor, "1 T 1"],
    list[Float[Tensor, "1 n_pre n_post"]],
    Float[Tensor, "1 n_rec 1"],
]:
    """Inputs, target, weights [pre, post] and feedback, drawn as that test draws them."""
    random = np.random.RandomState(1)
    shapes = (_N, _N), (_N, _N), (_N, 1)
    drawn = [(random.randn(*shape) / np.sqrt(_N)).astype(np.float32) for shape in shapes]
    drawn[1][np.diag_indices(_N)] = 0  # no neuron has a synapse onto itself
    feedback = random.randn(_N, 1) / np.sqrt(_N)
    x = random.rand(_T, _N) < 0.05
    x[0] = False
    periods = 1000, 500, 333, 200
    amplitude, phase = random.uniform(0.5, 2, 4), random.uniform(0, 2 * np.pi, 4)
    waves = [
        a * np.sin(np.linspace(f, f + 2 * np.pi * (_T // period), _T))
        for a, f, period in zip(amplitude, phase, periods, strict=True)
    ]
    u = np.sum(waves, axis=0)
    u -= u[0]
    target = u / abs(u).max()
    weights = [torch.from_numpy(w.astype(float))[None] for w in drawn]
    x, target, feedback = (torch.from_numpy(a)[None] for a in (x, target[:, None], feedback))
    return x, target, weights, feedback


def markdown_table(losses: Float[np.ndarray, " updates"]) -> str:
    """The losses of each update beside those of NEST and of the TensorFlow code."""
    rows = zip(losses, NEST, TENSORFLOW, strict=False)
    numbered = ([n, *(f"{loss:.11f}" for loss in row)] for n, row in enumerate(rows, start=1))
    return markdown(("update", "ours", "NEST", "TensorFlow"), numbered)
