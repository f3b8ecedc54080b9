"""Synapses of N differential pairs of PCM devices, and their programming, plain and compiled."""

from pcmlib.crossbar.array import Crossbar
from pcmlib.crossbar.laws import ASSUMED_PULSE

__all__ = ["ASSUMED_PULSE", "Crossbar"]
