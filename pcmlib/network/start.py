"""How a network starts: its first weights or conductances, its feedback, the keys of its noise.

Every random number belongs to the run's seed and to one use of it, so a network is identical to the
bit whether it is trained alone or with others.
"""

from __future__ import annotations

import math

import numpy as np

from pcmlib.base import rng
from pcmlib.base.arrays import part
from pcmlib.base.kernels import kernel
from pcmlib.device import after_reset, devices_differ
from pcmlib.device.record import in_force
from pcmlib.network.drift import make_course
from pcmlib.network.state import LAYERS, MEMORIES, State, is_analogue, layer, thresholds_move

_F = np.float32
_NAMES = [
    *LAYERS, "feedback", *(f"read {name}" for name in LAYERS), "order",
    *(f"update {name}" for name in LAYERS), *MEMORIES,
]  # fmt: skip
USES = {name: 10 + n for n, name in enumerate(_NAMES)}
"""Numbers for the uses of a seed."""
_FIRST = np.array([USES[name] for name in (*LAYERS, *MEMORIES)])
_UPDATE, _READ = (np.array([USES[f"{use} {n}"] for n in LAYERS]) for use in ("update", "read"))
_FEEDBACK, _ORDER = USES["feedback"], USES["order"]


@kernel(error_model="numpy")
def make_state(run, seed, x):
    """The network of `run` and a seed before its training, for inputs x [S, T, n_in] (bool)."""
    _, T, n_in = x.shape
    n, n_out = int(run.n_rec), int(run.n_out)
    digital, analogue, memories = run.on_crossbar == 0, is_analogue(run), run.kept_on_pcm > 0
    shapes = np.zeros((6, 2), np.int64)
    keys, gain = np.zeros((6, 2), np.uint64), np.zeros(6, np.float32)
    synapses = trial_synapses = 0
    for k in range(6 if memories else 3):
        shapes[k, 0], shapes[k, 1] = n_in if k % 3 == 0 else n, n_out if k % 3 == 2 else n
        synapses += shapes[k, 0] * shapes[k, 1]
        trial_synapses = synapses if k < 3 else trial_synapses
        keys[k, 0] = first_key(seed, k) >> np.uint64(1)
        if digital:
            keys[k, 0] = rng.derive(seed, _UPDATE[k % 3])
        keys[k, 1] = rng.derive(seed, _READ[k % 3])
        gain[k] = 1 / (int(run.pairs) * (run.kept_scale if k >= 3 else run.scale))
    devices = 0 if digital else 2 * int(run.pairs) * synapses
    sides = 0 if digital else 2 * synapses
    weights = 0 if analogue else synapses
    course = make_course(run, in_force(run))
    singles = 2 * int(run.pairs) * trial_synapses if analogue else 0
    sums = 6 * trial_synapses if analogue and course.sums else 0
    by_law = 0 if course.alike and course.sums else singles
    thresholds = T if thresholds_move(run) else 1
    first, index, when = by_time(x)
    state = State(
        shapes, zeros(weights), zeros(synapses), zeros(synapses),
        zeros(synapses), np.zeros(sides, np.int32), np.zeros(sides, np.int32),
        np.zeros(sides, np.bool_), zeros(devices), zeros(devices), np.zeros(devices, np.float64),
        np.zeros(devices, np.int32), np.zeros(devices, np.int32), zeros(devices),
        np.zeros(6, np.int64), gain, keys, np.full(1, rng.derive(seed, _ORDER)),
        np.empty((n, n_out), np.float32), course.young, course.factor,
        zeros(sums), np.zeros(n_in + 2 * n + 3, np.int32),
        np.empty(singles, np.int32), zeros(singles), zeros(singles), zeros(by_law), zeros(by_law),
        first, index, when, np.zeros((T, n), np.float32),
        np.zeros((thresholds, n), np.float32), np.zeros(T + 1, np.int64),
        np.empty(T * n + 1, np.int32), np.empty(T * n + 1, np.int32), np.zeros(n, np.float32),
        np.zeros((T, n_out), np.float32),
    )  # fmt: skip
    fill_normal_weights(state.feedback, rng.derive(seed, _FEEDBACK), run.feedback_gain, n)
    for k in range(6 if memories else 3):
        start_layer(state, run, seed, k)
    return state


@kernel(inner=True, error_model="numpy")
def start_layer(state, run, seed, k):
    """Digital weights, Kaiming-normal; devices within 10 % of `conductance`; a memory's RESET."""
    one, p, key = layer(state, run, k), in_force(run), first_key(seed, k)
    exists, G = one.devices.exists, one.devices.G
    n_pre, n_post = exists.shape
    for i in range(n_pre):
        for j in range(n_post):
            exists[i, j] = (run.recurrence if i != j else 0) if k % 3 == 1 else 1
    if one.digital:
        fill_normal_weights(one.weights, key, run.gain, n_pre)
        for i in range(n_pre):
            for j in range(n_post):
                one.weights[i, j] *= exists[i, j]
        return
    draw = 1
    if devices_differ(p):
        rng.fill_flat(part(one.deviate, 0, (one.deviate.size,)), one.key, draw)
        draw += 1
    rng.fill_flat(part(G, 0, (G.size,)), one.key, draw)
    for side in range(2):
        for n in range(G.shape[1]):
            for i in range(n_pre):
                for j in range(n_post):
                    xi = G[side, n, i, j]
                    near = _F(run.conductance) * (_F(1) + _F(0.1) * xi)
                    near = min(max(near, _F(0)), p.g_max)
                    G[side, n, i, j] = near if k < 3 else after_reset(xi, p)
                    one.devices.P[side, n, i, j] = 1


@kernel(inner=True, error_model="numpy")
def first_key(seed, k):
    """Of what layer k starts with."""
    return rng.derive(seed, _FIRST[k])


@kernel(inner=True, error_model="numpy")
def fill_normal_weights(out, key, gain, fan_in):
    """Fill in normal weights [n_pre, n_post] of standard deviation gain sqrt(2 / fan_in)."""
    n_pre, n_post = out.shape
    xi, sd = zeros(n_pre * n_post), _F(gain) * _F(math.sqrt(2 / fan_in))
    rng.fill_flat(xi, key, 0)
    for i in range(n_pre):
        for j in range(n_post):
            out[i, j] = xi[i * n_post + j] * sd


@kernel(inner=True, error_model="numpy")
def by_time(x):
    """Spikes by time of each sample, from x [S, T, n] (bool): first [S, T+1], index and when."""
    S, T, n = x.shape
    most = 0
    for s in range(S):
        count = 0
        for t in range(T):
            for i in range(n):
                count += x[s, t, i]
        most = max(most, count)
    first = np.zeros((S, T + 1), np.int64)
    index, when = np.empty((S, most), np.int32), np.empty((S, most), np.int32)
    for s in range(S):
        k = 0
        for t in range(T):
            for i in range(n):
                if x[s, t, i]:
                    index[s, k], when[s, k] = i, t
                    k += 1
            first[s, t + 1] = k
    return first, index, when


@kernel(inner=True, error_model="numpy")
def zeros(n):
    return np.zeros(n, np.float32)
