"""The network: leaky integrate-and-fire neurons, recurrently connected, and a leaky readout.

    v(t+1) = alpha v(t) + W_rec z(t) + W_in x(t) - theta z(t)        alpha = exp(-dt/tau_rec)
    z(t+1) = [v(t+1) > theta]
    y(t+1) = kappa y(t) + W_out z(t+1)                               kappa = exp(-dt/tau_out)

from v(0) = z(0) = y(0) = 0. A spike lowers v by theta and no further (a soft reset).

Here is the network as one reads it, on any device; `pcmlib.network.trial` holds the same
compiled for a CPU. Every state has a leading replica axis: R independent networks run at once.

Source: Bellec et al., Nat. Commun. 11, 3625 (2020); Demirag et al., arXiv 2108.01804.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pcmlib.base.checks import require, require_number
from pcmlib.base.records import Record, short
from pcmlib.network.laws import membrane


@dataclass(frozen=True, eq=False)
class Neurons(Record):
    """Constants of the neurons. The membrane v has the unit of the threshold."""

    threshold: Float[Tensor, " replica"]  # theta, of each replica's neurons
    tau_rec: float = 30e-3  # s, membrane time constant
    tau_out: float = 30e-3  # s, time constant of the readout
    gamma: float = 0.3  # height of the pseudo-derivative, unit 1
    dt: float = 1e-3  # s, one time step

    def __post_init__(self) -> None:
        require(bool((self.threshold > 0).all()), "threshold", self.threshold, "above 0")
        for name in ("tau_rec", "tau_out", "dt"):
            require_number(name, getattr(self, name), above=0)
        require_number("gamma", self.gamma, at_least=0)

    @property
    def alpha(self) -> float:
        """What is left of v after one step."""
        return math.exp(-self.dt / self.tau_rec)

    @property
    def kappa(self) -> float:
        """What is left of y after one step."""
        return math.exp(-self.dt / self.tau_out)


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

    __repr__ = short


def lif_step(
    v: Float[Tensor, "replica n"],
    z: Bool[Tensor, "replica n"],
    current: Float[Tensor, "replica n"],
    p: Neurons,
) -> tuple[Float[Tensor, "replica n"], Bool[Tensor, "replica n"]]:
    """One time step of the membrane and the spikes."""
    theta = p.threshold[:, None]
    v = membrane(v, current, z, p.alpha, theta)
    return v, v > theta


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
    dtype = p.threshold.dtype
    v = torch.zeros(R, T, n_rec, device=inputs.device, dtype=dtype)
    z = torch.zeros(R, T, n_rec, device=inputs.device, dtype=torch.bool)
    y = torch.zeros(R, T, n_out, device=inputs.device, dtype=dtype)
    for t in range(T - 1):
        current = w_in.current(inputs[:, t], t) + w_rec.current(z[:, t], t)
        v[:, t + 1], z[:, t + 1] = lif_step(v[:, t], z[:, t], current, p)
        y[:, t + 1] = p.kappa * y[:, t] + w_out.current(z[:, t + 1], t)
    return Trial(v, z, y)
