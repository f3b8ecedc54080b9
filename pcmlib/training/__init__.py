"""A training run: what it is told, what it computes, what it leaves, and where that is kept."""

from pcmlib.training.config import TrainConfig
from pcmlib.training.run import TrainingRun, train

__all__ = ["TrainConfig", "TrainingRun", "train"]
