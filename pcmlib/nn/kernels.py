"""The loops of a layer on PCM, each on one core: a layer is small, and is called often.

What reads come to is mean and variance of each weight,

    W = sum_n (h(Gd+_n) - h(Gd-_n)) / (N scale),    V = sum_n (q(Gd+_n) + q(Gd-_n)) / (N scale)^2

with h and q the mean and variance of one read (`pcmlib.device.moments`) of a conductance Gd.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from pcmlib.base import rng
from pcmlib.base.kernels import kernel
from pcmlib.crossbar import Crossbar
from pcmlib.crossbar.programming import program
from pcmlib.device.moments import read_moments

_SHARP = np.float32(1e-6)  # µS, least sd with which moments are reckoned


def read_weights(
    xbar: Crossbar, t: float
) -> tuple[Float32[Tensor, "n_post n_pre"], Float32[Tensor, "n_post n_pre"]]:
    """Mean W and variance V of a read of the weights at time t (s), of a crossbar alone."""
    Gd = xbar.devices.drifted(t)[0]
    W, V = torch.zeros(2, xbar.n_pre, xbar.n_post)
    gain = np.float32(1 / (xbar.pairs * xbar.scale.item()))
    _sum_moments(Gd.numpy(), gain, xbar.devices.parameters.constants(), W.numpy(), V.numpy())
    return W.T.contiguous(), V.T.contiguous()


@kernel(nogil=True, error_model="numpy")
def _sum_moments(Gd, gain, p, W, V):
    _, pairs, n_pre, n_post = Gd.shape
    m3, c3 = p.read_noise * p.m3, max(p.read_noise * p.c3, _SHARP)
    for side in range(2):
        w = gain * np.float32(1 - 2 * side)
        for n in range(pairs):
            for i in range(n_pre):
                for j in range(n_post):
                    g = Gd[side, n, i, j]
                    mean, variance, _ = read_moments(g, m3 * g + c3, p.g_min, p.g_max)
                    W[i, j] += w * mean
                    V[i, j] += w * w * variance


@kernel(nogil=True, error_model="numpy")
def fill_noise(out, key, draw):
    """Fill `out` [n] with standard normals."""
    rng.fill_flat(out, key, draw)


@kernel(nogil=True, error_model="numpy")
def program_layer(counts, reset, devices, update, p, key):
    """`pcmlib.crossbar.programming.program`, for Python."""
    program(counts, reset, devices, update, p, key)
