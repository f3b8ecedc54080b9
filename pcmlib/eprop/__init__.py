"""The gradient: e-prop's, factorised, causal and compiled, and BPTT's to hold it against."""

from pcmlib.eprop.bptt import angle, bptt_gradients
from pcmlib.eprop.laws import pseudo_derivative
from pcmlib.eprop.rule import (
    Gradients,
    Regularisation,
    causal_gradients,
    firing_rate,
    gradients,
)

__all__ = [
    "Gradients",
    "Regularisation",
    "angle",
    "bptt_gradients",
    "causal_gradients",
    "firing_rate",
    "gradients",
    "pseudo_derivative",
]
