"""The network as one reads it, in torch: every step of a trial, every trace of e-prop, and BPTT.

The compiled kernels are held against it; it runs on any device, all replicas at once.
"""

from pcmlib.network.laws import pseudo_derivative
from pcmlib.network.reference.bptt import angle, bptt_gradients
from pcmlib.network.reference.eprop import (
    Gradients,
    Regularisation,
    causal_gradients,
    firing_rate,
    gradients,
)
from pcmlib.network.reference.loss import Judged, judge
from pcmlib.network.reference.rollout import Neurons, State, Synapses, Trial, run_trial, step
from pcmlib.network.reference.synapses import CrossbarSynapses, DigitalSynapses

__all__ = [
    "CrossbarSynapses",
    "DigitalSynapses",
    "Gradients",
    "Judged",
    "Neurons",
    "Regularisation",
    "State",
    "Synapses",
    "Trial",
    "angle",
    "bptt_gradients",
    "causal_gradients",
    "firing_rate",
    "gradients",
    "judge",
    "pseudo_derivative",
    "run_trial",
    "step",
]
