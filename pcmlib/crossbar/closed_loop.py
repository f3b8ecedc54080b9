"""Write-verify: SETs with a read after each, until one is within a tolerance; all in µS."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Bool, Float32
from torch import Tensor

from pcmlib.crossbar.laws import MOST_CORRECTIONS, correction

Differences = Float32[Tensor, "R n_pre n_post"]


def correct(
    xbar: Any,  # a `Crossbar`, which stands above
    goal: Differences,
    seen: Differences,
    asked: Bool[Tensor, "R n_pre n_post"],
    t: float,
    tolerance: Float32[Tensor, " R"],
) -> None:
    """Bring the synapses that are `asked` for from what a read has `seen` to their goal, at time t.

    A SET that overshoots is met by one on the other side.
    """
    begun, within = xbar.devices._draw, tolerance.to(goal.device).view(-1, 1, 1)
    xbar.reads += asked.sum(dim=(1, 2))
    for _ in range(MOST_CORRECTIONS * xbar.pairs):
        if not asked.any():
            break
        up, down = correction((goal - seen) * asked, within)
        xbar.deal(torch.stack([up, down], dim=1).int(), t)
        asked, seen = (up + down) > 0, xbar.measure()
        xbar.reads += asked.sum(dim=(1, 2))
    xbar.devices._draw = begun + most_draws(xbar.pairs)  # whatever other replicas needed


def most_draws(pairs: int) -> int:
    """Draws of random numbers that `correct` may take."""
    return 2 * MOST_CORRECTIONS * pairs
