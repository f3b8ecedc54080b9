"""The gradient of `rule`, compiled for a CPU: one addition of a row for each spike.

    E(t) = y(t) - y*(t) + kappa E(t+1)
    S(t) = alpha S(t+1) + h(t) (B E(t) + c_reg (f - f0) sum_{s>=t} kappa^(s-t))
    dE/dW_i = sum_t x_i(t) S(t+1)

It is `pcmlib.eprop.gradients` with the alpha filter moved from zbar onto h R: time runs backwards,
and a synapse is touched only where its presynaptic neuron spikes.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from pcmlib.base.kernels import kernel
from pcmlib.eprop.rule import LIMIT
from pcmlib.srnn.compiled import Constants, Spikes, add

_LIMIT = np.float32(LIMIT)


def gradients(
    spikes: Spikes,
    v: np.ndarray,
    z: np.ndarray,
    y: np.ndarray,
    targets: np.ndarray,
    feedback: np.ndarray,
    c: Constants,
    n_in: int,
) -> tuple[np.ndarray, ...]:
    """Gradients of the three layers, mean squared error [R] and rates [R, n_rec] in Hz.

    v, z [R, T, n_rec]; y and targets [R, T, n_out]; feedback [R, n_rec, n_out].
    """
    (R, _, n_rec), n_out = v.shape, y.shape[2]
    shapes = ((R, n_in, n_rec), (R, n_rec, n_rec), (R, n_rec, n_out), (R,), (R, n_rec))
    out = tuple(np.zeros(shape, np.float32) for shape in shapes)
    _gradients(spikes, v, z, y, targets, feedback, c, *out)
    return out


@kernel(parallel=True)
def _gradients(spikes, v, z, y, targets, feedback, c, g_in, g_rec, g_out, loss, rate):
    if len(v) == 1:  # to wake another core costs more
        loss[0] = _gradients_one(
            0, spikes, v[0], z[0], y[0], targets[0], feedback[0], c,
            g_in[0], g_rec[0], g_out[0], rate[0],
        )  # fmt: skip
    else:
        for r in prange(len(v)):
            loss[r] = _gradients_one(
                r, spikes, v[r], z[r], y[r], targets[r], feedback[r], c,
                g_in[r], g_rec[r], g_out[r], rate[r],
            )  # fmt: skip


@kernel(error_model="numpy")
def _gradients_one(r, spikes, v, z, y, targets, feedback, c, g_in, g_rec, g_out, rate):
    """Fill in the gradients and the rates of replica r; returns its mean squared error."""
    T, n_rec = v.shape
    n_out = y.shape[1]
    theta = c.threshold[r]
    for t in range(T):
        for j in range(n_rec):
            rate[j] += z[t, j]
    rate /= T * c.dt
    pull = c.reg[r] * (rate - c.rate[r])
    S, hR = np.zeros(n_rec, np.float32), np.empty(n_rec, np.float32)
    E = np.zeros(n_out, np.float32)
    later = np.float32(0)  # sum_{s>=t} kappa^(s-t)
    squares = 0.0
    for t in range(T - 1, -1, -1):
        later = np.float32(1) + c.kappa * later
        for j in range(n_rec):
            hR[j] = pull[j] * later
        for k in range(n_out):
            error = y[t, k] - targets[t, k]
            squares += error * error
            E[k] = error + c.kappa * E[k]
            for j in range(n_rec):
                hR[j] += feedback[j, k] * E[k]
        for j in range(n_rec):
            h = max(np.float32(0), np.float32(1) - abs(v[t, j] - theta) / theta)
            S[j] = c.alpha * S[j] + c.gamma * h * hR[j]
        for j in range(n_rec):
            if z[t, j]:
                add(g_out[j], E)
        if t > 0:
            for s in range(spikes.first[r, t - 1], spikes.first[r, t]):
                add(g_in[spikes.index[s]], S)
            for i in range(n_rec):
                if z[t - 1, i]:
                    add(g_rec[i], S)
    for i in range(n_rec):
        g_rec[i, i] = 0  # no neuron has a synapse onto itself
    _clip(g_in)
    _clip(g_rec)
    _clip(g_out)
    return squares / (T * n_out)


@kernel
def _clip(g):
    for i in range(g.shape[0]):
        for j in range(g.shape[1]):
            g[i, j] = min(max(g[i, j], -_LIMIT), _LIMIT)
