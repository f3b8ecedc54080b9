"""A training step of a layer, whoever made it: what `beside_aihwkit.py` times in both libraries."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch

SIDES = (100, 400, 1000)
BATCH = 10
AT_ONCE = (1, 10)  # SETs that each of a million devices gets in one call
DEVICES = 1_000_000


def seconds(work: Callable[[], object], repeats: int = 5) -> float:
    """Of a call: the median, after some that are not counted."""
    taken = []
    for _ in range(3 + repeats):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken[3:])


def step(layer: torch.nn.Module, optimizer: torch.optim.Optimizer, side: int) -> float:
    """Seconds of the forward pass, the gradient and the update of a batch."""
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.randn(BATCH, side, generator=generator) for _ in range(2))

    def once() -> None:
        optimizer.zero_grad()
        ((layer(x) - 0.1 * y) ** 2).mean().backward()
        optimizer.step()

    return seconds(once, repeats=max(10, 20_000 // side))
