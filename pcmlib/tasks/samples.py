"""What every task draws, and what the reader has drawn: samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

import numpy as np
from jaxtyping import Bool, Float
from torch import Tensor

from pcmlib.base import rng
from pcmlib.base.checks import make_plain, require, require_count, require_number
from pcmlib.base.kernels import kernel
from pcmlib.base.records import short

_USE = 1  # of a seed, apart from its others


class Samples(NamedTuple):
    """The samples of R replicas: spikes in, targets out."""

    inputs: Bool[Tensor, "replica sample time n_in"]
    targets: Float[Tensor, "replica sample time n_out"]
    counts: Float[Tensor, "replica sample time"]  # 1 at the steps whose outputs count, else 0

    __repr__ = short


@dataclass(frozen=True)
class ArraysTask:
    """What `pcmlib.training.train` makes of inputs and targets that it is given."""

    n_in: int = 100  # input channels
    n_out: int = 1  # outputs, or classes
    steps: int = 1000  # time steps a sample
    dt: float = 1e-3  # s, one time step
    samples: int = 3
    classes: bool = False  # whether targets are classes

    def __post_init__(self) -> None:
        make_plain(self)
        for name in ("n_in", "n_out", "samples", "steps"):
            require_count(name, getattr(self, name), at_most=1_000_000)
        require_number("dt", self.dt, above=0)
        require(isinstance(self.classes, bool), "classes", self.classes, "a bool")

    def generate(self, seeds: Sequence[int], epoch: int = 0) -> NoReturn:
        """There is nothing to draw."""
        raise ValueError("task = 'arrays': must be given inputs and targets; it draws none")


def keys_of(seeds: Sequence[int], epoch: int) -> list[np.uint64]:
    """Of the samples that each of the seeds draws in an epoch."""
    return [np.uint64(key_of(seed, epoch)) for seed in rng.keys(seeds)]


@kernel(error_model="numpy")
def key_of(seed, epoch):
    """Of the samples that a seed draws in an epoch."""
    key = rng.derive(seed, _USE)
    return key if epoch == 0 else rng.derive(key, np.uint32(epoch))
