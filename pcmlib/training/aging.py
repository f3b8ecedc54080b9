"""What trained networks answer later, while nothing is learnt: the clock of their devices moves on.

A device that got its last pulse at time tp is read, `after` seconds past the end of training, at
the age end + after - tp. Digital weights and ideal memories do not age.

Global drift compensation reads the devices of a layer at the end of training and again before use,
and scales the layer's weights by how much all of them have lost together (Joshi et al. 2020,
doi:10.1038/s41467-020-16108-9):

    w <- w (sum Gd at the end of training) / (sum Gd now)

Read noise is left out of these two sums: over thousands of devices it averages to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from pcmlib.base.checks import require, require_number
from pcmlib.base.times import in_seconds
from pcmlib.device import drifted
from pcmlib.tasks import Samples
from pcmlib.training.config import TrainConfig
from pcmlib.training.memory import require_room
from pcmlib.training.network import Answer, Network
from pcmlib.training.samples import sized

COMPENSATIONS = (None, "global")


def ask(
    config: TrainConfig,
    state: Mapping[str, Shaped[Tensor, "R ..."]],
    samples: Samples,
    *,
    after: float | str = 0.0,
    compensation: str | None = None,
    draw: int = 0,
) -> Answer:
    """What trained networks make of `samples`, `after` seconds past the end of their training.

    Args:
        config, state: as of `TrainingRun`.
        samples: of any number and length.
        after: s, at least 0; or in words, such as "30d".
        compensation: None, or "global": before use, for each layer.
        draw: another one has other read noise; 0 is that of the run's last outputs.

    Raises:
        ValueError: for a value out of range, or samples that memory can't hold.
    """
    after = in_seconds("after", after)
    require_number("after", after, at_least=0)
    allowed = f"one of {', '.join(map(str, COMPENSATIONS))}"
    require(compensation in COMPENSATIONS, "compensation", compensation, allowed)
    for name, size in {"inputs": config.n_in, "targets": config.n_out}.items():
        given = getattr(samples, name).shape[-1]
        require(given == size, f"{name}.shape[-1]", given, f"{size}, as the networks learnt")
    # Sums of reads take it that what is young was pulsed right now.
    reads = "each" if 0 < after < config.period else config.reads
    asked = sized(config.replace(snapshots=(config.epochs,), reads=reads), samples, config.classes)
    require_room(asked)
    network = Network(asked, samples=samples)
    network.load(aged(state, after))
    for one in network.states if draw else ():
        one.keys[:, 1] ^= draw << 32
    if compensation and config.on_crossbar:
        for one, gain in zip(network.states, compensating(config, network, after), strict=True):
            one.gain[: len(gain)] *= gain.numpy()
    return network.ask(config.updates)


def aged(
    state: Mapping[str, Shaped[Tensor, "R ..."]], after: float
) -> dict[str, Shaped[Tensor, "R ..."]]:
    """The state whose pulses lie `after` seconds further back."""
    return {**state, "tp": state["tp"] - after}


def compensating(config: TrainConfig, network: Network, after: float) -> Float[Tensor, "R 3"]:
    """How much less the devices of each layer conduct than at the end of training."""
    p, end = config.parameters.in_force, config.updates * config.period
    parts = (network.by_layer(name, 2, config.pairs) for name in ("G", "tp", "deviate"))
    factors = []
    for G, tp, deviate in zip(*(part.values() for part in parts), strict=True):
        ages = ((end - tp - s).float() for s in (after, 0.0))
        then, left = (drifted(G, age, deviate, p).flatten(1).sum(1) for age in ages)
        factors.append(then / left)
    return torch.stack(factors, 1)
