"""A layer of synapses: FP32 weights, or a crossbar of PCM devices, behind one interface.

A layer answers two questions. Which current do these spikes drive, with the weights as a read at
this step of the trial gives them? Only presynaptic neurons that spike are read, when they spike.
And what does a scheme make of a gradient?

Here is the layer in torch, all replicas at once; `pcmlib.srnn.layers` hands it to the kernels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor

from pcmlib.base import rng
from pcmlib.base.checks import require, require_count
from pcmlib.crossbar import Crossbar
from pcmlib.crossbar.closed_loop import most_draws
from pcmlib.crossbar.compiled import DRAWS
from pcmlib.device import read_noise
from pcmlib.device.array import MOST_PULSES
from pcmlib.schemes import Scheme, Settings
from pcmlib.srnn.drift import course

Weights = Float[Tensor, "R n_pre n_post"]


class DigitalSynapses:
    """FP32 weights [R, n_pre, n_post], which read as they are.

    Args:
        weights: where they start.
        exists: the synapses that are there, None for all; the others stay at 0.
        key: a key of `pcmlib.base.rng` for each replica, for schemes that need chance.
    """

    def __init__(
        self,
        weights: Weights,
        exists: Bool[Tensor, "n_pre n_post"] | None = None,
        key: Shaped[np.ndarray, " R"] | None = None,
    ) -> None:
        R, n_pre, n_post = weights.shape
        everywhere = torch.ones((n_pre, n_post), dtype=torch.bool)
        self.exists = (everywhere if exists is None else exists).to(weights.device)
        self.key = rng.keys(range(R)) if key is None else key
        self._weights = weights * self.exists

    def weights(self) -> Weights:
        return self._weights

    def begin_trial(self, update: int) -> None:
        """Weights do not age."""

    def current(self, spikes: Bool[Tensor, "R n_pre"], step: int) -> Float[Tensor, "R n_post"]:
        return torch.einsum("ri,rij->rj", spikes.to(self._weights.dtype), self._weights)

    def update(
        self, scheme: Scheme, gradient: Weights, kept: Weights, s: Settings, number: int
    ) -> None:
        """Do what a scheme's rule says at update `number`, and bring `kept` up to date."""
        w = self._weights
        chance = rng.uniform(w.shape, self.key, number, w.device)
        said = scheme.decide(gradient, kept, chance, w, torch.zeros_like(w), s)
        kept.copy_(said.kept)
        w.add_(said.up - said.down).clamp_(-1, 1).mul_(self.exists)

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint has to keep."""
        return {"weights": self._weights}

    def load(self, state: dict[str, Tensor]) -> None:
        self._weights.copy_(state["weights"])


class CrossbarSynapses:
    """A crossbar, programmed only at whole updates: times 0, period, 2 period, ...

    The trial after update k starts at k period; its step t is read `t_min` after t dt.

    Args:
        crossbar: the devices.
        steps, dt: time steps of a trial, and the length of one in s.
        period: s between two updates.
        updates: how many there will be.
        assumed_pulse: µS that a SET is taken to add where a synapse is refreshed, a replica each.
        refresh_period: updates between two refreshes of saturated synapses, a replica each; None:
            never.
        tolerance: µS of write-verify (`Crossbar.verify`), a replica each; None: open loop.
        symmetric: take off what both devices of a pair hold in common after each update.
        generator: of the read noise in `current` (the kernels have counters).
    """

    def __init__(
        self,
        crossbar: Crossbar,
        *,
        steps: int,
        dt: float,
        period: float,
        updates: int,
        assumed_pulse: Float[Tensor, " R"],
        refresh_period: Sequence[int | None],
        tolerance: Float[Tensor, " R"] | None = None,
        symmetric: bool = False,
        generator: torch.Generator,
    ) -> None:
        self.crossbar, self.dt, self.period = crossbar, dt, period
        self.assumed_pulse, self.tolerance = assumed_pulse, tolerance
        self.refresh_period, self.symmetric = refresh_period, symmetric
        self._updates, self._generator = updates, generator
        self._start = 0.0  # s: start of the trial
        p = crossbar.devices.parameters
        self.ideal = p.bits is not None or (p.drift == 0 and p.read_noise == 0)
        self.course = course(p, steps=steps, dt=dt, period=period, updates=updates)

    def weights(self) -> Weights:
        return self.crossbar.weights()

    def begin_trial(self, update: int) -> None:
        """The trial that follows `update` updates, which are not behind the devices' pulses."""
        least = round(self.crossbar.devices.t_last / self.period)
        require_count("update", update, at_least=least, at_most=self._updates)
        self._start = update * self.period

    def current(self, spikes: Bool[Tensor, "R n_pre"], step: int) -> Float[Tensor, "R n_post"]:
        xbar, devices = self.crossbar, self.crossbar.devices
        p = devices.parameters
        r, i = spikes.nonzero(as_tuple=True)
        everything = slice(None)
        t = self._start + step * self.dt + p.t_min
        G = devices.drifted(t, (r, everything, everything, i))  # [spike, 2, N, n_post]
        if not self.ideal and p.read_noise:
            xi = torch.randn(G.shape, generator=self._generator, device=G.device)
            G = G + p.read_noise * read_noise(G, p) * xi
        G = G.clamp(p.g_min, p.g_max).mean(2)
        rows = (G[:, 0] - G[:, 1]) * xbar.exists[i] / xbar.scale[r, None]
        return torch.zeros(len(spikes), xbar.n_post, device=G.device).index_add_(0, r, rows)

    def update(
        self, scheme: Scheme, gradient: Weights, kept: Weights, s: Settings, number: int
    ) -> None:
        """Do what a scheme's rule says at update `number`, refresh if due; `kept` moves on."""
        xbar, devices, t = self.crossbar, self.crossbar.devices, number * self.period
        # Number the draws from a fixed start: a refresh draws only if a synapse of some replica
        # needs it, and its neighbours must not feel it.
        draws = DRAWS if self.tolerance is None else DRAWS + 2 * most_draws(xbar.pairs)
        devices._draw = number * draws
        chance = rng.uniform(gradient.shape, devices.key, number, gradient.device)
        plus, minus = xbar.sides.unbind(dim=1)
        said = scheme.decide(gradient, kept, chance, plus, minus, s)
        kept.copy_(said.kept)
        if scheme.resets:
            xbar.reset(torch.stack([said.reset_plus, said.reset_minus], dim=1), t)
        pulses = torch.stack([said.up, said.down], dim=1)
        self.check_pulses(bool(((pulses >= 0) & (pulses <= self.most_pulses)).all()))
        how = {"assumed_pulse": self.assumed_pulse, "tolerance": self.tolerance}
        xbar.write(pulses.int(), t, **how)
        due = [self.refreshes(r, number) for r in range(xbar.replicas)]
        if any(due):
            xbar.refresh(t, replicas=due, **how)
        if self.symmetric:
            self.remove_common()

    def read(self, number: int) -> Weights:
        """A noisy read of all weights at update `number`, before its pulses."""
        self.crossbar.devices._draw = number * DRAWS + DRAWS // 2  # apart from the update's
        self.crossbar.reads += self.crossbar.exists.sum()
        return self.crossbar.read(number * self.period)

    @property
    def most_pulses(self) -> int:
        """That one side can be given at once."""
        return MOST_PULSES * self.crossbar.pairs

    def check_pulses(self, hold: bool) -> None:
        """Raise ValueError unless the pulses that a rule asked for `hold` to that."""
        allowed = f"from 0 to {self.most_pulses}, {MOST_PULSES} for a device at once"
        require(hold, "pulses of an update", "more, or not a number", allowed)

    def remove_common(self) -> None:
        """Take off what the two devices of a pair hold in common, as no real pair could.

        A weight can then come down as far as it went up: the devices' asymmetry is gone.
        """
        devices = self.crossbar.devices
        common = devices.G.amin(dim=1, keepdim=True) - devices.parameters.g_min
        devices.G = devices.G - common.clamp(min=0)

    def refreshes(self, r: int, number: int) -> bool:
        """Whether replica r is refreshed at update `number`."""
        period = self.refresh_period[r]
        return period is not None and number % period == 0

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint has to keep."""
        devices = self.crossbar.devices
        names = ("G", "P", "tp", "n_set", "n_reset")
        return {
            **{name: getattr(devices, name) for name in names},
            "turn": self.crossbar.turn,
            "reads": self.crossbar.reads,
            "t_last": torch.tensor(devices.t_last, dtype=torch.float64),
        }

    def load(self, state: dict[str, Tensor]) -> None:
        devices = self.crossbar.devices
        for name in ("G", "P", "tp", "n_set", "n_reset"):
            setattr(devices, name, state[name].to(devices.device))
        for name in ("turn", "reads"):
            setattr(self.crossbar, name, state[name].to(devices.device))
        devices.t_last = float(state["t_last"])
