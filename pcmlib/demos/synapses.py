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
    share,
    whole_pulses,
)
from pcmlib.device import after_reset, apply_set
from pcmlib.device.laws import blocks, read_out

_F = np.float32
_blocks = kernel(error_model="numpy")(blocks)


class Bar(NamedTuple):
    """Synapses of a crossbar in a row; devices [1, 2 N S], side by side and pair by pair."""

    G: np.ndarray
    P: np.ndarray
    tp: np.ndarray
    n_set: np.ndarray
    counts: np.ndarray  # int32, pulses of each device
    side: np.ndarray  # int32 [2, S], pulses of each side
    turn: np.ndarray  # int32 [2, S]
    reset: np.ndarray  # bool [2, S]
    mean: np.ndarray  # float32 [2, S], conductance of each side as last measured
    xi: np.ndarray
    key: np.ndarray
    pairs: int


@kernel(error_model="numpy")
def make_bar(pairs, synapses):
    """A crossbar of nothing, to be placed."""
    shape, sides = (1, 2 * pairs * synapses), (2, synapses)
    return Bar(
        np.zeros(shape, np.float32), np.ones(shape, np.float32), np.zeros(shape),
        np.zeros(shape, np.int32), np.zeros(shape, np.int32), np.zeros(sides, np.int32),
        np.zeros(sides, np.int32), np.zeros(sides, np.bool_), np.zeros(sides, np.float32),
        np.zeros(shape, np.float32), np.zeros(1, np.uint64), pairs,
    )  # fmt: skip


@kernel(error_model="numpy")
def side_means(values, pairs, mean):
    """Means over the N devices of each side: of [1, 2 N S], into [2, S]."""
    synapses = mean.shape[1]
    for side in range(2):
        for j in range(synapses):
            total = _F(0)
            for n in range(pairs):
                total += values[0, (side * pairs + n) * synapses + j]
            mean[side, j] = total / _F(pairs)


@kernel(error_model="numpy")
def deal(bar, t, p, decay, draw):
    """Give each side its count of SETs, in turn."""
    pulses, turn, counts, pairs = bar.side, bar.turn, bar.counts, bar.pairs
    synapses = turn.shape[1]
    for side in range(2):
        for j in range(synapses):
            for n in range(pairs):
                at = (side * pairs + n) * synapses + j
                counts[0, at] = share(pulses[side, j], turn[side, j], n, pairs)
            turn[side, j] = (turn[side, j] + pulses[side, j]) % pairs
    jobs = _blocks(1, counts.shape[1])
    apply_set(bar.G, bar.P, bar.tp, bar.n_set, counts, t, p, decay, bar.key, draw, 0, jobs)


@kernel(error_model="numpy")
def verify(bar, t, target, tolerance, p, decay, draw):
    """Write-verify: read, and SET, until a read is within the tolerance of the target."""
    mean, pulses, asked = bar.mean, bar.side, bar.reset[0]
    asked[:] = True
    measure(bar, p, draw)
    for k in range(MOST_CORRECTIONS * bar.pairs):
        given = 0
        for j in range(len(asked)):
            left = target - (mean[0, j] - mean[1, j]) if asked[j] else _F(0)
            up, down = correction(left, tolerance)
            pulses[0, j], pulses[1, j], asked[j] = up, down, up + down > 0
            given += up + down
        if given == 0:
            break
        deal(bar, t, p, decay, draw + 1 + 2 * k)
        measure(bar, p, draw + 2 + 2 * k)


@kernel(error_model="numpy")
def measure(bar, p, draw):
    """A noisy read of all devices, as T0 after the last pulse; its means in bar.mean."""
    G, xi = bar.G, bar.xi
    if p.read_noise > 0:
        rng.fill_flat(xi[0], bar.key[0], draw)
    for at in range(G.shape[1]):
        xi[0, at] = read_out(G[0, at], xi[0, at] if p.read_noise > 0 else _F(0), p)
    side_means(xi, bar.pairs, bar.mean)


@kernel(error_model="numpy")
def reset_sides(bar, p, draw):
    """RESET the devices of the flagged sides."""
    G, P, turn, reset, xi, pairs = bar.G, bar.P, bar.turn, bar.reset, bar.xi, bar.pairs
    synapses = turn.shape[1]
    rng.fill_flat(xi[0], bar.key[0], draw)
    for side in range(2):
        for n in range(pairs):
            for j in range(synapses):
                at = (side * pairs + n) * synapses + j
                if reset[side, j]:
                    G[0, at], P[0, at] = after_reset(xi[0, at], p), 1
        for j in range(synapses):
            if reset[side, j]:
                turn[side, j] = 0


@register_jitable
def ask(pulses, j, change, assumed_pulse, pairs):
    """The pulses [2, S] that a change of synapse j is worth."""
    k = np.int32(whole_pulses(change, assumed_pulse, pairs))
    pulses[0, j], pulses[1, j] = (k, 0) if change > 0 else (0, k)


@kernel(error_model="numpy")
def refresh(bar, t, p, decay, draw):
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
        deal(bar, t, p, decay, draw + 1)
    return found
