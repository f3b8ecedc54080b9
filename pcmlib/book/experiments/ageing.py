"""What drift leaves of weights and of trained networks: chapter 17."""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from pcmlib.base import rng
from pcmlib.base.checks import require_count, require_number
from pcmlib.base.records import short
from pcmlib.device import DEVICES, PCMArray, PCMParameters
from pcmlib.training import TrainingRun
from pcmlib.training.aging import UNITS

DAY = UNITS["d"]
# s since the last update
AGES = (0.0, UNITS["min"], UNITS["h"], 6 * UNITS["h"], DAY, 7 * DAY, 30 * DAY, UNITS["y"])
LARGEST = 7.0  # µS, of the weights


class AgedWeights(NamedTuple):
    """Weights as they were written and some time later, in µS, without read noise."""

    wanted: Float[np.ndarray, " synapses"]
    later: Float[np.ndarray, " synapses"]
    compensated: Float[np.ndarray, " synapses"]

    __repr__ = short

    def error(self, found: Float[np.ndarray, " synapses"]) -> float:
        """Root of the mean square of what is lost, in % of that of the weights."""
        return float(100 * np.sqrt(((found - self.wanted) ** 2).mean() / (self.wanted**2).mean()))


def aged_weights(
    days: float, nu_spread: float, common: float, *, synapses: int = 400, seed: int = 0
) -> AgedWeights:
    """Weights from -LARGEST to LARGEST, so many days after all devices got their last pulse.

    Each is the difference of two devices, of which the smaller stands at `common` µS. Compensation
    multiplies all of them by what the devices conducted together at T0, over what they do now.
    """
    require_number("days", days, above=0)
    require_number("common", common, at_least=0, at_most=PCMParameters().g_max - LARGEST)
    require_count("synapses", synapses, at_least=2)
    wanted = torch.linspace(-LARGEST, LARGEST, synapses)
    cells = PCMArray((2, synapses), PCMParameters(nu_spread=nu_spread), seed=seed)
    cells.put(torch.stack([wanted, -wanted]).clamp(min=0) + common)
    drifted = cells.drifted(days * DAY)
    later = drifted[0] - drifted[1]
    factor = cells.G.sum(dtype=torch.float64) / drifted.sum(dtype=torch.float64)
    return AgedWeights(*(x.double().numpy() for x in (wanted, later, later * factor)))


def with_slow_noise(run: TrainingRun, after: float, *, seed: int = 0) -> TrainingRun:
    """The networks, each device moved by as much as its 1/f noise has grown since training.

        G <- max(G (1 + q sqrt(ln((after + T0) / T0)) xi), 0)
        q  = min(0.0088 (G / 25 µS)^-0.65, 0.2)

    xi is one normal number for each device: what is slower than T0 = 20 s stands still in a trial.
    aihwkit's law (`PCMLikeNoiseModel`) has the variance q^2 ln((t + t_read) / (2 t_read)) for all
    that has gathered t after the programming; what it grows by from T0 on is q^2 ln(t / T0).
    """
    require_number("after", after, at_least=0)
    G, g_max, T0 = run.state["G"], DEVICES["aihwkit"].g_max, DEVICES["aihwkit"].T0
    q = (0.0088 * (G / g_max).clamp(min=1e-9) ** -0.65).clamp(max=0.2)
    xi = rng.normal(tuple(G.shape), rng.keys(seed), 0)
    moved = G * (1 + q * math.sqrt(math.log((after + T0) / T0)) * xi)
    return dataclasses.replace(run, state={**run.state, "G": moved.clamp(min=0)})
