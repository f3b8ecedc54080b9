"""The laws of a differential synapse, in plain arithmetic (`pcmlib.base.arithmetic`).

Conductances in µS; plus and minus are the means of a synapse's two sides over its N devices.
"""

from __future__ import annotations

import numpy as np
from numba.extending import register_jitable

from pcmlib.base.arithmetic import floor, where

ASSUMED_PULSE = 0.75  # µS: the step that the update schemes take one SET of a device to be
# Of g_max (9, 4.5 and 10 µS of 12):
REFRESH_ABOVE = 0.75  # a synapse is refreshed where a side's mean is above this ...
REFRESH_WITHIN = 0.375  # ... while the sides differ by less than this
REACH = 10 / 12  # update-ready programming takes pulses alone to get a side this far
MOST_CORRECTIONS = 32  # SETs for each of N pairs, after which write-verify leaves a synapse
# A change of exactly k steps is k pulses, whatever the last bit of the division says.
_MARGIN = np.float32(1 + 1e-6)


@register_jitable
def whole_pulses(change, assumed_pulse, pairs):
    """The whole pulses that a change (µS) of a weight is worth: trunc(|change| N / assumed_pulse).

    One SET of one of the N devices moves the side's mean by an N-th of its step.
    """
    return floor(abs(change) * pairs / assumed_pulse * _MARGIN)


@register_jitable
def share(count, turn, pair, pairs):
    """Of `count` pulses dealt one pair at a time from pair `turn` on, those that `pair` receives:

    ceil((count - (pair - turn) mod N) / N)

    Most counts are 0, and a division takes long.
    """
    before = pair - turn + (pairs if pair < turn else 0)  # pulses for the pairs between
    return (count - before + pairs - 1) // pairs if count > before else 0


@register_jitable
def is_saturated(plus, minus, above, within):
    """A side is full, while the weight itself is not large: it can be written with less."""
    return ((plus > above) | (minus > above)) & (abs(plus - minus) < within)


@register_jitable
def lacks_room(change, plus, minus, reach):
    """The side that has to grow for this change of G+ - G- cannot grow so far."""
    return abs(change) > reach - where(change > 0, plus, minus)


@register_jitable
def correction(left, tolerance):
    """Write-verify's next pulse: 1 for G+ or for G-, where a read says that `left` µS of the
    change are missing; none within the tolerance."""
    return where(left > tolerance, 1, 0), where(left < -tolerance, 1, 0)
