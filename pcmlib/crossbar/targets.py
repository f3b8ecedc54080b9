"""Programming towards a target, open loop: what chapter 06 measures beside plain counts of pulses.

Conductances in µS, times in s.
"""

from __future__ import annotations

import torch
from jaxtyping import Int32
from torch import Tensor

from pcmlib.base.checks import Values, require_count, require_number
from pcmlib.crossbar.array import Crossbar
from pcmlib.crossbar.laws import REACH, lacks_room
from pcmlib.device import history_decay, set_increment
from pcmlib.device.array import MOST_PULSES


def pulses_by_mean_curve(
    xbar: Crossbar, change: Values, most: int = 64
) -> Int32[Tensor, "R 2 n_pre n_post"]:
    """`Crossbar.pulses`, where each is taken to add what the model's own mean curve says.

    From each side's mean G and P, follow the mean step E' = E + m1 E + c1 + A1 P until it has
    grown by |change|; up to `most` pulses a device, where the curve ends below that.
    """
    change = xbar.check_change("change", change).float()
    require_count("most", most, at_most=MOST_PULSES)
    p, N = xbar.devices.parameters.in_force, xbar.pairs
    growth = torch.stack([change, -change], dim=1).clamp(min=0)
    G, P = xbar.sides, xbar.devices.P.mean(dim=2)
    target, steps = G + growth, torch.zeros_like(G)
    for _ in range(most):
        P = P * history_decay(p)
        mean_step = set_increment(G, P, p)[0].clamp(min=1e-6)
        # the last step counts by its part, so that N pairs can share it
        steps = steps + ((target - G) / mean_step).clamp(0, 1)
        G = torch.minimum(G + mean_step, target)
        if torch.equal(G, target):
            break
    return torch.round(steps * N).int()


def make_update_ready(xbar: Crossbar, target: Values, t: float, *, reach: float = REACH) -> None:
    """Update-ready: RESET first, where pulses alone would not reach `target` (µS).

    With d = target - (G+ - G-), the side that must grow is G+ where d > 0, else G-. Where it
    lacks the room (|d| > reach - G of that side), the OTHER side is RESET: this frees |d| of
    its conductance at once. What is left is then programmed, on whichever side it falls.
    """
    target = xbar.check_change("target", target).float()
    require_number("reach", reach, above=0)
    d = target - xbar.difference
    plus, minus = xbar.sides.unbind(dim=1)
    short = lacks_room(d, plus, minus, reach)
    xbar.reset(torch.stack([short & (d < 0), short & (d >= 0)], dim=1), t)
