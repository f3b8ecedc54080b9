"""What the explorer of chapter 17 computes and shows: weights some time after they were written.

Conductances in µS, without read noise.
"""

from __future__ import annotations

import math

import numpy as np

from pcmlib.book.experiments.ageing import DAY
from pcmlib.book.explorers.arrays import fill
from pcmlib.book.figures.age import LARGEST, draw_aged_weights
from pcmlib.book.live import live
from pcmlib.device import drifted
from pcmlib.device.record import in_force, numbers

_F = np.float32
_SYNAPSES = (400,)


@live(
    data={"p": numbers()},
    wanted=_SYNAPSES, later=_SYNAPSES, compensated=_SYNAPSES, error=(1,), left=(1,),
)  # fmt: skip
def ageing(days, nu_spread, common, p, wanted, later, compensated, error, left):
    """Chapter 17: weights so many days after they were written, as they are and compensated.

    Each is the difference of two devices, of which the smaller stands at `common` µS. Compensation
    multiplies all of them by what the devices conducted together at T0, over what they do now. An
    error is the root of the mean square of what is lost, in % of that of the weights.
    """
    p[0].nu_spread = nu_spread
    c, n = in_force(p[0]), len(wanted)
    deviate = np.zeros((1, 2, n), np.float32)
    if nu_spread > 0:
        fill(deviate, np.zeros(1, np.uint64), 1)
    then = now = weight = lost = remains = 0.0
    for j in range(n):
        w = _F(LARGEST) * (_F(2 * j) / _F(n - 1) - _F(1))
        wanted[j] = w
        for side in range(2):
            G = max(w if side == 0 else -w, _F(0)) + _F(common)
            Gd = drifted(G, _F(days * DAY), deviate[0, side, j], c)
            later[j] += Gd if side == 0 else -Gd
            then, now = then + G, now + Gd
    for j in range(n):
        compensated[j] = later[j] * (then / now)
        weight += wanted[j] ** 2
        lost += (later[j] - wanted[j]) ** 2
        remains += (compensated[j] - wanted[j]) ** 2
    error[0], left[0] = 100 * math.sqrt(lost / weight), 100 * math.sqrt(remains / weight)


ageing.figure(draw_aged_weights)
