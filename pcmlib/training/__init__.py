"""A training run: what it is told, what it computes, what it leaves, and where that is kept."""

from pcmlib.training.config import TrainConfig
from pcmlib.training.evaluation import Evaluation, evaluate
from pcmlib.training.pulses import PulseCounts
from pcmlib.training.results import TrainingRun
from pcmlib.training.run import relearn, train

__all__ = [
    "Evaluation",
    "PulseCounts",
    "TrainConfig",
    "TrainingRun",
    "evaluate",
    "relearn",
    "train",
]
