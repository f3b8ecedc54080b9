"""Programming crossbars, compiled: for `Crossbar`, for networks and for the book's page.

A row holds the synapses of one presynaptic neuron. Few rows get a pulse in an update of most
schemes, so noise is drawn for those alone: number `pulse` of a device comes from its own place.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pcmlib.base import rng
from pcmlib.base.arrays import part
from pcmlib.base.kernels import kernel
from pcmlib.crossbar.laws import (
    MOST_CORRECTIONS,
    correction,
    is_saturated,
    share,
    whole_pulses,
)
from pcmlib.device.laws import drifted, read_out
from pcmlib.device.pulses import reset_row, set_row

# draws of one update
_RESET, _SET, _REFRESH_RESET, _REFRESH_SET, _VERIFY, _REFRESH_VERIFY, _READ = range(7)
DRAWS = 16  # that an update may use


class Devices(NamedTuple):
    """The state of one crossbar, as of `Crossbar`; arrays [2, N, n_pre, n_post]."""

    G: np.ndarray  # float32, µS
    P: np.ndarray  # float32
    tp: np.ndarray  # float64, s
    n_set: np.ndarray  # int32
    n_reset: np.ndarray  # int32
    turn: np.ndarray  # int32 [2, n_pre, n_post]
    reads: np.ndarray  # int64 [1]: reads of synapses that programming needed
    exists: np.ndarray  # float32 [n_pre, n_post]: 1 or 0


class Update(NamedTuple):
    """What an update of weights does besides the scheme's pulses."""

    t: float  # s
    number: int  # of the update, from 1
    refresh: bool  # whether it is time to refresh saturated synapses
    symmetric: bool  # take off what the two devices of a pair hold in common, for free
    tolerance: np.float32  # µS, of write-verify; 0: open loop
    assumed_pulse: np.float32  # µS
    decay: np.float32  # of the history P with each SET
    above: np.float32  # µS, see `is_saturated`
    within: np.float32  # µS


@kernel(inner=True, error_model="numpy")
def program(counts, reset, devices, update, p, key):
    """RESET and SET one crossbar as a rule said (`pcmlib.schemes.kernels`), refresh it if due.

    counts int32 [2, n_pre, n_post], reset bool likewise; both are used up.
    """
    n_pre, n_post = devices.exists.shape
    work = room(n_post)
    for i in range(n_pre):
        program_row(i, counts, reset, devices, update, p, key, work)


@kernel(inner=True, error_model="numpy")
def verify(target, devices, update, p, key):
    """Bring G+ - G- to `target` [n_pre, n_post] (µS), with a read after each SET; NaN: leave it."""
    n_pre, n_post = devices.exists.shape
    counts, work = np.empty((2, n_pre, n_post), np.int32), room(n_post)
    for i in range(n_pre):
        verify_row(i, target, counts, devices, update, p, key, work)


@kernel(inner=True, error_model="numpy")
def room(n_post):
    """To work in: pulses dealt to a row of devices, its noise, a row's goal and what a read saw."""
    sight = np.empty((2, n_post), np.float32)
    return np.empty(n_post, np.int32), np.zeros(rng.lanes(n_post), np.float32), sight


@kernel(inner=True, borrows=True, error_model="numpy")
def program_row(i, counts, reset, devices, update, p, key, work):
    """`program` for row i; work: its `room`."""
    draw, G = update.number * DRAWS, devices.G
    if _any(reset, i):
        _reset_row(i, reset, devices, update.t, p, key, draw + _RESET, work[1])
    if _any(counts, i):
        _write_row(i, counts, devices, update, p, key, draw + _SET, draw + _VERIFY, work)
    if update.refresh and find_saturated(i, G, devices.exists, update, counts, reset):
        _reset_row(i, reset, devices, update.t, p, key, draw + _REFRESH_RESET, work[1])
        draw_set, draw_read = draw + _REFRESH_SET, draw + _REFRESH_VERIFY
        _write_row(i, counts, devices, update, p, key, draw_set, draw_read, work)
    if update.symmetric:
        _remove_common(i, G, p)


@kernel(inner=True, borrows=True, error_model="numpy")
def _any(flags, i):
    found = np.int32(0)  # a bool LLVM does not vectorise
    for side in range(2):
        for j in range(flags.shape[2]):
            found = np.int32(found | np.int32(flags[side, i, j]))
    return found != 0


@kernel(inner=True, borrows=True, error_model="numpy")
def _reset_row(i, reset, devices, t, p, key, draw, xi):
    """RESET all N devices of the flagged sides, whose next turn is pair 0's; lower the flags."""
    turn = devices.turn
    _, pairs, n_pre, n_post = devices.G.shape
    for side in range(2):
        flags = part(reset, (side * n_pre + i) * n_post, (n_post,))
        for n in range(pairs):
            row = (side * pairs + n) * n_pre + i
            reset_row(devices, row * n_post, flags, t, p, key, draw, row, xi)
        for j in range(n_post):
            turn[side, i, j] = 0 if flags[j] else turn[side, i, j]
            flags[j] = False


@kernel(inner=True, borrows=True, error_model="numpy")
def _write_row(i, counts, devices, update, p, key, draw_set, draw_read, work):
    """The SETs of a row: open loop, or with a read after each."""
    dealt, xi, sight = work
    if update.tolerance == 0:
        _deal_row(i, counts, devices, update, p, key, draw_set, 0, dealt, xi)
        return
    goal, seen = sight[0], sight[1]
    _measure_row(i, devices.G, p, key, draw_read, 0, xi, seen)
    pairs = devices.G.shape[1]
    for j in range(len(goal)):  # NaN: nothing is asked of this synapse, or nothing any more
        asked = counts[0, i, j] - counts[1, i, j]
        wanted = np.float32(asked) * update.assumed_pulse / np.float32(pairs)
        goal[j] = seen[j] + wanted if asked != 0 else np.float32(np.nan)
    _correct_row(i, counts, devices, update, p, key, draw_set, draw_read, work)


@kernel(inner=True, borrows=True, error_model="numpy")
def verify_row(i, target, counts, devices, update, p, key, work):
    """`verify` for row i."""
    _, xi, sight = work
    goal, draw = sight[0], update.number * DRAWS
    for j in range(len(goal)):
        goal[j] = target[i, j]
    _measure_row(i, devices.G, p, key, draw + _VERIFY, 0, xi, sight[1])
    _correct_row(i, counts, devices, update, p, key, draw + _SET, draw + _VERIFY, work)


@kernel(inner=True, borrows=True, error_model="numpy")
def _correct_row(i, counts, devices, update, p, key, draw_set, draw_read, work):
    """One SET and a read after the other, until a row has come from what was seen to its goal."""
    dealt, xi, sight = work
    goal, seen = sight[0], sight[1]
    for j in range(len(goal)):
        devices.reads[0] += not np.isnan(goal[j])
    for k in range(MOST_CORRECTIONS * devices.G.shape[1]):
        pulses = 0
        for j in range(len(goal)):
            up, down = correction(goal[j] - seen[j], update.tolerance)
            counts[0, i, j], counts[1, i, j] = up, down
            goal[j] = goal[j] if up or down else np.float32(np.nan)
            pulses += up or down
        if pulses == 0:
            break
        _deal_row(i, counts, devices, update, p, key, draw_set, k, dealt, xi)
        _measure_row(i, devices.G, p, key, draw_read, k + 1, xi, seen)
        devices.reads[0] += pulses


@kernel(inner=True, borrows=True, error_model="numpy")
def _measure_row(i, G, p, key, draw, number, xi, out):
    """Read number `number` of a row's mean G+ - mean G- (µS), T0 after the last pulse."""
    _, pairs, n_pre, n_post = G.shape
    out[:] = 0
    for side in range(2):
        part = np.float32(1 - 2 * side) / np.float32(pairs)
        for n in range(pairs):
            if p.read_noise > 0:
                rng.fill_normal(xi, key, draw, (side * pairs + n) * n_pre + i, number)
            for j in range(n_post):
                out[j] += part * read_out(G[side, n, i, j], xi[j], p)


@kernel(inner=True, borrows=True, error_model="numpy")
def _deal_row(i, counts, devices, update, p, key, draw, pulse, dealt, xi):
    """SET the N devices of each side in turn, and lower the counts to 0.

    The first pulse has number `pulse` in its draw.
    """
    turn = devices.turn
    _, pairs, n_pre, n_post = devices.G.shape
    for side in range(2):
        for n in range(pairs):
            for j in range(n_post):
                dealt[j] = share(counts[side, i, j], turn[side, i, j], n, pairs)
            row = (side * pairs + n) * n_pre + i
            first = row * n_post
            set_row(devices, first, dealt, update.t, p, update.decay, key, draw, row, pulse, xi)
        for j in range(n_post):
            if counts[side, i, j] > 0:
                turn[side, i, j] = (turn[side, i, j] + counts[side, i, j]) % pairs
                counts[side, i, j] = 0


@kernel(inner=True, borrows=True, error_model="numpy")
def find_saturated(i, G, exists, update, counts, reset):
    """Which synapses of a row are full, and the pulses that give them their weight back."""
    pairs = G.shape[1]
    found = False
    for j in range(G.shape[3]):
        plus = minus = np.float32(0)
        for n in range(pairs):
            plus += G[0, n, i, j]
            minus += G[1, n, i, j]
        plus, minus = plus / np.float32(pairs), minus / np.float32(pairs)
        full = is_saturated(plus, minus, update.above, update.within) & (exists[i, j] > 0)
        weight = plus - minus
        k = np.int32(whole_pulses(weight, update.assumed_pulse, np.float32(pairs))) if full else 0
        counts[0, i, j], counts[1, i, j] = (k, 0) if weight > 0 else (0, k)
        reset[0, i, j] = reset[1, i, j] = full
        found |= full
    return found


@kernel(inner=True, borrows=True, error_model="numpy")
def _remove_common(i, G, p):
    """Take off what the two devices of a pair hold in common, above g_min."""
    for n in range(G.shape[1]):
        for j in range(G.shape[3]):
            common = max(min(G[0, n, i, j], G[1, n, i, j]) - p.g_min, np.float32(0))
            G[0, n, i, j] -= common
            G[1, n, i, j] -= common


@kernel(inner=True, borrows=True, error_model="numpy")
def weigh(devices, gain, g_min, g_max, weights):
    """Fill in the weights [n_pre, n_post] that devices hold when nothing drifts or is noisy."""
    G, exists = devices.G, devices.exists
    _, pairs, n_pre, n_post = G.shape
    for i in range(n_pre):
        for j in range(n_post):
            weights[i, j] = 0
        for n in range(pairs):
            for j in range(n_post):
                up = min(max(G[0, n, i, j], g_min), g_max)
                down = min(max(G[1, n, i, j], g_min), g_max)
                weights[i, j] += up - down
        for j in range(n_post):
            weights[i, j] *= gain * exists[i, j]


@kernel(inner=True, error_model="numpy")
def read(devices, number, period, factor, deviate, gain, p, key, out):
    """One noisy read of all weights [n_pre, n_post] at update `number`, before its pulses.

    factor: how far a device has drifted, by whole periods (s) since its last pulse; empty where
    devices differ, whose nu have the deviates `deviate`, in sds. Pulses before time 0 are those of
    a training that rested meanwhile.
    """
    G, tp, draw = devices.G, devices.tp, number * DRAWS + _READ
    _, pairs, n_pre, n_post = G.shape
    xi, alike = np.zeros(rng.lanes(n_post), np.float32), len(factor) > 0
    by_period = 1 / period
    out[:] = 0
    for i in range(n_pre):
        for side in range(2):
            sign = np.float32(1 - 2 * side)
            for n in range(pairs):
                if p.read_noise > 0:
                    rng.fill_normal(xi, key, draw, (side * pairs + n) * n_pre + i, 0)
                for j in range(n_post):
                    since, g = tp[side, n, i, j], G[side, n, i, j]
                    age = max(number - np.int32(since * by_period + 0.5), 0)
                    if since < 0:
                        g = drifted(
                            g, np.float32(number * period - since), deviate[side, n, i, j], p
                        )
                    elif alike:
                        g *= factor[min(age, len(factor) - 1)]
                    else:
                        g = drifted(g, np.float32(age * period), deviate[side, n, i, j], p)
                    out[i, j] += sign * read_out(g, xi[j], p)
        for j in range(n_post):
            out[i, j] *= gain * devices.exists[i, j]
            devices.reads[0] += devices.exists[i, j] > 0
