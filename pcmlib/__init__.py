"""Phase-change memory devices, differential crossbars, and spiking networks trained on them.

From the bottom up, each built on those before it:

    device, array            one PCM cell and its laws; many cells
    crossbar                 synapses of N differential pairs, and their programming
    tasks, srnn, eprop       patterns to generate; the spiking network; its gradient
    schemes                  how a gradient becomes pulses
    config, network, training    a run: what it is told, what it computes, what it leaves
    search_space, sweep, presets    searches for hyperparameters, and what they found
    comparison               all schemes on all memories
    experiments, plots, demos    the data, the figures and the explorers' functions of the chapters
    explore                  sliders that live in a notebook and on a page
"""

from pcmlib.array import PCMArray
from pcmlib.config import TrainConfig
from pcmlib.crossbar import Crossbar
from pcmlib.device import PCMParameters
from pcmlib.training import TrainingRun, train

__all__ = ["Crossbar", "PCMArray", "PCMParameters", "TrainConfig", "TrainingRun", "train"]
