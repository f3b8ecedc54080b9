"""The data behind each figure of the crossbar chapters. Conductances in µS, times in s.

The WRITE statistics are those of Figs. 9-11 in Supplementary Note 3 of Demirag et al.
(arXiv:2108.01804), with the protocol of srnn-pcm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pcmlib.base import rng
from pcmlib.base.checks import require, require_count
from pcmlib.base.progress import progress
from pcmlib.base.records import Record
from pcmlib.crossbar import ASSUMED_PULSE, Crossbar, make_update_ready, pulses_by_mean_curve
from pcmlib.device import PCMParameters, drift

LEVELS = torch.arange(-10.0, 11.0)  # µS: sources and targets of the WRITE statistics
SCHEMES = ("multi-mem", "upd-ready", "write-verify")
TOLERANCE = 0.75  # µS, of write-verify
PULSE_COUNTS = ("constant", "mean curve")
RANDOM_WEIGHTS, RANDOM_INPUTS, RANDOM_STEPS = 40, 41, 42  # uses of a seed


@dataclass(frozen=True, eq=False)
class WriteStatistics(Record):
    """Conductance differences that programming reaches, from every source for every target."""

    source: Float[np.ndarray, " levels"]  # µS
    target: Float[np.ndarray, " levels"]  # µS
    mean: Float[np.ndarray, "levels levels"]  # µS, over synapses; rows are sources
    std: Float[np.ndarray, "levels levels"]  # µS, over synapses
    sets: float  # SETs of a synapse, mean over the map
    resets: float  # RESETs of its devices, likewise
    reads: float  # reads of a synapse, likewise

    @property
    def bias(self) -> Float[np.ndarray, "levels levels"]:
        """How far the mean lies above the target (µS)."""
        return self.mean - self.target

    @property
    def error(self) -> float:
        """Mean over the cells of the squared bias (µS^2)."""
        return float((self.bias**2).mean())

    @property
    def spread(self) -> float:
        """Mean over the cells of the sd (µS)."""
        return float(self.std.mean())


def write_statistics(
    scheme: str = "multi-mem",
    *,
    pairs: int = 1,
    rows: int = 100,
    refresh: bool | None = None,
    pulse_count: str = "constant",
    assumed_pulse: float = ASSUMED_PULSE,
    tolerance: float = TOLERANCE,
    levels: Float[Tensor, " levels"] = LEVELS,
    parameters: PCMParameters | None = None,
    seed: int = 0,
) -> WriteStatistics:
    """Program rows x rows synapses from each source to each target level, once.

    One side of a synapse starts at |source| µS, the other at g_reset, both with P = 1. Pulses are
    given for the difference from source to target; then, with `refresh`, saturated synapses are
    refreshed. The cells of the map are replicas, batched by the map's rows to bound the memory; the
    synapses of one lie in a row, which draws their noise at once.

    Args:
        scheme: "multi-mem"; "upd-ready": RESET the other side first where there is no room; or
            "write-verify": the same, and then no count, but pulses with a read after each, until
            it is within the `tolerance` (µS).
        refresh: None: with multi-mem alone, as in srnn-pcm. The others make room first, and a
            refresh would write open loop over what they reached.
        pulse_count: "constant" takes a SET to add `assumed_pulse` µS at every conductance, as
            srnn-pcm does; "mean curve" takes what the model's mean adds at that conductance.
    """
    require(scheme in SCHEMES, "scheme", scheme, f"one of {', '.join(SCHEMES)}")
    allowed = f"one of {', '.join(PULSE_COUNTS)}"
    require(pulse_count in PULSE_COUNTS, "pulse_count", pulse_count, allowed)
    require_count("rows", rows, at_least=2)
    require_count("seed", seed, at_least=0)
    n = len(levels)
    target = levels.view(n, 1, 1).expand(n, 1, rows**2)
    mean, std, wear = [], [], []
    for i, source in enumerate(progress(levels.tolist(), desc="WRITE statistics", unit="source")):
        seeds = range(seed + i * n, seed + (i + 1) * n)
        xbar = Crossbar(1, rows**2, replicas=n, pairs=pairs, parameters=parameters, seed=seeds)
        _place(xbar, source)
        t = 1e-3
        if scheme != "multi-mem":
            make_update_ready(xbar, target, t)
        change = target - (source if scheme == "multi-mem" else xbar.difference)
        if scheme == "write-verify":
            xbar.verify(target, t, tolerance=tolerance)
        elif pulse_count == "constant":
            xbar.program(change, t, assumed_pulse=assumed_pulse)
        else:
            xbar.deal(pulses_by_mean_curve(xbar, change), t)
        if scheme == "multi-mem" if refresh is None else refresh:
            xbar.refresh(t)
        reached = xbar.difference.flatten(1).double()
        mean.append(reached.mean(1).numpy())
        std.append(reached.std(1).numpy())
        each = torch.stack([xbar.set_pulses, xbar.reset_pulses, xbar.reads]).double()
        wear.append(each.mean(1).numpy() / rows**2)
    axis = levels.numpy().astype(float)
    return WriteStatistics(
        axis, axis, np.array(mean), np.array(std), *np.mean(wear, axis=0).tolist()
    )


def _place(xbar: Crossbar, source: float) -> None:
    """Place all synapses at `source` µS: one side there, the other as after a RESET."""
    floor = xbar.devices.parameters.g_reset
    G = torch.full(xbar.devices.shape, floor)
    G[:, 0] = max(source, floor)
    G[:, 1] = max(-source, floor)
    xbar.devices.put(G)


def power_law(N: Sequence[int], y: Sequence[float]) -> float:
    """Exponent of the power law that fits y(N) best on logarithmic axes."""
    require(len(set(N)) >= 2, "N", N, "at least two different numbers")
    return float(np.polyfit(np.log(N), np.log(y), 1)[0])


@dataclass(frozen=True, eq=False)
class ProductNoise(Record):
    """A matrix-vector product, read again and again, beside its noiseless value."""

    exact: Float[np.ndarray, " outputs"]  # with the programmed weights
    reads: Float[np.ndarray, "reads outputs"]  # as read, one row a read

    @property
    def relative_error(self) -> float:
        """Root-mean-square error of a read, relative to the sd of the exact outputs."""
        return float(np.sqrt(((self.reads - self.exact) ** 2).mean()) / self.exact.std())


def product_noise(
    *,
    pairs: int = 1,
    inputs: int = 100,
    outputs: int = 100,
    active: float = 0.2,
    elapsed: float = 38.6,
    reads: int = 50,
    parameters: PCMParameters | None = None,
    seed: int = 0,
) -> ProductNoise:
    """Read y = W x for random weights in [-5, 5] µS and a binary x of which a part is active.

    The weights are placed exactly, one side of each synapse at g_reset, and read `elapsed` s
    after their last pulse: what is seen is read noise and drift alone.
    """
    require_count("inputs", inputs)
    require_count("outputs", outputs, at_least=2)
    require_count("reads", reads, at_least=2)
    require(0 < active <= 1, "active", active, "above 0 and at most 1")
    w = 10 * rng.uniform((1, inputs, outputs), rng.streams(RANDOM_WEIGHTS, [seed]), 0) - 5
    order = rng.uniform((1, inputs), rng.streams(RANDOM_INPUTS, [seed]), 0).argsort(stable=True)
    x = torch.zeros(1, inputs)
    x[0, order[0, : max(1, round(active * inputs))]] = 1.0
    xbar = Crossbar(inputs, outputs, pairs=pairs, parameters=parameters, seed=seed)
    floor = xbar.devices.parameters.g_reset
    sides = torch.stack([w.clamp(min=0) + floor, (-w).clamp(min=0) + floor], dim=1)
    xbar.devices.put(sides.unsqueeze(2).expand(xbar.devices.shape))
    exact = torch.einsum("ri,rij->rj", x, w)[0]
    read = torch.stack([xbar.matvec(x, elapsed)[0] for _ in range(reads)])
    return ProductNoise(exact.numpy().astype(float), read.numpy().astype(float))


def without_drift(
    run: ProductNoise, elapsed: float, parameters: PCMParameters | None = None
) -> ProductNoise:
    """The same reads, divided by the drift factor that all devices share `elapsed` s after it."""
    p = (parameters or PCMParameters()).in_force
    return replace(run, reads=run.reads / drift(1.0, elapsed, p.drift * p.nu, p))


@dataclass(frozen=True, eq=False)
class Saturation(Record):
    """Synapses under a row of random updates up and down."""

    update: np.ndarray  # 0, 1, 2, ...
    larger: Float[np.ndarray, " updates"]  # µS, of the two sides, mean over synapses
    smaller: Float[np.ndarray, " updates"]  # µS, likewise
    response: Float[np.ndarray, " updates"]  # µS: mean change of G+ - G- along each update's sign
    refreshed: Float[np.ndarray, " updates"]  # part of the synapses refreshed at each update

    @property
    def middle(self) -> Float[np.ndarray, " updates"]:
        """Mean of the two sides (µS)."""
        return (self.larger + self.smaller) / 2


def saturation(
    *,
    updates: int = 100,
    pairs: int = 1,
    refresh_every: int = 0,
    synapses: int = 2000,
    parameters: PCMParameters | None = None,
    seed: int = 0,
) -> Saturation:
    """Give every synapse one pulse an update, up or down at random: nothing to learn, only wear.

    `refresh_every` = k refreshes after each k-th update; 0 never does.
    """
    require_count("updates", updates)
    require_count("refresh_every", refresh_every, at_least=0)
    require_count("synapses", synapses, at_least=2)
    xbar = Crossbar(1, synapses, pairs=pairs, parameters=parameters, seed=seed)
    key = rng.streams(RANDOM_STEPS, [seed])
    found = []
    for k in range(1, updates + 1):
        t = k * xbar.devices.parameters.T0
        up = rng.uniform((1, 1, synapses), key, k - 1) < 0.5
        before = xbar.difference
        xbar.deal(torch.stack([up, ~up], dim=1).int(), t)
        gain = (xbar.difference - before) * torch.where(up, 1.0, -1.0)
        now = refresh_every and k % refresh_every == 0
        part = xbar.refresh(t).double().mean().item() if now else 0.0
        ordered = xbar.sides.sort(dim=1, descending=True).values
        sides = ordered.double().mean(dim=(0, 2, 3)).tolist()
        found.append([k, *sides, gain.double().mean().item(), part])
    return Saturation(*np.array(found).T)
