"""SET and RESET of rows of devices, compiled: for arrays, for crossbars and for the book's page.

Pulse k of a device uses normal k of its own place in a draw, so what one device receives depends
neither on how many pulses another one gets nor on the order of the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numba import prange
from torch import Tensor

from pcmlib.base import rng
from pcmlib.base.arrays import part
from pcmlib.base.kernels import FAST, kernel
from pcmlib.device.laws import after_reset, set_increment

# A conductance saturates within some tens of pulses, and a training gives a device a few thousand
# in all: whoever asks for more than this at once has diverged, and would wait for hours.
MOST_PULSES = 10_000
_SLICE = 2**25  # pulses between two looks at Ctrl-C, some 0.1 s
_NO_HISTORY = np.float32(1e-30)  # below, P adds nothing to a step, and soon slows it a hundredfold
_increment = kernel(inline="always")(set_increment)


class Devices(NamedTuple):
    """State of devices, in contiguous arrays of one shape [keys, rows, n] (`pcmlib.base.rng`)."""

    G: np.ndarray  # float32, µS
    P: np.ndarray  # float32
    tp: np.ndarray  # float64, s
    n_set: np.ndarray  # int32
    n_reset: np.ndarray  # int32


@kernel(inline="always")
def set_once(G, P, xi, p, decay):
    """G and P of one device after one SET, whose noise is the normal xi."""
    P *= decay
    P = P if P > _NO_HISTORY else np.float32(0)
    mu, sigma = _increment(G, P, p)
    return min(max(G + mu + p.write_noise * sigma * xi, p.g_min), p.g_max), P


@kernel(inner=True, borrows=True, fastmath=FAST, error_model="numpy")
def set_row(devices, first, counts, t, p, decay, key, draw, row, pulse, xi):
    """`counts` [n] SETs at time t (s) to the devices from place `first` on, which are row `row`.

    Their first pulse has number `pulse` in its draw. xi: room for the row's normals, all finite.
    """
    n, most = len(counts), 0
    for j in range(n):
        most = max(most, counts[j])
    if most == 0:
        return
    G, P = part(devices.G, first, (n,)), part(devices.P, first, (n,))
    tp, n_set = part(devices.tp, first, (n,)), part(devices.n_set, first, (n,))
    for j in range(n):
        n_set[j] += counts[j]
        tp[j] = t if counts[j] > 0 else tp[j]
    for k in range(most):
        if p.write_noise > 0:
            rng.fill_normal(xi, key, draw, row, pulse + k)
        for j in range(n):
            g, h = set_once(G[j], P[j], xi[j], p, decay)
            hit = counts[j] > k
            G[j] = g if hit else G[j]
            P[j] = h if hit else P[j]


@kernel(inner=True, borrows=True, error_model="numpy")
def reset_row(devices, first, mask, t, p, key, draw, row, xi):
    """RESET at time t (s) the devices from place `first` on where `mask` [n] holds: row `row`."""
    rng.fill_normal(xi, key, draw, row, 0)
    n = len(mask)
    G, P = part(devices.G, first, (n,)), part(devices.P, first, (n,))
    tp, n_reset = part(devices.tp, first, (n,)), part(devices.n_reset, first, (n,))
    for j in range(n):
        if mask[j]:
            G[j], P[j], tp[j] = after_reset(xi[j], p), 1, t
            n_reset[j] += 1


@kernel(parallel=True, fastmath=FAST, error_model="numpy")
def apply_set(devices, counts, t, p, decay, key, draw, begin, end):
    """`counts` SETs to all devices, of the blocks (`pcmlib.base.rng`) from `begin` to `end`."""
    for number in prange(begin, end):
        set_block(number, devices, counts, t, p, decay, key, draw)


@kernel(inner=True, error_model="numpy")
def set_block(number, devices, counts, t, p, decay, key, draw):
    """The same for block `number`."""
    r, counter, first, size = rng.block(number, counts.shape)
    xi, each = np.zeros(rng.lanes(size), np.float32), part(counts, first, (size,))
    set_row(devices, first, each, t, p, decay, key[r], draw, counter, 0, xi)


def in_slices(
    work: Callable[[Sequence[Tensor], int, int], None],
    state: Sequence[Tensor],
    jobs: int,
    pulses: int,
) -> Sequence[Tensor]:
    """Let `work`(state, begin, end) change the state, job by job; Ctrl-C stops it in between.

    Returns what it changed: the state itself, or a copy where there is more than one slice, so that
    the devices are as they were until the end. `pulses`: about how many there are in all.
    """
    step = max(1, _SLICE * jobs // max(pulses, 1))
    if step < jobs:
        state = [x.clone() for x in state]
    with rng.cores_for(pulses):
        for begin in range(0, jobs, step):
            work(state, begin, min(begin + step, jobs))
    return state
