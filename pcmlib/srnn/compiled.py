"""A trial, compiled for a CPU: work is done where there is a spike.

A synapse matters at the steps at which its presynaptic neuron spikes, some 5 % of them or fewer,
so a current is a sum of rows W_i of the (presynaptic-major) weights, each read at that time:

    I(t) = sum_i x_i(t) W_i(t)

The rows of the input can be read before the recurrence runs, and on all cores; sums run in a fixed
order, so neither the number of threads nor the other replicas change a bit.

A crossbar's row is read as `pcmlib.device` has it: drift, noise, clip. All pulses come at whole
updates, so the drift factor is a table over (updates since the last pulse, step of the trial).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import prange

from pcmlib.base import rng
from pcmlib.base.kernels import kernel

CHUNK = 64  # time steps whose devices one thread reads at a time


class Spikes(NamedTuple):
    """Spikes by time: neurons index[first[r, t] : first[r, t+1]] of replica r spike at step t."""

    first: np.ndarray  # int64 [R, T+1]
    index: np.ndarray  # int32, all replicas one after the other


class Rows(NamedTuple):
    """One layer's weights as the kernels read them: numbers, or devices with drift and noise."""

    analogue: bool  # read the devices below, instead of `weights`
    weights: np.ndarray  # float32 [R, n_pre, n_post]
    G: np.ndarray  # float32 [R, 2, N, n_pre, n_post], conductance, µS
    age: np.ndarray  # int32, same shape: column of `drift`, by updates since the last pulse
    drift: np.ndarray  # float32 [T, columns]: (elapsed/T0)^(-nu)
    exists: np.ndarray  # float32 [n_pre, n_post]: 1 or 0
    gain: np.ndarray  # float32 [R]: weight for each µS, 1 / (N scale)
    noisy: bool  # whether a read has noise
    m3: np.float32  # 1, read noise per conductance, scaled
    c3: np.float32  # µS, read noise at zero conductance, scaled
    g_min: np.float32  # µS, limits of what a read can give
    g_max: np.float32  # µS
    key: np.ndarray  # uint64 [R]: of the random numbers
    draw: int  # number of this trial and layer


class Constants(NamedTuple):
    """Of the neurons and the rule; arrays are float32 [R]."""

    alpha: np.float32
    kappa: np.float32
    gamma: np.float32
    dt: np.float32
    threshold: np.ndarray
    reg: np.ndarray
    rate: np.ndarray


def find_spikes(x: np.ndarray) -> Spikes:
    """Spikes by time, from spikes [R, T, n] as booleans."""
    R, T, _ = x.shape
    counts = np.concatenate([[0], np.cumsum(x.sum(2).ravel())])
    first = np.empty((R, T + 1), np.int64)
    first[:, :T] = counts[:-1].reshape(R, T)
    first[:, T] = counts[T::T]
    return Spikes(first, np.nonzero(x)[2].astype(np.int32))


def input_currents(spikes: Spikes, layer: Rows, n_post: int) -> np.ndarray:
    """I[R, T, n_post] = sum_i x_i(t) W_i(t), on all cores."""
    R, T = spikes.first.shape[0], spikes.first.shape[1] - 1
    current = np.zeros((R, T, n_post), np.float32)
    _read_inputs(current, spikes, layer, CHUNK if layer.analogue else T)
    return current


def recur(
    current: np.ndarray, w_rec: Rows, w_out: Rows, n_out: int, c: Constants
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The recurrence and the readout: v and spikes z [R, T, n_rec], outputs y [R, T, n_out].

    `current` [R, T, n_rec] holds the input's, and is used up.
    """
    R, T, _ = current.shape
    v, z = np.zeros_like(current), np.zeros(current.shape, np.bool_)
    y = np.zeros((R, T, n_out), np.float32)
    _recur(current, w_rec, w_out, c, v, z, y)
    return v, z, y


# Loops over replicas and chunks of time; a single job stays here, since to wake another core costs
# more than a network's trial without devices


@kernel(parallel=True)
def _read_inputs(current, spikes, layer, chunk):
    R, T, _ = current.shape
    chunks = (T + chunk - 1) // chunk
    if R * chunks == 1:
        _read_chunk(current[0], spikes, layer, 0, 0, T)
    else:
        for job in prange(R * chunks):
            r, start = job // chunks, job % chunks * chunk
            _read_chunk(current[r], spikes, layer, r, start, min(start + chunk, T))


@kernel(parallel=True)
def _recur(current, w_rec, w_out, c, v, z, y):
    if len(v) == 1:
        _recur_one(0, current[0], w_rec, w_out, c, v[0], z[0], y[0])
    else:
        for r in prange(len(v)):
            _recur_one(r, current[r], w_rec, w_out, c, v[r], z[r], y[r])


@kernel(error_model="numpy")
def _read_chunk(current, spikes, layer, r, start, stop):
    """The currents of replica r in the steps from `start` to `stop`."""
    room = _room(current.shape[1])
    for t in range(start, stop):
        for s in range(spikes.first[r, t], spikes.first[r, t + 1]):
            _add_row(current[t], layer, r, spikes.index[s], t, room)


@kernel
def _recur_one(r, current, w_rec, w_out, c, v, z, y):
    T, n_rec = v.shape
    n_out = y.shape[1]
    theta = c.threshold[r]
    room_rec, room_out = _room(n_rec), _room(n_out)
    spiking, count = np.empty(n_rec, np.int32), 0  # who spikes at step t
    for t in range(T - 1):
        for s in range(count):
            _add_row(current[t], w_rec, r, spiking[s], t, room_rec)
        for j in range(n_rec):
            soft_reset = theta if z[t, j] else np.float32(0)
            v[t + 1, j] = c.alpha * v[t, j] + current[t, j] - soft_reset
        count = 0
        for j in range(n_rec):
            if v[t + 1, j] > theta:
                z[t + 1, j] = True
                spiking[count] = j
                count += 1
        for s in range(count):
            _add_row(y[t + 1], w_out, r, spiking[s], t, room_out)
        for k in range(n_out):
            y[t + 1, k] = c.kappa * y[t, k] + y[t + 1, k]


@kernel(inline="always")  # a call would hand over all of `layer`, at more than a row's cost
def _add_row(current, layer, r, i, t, room):
    """current += row i of replica r's weights, read at step t; `room` is scratch space."""
    if layer.analogue:
        n_post, pairs = current.shape[0], layer.G.shape[2]
        Gd, xi = room[0], room[1]
        for n in range(pairs):
            for side in range(2):
                part = Gd[side * n_post : (side + 1) * n_post]
                _drifted(part, layer.G[r, side, n, i], layer.age[r, side, n, i], layer.drift[t])
            if layer.noisy:
                rng.fill_normal(xi, layer.key[r], layer.draw, i * pairs + n, t)
            _add_difference(current, Gd, xi, layer, layer.exists[i], layer.gain[r])
    else:
        add(current, layer.weights[r, i])


@kernel(inline="always")
def add(a, b):
    """a += b, for two rows; far faster than Numba's own."""
    for j in range(a.shape[0]):
        a[j] += b[j]


@kernel(error_model="numpy")
def _drifted(Gd, G, age, drift):
    """Gd = G (elapsed/T0)^(-nu), from the table."""
    for j in range(G.shape[0]):
        Gd[j] = G[j] * drift[np.uint64(age[j])]


@kernel(fastmath={"contract", "nsz", "nnan"}, error_model="numpy")
def _add_difference(current, Gd, xi, layer, exists, gain):
    """current += gain (read of G+ - read of G-), a read being clip(Gd + (m3 Gd + c3) xi)."""
    n_post = current.shape[0]
    m3, c3, low, high = layer.m3, layer.c3, layer.g_min, layer.g_max
    for j in range(n_post):
        up, down = Gd[j], Gd[n_post + j]
        up += (m3 * up + c3) * xi[j]
        down += (m3 * down + c3) * xi[n_post + j]
        up = min(max(up, low), high)
        down = min(max(down, low), high)
        current[j] += gain * exists[j] * (up - down)


@kernel
def _room(n_post):
    """Scratch space for both polarities of a row: conductances and noise, a multiple of 4 long."""
    return np.zeros((2, (2 * n_post + 3) // 4 * 4), np.float32)
