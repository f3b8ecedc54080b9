"""What the crossbar explorers compute and show: knobs in, an experiment's numbers out, a figure.

The experiments are those of `pcmlib.book.experiments.crossbars`, with the same random numbers, in
the Python that Numba compiles for a browser. Conductances in µS, times in s.
"""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
from matplotlib.figure import Figure

from pcmlib.base import rng
from pcmlib.base.arrays import part
from pcmlib.base.kernels import kernel
from pcmlib.book.experiments.crossbars import (
    LEVELS,
    PULSE_COUNTS,
    RANDOM_INPUTS,
    RANDOM_STEPS,
    RANDOM_WEIGHTS,
    SCHEMES,
)
from pcmlib.book.explorers.arrays import fill, fill_means, give, make_bar, mean_and_sd, refresh
from pcmlib.book.figures import crossbars as plots
from pcmlib.book.figures.style import live_title
from pcmlib.book.live import live
from pcmlib.crossbar.laws import REACH, lacks_room, whole_pulses
from pcmlib.crossbar.programming import Update, verify
from pcmlib.crossbar.targets import steps_of_mean_curve
from pcmlib.device import after_reset, drifted
from pcmlib.device.laws import read_out
from pcmlib.device.record import in_force, numbers

_F = np.float32
_READS, _SIZE = 10, 100  # of the product
_UPDATES, _SYNAPSES = 100, 2000  # of the saturation
_CELL = 100  # synapses of a cell of the WRITE statistics
_MOST = 64  # pulses a device by the mean curve


# 05: a product

_PRODUCT = (_READS, _SIZE)


@live(
    data={"p": numbers()},
    exact=_PRODUCT, one=_PRODUCT, many=_PRODUCT, number=(1,), one_error=(1,), many_error=(1,),
)  # fmt: skip
def product_noise(
    pairs, active, elapsed, read_noise, p, exact, one, many, number, one_error, many_error
):
    """Chapter 05: a product with one pair, beside the same with N."""
    p[0].read_noise = read_noise
    c, n = in_force(p[0]), exact.shape[1]
    w, u, x = np.empty(n * n, np.float32), np.empty(n, np.float32), np.zeros(n, np.float32)
    of_w, of_x = rng.derive(np.uint64(0), RANDOM_WEIGHTS), rng.derive(np.uint64(0), RANDOM_INPUTS)
    for k in range(n * n):
        w[k] = _F(10) * rng.uniform_at(of_w, 0, 0, k) - _F(5)
    for i in range(n):
        u[i] = rng.uniform_at(of_x, 0, 0, i)
    wanted = max(1, round(active * n))
    for i in range(n):
        x[i] = (u < u[i]).sum() < wanted
    for j in range(n):
        total = _F(0)
        for i in range(n):
            total += x[i] * w[i * n + j]
        exact[:, j] = total
    number[0] = pairs
    one_error[0] = read_products(one, exact, w, x, 1, elapsed, c)
    many_error[0] = read_products(many, exact, w, x, int(pairs), elapsed, c)


@kernel(error_model="numpy")
def read_products(out, exact, w, x, pairs, elapsed, p):
    """Read the product again and again; error of a read in % of the exact outputs' sd."""
    reads, n = out.shape
    xi, floor = np.zeros(rng.lanes(n), np.float32), p.g_reset
    squares = 0.0
    for r in range(reads):
        for row in range(2 * pairs * n):
            side, i = row // (pairs * n), row % n
            if x[i] == 0:
                continue
            sign = _F(1 - 2 * side)
            if p.read_noise > 0:
                rng.fill_normal(xi, np.uint64(0), 2 + r, row, 0)
            for j in range(n):
                G = max(sign * w[i * n + j], _F(0)) + floor
                Gd = drifted(G, _F(elapsed), _F(0), p)
                out[r, j] += sign / _F(pairs) * read_out(Gd, xi[j], p)
        for j in range(n):
            squares += (out[r, j] - exact[r, j]) ** 2
    return 100 * math.sqrt(squares / (reads * n)) / exact[0].std()


@product_noise.figure
def _(exact, one, many, number, one_error, many_error) -> Figure:
    each = {"1": (one, one_error), "N": (many, many_error)}
    runs = {
        pairs: SimpleNamespace(exact=exact, reads=reads, relative_error=error.item() / 100)
        for pairs, (reads, error) in each.items()
    }
    figure = plots.plot_product_noise(runs, last=80)
    live_title(figure.axes[0], "1 pair: error {one_error:.1f} %", one_error=one_error)
    told = {"number": number, "many_error": many_error}
    live_title(figure.axes[1], "pairs: {number:.0f}, error {many_error:.1f} %", **told)
    return figure


# 05: saturation

_RUNS = (2, _UPDATES)


@live(
    data={"p": numbers()},
    choices={"bits": [None, 3, 4, 6]},
    **dict.fromkeys(("larger", "smaller", "middle", "response"), _RUNS),
)
def saturation(refresh_every, pairs, bits, p, larger, smaller, middle, response):
    """Chapter 05: random updates fill both sides; a refresh empties them. bits: 0 (PCM), 3, 4, 6
    by their place."""
    p[0].bits = (0.0, 3.0, 4.0, 6.0)[int(bits)]
    c, decay = in_force(p[0]), _F(math.exp(-1 / p[0].a))
    updates, synapses = larger.shape[1], _SYNAPSES
    of_steps, up = rng.derive(np.uint64(0), RANDOM_STEPS), np.empty((updates, synapses), np.bool_)
    for update in range(updates):
        for j in range(synapses):
            up[update, j] = rng.uniform_at(of_steps, update, 0, j) < _F(0.5)
    before, key = np.empty(synapses, np.float32), np.zeros(1, np.uint64)
    for run in range(2):
        bar, number = make_bar(int(pairs), 1, synapses), 0
        G = bar.devices.G
        cells = part(G, 0, (1, 2 * int(pairs), synapses))
        fill(cells, key, 1)
        for row in range(2 * int(pairs)):
            for j in range(synapses):
                cells[0, row, j] = after_reset(cells[0, row, j], c)
        fill_means(G, bar.mean)
        plus, minus = bar.mean[0, 0], bar.mean[1, 0]
        for update in range(updates):
            for j in range(synapses):
                before[j], rises = plus[j] - minus[j], up[update, j]
                bar.counts[0, 0, j], bar.counts[1, 0, j] = (1, 0) if rises else (0, 1)
            number += 1
            give(bar, number, c, decay, key[0])
            gain = most = least = 0.0
            for j in range(synapses):
                change = plus[j] - minus[j] - before[j]
                gain += change if up[update, j] else -change
            due = run == 1 and (update + 1) % int(refresh_every) == 0
            if due and refresh(bar, number + 1, c, decay, key[0]):
                number += 1
            for j in range(synapses):
                most, least = most + max(plus[j], minus[j]), least + min(plus[j], minus[j])
            larger[run, update], smaller[run, update] = most / synapses, least / synapses
            middle[run, update] = (most + least) / synapses / 2
            response[run, update] = gain / synapses


@saturation.figure
def _(**outputs: np.ndarray) -> Figure:
    runs = {}
    for k, name in enumerate(("no refresh", "refreshed")):
        own = {output: values[k] for output, values in outputs.items()}
        runs[name] = SimpleNamespace(update=np.arange(1, _UPDATES + 1), **own)
    return plots.plot_saturation(runs)


# 06

_N = len(LEVELS)
_FIRST = float(LEVELS[0])


@live(
    data={"p": numbers()},
    choices={"scheme": SCHEMES, "pulse_count": PULSE_COUNTS},
    mean=(_N, _N),
    std=(_N, _N),
    error=(1,),
    spread=(1,),
)
def write_statistics(
    scheme, pairs, pulse_count, refresh, assumed_pulse, p, mean, std, error, spread
):
    """Chapter 06: the maps of WRITE statistics, every choice of the programming scheme.

    scheme: 0, 1 and 2, as in `pcmlib.book.experiments.crossbars.SCHEMES`; the last takes the
    assumed step of a SET for its tolerance.
    """
    c, decay = in_force(p[0]), _F(math.exp(-1 / p[0].a))
    update_ready, by_curve = scheme > 0, pulse_count > 0
    within = _F(assumed_pulse if scheme > 1 else 0)
    bar, reached = make_bar(int(pairs), 1, _CELL), np.empty(_CELL, np.float32)
    step, squares, sds = _F(assumed_pulse), 0.0, 0.0
    for i in range(_N):
        for k in range(_N):
            source, target = _F(_FIRST + i), _F(_FIRST + k)
            write_cell(
                bar, source, target, update_ready, within, by_curve, refresh > 0, step, c, decay,
                np.uint64(i * _N + k),
            )  # fmt: skip
            for j in range(_CELL):
                reached[j] = bar.mean[0, 0, j] - bar.mean[1, 0, j]
            average, sd = mean_and_sd(reached)
            mean[i, k], std[i, k] = average, sd
            squares, sds = squares + (average - target) ** 2, sds + sd
    error[0], spread[0] = squares / _N**2, sds / _N**2


@kernel(inner=True, error_model="numpy")
def write_cell(
    bar, source, target, update_ready, tolerance, by_curve, refreshed, assumed_pulse, p, decay, key
):
    """Program the synapses of one cell from source to target."""
    devices, mean, number = bar.devices, bar.mean, 1
    _, pairs, _, synapses = devices.G.shape
    devices.G[0], devices.G[1] = max(source, p.g_reset), max(-source, p.g_reset)
    devices.P[:], devices.turn[:] = 1, 0
    fill_means(devices.G, mean)
    if update_ready:
        for j in range(synapses):
            plus, minus = mean[0, 0, j], mean[1, 0, j]
            d = target - (plus - minus)
            short = lacks_room(d, plus, minus, _F(REACH) * p.g_max)
            bar.reset[0, 0, j], bar.reset[1, 0, j] = short and d < 0, short and d >= 0
        give(bar, number, p, decay, key)
        number += 1
    if tolerance > 0:
        goal = np.full((1, synapses), target)
        update = Update(0.0, number, False, False, tolerance, assumed_pulse, decay, _F(0), _F(0))
        verify(goal, devices, update, p, key)
        fill_means(devices.G, mean)
    else:
        history = np.ones(mean.shape, np.float32)
        fill_means(devices.P, history)
        for side in range(2):
            for j in range(synapses):
                change = target - (mean[0, 0, j] - mean[1, 0, j] if update_ready else source)
                growth = max(change if side == 0 else -change, _F(0))
                if by_curve:
                    G0, P0 = mean[side, 0, j], history[side, 0, j]
                    steps = steps_of_mean_curve(G0, P0, growth, _MOST, p, decay)
                    bar.counts[side, 0, j] = np.int32(np.rint(steps * pairs))
                else:
                    k = whole_pulses(np.float64(growth), np.float64(assumed_pulse), pairs)
                    bar.counts[side, 0, j] = np.int32(k)
        give(bar, number, p, decay, key)
    if refreshed:
        refresh(bar, number + 1, p, decay, key)


@write_statistics.figure
def _(**outputs: np.ndarray) -> Figure:
    return plots.plot_write_statistics(SimpleNamespace(target=LEVELS.numpy(), **outputs))
