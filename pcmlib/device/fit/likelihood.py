"""How likely a table of reads is under the model: a filter on a grid of conductances.

The conductance after pulse k since RESET is a hidden Markov chain. Given k, the history is known,
P = exp(-k/a), and one matrix moves all devices over a grid of conductances g (weights w):

    T_k[i, j] = N(g_j; g_i + mu(g_i, P), sigma(g_i, P)^2) w_j

What a SET would carry beyond a limit is an atom there: the grid's two ends. With alpha_0 the
conductances that a RESET leaves, the reads r of a state at delay t after its pulse weigh it,

    alpha <- alpha prod_r N(r; g_d, (m3 g_d + c3)^2),    g_d = g (t / T0)^(-nu)
    log-likelihood <- log-likelihood + log sum(alpha);   alpha <- alpha / sum(alpha);   alpha T_k

where a read at a limit has the probability of what lies beyond. Where devices differ in nu, the
state is a pair of conductance and deviate, and the deviates have a grid of their own.

The logarithm of a state's weight is linear in what `pcmlib.device.fit.reads` keeps of its reads, so
that all devices take one product of matrices. The laws are `pcmlib.device.laws`, in torch.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from pcmlib.device import laws
from pcmlib.device.fit.reads import Reads
from pcmlib.device.laws import Constants

_MOST_NODES, _MOST_ENTRIES = 320, 3_000_000  # of the grid, and of all pulses' matrices
_FORGOTTEN = 1e-4  # of the history: from here on, every pulse has the same matrix
_EACH = 20  # pulses with a matrix of their own; later ones share it, a twentieth of k at a time
_HELD = 2_000_000  # numbers of one array of the filter, for the devices that are taken at once
_FAR = 5.0  # standard deviations
LEAST = 1e-300
FINEST = 1e-6  # µS, noise of a read: with less, the sums of its square lose their digits
SURE = -1e5  # standard deviations beyond a limit; torch's log_ndtr has no derivative far below


class Grid(NamedTuple):
    """Where the filter knows the state: conductances, and deviates of RESET and of nu."""

    g: Float64[Tensor, " m"]  # µS, from limit to limit; the ends are the atoms
    w: Float64[Tensor, " m"]  # µS, weights of the nodes; 0 for the atoms
    reset: Float64[Tensor, "2 k"]  # Gauss-Legendre nodes and weights, of -1 to 1
    nu: Float64[Tensor, "2 q"]

    def finer_than(self, other: Grid) -> bool:
        """Whether a likelihood on the other grid would have to be computed again."""
        pairs = zip(self, other, strict=True)
        return any(own.shape[-1] > 1.25 * its.shape[-1] for own, its in pairs)


class Start(NamedTuple):
    """Conductances that a RESET leaves, deviates of nu, and their weights."""

    g: Float64[Tensor, " k"]  # µS
    weights: Float64[Tensor, " k"]
    deviates: Float64[Tensor, " q"]
    shares: Float64[Tensor, " q"]


def grid_for(p: Constants, reads: Reads) -> Grid:
    """Nodes as dense as the noise of a state's reads asks for, in the table that they are for.

    Gauss-Legendre nodes in u, where du = dg / sd(g): 1 / 0.7 of a standard deviation apart at most,
    or `most_nodes`.
    """
    most_nodes = min(_MOST_NODES, math.isqrt(_MOST_ENTRIES // len(reads.states)))
    noise = lambda g: float(laws.read_noise(g, p)) / math.sqrt(reads.most)  # noqa: E731
    low, high = reads.low, reads.high
    floor = (high - low) / most_nodes / 2
    at = np.linspace(low, high, 1001)
    density = 1 / np.array([max(noise(g), floor) for g in at])
    u = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2) * (at[1] - at[0])])
    count = int(np.clip(math.pi / 2 * 0.7 * u[-1], 48, most_nodes))
    x, weight = np.polynomial.legendre.leggauss(count)
    g = np.interp((x + 1) / 2 * u[-1], u, at)
    w = weight / 2 * u[-1] / np.interp(g, at, density)
    return Grid(
        _tensor([low, *g, high]),
        _tensor([0, *w, 0]),
        _legendre(float(p.reset_spread * p.g_reset) / noise(float(p.g_reset))),
        _legendre(max(_spread_of_nu(end, p) for end in (low, high)) / reads.sharpest_nu(p)),
    )


def _legendre(sharpness: float) -> Float64[Tensor, "2 k"]:
    """Nodes for a normal deviate, of which so small a part of a standard deviation is seen."""
    count = int(np.clip(10 * sharpness, 15, 101))
    return _tensor(np.polynomial.legendre.leggauss(count))


def _tensor(values: object) -> Tensor:
    return torch.as_tensor(np.asarray(values, float))


def _deviates(nodes: Tensor, mean: Any, sd: Any) -> tuple[Tensor, Tensor]:
    """Standard normal deviates and their weights, where a law takes max(mean + sd deviate, 0).

    All that is cut off is one node: the law has an edge there, and the nodes move with it.
    """
    if sd == 0:
        return _tensor([0]), _tensor([1])
    edge = torch.clamp(torch.as_tensor(-mean / sd, dtype=torch.float64), min=-_FAR).reshape(1)
    x, half = edge + (_FAR - edge) * (nodes[0] + 1) / 2, (_FAR - edge) / 2
    density = torch.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    weights = torch.cat([torch.special.ndtr(edge), half * nodes[1] * density])
    return torch.cat([edge, x]), weights


def _deviates_of_nu(nodes: Tensor, p: Constants) -> tuple[Tensor, Tensor]:
    """The same for nu; where it depends on G, there is no one edge."""
    if p.nu_slope == 0 and p.nu_spread_slope == 0:
        return _deviates(nodes, p.nu, p.nu_spread)
    return _deviates(nodes, math.inf, 1.0 if laws.devices_differ(p) else 0.0)


def _spread_of_nu(G: float, p: Constants) -> float:
    return float(laws.drift_exponent(G, _FAR, p) - laws.drift_exponent(G, 0.0, p)) / _FAR


def slices(reads: Reads, grid: Grid) -> list[slice]:
    """Parts of the devices whose filters are held in memory at once."""
    alike, apart = reads.first_told, len(reads.states) - reads.first_told
    each = len(grid.g) * (alike + apart * grid.nu.shape[1])
    step = max(1, _HELD // each)
    return [slice(first, first + step) for first in range(0, reads.devices, step)]


def log_likelihood(
    p: Constants, a: Tensor | float, reads: Reads, grid: Grid, part: slice = slice(None)
) -> Float64[Tensor, " n"]:
    """Log-likelihood of each device's reads, as densities in 1/µS; of the devices of a part.

    p, a: the model's constants, numbers or tensors of no dimension.
    """
    g, alpha, deviates, shares = start(p, grid)
    alpha, moves, total = alpha.expand(1, 1, -1), transitions(g, p, a, grid), 0.0
    for k, state in enumerate(reads.states):
        if k > 0:
            g, alpha = grid.g, alpha @ next(moves)
        if state is None:
            continue
        told = [
            laws.drifted(g, t, deviates[:, None], p) if t != reads.T0 else g[None]
            for t in state.delays
        ]
        if max(len(Gd) for Gd in told) > alpha.shape[1]:  # from here on, nu matters
            alpha = alpha * shares[None, :, None]
        told_by = torch.cat([features(Gd.expand(alpha.shape[1], -1), reads, p) for Gd in told])
        statistics = state.statistics[part]
        L = (statistics @ told_by.flatten(1)).view(len(statistics), *told_by.shape[1:])
        most = L.detach().amax((1, 2), keepdim=True)
        alpha = alpha * torch.exp(L - most)
        q = alpha.sum((1, 2), keepdim=True).clamp(min=LEAST)
        alpha, total = alpha / q, total + (torch.log(q) + most)[:, 0, 0]
    return total


def start(p: Constants, grid: Grid) -> Start:
    """What is known of a device before its first read."""
    resets, weights = _deviates(grid.reset, 1.0, p.reset_spread)
    return Start(laws.after_reset(resets, p), weights, *_deviates_of_nu(grid.nu, p))


def transitions(
    g: Tensor, p: Constants, a: Tensor | float, grid: Grid
) -> Iterator[Float64[Tensor, "from to"]]:
    """T_1 from the conductances g that a RESET leaves, then T_2, T_3 and so on."""
    T, forgotten = None, False
    for k in itertools.count(1):
        share = max(1, k // _EACH)
        if k % share == 0:
            P = torch.exp(torch.as_tensor(-(k + share / 2 - 0.5) / a))
            if k == 1 or P.item() >= _FORGOTTEN:
                T = _transition(g if k == 1 else grid.g, P, grid, p)
            elif not forgotten:
                T, forgotten = _transition(grid.g, torch.zeros_like(P), grid, p), True
        yield T


def _transition(g: Tensor, P: Tensor, grid: Grid, p: Constants) -> Float64[Tensor, "from to"]:
    """T_k. Rows sum to 1 on a grid that is fine enough, and are made to on any other."""
    mu, sigma = laws.set_increment(g, P, p)
    mean, sigma = (g + mu)[:, None], sigma.clamp(min=LEAST)[:, None]
    z = (grid.g - mean) / sigma
    inside = torch.exp(-z * z / 2) * (grid.w / (sigma * math.sqrt(2 * math.pi)))
    below, above = torch.special.ndtr(z[:, :1]), torch.special.ndtr(-z[:, -1:])
    T = torch.cat([below, inside[:, 1:-1], above], 1)
    return T / T.sum(1, keepdim=True).clamp(min=LEAST)


def features(Gd: Tensor, reads: Reads, p: Constants) -> Float64[Tensor, "5 q m"]:
    """What stands in the log-density of reads beside their statistics (`Statistics`)."""
    s = laws.read_noise(Gd, p).clamp(min=FINEST)
    precision = 1 / (s * s)
    one = -Gd * Gd * precision / 2 - torch.log(s) - math.log(2 * math.pi) / 2
    low, high = (reads.low - Gd) / s, (Gd - reads.high) / s
    log_low, log_high = (torch.special.log_ndtr(z.clamp(min=SURE)) for z in (low, high))
    return torch.stack([one, Gd * precision, -precision / 2, log_low, log_high])
