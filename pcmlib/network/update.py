"""One weight update of a network: each layer does what the scheme's rule says of its gradient.

    read what a memory holds -> decide, synapse by synapse -> RESET and SET -> write the memory

`decide` and `hold` are rules compiled over a layer (`pcmlib.schemes.kernels`). They come as
arguments, so that a rule, a reader's own too, is compiled without the network around it.
"""

from __future__ import annotations

import math

import numpy as np

from pcmlib.base.kernels import kernel
from pcmlib.crossbar.programming import DRAWS, Update, program, read
from pcmlib.device.pulses import MOST_PULSES
from pcmlib.device.record import in_force
from pcmlib.network.drift import course_of
from pcmlib.network.state import copy, layer
from pcmlib.schemes import Settings

_F = np.float32
_NO_FACTOR = np.empty(0, np.float32)


@kernel(inner=True, borrows=True, error_model="numpy")
def learn(state, run, number, epoch, decide, hold):
    """Update number `number` (from 1), with the learning rates of `epoch` (from 0).

    Returns whether all counts of pulses were valid.
    """
    fade = run.lr_decay**epoch
    holds = True
    if run.learn_in > 0:
        holds &= learn_layer(state, run, 0, _F(run.lr_in * fade), number, decide, hold)
    if run.learn_rec > 0 and run.recurrence > 0:
        holds &= learn_layer(state, run, 1, _F(run.lr_rec * fade), number, decide, hold)
    if run.learn_out > 0:
        holds &= learn_layer(state, run, 2, _F(run.lr_out * fade), number, decide, hold)
    return holds


@kernel(inner=True, error_model="numpy")
def learn_layer(state, run, k, lr, number, decide, hold):
    """The update of layer k."""
    p, part, memory = in_force(run), layer(state, run, k), layer(state, run, 3 + k)
    devices, scheme, draw = part.devices, int(run.scheme), number * DRAWS
    most = _F(MOST_PULSES * run.pairs)
    on_pcm = run.kept_on_pcm > 0
    if on_pcm:
        course = course_of(run, p, state.young, state.factor)
        factor = course.factor if course.alike else _NO_FACTOR
        gain, key = memory.gain, memory.key
        read(memory.devices, number, run.period, factor, memory.deviate, gain, p, key, memory.kept)
        copy(memory.kept, part.kept)
    holds = decide(
        scheme, part.gradient, part.kept, devices.G, devices.exists, settings(run, lr, run.scale),
        part.key, number if part.digital else draw, most, part.counts, part.reset,
    )  # fmt: skip
    if holds and not part.digital:
        tolerance = _F(run.tolerance if run.write_verify > 0 else 0)
        write(part, run, p, number, tolerance)
    if holds and on_pcm:
        holds = hold(
            scheme, memory.kept, part.kept, memory.devices.G, devices.exists,
            settings(run, lr, run.kept_scale), memory.key, draw, most, memory.counts, memory.reset,
        )  # fmt: skip
        if holds:
            write(memory, run, p, number, _F(0))
    return holds


@kernel(inner=True, error_model="numpy")
def settings(run, lr, scale):
    """What a rule is told."""
    return Settings(
        lr, _F(run.quantum), _F(run.assumed_pulse), _F(run.stop_level), _F(run.prob_scale),
        _F(scale), _F(run.pairs), _F(run.g_reset), run.reach * run.g_max,
    )  # fmt: skip


@kernel(inner=True, borrows=True, error_model="numpy")
def write(part, run, p, number, tolerance):
    """RESET and SET a layer's devices as a rule said, and refresh them if due."""
    refresh = run.refresh_period > 0 and number % int(run.refresh_period) == 0
    update = Update(
        number * run.period, number, refresh, run.symmetric_devices > 0, tolerance,
        _F(run.assumed_pulse), _F(math.exp(-1 / run.a)), _F(run.refresh_above * run.g_max),
        _F(run.refresh_within * run.g_max),
    )  # fmt: skip
    program(part.counts, part.reset, part.devices, update, p, part.key)
