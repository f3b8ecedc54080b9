"""A trial of one network, compiled for a CPU: work is done where there is a spike.

A synapse matters at the steps at which its presynaptic neuron spikes, some 5 % of them or fewer,
so a current is a sum of rows W_i of the (presynaptic-major) weights, each read at that time:

    I(t) = sum_i x_i(t) W_i(t)

The rows of the input can be read before the recurrence runs, those of the readout after it. Rows
are read some at a time, since noise and drift cost least in long loops. Sums run in a fixed order,
and noise is numbered, so neither threads nor the other replicas change a bit.

A crossbar's row is read as `pcmlib.device` has it: drift, noise, clip.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pcmlib.base import rng
from pcmlib.base.kernels import kernel
from pcmlib.crossbar.programming import weigh
from pcmlib.network.drift import Course, drift_by_power, drift_by_series, settle
from pcmlib.network.laws import membrane

CHUNK = 64  # time steps of the input that are read at a time
_TOGETHER = 2048  # devices that are read at a time; small enough to stay in the L1 cache
_LANES = 64  # normals that the widest vectors draw without a rest


class Rows(NamedTuple):
    """One layer's weights as a trial reads them: numbers, or devices with drift and noise.

    Devices are [n_pre, 2 N n_post]: a row's devices of G+, pair by pair, then those of G-.
    """

    analogue: bool  # read the devices below, instead of `weights`
    weights: np.ndarray  # float32 [n_pre, n_post]
    G: np.ndarray  # float32, conductance, µS (`settle`)
    start: np.ndarray  # float32: the age of each at the start of the trial (`settle`)
    nu: np.ndarray  # float32: drift exponent of each, where it is not the course's
    course: Course
    exists: np.ndarray  # float32 [n_pre, n_post]: 1 or 0
    gain: np.float32  # weight for each µS, 1 / (N scale)
    m3: np.float32  # 1, read noise per conductance, scaled
    c3: np.float32  # µS, read noise at zero conductance, scaled
    g_min: np.float32  # µS, limits of what a read can give
    g_max: np.float32  # µS
    key: np.uint64  # of the random numbers
    draw: int  # number of this trial


@kernel(inner=True, error_model="numpy")
def run_trial(inputs, w_in, w_rec, w_out, c, current, v, y, spikes):
    """Fill in v [T, n_rec], the spikes and the outputs y [T, n_out] of one trial.

    inputs: `Spikes`; w_in, w_rec, w_out: `Rows`; c: `Neurons`; current [CHUNK, n_rec]: scratch.
    """
    T = v.shape[0]
    for t in range(0, T, CHUNK):  # while its currents are in the cache
        last = min(t + CHUNK, T)
        read_inputs(current, t, inputs, w_in, t, last)
        recur(current, t, w_rec, c.threshold, c.alpha, v, spikes, t, min(last, T - 1))
    read_out(spikes, w_out, c.kappa, y)


@kernel(inner=True, error_model="numpy")
def read_rows(part, p, course, update, draw):
    """A layer as the trial after `update` updates reads it."""
    if part.analogue:
        settle(part.devices, part.deviate, update, p, course, part.rows)
    elif not part.digital:
        weigh(part.devices, part.gain, p.g_min, p.g_max, part.weights)
    G, start, nu = part.rows
    return Rows(
        part.analogue, part.weights, G, start, nu, course, part.devices.exists, part.gain,
        p.read_noise * p.m3, p.read_noise * p.c3, p.g_min, p.g_max, part.read_key, draw,
    )  # fmt: skip


@kernel(inner=True, error_model="numpy")
def read_inputs(current, origin, spikes, layer, start, stop):
    """current[t - origin] = the input's rows at t, for steps from `start`, a multiple of CHUNK."""
    first, room = spikes.first, _room(layer)
    for t in range(start, stop, CHUNK):
        last = min(t + CHUNK, stop)
        current[t - origin : last - origin] = 0
        at = first[t], first[last]
        _add_rows(current, origin, spikes.index, spikes.when, at, 0, layer, room)


@kernel(inner=True, error_model="numpy")
def recur(current, origin, layer, threshold, alpha, v, spikes, start, stop):
    """The recurrence from step `start` to `stop` (of T - 1): v [T, n_rec], and z in `spikes`.

    `current` holds the input's, as `read_inputs` leaves it, and is used up.
    """
    n_rec = v.shape[1]
    first, index, when = spikes
    room = _room(layer)
    for t in range(start, stop):
        if first[t] < first[t + 1]:
            at = first[t], first[t + 1]
            _add_rows(current, origin, index, when, at, 0, layer, room)
        spiking = np.int32(0)
        for j in range(n_rec):
            arriving = current[t - origin, j]
            v[t + 1, j] = membrane(v[t, j], arriving, v[t, j] > threshold, alpha, threshold)
            spiking += np.int32(v[t + 1, j] > threshold)
        count = first[t + 1]
        if spiking:  # few are: a branch for each costs less than to put every neuron down
            for j in range(n_rec):
                if v[t + 1, j] > threshold:
                    index[count], when[count] = j, t + 1
                    count += 1
        first[t + 2] = count


@kernel(inner=True, error_model="numpy")
def read_out(spikes, layer, kappa, y):
    """Outputs y [T, n_out]: the rows of the spikes of step t+1, as read at step t, low-passed."""
    T, n_out = y.shape
    y[:] = 0
    _add_rows(y, 0, spikes.index, spikes.when, (0, spikes.first[T]), 1, layer, _room(layer))
    for t in range(1, T):
        for k in range(n_out):
            y[t, k] += kappa * y[t - 1, k]


@kernel(inner=True, error_model="numpy", forceinline=True)
def _add_rows(out, origin, index, when, at, lag, layer, room):
    """out[when[s] - origin] += row index[s] as read `lag` steps before, for spikes s in `at`."""
    first, last = at
    if layer.analogue:
        course, L, (Gd, xi) = layer.course, layer.G.shape[1], room
        noisy = layer.m3 > 0 or layer.c3 > 0
        for start in range(first, last, _rows_at_once(L)):
            stop = min(start + _rows_at_once(L), last)
            n = (stop - start) * L
            for s in range(start, stop):
                i, t, place = index[s], when[s] - lag, (s - start) * L
                if course.series:
                    tau, young = np.float32(t) * course.dt, course.young[t]
                    drift_by_series(Gd, place, i, tau, young, course.nu, layer.G, layer.start)
                else:
                    tau = np.float32(t) * course.dt
                    drift_by_power(Gd, place, i, tau, layer.G, layer.start, layer.nu, course)
            if noisy:
                rng.fill_normal(xi[: _whole_lanes(n)], layer.key, layer.draw, 0, start)
            _add_reads(out, origin, Gd, xi, index, when, start, stop, layer)
    else:
        _add_weights(out, origin, index, when, first, last, layer.weights)


@kernel(inner=True, error_model="numpy")
def _room(layer):
    """Scratch space for the rows that are read together: conductances and noise."""
    L = layer.G.shape[1]
    size = _whole_lanes(_rows_at_once(L) * L)
    return np.empty(size, np.float32), np.zeros(size, np.float32)


@kernel(inline="always")
def _rows_at_once(L):
    return max(1, _TOGETHER // L)


@kernel(inline="always")
def _whole_lanes(n):
    return (n + _LANES - 1) // _LANES * _LANES


@kernel(inner=True, error_model="numpy")
def _add_weights(out, origin, index, when, first, last, weights):
    s = first
    while s < last:
        i, t = np.uint32(index[s]), np.uint32(when[s] - origin)
        if s + 1 < last and when[s + 1] == when[s]:  # two rows of one step, one after the other
            k = np.uint32(index[s + 1])
            for j in range(weights.shape[1]):
                out[t, j] = (out[t, j] + weights[i, j]) + weights[k, j]
            s += 2
        else:
            for j in range(weights.shape[1]):
                out[t, j] += weights[i, j]
            s += 1


@kernel(inner=True, fastmath={"contract", "nsz", "nnan"}, error_model="numpy")
def _add_reads(out, origin, Gd, xi, index, when, first, last, layer):
    """out[when[s] - origin] += gain sum_n (G+_n - G-_n), of each synapse that exists, where a read
    gives G = clip(Gd + (m3 Gd + c3) xi)."""
    exists, L = layer.exists, layer.G.shape[1]
    m3, c3, low, high, gain = layer.m3, layer.c3, layer.g_min, layer.g_max, layer.gain
    n_post, half = exists.shape[1], L // 2
    for s in range(first, last):
        i, t, at = index[s], when[s] - origin, (s - first) * L
        for n in range(half // n_post):
            for j in range(n_post):
                up = np.uint64(at + n * n_post + j)
                down = np.uint64(up + half)
                plus = min(max(Gd[up] + (m3 * Gd[up] + c3) * xi[up], low), high)
                minus = min(max(Gd[down] + (m3 * Gd[down] + c3) * xi[down], low), high)
                out[t, j] += gain * exists[i, j] * (plus - minus)
