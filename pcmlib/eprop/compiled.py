"""The gradient of `rule` for one network, compiled for a CPU: one addition of a row a spike.

    E(t) = y(t) - y*(t) + kappa E(t+1)
    S(t) = alpha S(t+1) + h(t) (B E(t) + c_reg (f - f0) sum_{s>=t} kappa^(s-t))
    dE/dW_i = sum_t x_i(t) S(t+1)

It is `pcmlib.eprop.gradients` with the alpha filter moved from zbar onto h R: time runs backwards,
and a synapse is touched only where its presynaptic neuron spikes.
"""

from __future__ import annotations

import numpy as np

from pcmlib.base.kernels import kernel
from pcmlib.eprop.laws import pseudo_derivative


@kernel(nogil=True, error_model="numpy")
def gradients(inputs, spikes, v, y, target, feedback, c, g_in, g_rec, g_out, rate):
    """Fill in dE/dW of the three layers and the rates [n_rec]; mean squared error, mean rate (Hz).

    inputs, spikes: `Spikes` of the inputs and of the neurons; v [T, n_rec]; y, target [T, n_out];
    feedback [n_rec, n_out].
    """
    T, n_rec = v.shape
    n_out = y.shape[1]
    first, index, _ = spikes
    first_in, index_in, _ = inputs
    B = feedback.T.copy()
    for g in (g_in, g_rec, g_out):
        g[:] = 0
    rate[:] = 0
    for s in range(first[T]):
        rate[index[s]] += 1
    rate /= T * c.dt
    pull = c.reg * (rate - c.rate)
    S, R = np.zeros(n_rec, np.float32), np.empty(n_rec, np.float32)
    E = np.zeros(n_out, np.float32)
    later = np.float32(0)  # sum_{s>=t} kappa^(s-t)
    squares = 0.0
    for t in range(T - 1, -1, -1):
        later = np.float32(1) + c.kappa * later
        for j in range(n_rec):
            R[j] = pull[j] * later
        for k in range(n_out):
            error = y[t, k] - target[t, k]
            squares += error * error
            E[k] = error + c.kappa * E[k]
            for j in range(n_rec):
                R[j] += B[k, j] * E[k]
        for j in range(n_rec):
            h = pseudo_derivative(v[t, j], c.threshold, c.gamma)
            S[j] = c.alpha * S[j] + h * R[j]
        _add_to_rows(g_out, index, first[t], first[t + 1], E)
        if t > 0:
            _add_to_rows(g_in, index_in, first_in[t - 1], first_in[t], S)
            _add_to_rows(g_rec, index, first[t - 1], first[t], S)
    for i in range(n_rec):
        g_rec[i, i] = 0  # no neuron has a synapse onto itself
    for g in (g_in, g_rec, g_out):
        _clip(g, c.limit)
    return squares / (T * n_out), rate.mean()


@kernel(error_model="numpy")
def _add_to_rows(g, index, first, last, row):
    for s in range(first, last):
        i = index[s]
        for j in range(g.shape[1]):
            g[i, j] += row[j]


@kernel(error_model="numpy")
def _clip(g, limit):
    for i in range(g.shape[0]):
        for j in range(g.shape[1]):
            g[i, j] = min(max(g[i, j], -limit), limit)
