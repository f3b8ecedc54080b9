"""Your own torch network on phase-change memory: a layer, an optimiser, and a conversion.

PCMLinear       a linear layer whose weights are a crossbar of differential pairs
PulseOptimizer  turns gradients into pulses, by any scheme
convert         a network with its linear layers' weights written to devices
advance         lets time pass, in which all devices of a network drift
"""

from pcmlib.nn.convert import convert
from pcmlib.nn.layer import PCMLinear, advance
from pcmlib.nn.optimizer import PulseOptimizer

__all__ = ["PCMLinear", "PulseOptimizer", "advance", "convert"]
