"""What the device explorers compute and show: knobs in, an experiment's numbers out, a figure.

The experiments are those of `pcmlib.book.experiments.devices`, with the same random numbers, in the
Python that Numba compiles for a browser. Conductances in µS, times in s.
"""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
from matplotlib.figure import Figure

from pcmlib.base.kernels import kernel
from pcmlib.book.experiments import devices as experiments
from pcmlib.book.experiments.devices import next_moments
from pcmlib.book.explorers.arrays import fill, make_cells, mean_and_sd, read_cells, set_cells
from pcmlib.book.figures import devices as plots
from pcmlib.book.live import live
from pcmlib.device import drifted
from pcmlib.device.laws import read_out
from pcmlib.device.record import in_force, numbers

_F = np.float32
_PULSES = 20  # of the WRITE statistics
_NUMBERS = np.arange(1, _PULSES + 1)
_SECONDS, _CELLS = 400, 3  # of the staircase
_ARRAY_SECONDS, _STOP = 299, 100.0  # s: of an array's reads, and of its pulses
_LEVELS, _READS = 25, 2000  # of the READ panel
_STARTS = (2.0, 4.0, 6.0, 8.0, 10.0, 12.0)  # µS at T0, of the DRIFT panel
_TIMES = np.geomspace(1e-3, 1e4, 141)  # s, likewise


@kernel(error_model="numpy")
def follow(p, decay, key, devices, interval, before, time, out, still):
    """SETs every `interval` s and reads at `time`, each after as many SETs as `before` says.

    out, still [reads, keys, devices]: as read, and where it has as many reads, without noise.
    """
    (cells, draw), given = make_cells(key, devices, p), 1
    once = np.ones((len(key), 1, devices), np.int32)
    for k in range(len(time)):
        while given <= before[k]:
            draw += 1
            set_cells(cells, once, given * interval, p, decay, key, draw)
            given += 1
        if p.read_noise > 0:
            draw += 1
            fill(cells.xi, key, draw)
        read_cells(out[k], cells, time[k], 1, p)
        if len(still) > 0:
            read_cells(still[k], cells, time[k], 0, p)


@kernel(error_model="numpy")
def fill_pulse_times(pulse, interval, number):
    """Times of the first `number` pulses; NaN after them."""
    for k in range(len(pulse)):
        pulse[k] = (k + 1) * interval if k < number else np.nan


# 01


@live(
    data={"p": numbers()},
    time=(_SECONDS,),
    conductance=(_CELLS, _SECONDS),
    still=(_CELLS, _SECONDS),
    pulse=(_SECONDS // 5,),
)
def staircase(interval, g_max, write_noise, read_noise, drift, p, time, conductance, still, pulse):
    """Chapter 01: three devices under the same pulses, read 1, 2, ... s after each."""
    own = p[0]
    own.g_max, own.write_noise, own.read_noise, own.drift = g_max, write_noise, read_noise, drift
    cells, seconds = conductance.shape
    key = np.arange(1, cells + 1).astype(np.uint64)
    read, quiet = np.empty((2, seconds, cells, 1), np.float32)
    decay = _F(math.exp(-1 / own.a))
    at, before, given = np.empty(seconds), np.empty(seconds, np.int64), 0
    for k in range(seconds):
        while (given + 1) * interval < k + 1:
            given += 1
        last, before[k] = given * interval, given
        at[k] = min(last + math.ceil(k + 1 - last), (given + 1) * interval)
    follow(in_force(own), decay, key, 1, interval, before, at, read, quiet)
    for k in range(seconds):
        time[k] = at[k]
        for r in range(cells):
            conductance[r, k], still[r, k] = read[k, r, 0], quiet[k, r, 0]
    fill_pulse_times(pulse, interval, given)


@staircase.figure
def _(time: np.ndarray, conductance: np.ndarray, still: np.ndarray, pulse: np.ndarray) -> Figure:
    both = zip(conductance, still, strict=True)
    runs = [experiments.Staircase(time, read, quiet, pulse) for read, quiet in both]
    return plots.plot_staircase(runs, ylim=(0, 20), last=_SECONDS)


# 02


@kernel(error_model="numpy")
def fill_write_statistics(p, decay, devices, T0, mean, std, low, high):
    """Mean, sd, and mean -+ sd over devices after each SET, T0 after it."""
    key, read = np.zeros(1, np.uint64), np.empty((1, devices), np.float32)
    (cells, draw), once = make_cells(key, devices, p), np.ones((1, 1, devices), np.int32)
    for k in range(len(mean)):
        draw += 1
        set_cells(cells, once, k * T0, p, decay, key, draw)
        if p.read_noise > 0:
            draw += 1
            fill(cells.xi, key, draw)
        read_cells(read, cells, (k + 1) * T0, 1, p)
        average, sd = mean_and_sd(read[0])
        mean[k], std[k] = average, sd
        low[k], high[k] = mean[k] - std[k], mean[k] + std[k]


_ROW = (_PULSES,)


@live(
    data={"p": numbers()}, mean=_ROW, std=_ROW, low=_ROW, high=_ROW, exact_mean=_ROW, exact_std=_ROW
)
def pulse_statistics(
    m1, A1, A2, a, write_noise, g_max, p, mean, std, low, high, exact_mean, exact_std
):
    """Chapter 02: the constants of a SET behind Fig. 5, beside the exact moments."""
    own = p[0]
    own.m1, own.A1, own.A2, own.a, own.write_noise, own.g_max = m1, A1, A2, a, write_noise, g_max
    c, decay = in_force(own), math.exp(-1 / a)
    fill_write_statistics(c, _F(decay), 4000, own.T0, mean, std, low, high)
    E, V, P = own.g_reset, (write_noise * own.reset_spread * own.g_reset) ** 2, 1.0
    for k in range(len(mean)):
        P *= decay
        E, V = next_moments(E, V, P, own)
        exact_mean[k], exact_std[k] = E, math.sqrt(V)


@pulse_statistics.figure
def _(mean, std, low, high, exact_mean, exact_std) -> Figure:
    found = SimpleNamespace(pulse=_NUMBERS, mean=mean, std=std, low=low, high=high)
    return plots.plot_pulse_statistics(found, (exact_mean, exact_std), ylim=(0, 16))


# 03

_TWO = (2, _ARRAY_SECONDS)


@live(data={"p": numbers()}, mean=_TWO, low=_TWO, high=_TWO, pulse=(round(_STOP / 2),))
def array_drift(interval, nu, nu_spread, g_max, p, mean, low, high, pulse):
    """Chapter 03: the saw-tooth of an array, and what it is without drift."""
    own = p[0]
    own.nu, own.nu_spread, own.g_max = nu, nu_spread, g_max
    key, seconds, devices = np.zeros(1, np.uint64), mean.shape[1], 1000
    read, nothing = np.empty((seconds, 1, devices), np.float32), np.empty((0, 1, 1), np.float32)
    time, before, given = np.empty(seconds), np.empty(seconds, np.int64), 0
    for k in range(seconds):
        time[k] = k + 1
        while (given + 1) * interval <= time[k] and (given + 1) * interval < _STOP:
            given += 1
        before[k] = given
    for run in range(2):
        own.drift = 1 - run
        decay = _F(math.exp(-1 / own.a))
        follow(in_force(own), decay, key, devices, interval, before, time, read, nothing)
        for t in range(seconds):
            average, sd = mean_and_sd(read[t, 0])
            mean[run, t] = average
            low[run, t], high[run, t] = average - sd, average + sd
    fill_pulse_times(pulse, interval, given)


@array_drift.figure
def _(mean, low, high, pulse) -> Figure:
    time, runs = np.arange(1.0, _ARRAY_SECONDS + 1), {}
    for k, name in enumerate(("with drift", "without")):
        band = {"mean": mean[k], "low": low[k], "high": high[k]}
        runs[name] = SimpleNamespace(time=time, pulse_times=pulse, **band)
    return plots.plot_array_drift(runs, ylim=(0, 20))


# 04


@live(
    data={"p": numbers(), "starts": np.array(_STARTS), "times": _TIMES},
    **dict.fromkeys(("write_mean", "write_low", "write_high"), _ROW),
    **dict.fromkeys(("level", "read_mean", "read_low", "read_high"), (_LEVELS,)),
    curve=(len(_STARTS), len(_TIMES)),
)
def device_panels(
    g_max, nu, c3, m3, p, starts, times,
    write_mean, write_low, write_high, level, read_mean, read_low, read_high, curve,
):  # fmt: skip
    """Chapter 04: WRITE, READ and DRIFT of one set of constants."""
    own = p[0]
    own.g_max, own.nu, own.c3, own.m3 = g_max, nu, c3, m3
    c, T0 = in_force(own), own.T0
    decay = _F(math.exp(-1 / own.a))
    write_std = np.empty(len(write_mean), np.float32)
    fill_write_statistics(c, decay, 4000, T0, write_mean, write_std, write_low, write_high)
    n, levels = _READS, len(level)
    xi, read = np.empty((1, levels, n), np.float32), np.empty(n, np.float32)
    fill(xi, np.zeros(1, np.uint64), 2)
    for k in range(levels):
        G = _F(own.g_min + (own.g_max - own.g_min) * k / (levels - 1))
        level[k] = G
        Gd = drifted(G, _F(T0), _F(0), c)
        for i in range(n):
            read[i] = read_out(Gd, xi[0, k, i], c)
        average, sd = mean_and_sd(read)
        read_mean[k], read_low[k], read_high[k] = average, average - sd, average + sd
    for k in range(len(starts)):
        for t in range(len(times)):
            curve[k, t] = drifted(_F(starts[k]), _F(times[t]), _F(0), c)


@device_panels.figure
def _(write_mean, write_low, write_high, level, read_mean, read_low, read_high, curve) -> Figure:
    write = SimpleNamespace(pulse=_NUMBERS, mean=write_mean, low=write_low, high=write_high)
    read = SimpleNamespace(conductance=level, mean=read_mean, low=read_low, high=read_high)
    curves = experiments.DriftCurves(_TIMES, np.array(_STARTS), curve)
    return plots.plot_device_panels(write, read, curves, g_max=21)
