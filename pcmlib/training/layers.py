"""What the arrays of networks say of each layer: its weights, its devices, their wear."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import cycle

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from pcmlib.base.checks import Values, as_tensor, require
from pcmlib.network.state import LAYERS
from pcmlib.training.config import TrainConfig

Arrays = Mapping[str, Tensor]  # [R, ...], by the names of `pcmlib.network.state.State`


def by_layer(
    config: TrainConfig,
    flat: Shaped[Tensor, "R numbers"],
    *lead: int,
    names: Iterable[str] = LAYERS,
) -> dict[str, Shaped[Tensor, "R ... n_pre n_post"]]:
    """One of the arrays, cut into those of the layers; lead: axes before that of n_pre."""
    first, parts = 0, {}
    for name, shape in zip(names, cycle(config.shapes), strict=False):
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


def holding(
    config: TrainConfig, weights: Mapping[str, Values]
) -> dict[str, Float[Tensor, "R numbers"]]:
    """The array of networks ("weights", or "G") that holds the weights "in", "rec" and "out".

    Each is [n_pre, n_post] for all networks, or [R, n_pre, n_post]. Of a differential pair, one
    side conducts `conductance` and the other |w| scale more, as if they had been verified.

    Raises:
        ValueError: for another shape, a neuron's weight onto itself, or one that is out of range.
    """
    c, R = config, config.replicas
    named = isinstance(weights, Mapping)
    require(named, "weights", type(weights).__name__, "{in, rec, out}, such as a run's run.weights")
    require(set(weights) == set(LAYERS), "weights", sorted(weights), "of in, rec and out")
    scale, floor = (
        torch.tensor(c.each(name), dtype=torch.float32)[:, None, None]
        for name in ("scale", "conductance")
    )
    most = (c.g_max - floor) / scale if c.on_crossbar else torch.ones(R, 1, 1)
    parts = []
    for name, shape in zip(LAYERS, c.shapes, strict=True):
        title = f"weights[{name!r}]"
        w = as_tensor(title, weights[name], "real", torch.float32)
        allowed = f"{shape} or {(R, *shape)}"
        require(w.shape in (shape, (R, *shape)), f"{title}.shape", tuple(w.shape), allowed)
        w = w.expand(R, *shape)
        loops = name == "rec" and (
            bool(w.diagonal(0, 1, 2).any()) or (not c.recurrence and bool(w.any()))
        )
        require(not loops, title, "others", "0 from a neuron to itself, and without recurrence")
        within = bool((w.abs() <= most).all())
        allowed = f"within ±{most.min():.4g}" + (
            f", as far as devices go at scale = {scale.max():.4g}" if c.on_crossbar else ""
        )
        require(within, f"{title} (greatest)", w.abs().max().item(), allowed)
        if c.on_crossbar:
            sides = floor[:, None] + scale[:, None] * torch.stack([w.relu(), (-w).relu()], 1)
            w = sides[:, :, None].expand(R, 2, c.pairs, *shape)
        parts.append(w.reshape(R, -1))
    return {"G" if c.on_crossbar else "weights": torch.cat(parts, 1)}
