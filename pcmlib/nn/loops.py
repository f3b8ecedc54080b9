"""The loops of a layer on PCM, each on one core: a layer is small, and is called often."""

from __future__ import annotations

import functools

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from pcmlib.base import rng
from pcmlib.base.kernels import FAST, kernel
from pcmlib.crossbar import Crossbar
from pcmlib.crossbar.programming import Devices, program, weigh
from pcmlib.device import devices_differ, drift, drift_exponent
from pcmlib.device.moments import read_moments

_SHARP = np.float32(1e-6)  # µS, least sd with which moments are reckoned
Weights = Float32[Tensor, "n_post n_pre"]


def devices_of(xbar: Crossbar) -> Devices:
    """The devices of a crossbar that has no replicas, as kernels take them: views."""
    state = (x[0].numpy() for x in (*xbar.devices.state, xbar.turn))
    return Devices(*state, xbar.reads.numpy(), _ones(xbar.n_pre, xbar.n_post))


@functools.lru_cache(maxsize=16)
def _ones(n_pre: int, n_post: int) -> np.ndarray:
    """All synapses exist."""
    return np.ones((n_pre, n_post), np.float32)


def held_weights(xbar: Crossbar) -> Weights:
    """The weights, T0 after the last pulse, without noise."""
    W = np.empty((xbar.n_pre, xbar.n_post), np.float32)
    _hold(devices_of(xbar), _gain(xbar), W)
    return torch.from_numpy(W).T


def read_weights(xbar: Crossbar, t: float) -> tuple[Weights, Weights]:
    """Mean and variance of a read of the weights at time t (s)."""
    devices, p = xbar.devices, xbar.devices.parameters
    G, tp = devices.G[0].numpy(), devices.tp[0].numpy()
    deviate = devices.nu_deviate[0].numpy() if devices_differ(p.in_force) else np.zeros_like(G)
    W, V = (np.empty((xbar.n_pre, xbar.n_post), np.float32) for _ in range(2))
    _sum_moments(G, tp, deviate, t, _gain(xbar), p.constants(), W, V)
    return torch.from_numpy(W).T, torch.from_numpy(V).T


def _gain(xbar: Crossbar) -> np.float32:
    """Weight for each µS of one side."""
    return np.float32(1 / (xbar.pairs * xbar.scale.item()))


@kernel(nogil=True, error_model="numpy")
def _hold(devices, gain, W):
    weigh(devices, gain, np.float32(0), np.float32(np.inf), W)


@kernel(nogil=True, error_model="numpy")
def _sum_moments(G, tp, deviate, t, gain, p, W, V):
    _, pairs, n_pre, n_post = G.shape
    mean, variance = np.empty(n_post, np.float32), np.empty(n_post, np.float32)
    for i in range(n_pre):
        for j in range(n_post):
            W[i, j] = V[i, j] = 0
        for side in range(2):
            w = gain * np.float32(1 - 2 * side)
            for n in range(pairs):
                for j in range(n_post):
                    mean[j] = max(t - tp[side, n, i, j], p.t_min)
                _read_line(G[side, n, i], deviate[side, n, i], p, mean, variance)
                for j in range(n_post):
                    W[i, j] += w * mean[j]
                    V[i, j] += w * w * variance[j]


@kernel(inner=True, borrows=True, fastmath=FAST, error_model="numpy")
def _read_line(G, deviate, p, mean, variance):
    """Mean and variance of a read of devices in a line; `mean` brings the seconds since a pulse.

    Loops of few arrays, which LLVM vectorises; with a maximum in one it would not.
    """
    m3, c3, low, high = p.read_noise * p.m3, p.read_noise * p.c3, p.g_min, p.g_max
    c3 = max(c3, _SHARP)
    for j in range(len(G)):
        mean[j] = drift(G[j], mean[j], drift_exponent(G[j], deviate[j], p), p)
    for j in range(len(G)):
        g = mean[j]
        mean[j], variance[j], _ = read_moments(g, m3 * g + c3, low, high)


@kernel(nogil=True, error_model="numpy")
def fill_noise(out, key, draw):
    """Fill `out` [n] with standard normals."""
    rng.fill_flat(out, key, draw)


@kernel(nogil=True, error_model="numpy")
def program_layer(counts, reset, devices, update, p, key):
    """`pcmlib.crossbar.programming.program`, for Python."""
    program(counts, reset, devices, update, p, key)
