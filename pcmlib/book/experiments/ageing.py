"""What drift leaves of trained networks: chapter 17."""

from __future__ import annotations

import dataclasses
import math

from pcmlib.base import rng
from pcmlib.base.checks import require_number
from pcmlib.base.times import UNITS
from pcmlib.device import DEVICES
from pcmlib.training import TrainingRun

DAY = UNITS["d"]
# s since the last update
AGES = (0.0, UNITS["min"], UNITS["h"], 6 * UNITS["h"], DAY, 7 * DAY, 30 * DAY, UNITS["y"])


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
