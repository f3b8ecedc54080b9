"""The network: leaky integrate-and-fire neurons, recurrently connected, and a leaky readout.

    v(t+1) = alpha v(t) + W_rec z(t) + W_in x(t) - theta z(t)        alpha = exp(-dt/tau_rec)
    z(t+1) = [v(t+1) > theta(t+1)]
    y(t+1) = kappa y(t) + W_out z(t+1)                               kappa = exp(-dt/tau_out)

from v(0) = z(0) = y(0) = 0. A spike lowers v by theta and no further (a soft reset).

LIF neurons have one threshold, theta(t) = theta. That of ALIF neurons, the last ones, rises with
each spike, and slowly recovers:

    theta(t) = theta + b(t),    b(t+1) = rho b(t) + beta z(t)        rho = exp(-dt/tau_adapt)

(b is beta a in the notation of Bellec et al.) After a spike at t, neither can spike again before
t + refractory: theta is infinite there.

Here is the network as one reads it, on any device; `pcmlib.network.trial` holds the same
compiled for a CPU. Every state has a leading replica axis: R independent networks run at once.

Source: Bellec et al., Nat. Commun. 11, 3625 (2020); Demirag et al., arXiv 2108.01804.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from pcmlib.base.checks import require, require_count, require_number
from pcmlib.base.records import Record, short
from pcmlib.network.laws import adaptation, membrane
from pcmlib.network.laws import threshold as threshold_now


@dataclass(frozen=True, eq=False)
class Neurons(Record):
    """Constants of the neurons. The membrane v has the unit of the threshold."""

    threshold: Float[Tensor, " replica"]  # theta, of each replica's neurons
    tau_rec: float = 30e-3  # s, membrane time constant
    tau_out: float = 30e-3  # s, time constant of the readout
    gamma: float = 0.3  # height of the pseudo-derivative, unit 1
    dt: float = 1e-3  # s, one time step
    adaptive: int = 0  # how many neurons, the last ones, adapt
    beta: Float[Tensor, " replica"] | float = 0.0  # by which a spike raises their threshold
    tau_adapt: float = 2.0  # s, time constant with which it recovers
    refractory: int = 0  # time steps from a spike to the next, at least

    def __post_init__(self) -> None:
        require(bool((self.threshold > 0).all()), "threshold", self.threshold, "above 0")
        require(bool((torch.as_tensor(self.beta) >= 0).all()), "beta", self.beta, "at least 0")
        for name in ("tau_rec", "tau_out", "tau_adapt", "dt"):
            require_number(name, getattr(self, name), above=0)
        require_number("gamma", self.gamma, at_least=0)
        for name in ("adaptive", "refractory"):
            require_count(name, getattr(self, name), at_least=0)

    @property
    def alpha(self) -> float:
        """What is left of v after one step."""
        return math.exp(-self.dt / self.tau_rec)

    @property
    def kappa(self) -> float:
        """What is left of y after one step."""
        return math.exp(-self.dt / self.tau_out)

    @property
    def rho(self) -> float:
        """What is left of b after one step."""
        return math.exp(-self.dt / self.tau_adapt)

    def betas(self, n: int) -> Float[Tensor, "replica n"]:
        """By which a spike raises the threshold of each of n neurons; 0 of LIF neurons."""
        adapts = torch.arange(n, device=self.threshold.device) >= n - self.adaptive
        return torch.as_tensor(self.beta).to(self.threshold).view(-1, 1) * adapts


@runtime_checkable
class Synapses(Protocol):
    """Anything that turns spikes into currents: FP32 weights or a crossbar."""

    def current(
        self, spikes: Bool[Tensor, "replica n_pre"], step: int
    ) -> Float[Tensor, "replica n_post"]:
        """sum_i W_ij(t) z_i(t), with the weights as read at time step `step` of the trial."""


class Trial(NamedTuple):
    """What the network did in one trial."""

    v: Float[Tensor, "replica time n_rec"]  # membrane
    z: Bool[Tensor, "replica time n_rec"]  # spikes
    y: Float[Tensor, "replica time n_out"]  # outputs
    threshold: Float[Tensor, "replica time n_rec"]  # theta(t); infinite in refractory time

    __repr__ = short


class State(NamedTuple):
    """Of n neurons at one time step."""

    v: Float[Tensor, "replica n"]  # membrane
    z: Bool[Tensor, "replica n"]  # spikes
    threshold: Float[Tensor, "replica n"]  # theta(t)
    b: Float[Tensor, "replica n"]  # theta(t) - theta, by adaptation
    rest: Int[Tensor, "replica n"]  # steps of refractory time to go

    @classmethod
    def first(cls, n: int, p: Neurons) -> State:
        """Before a trial."""
        theta = p.threshold[:, None].expand(-1, n)
        zero = torch.zeros_like(theta)
        return cls(zero, zero > 0, theta, zero, zero.long())


def step(s: State, current: Float[Tensor, "replica n"], p: Neurons) -> State:
    """The neurons one time step later."""
    theta = p.threshold[:, None]
    v = membrane(s.v, current, s.z, p.alpha, theta)
    b = adaptation(s.b, s.z, p.rho, p.betas(v.shape[1]))
    rest = torch.where(s.z, p.refractory, s.rest) - 1
    threshold = threshold_now(theta, b, rest > 0)
    return State(v, v > threshold, threshold, b, rest)


def run_trial(
    inputs: Bool[Tensor, "replica time n_in"],
    w_in: Synapses,
    w_rec: Synapses,
    w_out: Synapses,
    n_rec: int,
    n_out: int,
    p: Neurons,
) -> Trial:
    """Run R networks through one sample of T steps.

    Synapses are read when their presynaptic neuron spikes, and at no other time.
    """
    R, T, _ = inputs.shape
    states, y = [State.first(n_rec, p)], [p.threshold.new_zeros(R, n_out)]
    for t in range(T - 1):
        current = w_in.current(inputs[:, t], t) + w_rec.current(states[t].z, t)
        states.append(step(states[t], current, p))
        y.append(p.kappa * y[t] + w_out.current(states[t + 1].z, t))
    v, z, threshold, *_ = (torch.stack(x, 1) for x in zip(*states, strict=True))
    return Trial(v, z, torch.stack(y, 1), threshold)
