"""One network as compiled functions of numbers: its start, and a trial with its gradients.

From the seed of a run (`pcmlib.training.numbers`) it draws the task and the first weights, to the
bit as `pcmlib.training.Network` does, and needs no Python.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from pcmlib.base import rng
from pcmlib.base.kernels import kernel
from pcmlib.device import drift_exponent
from pcmlib.device.laws import Constants as DeviceConstants
from pcmlib.device.numbers import in_force
from pcmlib.srnn.compiled import CHUNK, Spikes
from pcmlib.srnn.compiled import Constants as Neurons
from pcmlib.srnn.drift import Course, make_course
from pcmlib.tasks import USE, PatternTask, draw_inputs, draw_targets
from pcmlib.training.alone_layer import kaiming, make_layer, plain_weights, read_rows
from pcmlib.training.network import USES
from pcmlib.training.replica import trial

_F = np.float32
_FREQUENCIES = np.array(PatternTask().frequencies)


class Alone(NamedTuple):
    """One network, its task, and room to work."""

    layers: tuple  # input, recurrent, output
    seconds: tuple  # which hold what the rule keeps of these; empty where digital memory does
    inputs: Spikes  # by time, of each sample
    feedback: np.ndarray  # float32 [n_rec, n_out]
    neurons: Neurons
    p: DeviceConstants
    course: Course
    order_key: np.uint64
    current: np.ndarray
    v: np.ndarray  # float32 [T, n_rec]
    spikes: Spikes
    gradients: tuple  # of the three layers
    rate: np.ndarray  # float32 [n_rec], Hz


@kernel(error_model="numpy")
def make_network(run, targets):
    """The network at the start of its training; fills in the targets [S, T, n_out] of its task."""
    samples, T, n_out = targets.shape
    n_in, n, updates = int(run.n_in), int(run.n_rec), int(run.epochs) * samples
    p = in_force(run)
    alike = run.nu_slope == 0 and run.nu_spread == 0
    nu = np.float64(drift_exponent(1.0, 0.0, p)) if alike else 0.0
    course = make_course(alike, nu, run.T0, run.t_min, T, run.dt, run.period, updates)

    keys = np.empty(len(_KEYS), np.uint64)
    for use in range(len(_KEYS)):
        keys[use] = rng.derive(np.uint64(run.seed), _KEYS[use])
    x = np.empty((samples, T, n_in), np.bool_)
    draw_inputs(keys[11], run.input_rate * run.dt, x)
    draw_targets(keys[11], _FREQUENCIES, run.dt, targets)
    to_in, to_rec, to_out = ones(n_in, n, 1.0), others(n, run.recurrence), ones(n, n_out, 1.0)
    w_in = make_layer(run, p, to_in, keys[0], keys[3], keys[6], False)
    w_rec = make_layer(run, p, to_rec, keys[1], keys[4], keys[7], False)
    w_out = make_layer(run, p, to_out, keys[2], keys[5], keys[8], False)
    if run.kept_on_pcm == 0:
        to_in = to_rec = to_out = ones(0, 0, 0.0)
    key = keys[0]
    k_in = make_layer(run, p, to_in, keys[12], key, key, True)
    k_rec = make_layer(run, p, to_rec, keys[13], key, key, True)
    k_out = make_layer(run, p, to_out, keys[14], key, key, True)
    feedback = np.empty((n, n_out), np.float32)
    kaiming(feedback, keys[9], run.feedback_gain, n)

    alpha, kappa = math.exp(-run.dt / run.tau_rec), math.exp(-run.dt / run.tau_out)
    neurons = Neurons(
        _F(alpha), _F(kappa), _F(run.gamma), _F(run.dt), _F(run.threshold),
        _F(run.regularisation), _F(run.target_rate), _F(run.gradient_limit),
    )  # fmt: skip
    spikes = Spikes(
        np.zeros(T + 1, np.int64), np.empty(T * n + 1, np.int32), np.empty(T * n + 1, np.int32)
    )
    g = ones(n_in, n, 0.0), ones(n, n, 0.0), ones(n, n_out, 0.0)
    current, v, rate = ones(CHUNK, n, 0.0), ones(T, n, 0.0), np.zeros(n, np.float32)
    return Alone(
        (w_in, w_rec, w_out), (k_in, k_rec, k_out), find_spikes(x), feedback, neurons, p, course,
        keys[10], current, v, spikes, g, rate,
    )  # fmt: skip


@kernel(error_model="numpy")
def run_sample(network, run, s, target, update, draw, y):
    """One trial of sample s and its gradients; mean squared error, and mean rate in Hz."""
    x, layers, p, course = network.inputs, network.layers, network.p, network.course
    if run.symmetric_feedback > 0:
        plain_weights(layers[2], network.feedback)
    g_in, g_rec, g_out = network.gradients
    return trial(
        Spikes(x.first[s], x.index[s], x.when[s]),
        read_rows(layers[0], run, p, course, update, draw),
        read_rows(layers[1], run, p, course, update, draw),
        read_rows(layers[2], run, p, course, update, draw), target, network.feedback,
        network.neurons, network.current, network.v, y, network.spikes, g_in, g_rec, g_out,
        network.rate,
    )  # fmt: skip


_KEYS = np.array(
    [USES[use] for use in (
        "in", "rec", "out", "update in", "update rec", "update out", "read in", "read rec",
        "read out", "feedback", "order",
    )] + [USE] + [USES[f"kept {name}"] for name in ("in", "rec", "out")]
)  # fmt: skip


@kernel(error_model="numpy")
def ones(n_pre, n_post, value):
    exists = np.empty((n_pre, n_post), np.float32)
    for i in range(n_pre):
        for j in range(n_post):
            exists[i, j] = value
    return exists


@kernel(error_model="numpy")
def others(n, value):
    """The recurrent synapses that exist: none of a neuron onto itself."""
    exists = ones(n, n, value)
    for i in range(n):
        exists[i, i] = 0
    return exists


@kernel(error_model="numpy")
def find_spikes(x):
    """Spikes by time of each sample, from spikes [S, T, n] as booleans."""
    S, T, n = x.shape
    most = 0
    for s in range(S):
        most = max(most, count(x[s]))
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
    return Spikes(first, index, when)


@kernel(error_model="numpy")
def count(x):
    total = 0
    for t in range(x.shape[0]):
        for i in range(x.shape[1]):
            total += x[t, i]
    return total
