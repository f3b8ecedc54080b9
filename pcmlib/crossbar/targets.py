"""Programming towards a target, open loop: what chapter 06 measures beside plain counts of pulses.

Conductances in µS, times in s.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Int32
from torch import Tensor

from pcmlib.base.checks import Values, require_count, require_number
from pcmlib.base.kernels import kernel
from pcmlib.crossbar.array import Crossbar
from pcmlib.crossbar.laws import REACH, lacks_room
from pcmlib.device import history_decay, set_increment
from pcmlib.device.pulses import MOST_PULSES


def pulses_by_mean_curve(
    xbar: Crossbar, change: Values, most: int = 64
) -> Int32[Tensor, "R 2 n_pre n_post"]:
    """`Crossbar.pulses`, where each is taken to add what the model's own mean curve says.

    From each side's mean G and P, follow the mean step E' = E + m1 E + c1 + A1 P until it has
    grown by |change|; up to `most` pulses a device, where the curve ends below that.
    """
    change = xbar.check_change("change", change).float()
    require_count("most", most, at_most=MOST_PULSES)
    growth = torch.stack([change, -change], dim=1).clamp(min=0)
    sides = [x.flatten().numpy() for x in (xbar.sides, xbar.devices.P.mean(dim=2), growth)]
    p, steps = xbar.devices.parameters, torch.empty_like(growth)
    decay = np.float32(history_decay(p))
    _fill_steps(*sides, most, p.constants(), decay, steps.view(-1).numpy())
    return torch.round(steps * xbar.pairs).int()


@kernel(error_model="numpy")
def _fill_steps(G, P, growth, most, p, decay, steps):
    for k in range(len(steps)):
        steps[k] = steps_of_mean_curve(G[k], P[k], growth[k], most, p, decay)


@kernel(inner=True, error_model="numpy")
def steps_of_mean_curve(G, P, growth, most, p, decay):
    """The steps of the mean curve that a growth (µS) takes from G and P on; `most` at most.

    The last step counts by its part, so that N pairs can share it.
    """
    goal, steps = G + growth, np.float32(0)
    for _ in range(most):
        if goal <= G:
            break
        P *= decay
        step = max(set_increment(G, P, p)[0], np.float32(1e-6))
        steps += min((goal - G) / step, np.float32(1))
        G = min(G + step, goal)
    return steps


def make_update_ready(
    xbar: Crossbar, target: Values, t: float, *, reach: float | None = None
) -> None:
    """Update-ready: RESET first, where pulses alone would not reach `target` (µS).

    With d = target - (G+ - G-), the side that must grow is G+ where d > 0, else G-. Where it
    lacks the room (|d| > reach - G of that side; None: 10/12 of g_max), the OTHER side is RESET:
    this frees |d| of its conductance at once. What is left is then programmed, on whichever side
    it falls.
    """
    target = xbar.check_change("target", target).float()
    reach = REACH * xbar.devices.parameters.g_max if reach is None else reach
    require_number("reach", reach, above=0)
    d = target - xbar.difference
    plus, minus = xbar.sides.unbind(dim=1)
    short = lacks_room(d, plus, minus, reach)
    xbar.reset(torch.stack([short & (d < 0), short & (d >= 0)], dim=1), t)
