"""Weight-update schemes: what a gradient becomes, given the memory that holds the weights.

    digital weights     vanilla          W <- clip(W - lr g, -1, 1)
                        accumulator      acc <- acc + lr g;  whole quanta leave acc and change W
    PCM crossbar        sign             one SET to G+ where g < -level, to G- where g > level
                        stochastic       one SET with probability lr |g| scale / prob_scale
                        multi-mem        lr |g| scale N / 0.75 whole SETs, over N pairs in turn
                        mixed-precision  acc <- acc + lr g;  whole quanta leave acc and become SETs
                        upd-ready        RESET first where the devices lack room, then as multi-mem

On a crossbar only SETs are graded, and they only raise a conductance: a weight goes up by a SET of
G+, and down by a SET of G-. Synapses are programmed open loop: nobody reads what a pulse did.

Source: Demirag et al., arXiv 2108.01804, and srnn-pcm; mixed precision: Nandakumar et al.,
Front. Neurosci. 14, 406 (2020).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from pcmlib.base.records import Record
from pcmlib.base.rng import uniform
from pcmlib.crossbar import Crossbar
from pcmlib.srnn.synapses import CrossbarSynapses, DigitalSynapses

Weights = Float[Tensor, "R n_pre n_post"]
PerReplica = Float[Tensor, " R"]


@dataclass(frozen=True, eq=False)
class Settings(Record):
    """What the schemes can be told, each for every replica."""

    quantum: PerReplica  # weight that leaves an accumulator at a time
    assumed_pulse: PerReplica  # µS that one SET is taken to add
    stop_level: PerReplica  # |gradient| below which sign-descent leaves a synapse alone
    prob_scale: PerReplica  # µS of wanted change at which a stochastic pulse is certain


@dataclass(eq=False)
class Scheme:
    """One layer's rule. `update` takes the gradient, learning rates [R] and the time in s."""

    layer: DigitalSynapses | CrossbarSynapses
    settings: Settings
    state: dict[str, Tensor] = field(default_factory=dict)  # what a checkpoint has to keep
    on_crossbar: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Make the state."""

    def update(self, gradient: Weights, lr: PerReplica, t: float) -> None:
        raise NotImplementedError

    @property
    def crossbar(self) -> Crossbar:
        return self.layer.crossbar

    def wanted_change(self, gradient: Weights, lr: PerReplica) -> Weights:
        """Change of conductance that the gradient asks for, µS: -lr g scale."""
        return -_each(lr * self.crossbar.scale) * gradient


class Vanilla(Scheme):
    on_crossbar = False

    def update(self, gradient: Weights, lr: PerReplica, t: float) -> None:
        self.layer.weights().sub_(_each(lr) * gradient).clamp_(-1, 1)


class _Accumulating(Scheme):
    """Gradients add up in a digital accumulator until they are worth a quantum."""

    def __post_init__(self) -> None:
        self.state["accumulator"] = torch.zeros_like(self.layer.weights())

    def whole_quanta(self, gradient: Weights, lr: PerReplica) -> Weights:
        """Accumulate, and take out whole quanta (towards zero); returns how many."""
        quantum = _each(self.settings.quantum)
        acc = self.state["accumulator"].add_(_each(lr) * gradient)
        quanta = torch.trunc(acc / quantum)
        acc.sub_(quanta * quantum)
        return quanta


class Accumulator(_Accumulating):
    on_crossbar = False

    def update(self, gradient: Weights, lr: PerReplica, t: float) -> None:
        quanta = self.whole_quanta(gradient, lr)
        self.layer.weights().sub_(quanta * _each(self.settings.quantum)).clamp_(-1, 1)


class MixedPrecision(_Accumulating):
    def update(self, gradient: Weights, lr: PerReplica, t: float) -> None:
        """A quantum is worth whole pulses, rounded down, but never less than one."""
        quanta = self.whole_quanta(gradient, lr)
        change = -quanta * _each(self.settings.quantum * self.crossbar.scale)
        pulses = self.crossbar.pulses(change, self.settings.assumed_pulse)
        at_least = torch.stack([change > 0, change < 0], dim=1)
        self.crossbar.deal(pulses.maximum(at_least.int()), t)


class Sign(Scheme):
    def update(self, gradient: Weights, lr: PerReplica, t: float) -> None:
        pulses = (gradient.abs() > _each(self.settings.stop_level)).int()
        self.crossbar.deal(_sides(pulses, gradient < 0), t)


class Stochastic(Scheme):
    def __post_init__(self) -> None:
        self.state["draws"] = torch.zeros((), dtype=torch.int64)

    def update(self, gradient: Weights, lr: PerReplica, t: float) -> None:
        change = self.wanted_change(gradient, lr)
        probability = change.abs() / _each(self.settings.prob_scale)
        devices = self.crossbar.devices
        self.state["draws"] += 1
        u = uniform(change.shape, devices.key, int(self.state["draws"]), device=devices.device)
        self.crossbar.deal(_sides((u < probability).int(), change > 0), t)


class MultiMemristor(Scheme):
    def update(self, gradient: Weights, lr: PerReplica, t: float) -> None:
        change = self.wanted_change(gradient, lr)
        self.crossbar.program(change, t, assumed_pulse=self.settings.assumed_pulse)


class UpdateReady(Scheme):
    def update(self, gradient: Weights, lr: PerReplica, t: float) -> None:
        target = self.crossbar.difference + self.wanted_change(gradient, lr)
        self.crossbar.make_update_ready(target, t)
        change = target - self.crossbar.difference
        self.crossbar.program(change, t, assumed_pulse=self.settings.assumed_pulse)


SCHEMES: dict[str, type[Scheme]] = {
    "vanilla": Vanilla,
    "accumulator": Accumulator,
    "sign": Sign,
    "stochastic": Stochastic,
    "multi-mem": MultiMemristor,
    "mixed-precision": MixedPrecision,
    "upd-ready": UpdateReady,
}


def _each(value: PerReplica) -> Float[Tensor, "R 1 1"]:
    return value[:, None, None]


def _sides(
    pulses: Shaped[Tensor, "R n_pre n_post"], up: Shaped[Tensor, "R n_pre n_post"]
) -> Shaped[Tensor, "R 2 n_pre n_post"]:
    """Pulses for G+ where the weight is to go up, for G- elsewhere."""
    return torch.stack([pulses * up, pulses * ~up], dim=1)
