"""A trial of one network, compiled for a CPU: work is done where there is a spike.

A synapse matters at the steps at which its presynaptic neuron spikes, some 5 % of them or fewer,
so a current is a sum of rows of the (presynaptic-major) synapses:

    I(t) = sum_i x_i(t) W_i(t)

A neuron spikes where v(t) > theta(t), its threshold of that step; where no neuron adapts or rests,
one row of thresholds serves all steps.

Of devices, a row holds what reads come to (`pcmlib.network.reads`), and one normal number for each
neuron and step stands for their noise. Sums run in a fixed order, and noise is numbered, so neither
threads nor the other replicas change a bit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pcmlib.base import rng
from pcmlib.base.arithmetic import where
from pcmlib.base.kernels import FAST, kernel
from pcmlib.device import drift
from pcmlib.network.laws import adaptation, membrane, threshold

_STEPS = 16  # whose noise is drawn together
_LANES = 64  # normals that the widest vectors draw without a rest
_F, _HALF = np.float32, np.float32(0.5)


@kernel(inner=True, borrows=True, error_model="numpy")
def run_trial(inputs, w_in, w_rec, w_out, c, v, theta, y, spikes):
    """Fill in v and theta, the spikes and the outputs y [T, n_out] of one trial.

    inputs: `Spikes`; w_in, w_rec, w_out: `Reads`; c: `Neurons`; v and theta as of `recur`.
    """
    recur(inputs, w_in, w_rec, c, v, theta, spikes)
    read_out(spikes, w_out, c.kappa, y)


@kernel(inner=True, error_model="numpy")
def recur(inputs, w_in, w_rec, c, v, theta, spikes):
    """Input and recurrence: v [T, n_rec] from v[0] on, theta [T or 1, n_rec], z in `spikes`."""
    T, n = v.shape
    alpha, rest, moving = c.alpha, c.threshold, np.int64(len(theta) > 1)
    raised, until = np.zeros(n, np.float32), np.zeros(n, np.int32)
    spiking = np.zeros((n + 7) // 8 * 8, np.uint8)
    words = spiking.view(np.uint64)  # eight neurons at a time
    theta[0] = rest
    first, index, when = spikes
    in_first, in_index, in_rows, rows = inputs.first, inputs.index, w_in.rows, w_rec.rows
    (total, xi), noise = _room(w_in, n), _noise(w_in)
    pool_in, pool_rec = _pool(w_in), _pool(w_rec)
    listed_in, listed_rec = w_in.singles.first, w_rec.singles.first
    for t in range(T - 1):
        for k in range(len(total)):
            total[k] = 0
        a, b = in_first[t], in_first[t + 1]
        _add_rows(total, in_rows, in_index, a, b)
        if _any_listed(listed_in, in_index, a, b):
            _add_singles(total, in_index, a, b, w_in, t, pool_in)
        a, b = first[t], first[t + 1]
        _add_rows(total, rows, index, a, b)
        if _any_listed(listed_rec, index, a, b):
            _add_singles(total, index, a, b, w_rec, t, pool_rec)
        _finish_sums(total, t, n, xi, noise)
        now, then = moving * t, moving * (t + 1)
        if moving:
            _move_thresholds(theta, v, raised, until, t, c)
        for j in range(n):
            v[t + 1, j] = membrane(v[t, j], total[j], v[t, j] > theta[now, j], alpha, rest)
            spiking[j] = v[t + 1, j] > theta[then, j]
        count = first[t + 1]
        for word in range(len(words)):
            if words[word]:  # few are
                for j in range(8 * word, 8 * word + 8):
                    if spiking[j]:
                        index[count], when[count] = j, t + 1
                        count += 1
        first[t + 2] = count


@kernel(inner=True, borrows=True, error_model="numpy")
def _move_thresholds(theta, v, b, until, t, c):
    """Fill in theta(t+1); b [n_rec] is what thresholds exceed theta by, and a neuron rests before
    step `until`. Loops of few arrays each, which LLVM vectorises."""
    now, then, n = np.int32(t), np.int32(t + 1), len(b)
    for j in range(n):
        until[j] = where(v[t, j] > theta[t, j], now + c.refractory, until[j])
    for k in range(n - c.lif):
        j = np.uint64(c.lif + k)
        b[j] = adaptation(b[j], v[t, j] > theta[t, j], c.rho, c.beta)
    for j in range(n):
        theta[t + 1, j] = threshold(c.threshold, b[j], then < until[j])


@kernel(inner=True, error_model="numpy")
def read_out(spikes, layer, kappa, y):
    """Outputs y [T, n_out]: the rows of the spikes of step t+1, as read at step t, low-passed."""
    T, n = y.shape
    first, index, rows, pool = spikes.first, spikes.index, layer.rows, _pool(layer)
    (total, xi), noise, listed = _room(layer, n), _noise(layer), layer.singles.first
    for k in range(n):
        y[0, k] = 0
    for t in range(T - 1):
        for k in range(len(total)):
            total[k] = 0
        a, b = first[t + 1], first[t + 2]
        _add_rows(total, rows, index, a, b)
        if _any_listed(listed, index, a, b):
            _add_singles(total, index, a, b, layer, t, pool)
        _finish_sums(total, t, n, xi, noise)
        for k in range(n):
            y[t + 1, k] = kappa * y[t, k] + total[k]


@kernel(inner=True, error_model="numpy")
def _room(layer, n):
    """Scratch space: of the sums of a step, and of the noise of some steps."""
    width = max(n, layer.rows.shape[1])
    return np.empty(width, np.float32), np.zeros(_whole_lanes(_STEPS * n), np.float32)


class _Noise(NamedTuple):
    """What the noise of a layer's sums is drawn from, and how they drift."""

    some: bool
    key: np.uint64
    draw: int
    dt: np.float32
    middle: np.float32
    young: np.ndarray
    center: np.float32
    half: np.float32


@kernel(inner=True, error_model="numpy")
def _noise(layer):
    some = layer.m3 > 0 or layer.c3 > 0
    course = layer.course
    return _Noise(
        some, layer.key, layer.draw, course.dt, course.middle, course.young, course.center,
        course.half,
    )  # fmt: skip


@kernel(inner=True, borrows=True, error_model="numpy", forceinline=True)
def _finish_sums(total, t, n, xi, noise):
    """total[:n] = what arrives at time t: mean, and noise of the variance."""
    if len(total) > n:  # else weights, or devices that are all read singly
        if noise.some and t % _STEPS == 0:
            rng.fill_normal(xi, noise.key, noise.draw, 0, t)
        tau, at = _F(t) * noise.dt - noise.middle, (t % _STEPS) * n
        if len(total) == 6 * n:
            _bring_to((noise.young[t] - noise.center) / noise.half, total, n)
        for j in range(n):
            a, b, k = np.uint64(n + j), np.uint64(2 * n + j), np.uint64(at + j)
            total[j] += tau * total[a] + _root(total[b]) * xi[k]


@kernel(inner=True, borrows=True, error_model="numpy")
def _bring_to(x, total, n):
    """What stands at place x of a shared curve, from what stands at -1, 0 and 1."""
    end, middle, start = _HALF * x * (x - _F(1)), _F(1) - x * x, _HALF * x * (x + _F(1))
    for j in range(n):
        a, b, c = np.uint64(n + j), np.uint64(2 * n + j), np.uint64(3 * n + j)
        d, e = np.uint64(4 * n + j), np.uint64(5 * n + j)
        total[j] = end * total[j] + middle * total[a] + start * total[b]
        total[b] = max(end * total[c] + middle * total[d] + start * total[e], _F(0))
        total[a] = 0


@kernel(inner=True, fastmath=FAST, error_model="numpy", forceinline=True)
def _root(x):
    return np.sqrt(x)


@kernel(inner=True, borrows=True, error_model="numpy", forceinline=True)
def _add_rows(total, rows, index, s, last):
    """total += the rows of spikes s to `last`."""
    while s + 1 < last:  # two, one after the other
        i, k = np.uint32(index[s]), np.uint32(index[s + 1])
        for j in range(rows.shape[1]):
            total[j] = (total[j] + rows[i, j]) + rows[k, j]
        s += 2
    if s < last:
        i = np.uint32(index[s])
        for j in range(rows.shape[1]):
            total[j] += rows[i, j]


@kernel(inline="always")
def _any_listed(listed, index, s, last):
    """Whether rows of spikes s to `last` hold devices that are read singly."""
    some = False
    for spike in range(s, last):
        i = np.uint32(index[spike])
        some |= listed[i] < listed[i + np.uint32(1)]
    return some


@kernel(inner=True, error_model="numpy")
def _pool(layer):
    """Normals for devices that are read singly, and how they are used: next, how often drawn."""
    L = 0
    first = layer.singles.first
    for i in range(len(first) - 1):
        L = max(L, first[i + 1] - first[i])
    noise = np.zeros(_whole_lanes(max(L, rng.BLOCK)) if L else 0, np.float32)
    used = np.zeros(2, np.int64)
    used[0] = len(noise)
    return noise, np.empty(L, np.float32), used


@kernel(inner=True, borrows=True, error_model="numpy", forceinline=True)
def _add_singles(total, index, s, last, layer, t, pool):
    """total += reads of the devices that the rows of spikes s to `last` list."""
    first, post, G, weight, start, nu = layer.singles
    xi, read, used = pool
    course, m3, c3, low, high = layer.course, layer.m3, layer.c3, layer.g_min, layer.g_max
    tau = _F(t) * course.dt
    for spike in range(s, last):
        i = np.uint32(index[spike])
        a, L = first[i], first[i + np.uint32(1)] - first[i]
        if L == 0:
            continue
        if used[0] + L > len(xi) and (m3 > 0 or c3 > 0):
            rng.fill_normal(xi, layer.key, layer.draw, 1, used[1])
            used[0], used[1] = 0, used[1] + 1
        at = used[0] if used[0] + L <= len(xi) else 0
        for k in range(L):
            d = np.uint64(a + k)
            g = drift(G[d], start[d] + tau, nu[d], course) if len(nu) else G[d] * course.young[t]
            read[k] = weight[d] * min(max(g + (m3 * g + c3) * xi[np.uint64(at + k)], low), high)
        used[0] = at + L
        for k in range(L):
            total[np.uint32(post[np.uint64(a + k)])] += read[k]


@kernel(inline="always")
def _whole_lanes(n):
    return (n + _LANES - 1) // _LANES * _LANES
