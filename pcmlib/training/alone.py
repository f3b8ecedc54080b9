"""The whole run of one network as one compiled function of numbers: what a browser trains.

`pcmlib.training.train` looks after many networks, their checkpoints and readers' own rules. Here is
the same run of a single network, to the bit, in a function that needs no Python: from its seed it
draws the task, the first weights and the order of the samples, and then it trains.

    run = numbers(TrainConfig.preset("mixed-precision"))[0]
    train_alone(run, True, *outputs)

A run is a record of numbers (`RUN`).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Shaped
from numba.extending import register_jitable

from pcmlib.base import rng
from pcmlib.base.kernels import kernel
from pcmlib.base.reports import report
from pcmlib.crossbar.compiled import DRAWS, Devices, Update, program, weigh
from pcmlib.device import PCMParameters, drift_exponent
from pcmlib.device.array import MOST_PULSES
from pcmlib.device.laws import Constants as DeviceConstants
from pcmlib.device.numbers import NAMES, in_force
from pcmlib.schemes import SCHEMES, Settings
from pcmlib.srnn.compiled import CHUNK, Rows, Spikes
from pcmlib.srnn.compiled import Constants as Neurons
from pcmlib.srnn.drift import Course, make_course, settle
from pcmlib.tasks import USE, PatternTask, draw_inputs, draw_targets
from pcmlib.training.config import TrainConfig
from pcmlib.training.network import EPOCHS, USES
from pcmlib.training.replica import STREAMS, trial

BINS = 48  # of the histograms of conductances, from 0 to g_max
_F = np.float32
_FREQUENCIES = np.array(PatternTask().frequencies)
_NO_NUMBERS = ("replicas", "constants", "snapshots")
_OWN = [field.name for field in dataclasses.fields(TrainConfig) if field.name not in _NO_NUMBERS]
RUN = np.dtype([(name, np.float64) for name in dict.fromkeys([*_OWN, "on_crossbar", *NAMES])])
"""The fields of `TrainConfig`, and the constants of its devices."""
_BUILT_IN = [name for name, scheme in SCHEMES.items() if scheme.built_in]


def numbers(config: TrainConfig, r: int = 0) -> Shaped[np.ndarray, "1"]:
    """Replica r of a run as a record of numbers; what is None is 0, and no limit infinite."""
    alone = config.replica(r)
    p = alone.parameters
    limit = math.inf if alone.gradient_limit is None else alone.gradient_limit
    own = {"scheme": _BUILT_IN.index(alone.scheme), "gradient_limit": limit, "seed": alone.seeds[0]}
    run = np.zeros(1, RUN)
    for name in RUN.names:
        value = own.get(name, getattr(alone, name, getattr(p, name, None)))
        run[name] = 0 if value is None else value
    return run


def config_of(record: Shaped[np.void, ""]) -> TrainConfig:
    """The inverse of `numbers`."""
    own = {}
    for field in dataclasses.fields(TrainConfig):
        if field.name in RUN.names and field.name != "scheme":
            kind = type(field.default) if field.default is not None else int
            own[field.name] = kind(record[field.name])
    for name in ("bits", "refresh_period"):
        own[name] = own[name] or None
    limit = float(record["gradient_limit"])
    own["gradient_limit"] = None if math.isinf(limit) else limit
    given = {n: float(record[n]) for n in NAMES if n not in own and not n.startswith("nu_")}
    given |= {n: float(record[n]) for n in ("nu_slope", "nu_spread")}
    bounds = float(record["nu_low"]), float(record["nu_high"])
    usual = PCMParameters()
    other = {n: x for n, x in given.items() if x != getattr(usual, n)}
    if bounds != usual.nu_bounds:
        other["nu_bounds"] = bounds
    return TrainConfig(
        scheme=_BUILT_IN[int(record["scheme"])], constants=tuple(other.items()), **own
    )


# One network


class Layer(NamedTuple):
    """A layer's state, and what its reads, rule and programming need."""

    digital: bool
    analogue: bool  # read with drift and noise, device by device
    weights: np.ndarray  # float32 [n_pre, n_post], of a digital layer or an ideal memory
    devices: Devices
    deviate: np.ndarray  # float32, of each nu; of the devices' shape
    rows: tuple  # G, start and nu as a trial finds them (`settle`)
    kept: np.ndarray  # float32 [n_pre, n_post], what the rule keeps
    counts: np.ndarray  # int32 [2, n_pre, n_post]
    reset: np.ndarray  # bool [2, n_pre, n_post]
    gain: np.float32  # weight for each µS
    key: np.uint64  # of its updates
    read_key: np.uint64  # of its reads


@kernel(error_model="numpy")
def kaiming(out, key, gain, fan_in):
    """Fill in normal weights [n_pre, n_post] of standard deviation gain sqrt(2 / fan_in)."""
    n_pre, n_post = out.shape
    xi, sd = np.empty(n_pre * n_post, np.float32), _F(gain) * _F(math.sqrt(2 / fan_in))
    rng.fill_flat(xi, key, 0)
    for i in range(n_pre):
        for j in range(n_post):
            out[i, j] = xi[i * n_post + j] * sd


@kernel(error_model="numpy")
def fill_devices(out, key, draw):
    """Fill in a standard normal for each device of a crossbar [2, N, n_pre, n_post]."""
    _, pairs, n_pre, n_post = out.shape
    xi, k = np.empty(2 * pairs * n_pre * n_post, np.float32), 0
    rng.fill_flat(xi, key, draw)
    for side in range(2):
        for n in range(pairs):
            for i in range(n_pre):
                for j in range(n_post):
                    out[side, n, i, j] = xi[k]
                    k += 1


@kernel(error_model="numpy")
def make_layer(run, p, exists, key, key_of, read_key):
    """A layer as training finds it: digital weights, or devices within 10 % of `conductance`."""
    n_pre, n_post = exists.shape
    digital = run.on_crossbar == 0
    analogue = not digital and (p.drift > 0 or p.read_noise > 0)
    pairs, pre, post = (1, 0, 0) if digital else (int(run.pairs), n_pre, n_post)
    shape, sides = (2, pairs, pre, post), (2, pre, post)
    weights = np.zeros((1, 1) if analogue else (n_pre, n_post), np.float32)
    G, deviate = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    if digital:
        kaiming(weights, key, run.gain, n_pre)
        weights *= exists
    else:
        key_of, draw = key >> np.uint64(1), 1
        if p.nu_spread > 0:
            fill_devices(deviate, key_of, draw)
            draw += 1
        fill_devices(G, key_of, draw)
        for side in range(2):
            for n in range(pairs):
                for i in range(n_pre):
                    for j in range(n_post):
                        start = _F(run.conductance) * (_F(1) + _F(0.1) * G[side, n, i, j])
                        G[side, n, i, j] = min(max(start, _F(0)), p.g_max)
    P, tp = np.ones(shape, np.float32), np.zeros(shape, np.float64)
    wear, turn = np.zeros(shape, np.int32), np.zeros(sides, np.int32)
    devices = Devices(G, P, tp, wear, np.zeros(shape, np.int32), turn, exists)
    read = (n_pre, 2 * pairs * n_post) if analogue else (1, 1)
    rows = np.zeros(read, np.float32), np.zeros(read, np.float32), np.zeros(read, np.float32)
    kept = np.zeros((n_pre, n_post), np.float32)
    counts, reset = np.zeros(sides, np.int32), np.zeros(sides, np.bool_)
    gain = _F(1 / (pairs * run.scale))
    return Layer(
        digital, analogue, weights, devices, deviate, rows, kept, counts, reset, gain, key_of,
        read_key,
    )  # fmt: skip


@kernel(error_model="numpy")
def read_rows(layer, run, p, course, update, draw):
    """The layer as the trial after `update` updates reads it."""
    G, start, nu = layer.rows
    if layer.analogue:
        settle(layer.devices, layer.deviate, update, p, course, layer.rows)
    elif not layer.digital:
        weigh(layer.devices, layer.gain, p.g_min, p.g_max, layer.weights)
    return Rows(
        layer.analogue, layer.weights, G, start, nu, course, layer.devices.exists, layer.gain,
        p.read_noise * p.m3, p.read_noise * p.c3, p.g_min, p.g_max, layer.read_key, draw,
    )  # fmt: skip


def _in_turn(kernels: list[Callable]) -> Callable:
    """choose(n, *args): what the n-th kernel says of the rest."""
    first, others = kernels[0], _in_turn(kernels[1:]) if kernels[1:] else None
    if others is None:
        return register_jitable(lambda n, *args: first(*args))

    def choose(n, *args):
        return first(*args) if n == 0 else others(n - 1, *args)

    return register_jitable(choose)


_schemes = [SCHEMES[name] for name in _BUILT_IN]
_DIGITAL = sum(not scheme.on_crossbar for scheme in _schemes)  # they come first
_descend = _in_turn([scheme.kernel for scheme in _schemes[:_DIGITAL]])
_decide = _in_turn([scheme.kernel for scheme in _schemes[_DIGITAL:]])
_RESETTING = np.array([scheme.resets for scheme in _schemes])


@kernel(error_model="numpy")
def learn(layer, run, p, gradient, lr, number):
    """Update number `number` (from 1) of a layer, as the scheme's rule says."""
    scheme, w = int(run.scheme), layer.devices
    s = Settings(
        _F(lr), _F(run.quantum), _F(run.assumed_pulse), _F(run.stop_level), _F(run.prob_scale),
        _F(run.scale), _F(run.pairs), _F(run.g_reset),
    )  # fmt: skip
    if layer.digital:
        _descend(scheme, gradient, layer.kept, layer.weights, w.exists, s, layer.key, number)
        return True
    most, draw = _F(MOST_PULSES * run.pairs), number * DRAWS
    holds = _decide(
        scheme - _DIGITAL, gradient, layer.kept, w.G, w.exists, s, layer.key, draw, most,
        layer.counts, layer.reset,
    )  # fmt: skip
    if holds:
        refresh = run.refresh_period > 0 and number % int(run.refresh_period) == 0
        update = Update(
            number * run.period, number, _RESETTING[scheme], refresh, run.symmetric_devices > 0,
            _F(run.assumed_pulse), _F(math.exp(-1 / run.a)),
        )  # fmt: skip
        program(layer.counts, layer.reset, w, update, p, layer.key)
    return holds


class Alone(NamedTuple):
    """One network, its task, and room to work."""

    layers: tuple  # input, recurrent, output
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
    w_in = make_layer(run, p, ones(n_in, n, 1.0), keys[0], keys[3], keys[6])
    w_rec = make_layer(run, p, others(n, run.recurrence), keys[1], keys[4], keys[7])
    w_out = make_layer(run, p, ones(n, n_out, 1.0), keys[2], keys[5], keys[8])
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
        (w_in, w_rec, w_out), find_spikes(x), feedback, neurons, p, course, keys[10], current, v,
        spikes, g, rate,
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


@kernel(nogil=True, error_model="numpy")
def train_alone(
    run, aloud, loss, rate_hz, set_pulses, reset_pulses, targets, outputs, spikes, conductance
):
    """Train the network of `run`; whether it came to its end, and did not diverge.

    aloud: report after each epoch.

    loss, rate_hz, set_pulses, reset_pulses [epochs] as of `TrainingRun`; targets, outputs
    [S, T, n_out], spikes [T, n_rec] of the first sample and conductance [3, 2, BINS], devices of
    each layer's sides by conductance, as they are at the moment, and at last after the training.
    All are float32. What a run that diverges never reaches stays as it was.
    """
    samples, epochs = targets.shape[0], int(run.epochs)
    network = make_network(run, targets)
    layers, p, gradients = network.layers, network.p, network.gradients
    learning = run.learn_in > 0, run.learn_rec > 0 and run.recurrence > 0, run.learn_out > 0
    for epoch in range(epochs):
        order = shuffled(network.order_key, epoch, samples)
        fade = run.lr_decay**epoch
        lr = run.lr_in * fade, run.lr_rec * fade, run.lr_out * fade
        total = hertz = 0.0
        for m in range(samples):
            s, update = order[m], epoch * samples + m
            error, rate = run_sample(
                network, run, s, targets[s], update, update * STREAMS, outputs[s]
            )
            total, hertz = total + error, hertz + rate
            if s == 0:
                show_spikes(network.spikes, spikes)
            for k in range(3):
                if learning[k] and not learn(layers[k], run, p, gradients[k], lr[k], update + 1):
                    return False
        loss[epoch], rate_hz[epoch] = total / samples, hertz / samples
        set_pulses[epoch] = reset_pulses[epoch] = 0
        for k in range(3):
            set_pulses[epoch] += total_of(layers[k].devices.n_set)
            reset_pulses[epoch] += total_of(layers[k].devices.n_reset)
            fill_histogram(layers[k].devices, p.g_max, conductance[k])
        if aloud:
            report(epoch)
    for s in range(samples):  # once more, for show
        update = epochs * samples
        run_sample(network, run, s, targets[s], update, update * STREAMS + 1 + s % 15, outputs[s])
        if s == 0:
            show_spikes(network.spikes, spikes)
    return True


_KEYS = np.array(
    [USES[use] for use in (
        "in", "rec", "out", "update in", "update rec", "update out", "read in", "read rec",
        "read out", "feedback", "order",
    )] + [USE]
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


@kernel(error_model="numpy")
def total_of(wear):
    total = 0
    _, pairs, n_pre, n_post = wear.shape
    for side in range(2):
        for n in range(pairs):
            for i in range(n_pre):
                for j in range(n_post):
                    total += wear[side, n, i, j]
    return total


@kernel(error_model="numpy")
def shuffled(key, epoch, samples):
    """The order of the samples in an epoch: by a random number each."""
    drawn, order = np.empty(samples, np.float32), np.empty(samples, np.int64)
    for m in range(samples):
        drawn[m] = rng.uniform_at(key, epoch // EPOCHS, 0, (epoch % EPOCHS) * samples + m)
    for m in range(samples):
        place = 0
        for other in range(samples):
            place += drawn[other] < drawn[m] or (drawn[other] == drawn[m] and other < m)
        order[place] = m
    return order


@kernel(error_model="numpy")
def plain_weights(layer, out):
    """Weights as they are, T0 after the last pulse: what symmetric feedback takes."""
    if layer.digital:
        for i in range(out.shape[0]):
            for j in range(out.shape[1]):
                out[i, j] = layer.weights[i, j]
    else:
        weigh(layer.devices, layer.gain, _F(0), _F(np.inf), out)


@kernel(error_model="numpy")
def show_spikes(state, spikes):
    """Spikes by time as a map [T, n_rec] of 0 and 1."""
    for t in range(spikes.shape[0]):
        for j in range(spikes.shape[1]):
            spikes[t, j] = 0
    for k in range(state.first[len(spikes)]):
        spikes[state.when[k], state.index[k]] = 1


@kernel(error_model="numpy")
def fill_histogram(devices, g_max, counts):
    """counts [2, BINS]: how many of a layer's devices stand where, G+ and G-."""
    _, pairs, n_pre, n_post = devices.G.shape
    for side in range(2):
        for at in range(BINS):
            counts[side, at] = 0
        for n in range(pairs):
            for i in range(n_pre):
                for j in range(n_post):
                    at = int(devices.G[side, n, i, j] / g_max * BINS)
                    counts[side, min(at, BINS - 1)] += devices.exists[i, j]
