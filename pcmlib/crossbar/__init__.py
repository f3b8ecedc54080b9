"""Synapses of N differential pairs of PCM devices, and their programming, plain and compiled."""

from pcmlib.crossbar.array import Crossbar
from pcmlib.crossbar.laws import ASSUMED_PULSE
from pcmlib.crossbar.targets import make_update_ready, pulses_by_mean_curve

__all__ = ["ASSUMED_PULSE", "Crossbar", "make_update_ready", "pulses_by_mean_curve"]
