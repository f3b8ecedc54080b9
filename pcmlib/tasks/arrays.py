"""Samples of the reader's own: their sizes, and whether they are to be told apart as classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from pcmlib.base.checks import make_plain, require, require_count, require_number


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
