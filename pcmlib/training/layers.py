"""What the arrays of networks say of each layer: its weights, its devices, their wear."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from pcmlib.network.state import LAYERS
from pcmlib.training.config import TrainConfig

Arrays = Mapping[str, Tensor]  # [R, ...], by the names of `pcmlib.network.state.State`


def by_layer(
    config: TrainConfig, flat: Shaped[Tensor, "R numbers"], *lead: int
) -> dict[str, Shaped[Tensor, "R ... n_pre n_post"]]:
    """One of the arrays, cut into those of the layers; lead: axes before that of n_pre."""
    c, first, parts = config, 0, {}
    shapes = (c.n_in, c.n_rec), (c.n_rec, c.n_rec), (c.n_rec, c.n_out)
    for name, shape in zip(LAYERS, shapes, strict=True):
        size = math.prod(lead) * math.prod(shape)
        parts[name] = flat[:, first : first + size].view(len(flat), *lead, *shape)
        first += size
    return parts


def devices(
    config: TrainConfig, arrays: Arrays, name: str
) -> dict[str, Shaped[Tensor, "R 2 N n_pre n_post"]]:
    """One of the devices' arrays; none of digital weights."""
    return by_layer(config, arrays[name], 2, config.pairs) if config.on_crossbar else {}


def weights(config: TrainConfig, arrays: Arrays) -> dict[str, Float[Tensor, "R n_pre n_post"]]:
    """T0 after the last pulse, without noise."""
    if not config.on_crossbar:
        return by_layer(config, arrays["weights"])
    scale = torch.tensor(config.each("scale"), dtype=torch.float32).view(-1, 1, 1)
    means = {name: G.mean(2) for name, G in devices(config, arrays, "G").items()}
    exists = torch.ones(config.n_rec, config.n_rec) - torch.eye(config.n_rec)
    return {
        name: (G[:, 0] - G[:, 1]) * (exists * config.recurrence if name == "rec" else 1) / scale
        for name, G in means.items()
    }
