"""What becomes of gradients between the network and the devices: cancelled, forgotten or written.

Two numbers decide between the schemes. How much of what single updates ask for is taken back by
later ones? And how much of a single update is worth a whole pulse? Both are measured on networks
while they learn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pcmlib.base.checks import require, require_count, require_number
from pcmlib.base.cores import one_torch_thread
from pcmlib.base.records import Record
from pcmlib.crossbar import ASSUMED_PULSE
from pcmlib.network.state import LAYERS
from pcmlib.training import TrainConfig
from pcmlib.training.network import Network


@dataclass(frozen=True, eq=False)
class Remaining(Record):
    """Part of the gradient that is left after windows of K different lengths, of R networks."""

    updates: tuple[int, ...]  # length of each window
    share: dict[str, Float[np.ndarray, "K R"]]  # of each layer, between 0 and 1


def remaining_gradient(
    config: TrainConfig, windows: Sequence[int] = (1, 3, 10, 30, 100, 300), *, after: int = 60
) -> Remaining:
    """How much of the gradient is left when that of many updates is added up.

        share(n) = sum_synapses |sum_{u<=n} g(u)| / sum_synapses sum_{u<=n} |g(u)|

    It is 1 where all updates agree in their direction, and falls like 1/sqrt(n) where each has a
    random one.

    Args:
        config: the networks, which learn all the while.
        windows: numbers n of updates, rising.
        after: updates before the first one that counts.
    """
    require(len(windows) > 0 and list(windows) == sorted(windows), "windows", windows, "rising")
    for name, value in (("windows", windows[0]), ("after", after + 1)):
        require_count(name, value)
    config = config.replace(epochs=max(config.epochs, (after + windows[-1]) // config.samples + 1))
    signed, absolute = dict.fromkeys(LAYERS, 0.0), dict.fromkeys(LAYERS, 0.0)
    share: dict[str, list[np.ndarray]] = {name: [] for name in LAYERS}
    for update, gradients in enumerate(learning(Network(config), range(after + windows[-1]))):
        n = update + 1 - after
        if n <= 0:
            continue
        for name, g in gradients.items():
            signed[name] = signed[name] + g
            absolute[name] = absolute[name] + g.abs()
            if n in windows:
                left = signed[name].abs().sum((1, 2)) / absolute[name].sum((1, 2))
                share[name].append(left.numpy())
    return Remaining(tuple(windows), {name: np.array(x) for name, x in share.items()})


def written_share(
    config: TrainConfig, pairs: Sequence[int] = (1, 2, 4, 8, 16), *, updates: int = 60
) -> Float[np.ndarray, "N R"]:
    """Part of the wanted change that N pairs would write, pulses being whole numbers.

        sum_synapses floor(|dG| N / 0.75 µS) 0.75 µS / N  /  sum_synapses |dG|,   dG = lr g scale

    over the first `updates` updates of networks that learn as `config` says, on any scheme.
    """
    for N in pairs:
        require_count("pairs", N)
    require_count("updates", updates, at_most=config.updates)
    for scale in config.each("scale"):
        require_number("scale", scale, above=0)
    wanted, written = torch.zeros(config.replicas), torch.zeros(len(pairs), config.replicas)
    rates = {name: torch.tensor(config.each(f"lr_{name}")) for name in LAYERS}
    scale = torch.tensor(config.each("scale"))
    for gradients in learning(Network(config), range(updates)):
        for name, g in gradients.items():
            dG = g.abs() * (rates[name] * scale)[:, None, None]
            wanted += dG.sum((1, 2))
            for n, N in enumerate(pairs):
                pulse = ASSUMED_PULSE / N
                written[n] += (torch.floor(dG / pulse) * pulse).sum((1, 2))
    return (written / wanted).numpy()


def learning(network: Network, updates: Iterable[int]) -> Iterator[dict[str, Tensor]]:
    """Gradients of each of these updates, by layer, while networks learn their samples in turn."""
    c = network.config
    with one_torch_thread():
        for update in updates:
            sample = torch.full((c.replicas,), update % c.samples)
            gradients = network.run(sample, update).gradients
            yield dict(zip(LAYERS, gradients, strict=True))
            network.learn(gradients, update + 1, update // c.samples)
