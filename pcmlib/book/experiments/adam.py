"""FP32 by Adam: what the network reaches where neither devices nor plain descent limit it.

    m <- b1 m + (1 - b1) g          v <- b2 v + (1 - b2) g^2
    w <- w - step sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps)

with b1 = 0.9, b2 = 0.999, eps = 1e-8 (Kingma and Ba, arXiv:1412.6980): torch's own, on the
gradients of e-prop. A scheme's rule keeps one number for each synapse and Adam two, so it is no
scheme: the trials are the engine's, and the updates are made here.

A step is ``STEP`` times the learning rate of the layer, so that `pcmlib.sweep.tune` searches steps
within the ranges that it has for rates, on the budget of every other study: the record in
``controls/`` is that of ``tune("vanilla", run=train_by_adam)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pcmlib.base.cores import one_torch_thread
from pcmlib.base.records import Record
from pcmlib.book.experiments.training import NETWORKS, control
from pcmlib.network.epoch import shuffled
from pcmlib.network.state import LAYERS
from pcmlib.training import TrainConfig, TrainingRun
from pcmlib.training.network import Network

STEP = 10.0


@dataclass(frozen=True, eq=False)
class AdamRun(Record):
    """The course of R networks, as of `TrainingRun`."""

    config: TrainConfig
    loss: Float[Tensor, "R E"]
    rate_hz: Float[Tensor, "R E"]

    final_loss = TrainingRun.final_loss


def by_adam(*, networks: int = NETWORKS, **changes: Any) -> AdamRun:
    """The run that the book reports: the best set of its study, on the reporting seeds."""
    return train_by_adam(TrainConfig(replicas=networks, seed=0, **control("adam"), **changes))


def train_by_adam(config: TrainConfig) -> AdamRun:
    """Train digital weights; one sample after the other, an update after each.

    torch's optimizer says where to, for a step of 1; how far is each network's own.
    """
    network, E, R = Network(config), config.epochs, config.replicas
    loss, rate_hz = torch.zeros(R, E), torch.zeros(R, E)
    exists, weights = (network.by_layer(name) for name in ("exists", "weights"))
    moves = {name: torch.zeros_like(w, requires_grad=True) for name, w in weights.items()}
    adam = torch.optim.Adam(moves.values(), lr=1.0)
    with one_torch_thread():
        for epoch in range(E):
            steps = {name: STEP * _each(config, f"lr_{name}", epoch) for name in LAYERS}
            orders = [shuffled(s.order[0], epoch, config.samples) for s in network.states]
            for n, samples in enumerate(torch.from_numpy(np.array(orders)).unbind(1)):
                trial = network.run(samples, epoch * config.samples + n)
                loss[:, epoch] += trial.loss / config.samples
                rate_hz[:, epoch] += trial.rate_hz / config.samples
                for move, g in zip(moves.values(), trial.gradients, strict=True):
                    move.grad = g
                adam.step()
                for name, move in moves.items():
                    w = weights[name].add_(steps[name] * move.detach()).mul_(exists[name])
                    w.clamp_(-1, 1)
                    move.detach().zero_()
                flat = torch.cat([w.flatten(1) for w in weights.values()], 1).numpy()
                for state, values in zip(network.states, flat, strict=True):
                    state.weights[:] = values
    return AdamRun(config, loss, rate_hz)


def _each(config: TrainConfig, name: str, epoch: int) -> Float[Tensor, "R 1 1"]:
    """A learning rate in this epoch."""
    rates, decay = (torch.tensor(config.each(field)) for field in (name, "lr_decay"))
    return (rates * decay**epoch)[:, None, None]
