"""One PCM device and its laws; arrays of them; its constants from measurements."""

from pcmlib.device.array import PCMArray
from pcmlib.device.fit import Fit, fit_device, simulate_reads
from pcmlib.device.known import DEVICES, with_range
from pcmlib.device.laws import (
    PCMParameters,
    after_reset,
    devices_differ,
    drift,
    drift_exponent,
    drifted,
    history_decay,
    read_noise,
    set_increment,
)

__all__ = [
    "DEVICES",
    "Fit",
    "PCMArray",
    "PCMParameters",
    "after_reset",
    "devices_differ",
    "drift",
    "drift_exponent",
    "drifted",
    "fit_device",
    "history_decay",
    "read_noise",
    "set_increment",
    "simulate_reads",
    "with_range",
]
