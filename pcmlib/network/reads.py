"""What a layer's reads in a trial come to: sums for each synapse, and a few devices read singly.

Only sums of reads reach a membrane. Reads are independent, so what arrives at neuron j at step t,
from the synapses whose presynaptic neurons spike, has

    mean = sum_i w (h(Gd+) - h(Gd-)),  variance = sum_i w^2 (q(Gd+) + q(Gd-)),  w = 1 / (N scale)

with h and q the mean and variance of one read (`pcmlib.device.moments`), and one normal number
serves all of them, however many. That is exact in distribution where no limit is near; near one it
keeps the two moments. In a trial, a mean moves along a straight line, a variance stands still.

Devices that got a pulse at the last update drift too much for that within a trial, by a third.
They are listed and read one by one; all are with ``reads="each"``, and in trials so long that every
device drifts. Before the first update all of them are young, and share one curve if they drift
alike: then both moments are parabolas in it, through their values at three places. What reaches a
neuron comes from two layers, so all layers of a network do so in a trial, or none.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pcmlib.base.arrays import part as part_of
from pcmlib.base.kernels import FAST, kernel
from pcmlib.crossbar.programming import weigh
from pcmlib.device import drift, drift_exponent
from pcmlib.device.moments import FAR, read_moments, read_moments_near_low
from pcmlib.network.drift import Course, bend
from pcmlib.network.state import Singles

_F = np.float32
_TILE = 1024  # synapses whose moments are worked out together, in a core's own cache
_SHARP = _F(1e-6)  # µS, least sd with which moments are reckoned


class Reads(NamedTuple):
    """One layer as a trial reads it."""

    rows: np.ndarray  # float32 [n_pre, K n_post]: weights (K = 1), or of the reads of each synapse
    # the mean in mid-trial, its slope (1/s) and the variance (K = 3), or three means and three
    # variances, at the end, the middle and the start of a shared curve (K = 6), or nothing (K = 0)
    singles: Singles
    course: Course
    m3: np.float32  # 1, read noise per conductance, scaled
    c3: np.float32  # µS, read noise at zero conductance, scaled
    g_min: np.float32  # µS, limits of what a read can give
    g_max: np.float32  # µS
    key: np.uint64  # of the random numbers
    draw: int  # number of this trial


@kernel(inner=True, borrows=True, error_model="numpy")
def share_a_curve(layers, update, p, course):
    """Whether all devices of all layers are of age 0, and parabolas serve for their moments.

    They are exact far from limits, where a mean is a straight line in the curve and a variance a
    parabola. Near one they miss a mean by 0.7 % of the sd of a read, if the device drifts by 1.5.
    """
    if not (course.alike and course.sums and course.half > 0):
        return False
    for part in layers:
        if not part.analogue or not _parabolas_serve(part.devices, update, p, course):
            return False
    return True


@kernel(inner=True, borrows=True, error_model="numpy")
def _parabolas_serve(devices, update, p, course):
    G, tp = devices.G, devices.tp
    m3, c3 = p.read_noise * p.m3, max(p.read_noise * p.c3, _SHARP)
    conductances, times = part_of(G, 0, (G.size,)), part_of(tp, 0, (tp.size,))
    for d in range(len(times)):
        low = conductances[d] * (course.center - course.half)
        high = conductances[d] * (course.center + course.half)
        if update * course.period - times[d] >= 0.5 * course.period:
            return False
        cut_off = min(low - p.g_min, p.g_max - high) < FAR * (m3 * high + c3)
        if cut_off and high - low > _F(1.5) * (m3 * low + c3):
            return False
    return True


@kernel(inner=True, error_model="numpy")
def reads_of(part, p, course, update, draw, shared):
    """A layer as the trial after `update` updates reads it; shared: whether the devices of all
    layers share a curve."""
    rows = part.weights
    if part.analogue:
        rows = settle(part, update, p, course, shared)
    elif not part.digital:
        weigh(part.devices, part.gain, p.g_min, p.g_max, part.weights)
    return Reads(
        rows, part.singles, course, p.read_noise * p.m3,
        p.read_noise * p.c3, p.g_min, p.g_max, part.read_key, draw,
    )  # fmt: skip


@kernel(inner=True, error_model="numpy")
def settle(part, update, p, course, shared):
    """Fill in a layer's sums, and the list of devices that are read singly; the sums."""
    G, tp, deviate = part.devices.G, part.devices.tp, part.deviate
    exists, first = part.devices.exists, part.singles.first
    _, pairs, n_pre, n_post = G.shape
    if shared:
        return _sum_moments(part, p, course)
    sums = part_of(part.sums, 0, (n_pre, 3 * n_post if course.sums else 0))
    together = max(1, min(_TILE // n_post, n_pre))
    room, count = np.zeros((6, together * n_post), np.float32), 0
    for start in range(0, n_pre, together):
        end, listed = min(start + together, n_pre), not course.sums
        if course.sums:
            for side in range(2):
                w = part.gain * _F(1 - 2 * side)
                for n in range(pairs):
                    at = ((side * pairs + n) * n_pre + start) * n_post
                    size = (end - start) * n_post
                    listed |= _sum_lines(G, tp, deviate, at, size, w, update, p, course, room)
            for i in range(start, end):
                _take_sums(room, i - start, exists, sums, i)
        for i in range(start, end):
            first[i] = count
            if listed:
                count = _list_row(part, i, update, p, course, count)
    first[n_pre] = count
    return sums


@kernel(inner=True, borrows=True, error_model="numpy")
def _take_sums(room, k, exists, sums, i):
    """Of some rows' moments, those of row k become the sums of row i."""
    n_post = exists.shape[1]
    for moment in range(3):
        for j in range(n_post):
            a, b = np.uint64(moment * n_post + j), np.uint64(k * n_post + j)
            sums[i, a] = exists[i, j] * room[moment, b]
            room[moment, b] = 0


@kernel(inner=True, error_model="numpy")
def _sum_moments(part, p, course):
    """The sums of a layer whose devices share a curve: moments at its end, middle and start."""
    G, exists, first = part.devices.G, part.devices.exists, part.singles.first
    _, pairs, n_pre, n_post = G.shape
    sums = part_of(part.sums, 0, (n_pre, 6 * n_post))
    first[0] = 0
    for i in range(n_pre):
        first[i + 1] = 0
        for k in range(6 * n_post):
            sums[i, k] = 0
        for place in range(3):
            factor = course.center + _F(place - 1) * course.half
            for side in range(2):
                w = part.gain * _F(1 - 2 * side)
                for n in range(pairs):
                    _add_moments(G, side, n, i, factor, w, p, exists, sums, place * n_post)
    return sums


@kernel(inner=True, borrows=True, fastmath=FAST, error_model="numpy")
def _add_moments(G, side, n, i, factor, w, p, exists, sums, at):
    """Add those of the devices [side, n, i], drifted by a factor, to row i: a mean at `at`, its
    variance three blocks later."""
    m3, c3, low, high = p.read_noise * p.m3, p.read_noise * p.c3, p.g_min, p.g_max
    c3, n_post = max(c3, _SHARP), exists.shape[1]
    for j in range(n_post):
        g = G[side, n, i, j] * factor
        mean, variance, _ = read_moments(g, m3 * g + c3, low, high)
        sums[i, np.uint64(at + j)] += exists[i, j] * w * mean
        sums[i, np.uint64(at + 3 * n_post + j)] += exists[i, j] * w * w * variance


@kernel(inner=True, borrows=True, error_model="numpy")
def _list_row(part, i, update, p, course, count):
    """List the devices of row i that are read singly; how many the list holds then."""
    pairs = part.devices.G.shape[1]
    for side in range(2):
        for n in range(pairs):
            if not course.sums or _any_young(part.devices.tp, side, n, i, update, course):
                count = _list_line(part, side, n, i, update, p, course, count)
    return count


@kernel(inner=True, borrows=True, error_model="numpy")
def _any_young(tp, side, n, i, update, course):
    after, some = (update - 0.5) * course.period, np.int32(0)
    for j in range(tp.shape[3]):
        some = np.int32(some + np.int32(tp[side, n, i, j] > after))
    return some > 0


@kernel(inner=True, borrows=True, error_model="numpy")
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


@kernel(inner=True, borrows=True, fastmath=FAST, error_model="numpy")
def _sum_lines(G, tp, deviate, at, size, w, update, p, course, room):
    """Add the moments of the devices from place `at` on but those of age 0; whether there are such.

    They fill whole rows: a vectorised loop over one row alone spends half its time on its ends.
    """
    G, tp = part_of(G, at, (size,)), part_of(tp, at, (size,))
    deviate, mid, fading, weight = part_of(deviate, at, (size,)), room[3], room[4], room[5]
    m3, c3, low, high = p.read_noise * p.m3, p.read_noise * p.c3, p.g_min, p.g_max
    c3 = max(c3, _SHARP)
    still = course.alike and course.nu == 0
    middle = update * course.period + (course.t_min + course.middle)
    old = _F(0 if still else 0.5 * course.period + course.middle)
    young = near_low = near_high = np.int32(0)  # 32 bits in every step, as in `recur`
    for j in range(size):
        fading[j] = middle - tp[j]
    for j in range(size):
        g, elapsed = G[j], fading[j]
        nu = drift_exponent(g, deviate[j], p)
        g = drift(g, elapsed, nu, course) * (_F(1) + bend(nu, course.middle / elapsed))
        mid[j], fading[j], weight[j] = g, -nu / elapsed, _F(0) if elapsed < old else w
        young = np.int32(young + np.int32(elapsed < old))
    for j in range(size):
        sd = m3 * mid[j] + c3
        near_low = np.int32(near_low + np.int32(mid[j] - low < FAR * sd))
        near_high = np.int32(near_high + np.int32(high - mid[j] < FAR * sd))
    if near_high:
        for j in range(size):
            g, w = mid[j], weight[j]
            mean, variance, inside = read_moments(g, m3 * g + c3, low, high)
            mid[j], fading[j], weight[j] = w * mean, w * inside * g * fading[j], w * w * variance
    elif near_low:
        for j in range(size):
            g, w = mid[j], weight[j]
            mean, variance, inside = read_moments_near_low(g, m3 * g + c3, low)
            mid[j], fading[j], weight[j] = w * mean, w * inside * g * fading[j], w * w * variance
    else:
        for j in range(size):
            g, w = mid[j], weight[j]
            sd = m3 * g + c3
            mid[j], fading[j], weight[j] = w * g, w * g * fading[j], w * w * sd * sd
    for moment in range(3):
        total, line = room[moment], room[3 + moment]
        for j in range(size):
            total[j] += line[j]
    return young > 0
