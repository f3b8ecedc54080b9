"""Arrays of devices and crossbars, as the package's classes have them, for what a browser runs."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from pcmlib.base import rng
from pcmlib.base.kernels import kernel
from pcmlib.crossbar.laws import ASSUMED_PULSE, REFRESH_ABOVE, REFRESH_WITHIN
from pcmlib.crossbar.programming import Devices as Synapses
from pcmlib.crossbar.programming import Update, find_saturated, program
from pcmlib.device import after_reset, devices_differ, drifted
from pcmlib.device.laws import read_out
from pcmlib.device.pulses import Devices, set_block

_F = np.float32


# As `pcmlib.device.PCMArray`


@kernel(inner=True, error_model="numpy")
def fill(xi, key, draw):
    """Normals for devices [keys, rows, n]: `pcmlib.base.rng.normal` on one core."""
    for number in range(rng.blocks(xi.shape)):
        rng.fill_block(number, xi, key, draw)


class Cells(NamedTuple):
    """Devices [keys, 1, n], deviates of their drift exponents, and the noise of their next read."""

    devices: Devices
    deviate: np.ndarray
    xi: np.ndarray


@kernel(inner=True, error_model="numpy")
def make_cells(key, n, p):
    """Devices after a RESET, and the draw that was their last."""
    shape, draw = (len(key), 1, n), 1
    deviate, xi = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    devices = Devices(
        np.empty(shape, np.float32), np.ones(shape, np.float32), np.zeros(shape),
        np.zeros(shape, np.int32), np.zeros(shape, np.int32),
    )  # fmt: skip
    if devices_differ(p):
        fill(deviate, key, draw)
        draw += 1
    cells = Cells(devices, deviate, xi)
    reset_cells(cells, 0.0, p, key, draw)
    return cells, draw


@kernel(inner=True, error_model="numpy")
def reset_cells(cells, t, p, key, draw):
    """RESET all devices at time t."""
    G, P, tp = cells.devices.G, cells.devices.P, cells.devices.tp
    fill(cells.xi, key, draw)
    for r in range(G.shape[0]):
        for i in range(G.shape[2]):
            G[r, 0, i], P[r, 0, i], tp[r, 0, i] = after_reset(cells.xi[r, 0, i], p), 1, t


@kernel(inner=True, error_model="numpy")
def set_cells(cells, counts, t, p, decay, key, draw):
    """SET all devices at time t, so often as `counts` says."""
    for number in range(rng.blocks(counts.shape)):
        set_block(number, cells.devices, counts, t, p, decay, key, draw)


@kernel(inner=True, error_model="numpy")
def read_cells(out, cells, t, noise, p):
    """Read all devices [keys, n] at time t; noise: 1, or 0 for none."""
    G, tp = cells.devices.G, cells.devices.tp
    for r in range(G.shape[0]):
        for i in range(G.shape[2]):
            Gd = drifted(G[r, 0, i], _F(t - tp[r, 0, i]), cells.deviate[r, 0, i], p)
            out[r, i] = read_out(Gd, _F(noise) * cells.xi[r, 0, i], p)


@kernel(error_model="numpy")
def mean_and_sd(x):
    """Mean and sample standard deviation."""
    total = squares = 0.0
    for i in range(len(x)):
        total += x[i]
    mean = total / len(x)
    for i in range(len(x)):
        squares += (x[i] - mean) ** 2
    return mean, math.sqrt(squares / (len(x) - 1))


# As `pcmlib.crossbar.Crossbar`


class Bar(NamedTuple):
    """One crossbar, the pulses and RESETs that are due [2, n_pre, n_post], and means of sides."""

    devices: Synapses
    counts: np.ndarray  # int32
    reset: np.ndarray  # bool
    mean: np.ndarray  # float32, µS


@kernel(inner=True, error_model="numpy")
def make_bar(pairs, n_pre, n_post):
    """A crossbar of devices at 0 µS, to be placed."""
    cells, sides = (2, pairs, n_pre, n_post), (2, n_pre, n_post)
    devices = Synapses(
        np.zeros(cells, np.float32), np.ones(cells, np.float32), np.zeros(cells),
        np.zeros(cells, np.int32), np.zeros(cells, np.int32), np.zeros(sides, np.int32),
        np.zeros(1, np.int64), np.ones((n_pre, n_post), np.float32),
    )  # fmt: skip
    reset, mean = np.zeros(sides, np.bool_), np.zeros(sides, np.float32)
    return Bar(devices, np.zeros(sides, np.int32), reset, mean)


@kernel(inner=True, error_model="numpy")
def fill_means(values, mean):
    """Means [2, n_pre, n_post] over the N devices of each side."""
    _, pairs, n_pre, n_post = values.shape
    for side in range(2):
        for i in range(n_pre):
            for j in range(n_post):
                total = _F(0)
                for n in range(pairs):
                    total += values[side, n, i, j]
                mean[side, i, j] = total / _F(pairs)


@kernel(inner=True, error_model="numpy")
def update_of(number, p, decay):
    """An update whose pulses are open loop."""
    above, within = _F(REFRESH_ABOVE) * p.g_max, _F(REFRESH_WITHIN) * p.g_max
    return Update(0.0, number, False, False, _F(0), _F(ASSUMED_PULSE), decay, above, within)


@kernel(inner=True, error_model="numpy")
def give(bar, number, p, decay, key):
    """Update `number`: what is due, open loop."""
    update = update_of(number, p, decay)
    program(bar.counts, bar.reset, bar.devices, update, p, key)
    fill_means(bar.devices.G, bar.mean)


@kernel(inner=True, error_model="numpy")
def refresh(bar, number, p, decay, key):
    """Refresh what is saturated in update `number`; whether there is anything."""
    devices, update, found = bar.devices, update_of(number, p, decay), False
    for i in range(devices.exists.shape[0]):
        G, exists = devices.G, devices.exists
        found |= find_saturated(i, G, exists, update, bar.counts, bar.reset)
    if found:
        give(bar, number, p, decay, key)
    return found
