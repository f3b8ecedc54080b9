"""A layer of one network as compiled functions of numbers: its start, its reads, its update.

What `pcmlib.srnn.synapses` and `pcmlib.training.Network` do; `run` is a record of
`pcmlib.training.numbers`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba.extending import register_jitable

from pcmlib.base import rng
from pcmlib.base.kernels import kernel
from pcmlib.crossbar.compiled import DRAWS, Devices, Update, program, read, weigh
from pcmlib.device import after_reset
from pcmlib.device.array import MOST_PULSES
from pcmlib.schemes import HOLD, SCHEMES, Settings
from pcmlib.srnn.compiled import Rows
from pcmlib.srnn.drift import settle
from pcmlib.training.numbers import BUILT_IN

_F = np.float32


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
def make_layer(run, p, exists, key, key_of, read_key, second):
    """A layer as training finds it: digital weights, or devices within 10 % of `conductance`.

    second: it holds what the rule keeps of another one; its devices are as after a RESET.
    """
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
                        xi = G[side, n, i, j]
                        start = _F(run.conductance) * (_F(1) + _F(0.1) * xi)
                        start = min(max(start, _F(0)), p.g_max)
                        G[side, n, i, j] = after_reset(xi, p) if second else start
    P, tp = np.ones(shape, np.float32), np.zeros(shape, np.float64)
    wear, turn = np.zeros(shape, np.int32), np.zeros(sides, np.int32)
    reads = np.zeros(1, np.int64)
    devices = Devices(G, P, tp, wear, np.zeros(shape, np.int32), turn, reads, exists)
    read = (n_pre, 2 * pairs * n_post) if analogue else (1, 1)
    rows = np.zeros(read, np.float32), np.zeros(read, np.float32), np.zeros(read, np.float32)
    kept = np.zeros((n_pre, n_post), np.float32)
    counts, reset = np.zeros(sides, np.int32), np.zeros(sides, np.bool_)
    gain = _F(1 / (pairs * (run.kept_scale if second else run.scale)))
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


_schemes = [SCHEMES[name] for name in BUILT_IN]
_DIGITAL = sum(not scheme.on_crossbar for scheme in _schemes)  # they come first
_descend = _in_turn([scheme.kernel for scheme in _schemes[:_DIGITAL]])
_decide = _in_turn([scheme.kernel for scheme in _schemes[_DIGITAL:]])
_hold = HOLD.kernel
_RESETTING = np.array([scheme.resets for scheme in _schemes])


@kernel(error_model="numpy")
def learn(layer, second, run, p, course, gradient, lr, number):
    """Update number `number` (from 1) of a layer, as the scheme's rule says.

    second: the layer that holds what the rule keeps, where no digital memory does.
    """
    scheme, draw = int(run.scheme), number * DRAWS
    s = Settings(
        _F(lr), _F(run.quantum), _F(run.assumed_pulse), _F(run.stop_level), _F(run.prob_scale),
        _F(run.scale), _F(run.pairs), _F(run.g_reset),
    )  # fmt: skip
    w, key, kept = layer.devices, layer.key, layer.kept
    if layer.digital:
        _descend(scheme, gradient, kept, layer.weights, w.exists, s, key, number)
        return True
    most, analogue = _F(MOST_PULSES * run.pairs), run.kept_on_pcm > 0
    if analogue:
        held = second.kept
        factor = course.factor if course.alike else course.factor[:0]
        read(
            second.devices, number, run.period, factor, second.deviate, second.gain, p, second.key,
            held,
        )  # fmt: skip
        for i in range(held.shape[0]):
            for j in range(held.shape[1]):
                kept[i, j] = held[i, j]
    holds = _decide(
        scheme - _DIGITAL, gradient, kept, w.G, w.exists, s, key, draw, most, layer.counts,
        layer.reset,
    )  # fmt: skip
    if not holds:
        return False
    tolerance = _F(run.tolerance if run.write_verify > 0 else 0)
    write(layer, run, p, number, _RESETTING[scheme], tolerance)
    if analogue:
        w, s = second.devices, Settings(
            s.lr, s.quantum, s.assumed_pulse, s.stop_level, s.prob_scale, _F(run.kept_scale),
            s.pairs, s.g_reset,
        )  # fmt: skip
        holds = _hold(
            second.kept, kept, w.G, w.exists, s, second.key, draw, most, second.counts,
            second.reset,
        )  # fmt: skip
        if holds:
            write(second, run, p, number, True, _F(0))
    return holds


@kernel(error_model="numpy")
def write(layer, run, p, number, resets, tolerance):
    """RESET and SET a layer's devices as a rule said, and refresh them if due."""
    refresh = run.refresh_period > 0 and number % int(run.refresh_period) == 0
    update = Update(
        number * run.period, number, resets, refresh, run.symmetric_devices > 0, tolerance,
        _F(run.assumed_pulse), _F(math.exp(-1 / run.a)),
    )  # fmt: skip
    program(layer.counts, layer.reset, layer.devices, update, p, layer.key)


@kernel(error_model="numpy")
def plain_weights(layer, out):
    """Weights as they are, T0 after the last pulse: what symmetric feedback takes."""
    if layer.digital:
        for i in range(out.shape[0]):
            for j in range(out.shape[1]):
                out[i, j] = layer.weights[i, j]
    else:
        weigh(layer.devices, layer.gain, _F(0), _F(np.inf), out)
