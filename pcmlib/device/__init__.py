"""One PCM device and its laws; arrays of them."""

from pcmlib.device.array import PCMArray
from pcmlib.device.laws import (
    PCMParameters,
    after_reset,
    drift,
    drift_exponent,
    drifted,
    history_decay,
    read_noise,
    set_increment,
)

__all__ = [
    "PCMArray",
    "PCMParameters",
    "after_reset",
    "drift",
    "drift_exponent",
    "drifted",
    "history_decay",
    "read_noise",
    "set_increment",
]
