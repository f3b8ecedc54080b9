"""Synapses in a row, as `pcmlib.crossbar.Crossbar` has them, in the Python that a browser runs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba.extending import register_jitable

from pcmlib.base import rng
from pcmlib.base.kernels import kernel
from pcmlib.crossbar.laws import (
    ASSUMED_PULSE,
    MOST_CORRECTIONS,
    REFRESH_ABOVE,
    REFRESH_WITHIN,
    correction,
    is_saturated,
    whole_pulses,
)
from pcmlib.device import after_reset
from pcmlib.device.laws import read_out, set_once

_F = np.float32


class Bar(NamedTuple):
    """Synapses of a crossbar in a row; devices [2 N S], side by side and pair by pair."""

    G: np.ndarray
    P: np.ndarray
    side: np.ndarray  # int32 [2, S], pulses of each side
    turn: np.ndarray  # int32 [2, S]
    reset: np.ndarray  # bool [2, S]
    mean: np.ndarray  # float32 [2, S], conductance of each side as last measured
    key: np.ndarray
    pairs: int


@kernel(error_model="numpy")
def make_bar(pairs, synapses):
    """A crossbar of nothing, to be placed."""
    devices, sides = 2 * pairs * synapses, (2, synapses)
    return Bar(
        np.zeros(devices, np.float32), np.ones(devices, np.float32), np.zeros(sides, np.int32),
        np.zeros(sides, np.int32), np.zeros(sides, np.bool_), np.zeros(sides, np.float32),
        np.zeros(1, np.uint64), pairs,
    )  # fmt: skip


@kernel(error_model="numpy")
def side_means(values, pairs, mean):
    """Means over the N devices of each side: of [2 N S], into [2, S]."""
    synapses = mean.shape[1]
    for side in range(2):
        mean[side] = 0
        for n in range(pairs):
            first = (side * pairs + n) * synapses
            for j in range(synapses):
                mean[side, j] += values[first + j]
        for j in range(synapses):
            mean[side, j] /= _F(pairs)


@kernel(error_model="numpy")
def deal(bar, p, decay, draw):
    """Give each side its count of SETs, one pair at a time in turn.

    Few devices are hit, or one side of a synapse: normals are drawn for the pulses alone.
    """
    G, P, pulses, turn, pairs = bar.G, bar.P, bar.side, bar.turn, bar.pairs
    synapses = turn.shape[1]
    place, earlier = np.empty(pulses.sum(), np.int32), np.empty(pulses.sum(), np.int32)
    h = 0
    for side in range(2):
        for j in range(synapses):
            first = n = turn[side, j]
            rounds = 0
            for _ in range(pulses[side, j]):
                place[h], earlier[h] = (side * pairs + n) * synapses + j, rounds
                n = n + 1 if n + 1 < pairs else 0
                rounds += n == first
                h += 1
            turn[side, j] = n
    xi = np.zeros(len(place), np.float32)
    if p.write_noise > 0:
        rng.fill_places(xi, bar.key[0], draw, place, earlier)
    for h in range(len(place)):
        at = place[h]
        G[at], P[at] = set_once(G[at], P[at], xi[h], p, decay)


@kernel(error_model="numpy")
def verify(bar, target, tolerance, p, decay, draw):
    """Write-verify: read, and SET, until a read is within the tolerance of the target."""
    mean, pulses, asked = bar.mean, bar.side, bar.reset[0]
    asked[:] = True
    measure(bar, asked, p, draw)
    for k in range(MOST_CORRECTIONS * bar.pairs):
        given = 0
        for j in range(len(asked)):
            left = target - (mean[0, j] - mean[1, j]) if asked[j] else _F(0)
            up, down = correction(left, tolerance)
            pulses[0, j], pulses[1, j], asked[j] = up, down, up + down > 0
            given += up + down
        if given == 0:
            break
        deal(bar, p, decay, draw + 1 + 2 * k)
        measure(bar, asked, p, draw + 2 + 2 * k)


@kernel(error_model="numpy")
def measure(bar, asked, p, draw):
    """A noisy read of the sides of some synapses, as T0 after the last pulse, into bar.mean."""
    G, mean, pairs, h = bar.G, bar.mean, bar.pairs, 0
    synapses, asked_for = len(asked), asked.sum()
    place = np.empty(2 * pairs * asked_for, np.int32)
    for row in range(2 * pairs):
        for j in range(synapses):
            if asked[j]:
                place[h] = row * synapses + j
                h += 1
    xi = np.zeros(len(place), np.float32)
    if p.read_noise > 0:
        rng.fill_places(xi, bar.key[0], draw, place, np.zeros(len(place), np.int32))
    for side in range(2):
        for j in range(synapses):
            mean[side, j] = 0 if asked[j] else mean[side, j]
    for h in range(len(place)):
        side, j = place[h] // (pairs * synapses), place[h] % synapses
        mean[side, j] += read_out(G[place[h]], xi[h], p)
    for side in range(2):
        for j in range(synapses):
            mean[side, j] /= _F(pairs) if asked[j] else _F(1)


@kernel(error_model="numpy")
def reset_sides(bar, p, draw):
    """RESET the devices of the flagged sides."""
    G, P, turn, reset, pairs = bar.G, bar.P, bar.turn, bar.reset, bar.pairs
    synapses = turn.shape[1]
    place, h = np.empty(pairs * reset.sum(), np.int32), 0
    for side in range(2):
        for n in range(pairs):
            for j in range(synapses):
                if reset[side, j]:
                    place[h] = (side * pairs + n) * synapses + j
                    h += 1
        for j in range(synapses):
            turn[side, j] = 0 if reset[side, j] else turn[side, j]
    xi = np.empty(len(place), np.float32)
    rng.fill_places(xi, bar.key[0], draw, place, np.zeros(len(place), np.int32))
    for h in range(len(place)):
        G[place[h]], P[place[h]] = after_reset(xi[h], p), 1


@register_jitable
def ask(pulses, j, change, assumed_pulse, pairs):
    """The pulses [2, S] that a change of synapse j is worth."""
    k = np.int32(whole_pulses(change, assumed_pulse, pairs))
    pulses[0, j], pulses[1, j] = (k, 0) if change > 0 else (0, k)


@kernel(error_model="numpy")
def refresh(bar, p, decay, draw):
    """RESET saturated synapses and give them their weight back; how many there were."""
    mean, pulses, reset, pairs, found = bar.mean, bar.side, bar.reset, bar.pairs, 0
    side_means(bar.G, pairs, mean)
    for j in range(mean.shape[1]):
        plus, minus = mean[0, j], mean[1, j]
        full = is_saturated(plus, minus, REFRESH_ABOVE, REFRESH_WITHIN)
        ask(pulses, j, np.float64(plus - minus) if full else 0.0, ASSUMED_PULSE, pairs)
        reset[0, j] = reset[1, j] = full
        found += full
    if found > 0:
        reset_sides(bar, p, draw)
        deal(bar, p, decay, draw + 1)
    return found
