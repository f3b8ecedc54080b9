"""The spiking network: its neurons, its synapses, and a trial's rollout, plain and compiled."""

from pcmlib.srnn.rollout import Neurons, Synapses, Trial, lif_step, run_trial

__all__ = ["Neurons", "Synapses", "Trial", "lif_step", "run_trial"]
