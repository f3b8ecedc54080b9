"""The gradient of one network, compiled: one addition of a row a spike.

    E(t) = error(t) + kappa E(t+1),    error = dE/dy (`pcmlib.network.loss`)
    S(t) = alpha S(t+1) + h(t) (B E(t) + c_reg (f - f0) sum_{s>=t} kappa^(s-t))
    dE/dW_i = sum_t x_i(t) S(t+1)

and of neurons that adapt, with B E(t) + ... = R(t),

    D(t)      = h(t) (R(t) + lambda(t+1)),    S(t) = alpha S(t+1) + D(t)
    lambda(t) = rho lambda(t+1) - beta D(t)

It is `pcmlib.network.reference.gradients` with the alpha filter moved from zbar onto h R: time runs
backwards, and a synapse is touched only where its presynaptic neuron spikes. Rows are added once E
and S are known at all times: one long loop over the spikes is faster than a short one at each step.
"""

from __future__ import annotations

import numpy as np

from pcmlib.base.arithmetic import clip
from pcmlib.base.kernels import kernel
from pcmlib.network.laws import pseudo_derivative


@kernel(inner=True, error_model="numpy")
def gradients(inputs, spikes, v, theta, error, feedback, c, g_in, g_rec, g_out, rate):
    """Add dE/dW of the three layers; fill in the rates [n_rec]; the mean rate (Hz).

    inputs, spikes: `Spikes` of the inputs and of the neurons; v [T, n_rec] and thresholds, as of
    `pcmlib.network.trial.recur`; error [T, n_out]; feedback [n_rec, n_out].
    """
    T, n_rec = v.shape
    n_out = error.shape[1]
    rate[:] = 0
    for s in range(spikes.first[T]):
        rate[spikes.index[s]] += 1
    rate /= T * c.dt
    pull = c.reg * (rate - c.rate)
    B, R = feedback.T.copy(), np.empty(n_rec, np.float32)
    S, E = np.empty((T + 1, n_rec), np.float32), np.empty((T + 1, n_out), np.float32)
    adjoint, D = np.zeros(n_rec, np.float32), np.zeros(n_rec, np.float32)
    moving = np.int64(len(theta) > 1)
    S[T], E[T] = 0, 0
    later = np.float32(0)  # sum_{s>=t} kappa^(s-t)
    for t in range(T - 1, -1, -1):
        later = np.float32(1) + c.kappa * later
        for j in range(n_rec):
            R[j] = pull[j] * later
        for k in range(n_out):
            E[t, k] = error[t, k] + c.kappa * E[t + 1, k]
            for j in range(n_rec):
                R[j] += B[k, j] * E[t, k]
        now = moving * t
        for j in range(c.lif):
            h = pseudo_derivative(v[t, j], theta[now, j], c.threshold, c.gamma)
            S[t, j] = c.alpha * S[t + 1, j] + h * R[j]
        for k in range(n_rec - c.lif):
            j = np.uint64(c.lif + k)
            h = pseudo_derivative(v[t, j], theta[now, j], c.threshold, c.gamma)
            D[j] = h * (R[j] + adjoint[j])
        for k in range(n_rec - c.lif):  # a loop of its own: LLVM vectorises those of few arrays
            j = np.uint64(c.lif + k)
            S[t, j] = c.alpha * S[t + 1, j] + D[j]
            adjoint[j] = c.rho * adjoint[j] - c.beta * D[j]
    _sum_rows(g_in, inputs, S, 1)
    _sum_rows(g_rec, spikes, S, 1)
    _sum_rows(g_out, spikes, E, 0)
    for i in range(n_rec):
        g_rec[i, i] = 0  # no neuron has a synapse onto itself
    return rate.mean()


@kernel(inner=True, borrows=True, error_model="numpy")
def _sum_rows(g, spikes, rows, lag):
    """g_i += sum_t x_i(t) rows(t + lag), from the last spike to the first."""
    for s in range(spikes.first[-1] - 1, -1, -1):
        i, t = np.uint32(spikes.index[s]), np.uint32(spikes.when[s] + lag)
        for j in range(g.shape[1]):
            g[i, j] += rows[t, j]


@kernel(inner=True, borrows=True, error_model="numpy")
def limit(g, most):
    """Clip a gradient to +-most."""
    for i in range(len(g)):
        g[i] = clip(g[i], -most, most)
