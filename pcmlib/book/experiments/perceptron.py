"""Perceptrons of torch on PCM, by scheme: chapter 22.

Ten classes of spike trains: a class is a pattern of rates over the channels, a sample the number
of spikes of each channel in a few steps, as a share of these. A layer of torch tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from pcmlib.base import rng
from pcmlib.base.checks import require, require_count
from pcmlib.base.cores import one_torch_thread
from pcmlib.base.records import short
from pcmlib.nn import PulseOptimizer, convert

CLASSES, CHANNELS, STEPS = 10, 64, 5
MOST = 0.25  # spikes a step, of a channel; a pattern has numbers between 0 and this
SCALE = 10.0  # µS that a weight of 1 corresponds to
DIGITAL, WRITTEN = "digital", "digital, then written"
# From a few tries each, of factors of three
SETTINGS: dict[str, dict[str, Any]] = {
    "sign": {"lr": 0.0, "stop_level": 0.02},
    "stochastic": {"lr": 0.3},
    "multi-mem": {"lr": 3.0},
    "upd-ready": {"lr": 3.0},
    "mixed-precision": {"lr": 0.3},
}
_LR = 0.3  # of digital weights, and of biases
_PATTERNS, _SPIKES, _ORDER = 50, 51, 52  # uses of a seed


class Samples(NamedTuple):
    """Spike counts and their classes."""

    x: Float[Tensor, "samples channels"]  # share of the steps with a spike
    y: Int64[Tensor, " samples"]

    __repr__ = short

    def batches(self, epochs: int, *, seed: int = 0, size: int = 20) -> Iterator[Samples]:
        """Samples in a new order in each epoch."""
        key = rng.streams(_ORDER, [seed])
        for epoch in range(epochs):
            order = rng.uniform((1, len(self.y)), key, epoch)[0].argsort(stable=True)
            for chosen in order.split(size):
                yield Samples(self.x[chosen], self.y[chosen])


def rate_patterns(seed: int, samples: int = 1000, *, draw: int = 0) -> Samples:
    """Samples of the ten classes that `seed` gives; another `draw` gives other samples of them."""
    require_count("samples", samples, at_least=CLASSES)
    y = torch.arange(samples) % CLASSES
    pattern = rng.uniform((1, CLASSES, CHANNELS), rng.streams(_PATTERNS, [seed]), 0)[0]
    rate = MOST * pattern[y]
    shape = samples, STEPS, CHANNELS
    chance = rng.uniform((1, samples * STEPS * CHANNELS), rng.streams(_SPIKES, [seed]), draw)
    return Samples((chance.view(shape) < rate[:, None]).float().mean(1), y)


def perceptron() -> nn.Linear:
    """A layer of torch before it learns, with weights of 0."""
    layer = nn.Linear(CHANNELS, CLASSES)
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


def learn(
    network: nn.Module, optimizer: torch.optim.Optimizer, samples: Samples, epochs: int, seed: int
) -> nn.Module:
    """Go through the samples, in batches of 20."""
    for x, y in samples.batches(epochs, seed=seed):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(x), y).backward()
        optimizer.step()
    return network


@torch.no_grad()
def share_right(network: nn.Module, samples: Samples) -> float:
    """The share of samples whose class a network gives, in %."""
    return 100 * (network(samples.x).argmax(1) == samples.y).double().mean().item()


@one_torch_thread()
def accuracies(
    networks: int = 6, epochs: int = 5, schemes: Sequence[str] = tuple(SETTINGS)
) -> dict[str, Float[np.ndarray, " networks"]]:
    """Accuracy (%) on 1,000 samples that no training saw, of networks with patterns of their own:

    trained digitally, by gradient descent; these, written to PCM; and trained on PCM.
    """
    require_count("networks", networks)
    require_count("epochs", epochs)
    allowed = f"of {', '.join(SETTINGS)}"
    require(all(scheme in SETTINGS for scheme in schemes), "schemes", schemes, allowed)
    found: dict[str, list[float]] = {name: [] for name in (DIGITAL, WRITTEN, *schemes)}
    for seed in range(networks):
        samples, new = rate_patterns(seed), rate_patterns(seed, draw=1)
        digital = perceptron()
        learn(digital, torch.optim.SGD(digital.parameters(), _LR), samples, epochs, seed)
        found[DIGITAL].append(share_right(digital, new))
        found[WRITTEN].append(share_right(convert(digital, seed=seed), new))
        for scheme in schemes:
            network = convert(perceptron(), scale=SCALE, seed=seed)
            optimizer = PulseOptimizer(network, scheme, digital_lr=_LR, **SETTINGS[scheme])
            learn(network, optimizer, samples, epochs, seed)
            found[scheme].append(share_right(network, new))
    return {name: np.array(shares) for name, shares in found.items()}
