"""Trials and gradients of R networks in torch, step by step, on any device."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from pcmlib.base.records import short
from pcmlib.network import reference
from pcmlib.network.epoch import shuffled
from pcmlib.network.reference import Gradients, Synapses, Trial


class Result(NamedTuple):
    """One trial of R networks, and what it says about the weights."""

    trial: Trial
    gradients: Gradients
    loss: Float[Tensor, " R"]  # mean over the steps that count, as of `pcmlib.network.loss`
    rate_hz: Float[Tensor, " R"]  # Hz, mean over neurons and time
    accuracy: Float[Tensor, " R"]  # 1 where the class is right, 0 where not; NaN: no classes

    __repr__ = short


def epoch(network: Any, epoch: int) -> tuple[Float[Tensor, " R"], ...]:
    """`pcmlib.training.network.Network.epoch`."""
    c, means = network.config, torch.zeros(3, network.config.replicas)
    order = [shuffled(state.order[0], epoch, c.samples) for state in network.states]
    for n, sample in enumerate(torch.from_numpy(np.array(order)).unbind(1)):
        update = epoch * c.epoch_updates + n // c.batch
        result = run(network, sample, update, None)
        g = result.gradients if n % c.batch == 0 else map(torch.add, g, result.gradients)
        g = Gradients(*g)
        if n % c.batch == c.batch - 1 or n == c.samples - 1:
            limit = c.gradient_limit or math.inf
            network.learn(Gradients(*(x.clamp(-limit, limit) for x in g)), update + 1, epoch)
        means += torch.stack([result.loss, result.rate_hz, result.accuracy]).cpu() / c.samples
    return means.unbind(0)


def run(network: Any, sample: Shaped[Tensor, " R"], update: int, limit: float | None) -> Result:
    """`pcmlib.training.network.Network.run`, with a limit of the gradients."""
    c, p = network.config, network.neurons
    everyone = torch.arange(c.replicas)
    x, target = network.inputs[everyone, sample], network.targets[everyone, sample]
    trial = reference.run_trial(x, *synapses(network, update), c.n_rec, c.n_out, p)
    judged = reference.judge(trial.y, target, network.counts[everyone, sample], c.classes)
    told = network.feedback, network.regularisation, p, limit
    g = reference.gradients(x, trial, judged.error, *told)
    return Result(trial, g, judged.loss, reference.firing_rate(trial.z, p).mean(1), judged.accuracy)


def synapses(network: Any, update: int) -> list[Synapses]:
    """The layers as a trial after `update` updates reads them."""
    c, device = network.config, network.device
    if not c.on_crossbar:
        return [reference.DigitalSynapses(w.to(device)) for w in network.weights.values()]
    arrays = [network.by_layer(name, 2, c.pairs).values() for name in ("G", "tp", "deviate")]
    exists = [mask[0] > 0 for mask in network.by_layer("exists").values()]
    told = {"start": update * c.period, "dt": c.dt, "generator": network._generator}
    return [
        reference.CrossbarSynapses(
            *(x.to(device) for x in part), network._each("scale"), c.parameters, **told
        )
        for part in zip(*arrays, exists, strict=True)
    ]
