"""What a layer's reads in a trial come to: sums for each synapse, and a few devices read singly.

Only sums of reads reach a membrane. Reads are independent, so what arrives at neuron j at step t,
from the synapses whose presynaptic neurons spike, has

    mean = sum_i w (h(Gd+) - h(Gd-)),  variance = sum_i w^2 (q(Gd+) + q(Gd-)),  w = 1 / (N scale)

with h and q the mean and variance of one read (`pcmlib.device.moments`), and one normal number
serves all of them, however many. That is exact in distribution where no limit is near; near one it
keeps the two moments. In a trial, a mean moves along a straight line, a variance stands still.

Devices that got a pulse at the last update drift too much for that within a trial, by a third.
They are listed and read one by one; all are with ``reads="each"``, and in trials so long that every
device drifts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pcmlib.base.kernels import kernel
from pcmlib.crossbar.programming import weigh
from pcmlib.device import drift, drift_exponent
from pcmlib.device.moments import FAR, read_moments, read_moments_near_low
from pcmlib.network.drift import Course, bend
from pcmlib.network.state import Singles

_F = np.float32
_SHARP = _F(1e-6)  # µS, least sd with which moments are reckoned
_FAST = {"contract", "nsz", "nnan", "reassoc"}


class Reads(NamedTuple):
    """One layer as a trial reads it."""

    rows: np.ndarray  # float32 [n_pre, K n_post]: weights (K = 1), or the mean in mid-trial, its
    # slope (1/s) and the variance of reads of each synapse (K = 3), or nothing (K = 0)
    singles: Singles
    course: Course
    m3: np.float32  # 1, read noise per conductance, scaled
    c3: np.float32  # µS, read noise at zero conductance, scaled
    g_min: np.float32  # µS, limits of what a read can give
    g_max: np.float32  # µS
    key: np.uint64  # of the random numbers
    draw: int  # number of this trial


@kernel(inner=True, error_model="numpy")
def reads_of(part, p, course, update, draw):
    """A layer as the trial after `update` updates reads it."""
    if part.analogue:
        settle(part, update, p, course)
    elif not part.digital:
        weigh(part.devices, part.gain, p.g_min, p.g_max, part.weights)
    return Reads(
        part.sums if part.analogue else part.weights, part.singles, course, p.read_noise * p.m3,
        p.read_noise * p.c3, p.g_min, p.g_max, part.read_key, draw,
    )  # fmt: skip


@kernel(inner=True, error_model="numpy")
def settle(part, update, p, course):
    """Fill in a layer's sums, and the list of devices that are read singly."""
    G, tp, deviate = part.devices.G, part.devices.tp, part.deviate
    sums, exists, first = part.sums, part.devices.exists, part.singles.first
    _, pairs, n_pre, n_post = G.shape
    room, count = np.zeros((6, n_post), np.float32), 0
    for i in range(n_pre):
        first[i] = count
        for side in range(2):
            w = part.gain * _F(1 - 2 * side)
            for n in range(pairs):
                young = not course.sums
                if course.sums:
                    young = _sum_line(G, tp, deviate, side, n, i, w, update, p, course, room)
                if young:
                    count = _list_line(part, side, n, i, update, p, course, count)
        for moment in range(3 if course.sums else 0):
            for j in range(n_post):
                sums[i, np.uint64(moment * n_post + j)] = exists[i, j] * room[moment, j]
                room[moment, j] = 0
    first[n_pre] = count


@kernel(inner=True, error_model="numpy")
def _list_line(part, side, n, i, update, p, course, count):
    """List the devices [side, n, i] that are read singly; how many the list holds then."""
    G, tp, exists, found = part.devices.G, part.devices.tp, part.devices.exists, part.singles
    now, young = update * course.period, _F(0.5 * course.period)
    for j in range(G.shape[3]):
        age = _F(now - tp[side, n, i, j])
        if exists[i, j] > 0 and (age < young or not course.sums):
            g = G[side, n, i, j]
            found.post[count], found.G[count] = j, g
            found.weight[count] = part.gain * _F(1 - 2 * side)
            if len(found.nu):
                found.start[count] = age + course.t_min
                found.nu[count] = drift_exponent(g, part.deviate[side, n, i, j], p)
            count += 1
    return count


@kernel(inner=True, fastmath=_FAST, error_model="numpy")
def _sum_line(G, tp, deviate, side, n, i, w, update, p, course, room):
    """Add the moments of the devices [side, n, i] but those of age 0; whether there are such."""
    n_post, mid, fading, weight = G.shape[3], room[3], room[4], room[5]
    m3, c3, low, high = p.read_noise * p.m3, p.read_noise * p.c3, p.g_min, p.g_max
    c3 = max(c3, _SHARP)
    still = course.alike and course.nu == 0
    middle = update * course.period + (course.t_min + course.middle)
    old = _F(0 if still else 0.5 * course.period + course.middle)
    young = near_low = near_high = np.int32(0)
    for j in range(n_post):
        fading[j] = middle - tp[side, n, i, j]
    for j in range(n_post):
        g, elapsed = G[side, n, i, j], fading[j]
        nu = drift_exponent(g, deviate[side, n, i, j], p)
        g = drift(g, elapsed, nu, course) * (_F(1) + bend(nu, course.middle / elapsed))
        mid[j], fading[j], weight[j] = g, -nu / elapsed, _F(0) if elapsed < old else w
        young += np.int32(elapsed < old)
    for j in range(n_post):
        sd = m3 * mid[j] + c3
        near_low += np.int32(mid[j] - low < FAR * sd)
        near_high += np.int32(high - mid[j] < FAR * sd)
    if near_high:
        for j in range(n_post):
            g, w = mid[j], weight[j]
            mean, variance, inside = read_moments(g, m3 * g + c3, low, high)
            mid[j], fading[j], weight[j] = w * mean, w * inside * g * fading[j], w * w * variance
    elif near_low:
        for j in range(n_post):
            g, w = mid[j], weight[j]
            mean, variance, inside = read_moments_near_low(g, m3 * g + c3, low)
            mid[j], fading[j], weight[j] = w * mean, w * inside * g * fading[j], w * w * variance
    else:
        for j in range(n_post):
            g, w = mid[j], weight[j]
            sd = m3 * g + c3
            mid[j], fading[j], weight[j] = w * g, w * g * fading[j], w * w * sd * sd
    for moment in range(3):
        total, line = room[moment], room[3 + moment]
        for j in range(n_post):
            total[j] += line[j]
    return young > 0
