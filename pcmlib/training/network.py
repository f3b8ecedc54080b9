"""R networks as a configuration describes them: what `train` and the experiments advance.

On a CPU each network is a `State`, which compiled functions change, a network on each core at a
time. With ``compiled=False``, or on another device, trials and gradients run in torch, step by
step, all networks at once (`in_torch`); the programming is the CPU's there too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from pcmlib.base.checks import Values, require, require_count
from pcmlib.base.cores import on_cores
from pcmlib.base.records import short
from pcmlib.device.pulses import MOST_PULSES
from pcmlib.network.epoch import STREAMS, pass_over
from pcmlib.network.reference import Gradients, Neurons, Regularisation, Trial
from pcmlib.network.start import by_time, make_state
from pcmlib.network.state import LEARNT, State
from pcmlib.schemes import HOLD, SCHEMES
from pcmlib.tasks import Samples
from pcmlib.training import in_torch, layers
from pcmlib.training.config import TrainConfig
from pcmlib.training.first_use import compile_kernels
from pcmlib.training.in_torch import Result
from pcmlib.training.record import numbers

_ALL = np.empty(0, np.int64)


class Answer(NamedTuple):
    """What R networks make of all their samples, without learning."""

    outputs: Float[Tensor, "R S T n_out"]
    spikes: Bool[Tensor, "R S T n_rec"]
    loss: Float[Tensor, " R"]  # mean over samples and the steps that count (`network.loss`)
    rate_hz: Float[Tensor, " R"]  # Hz, mean over neurons, samples and time
    accuracy: Float[Tensor, " R"]  # share of the samples whose class is right; NaN: no classes

    __repr__ = short


class Network:
    """R networks, at the start of their training.

    Args:
        config: the run.
        device, compiled: as of `train`.
        samples: what to learn; None: what the configuration's task draws.
        weights: that they start with (`pcmlib.training.layers.holding`); None: random ones.

    Attributes:
        inputs, targets: of all samples of the epoch, as of `TrainingRun`.
        counts: float32 [R, S, T], 1 at the steps whose outputs count, else 0.
        neurons, regularisation: constants, as `pcmlib.network.reference` takes them.
        states: the networks, one each.
    """

    def __init__(
        self,
        config: TrainConfig,
        device: str | torch.device = "cpu",
        compiled: bool | None = None,
        samples: Samples | None = None,
        weights: Mapping[str, Values] | None = None,
    ) -> None:
        c, self.config, self.device = config, config, torch.device(device)
        self.compiled = self.device.type == "cpu" if compiled is None else compiled
        if self.compiled:
            compile_kernels(c)
        self._take(c.problem.generate(c.seeds) if samples is None else samples)
        self.neurons = Neurons(
            self._each("threshold"), c.tau_rec, c.tau_out, c.gamma, c.dt, c.adaptive,
            self._each("beta"), c.tau_adapt, c.refractory,
        )  # fmt: skip
        self.regularisation = Regularisation(
            self._each("regularisation"), self._each("target_rate")
        )
        self._runs = [numbers(c, r)[0] for r in range(c.replicas)]
        x = self.inputs.cpu().numpy()
        each = zip(self._runs, c.seeds, x, strict=True)
        self.states: list[State] = [make_state(run, np.uint64(seed), x) for run, seed, x in each]
        for name, start in ({} if weights is None else layers.holding(c, weights)).items():
            for state, values in zip(self.states, start.numpy(), strict=True):
                getattr(state, name)[: len(values)] = values
        self._outputs = np.zeros_like(self._targets)
        scheme = SCHEMES[c.scheme]
        self._rules = scheme.pointer, (HOLD if c.kept_on_pcm else scheme).pointer
        self._updated = 0
        seed = int(self.states[0].keys[0, 1]) >> 1
        self._generator = torch.Generator(self.device).manual_seed(seed)

    def epoch(self, epoch: int) -> tuple[Float[Tensor, " R"], ...]:
        """Learn every sample once, each network in an order of its own.

        Mean loss, rate (Hz) and accuracy (of no classes: NaN).
        """
        c, updates = self.config, self.config.epoch_updates
        require_count("epoch", epoch, at_least=0, at_most=c.epochs - 1)
        self._check_update(epoch * updates)
        self._draw(epoch)
        if not self.compiled:
            return in_torch.epoch(self, epoch)
        told = {"epoch": epoch, "update": epoch * updates, "learning": True}
        means = on_cores(lambda r: self._pass(r, _ALL, **told), range(c.replicas))
        self._updated = (epoch + 1) * updates
        return tuple(torch.tensor(means, dtype=torch.float32).unbind(1))

    def run(self, sample: Shaped[Tensor, " R"], update: int, stream: int = 0) -> Result:
        """One trial after `update` updates; network r runs sample[r]. It changes no weight.

        `stream` tells trials at the same update apart: their read noise differs.
        """
        require_count("stream", stream, at_least=0, at_most=STREAMS - 1)
        self._check_update(update)
        if not self.compiled:
            return in_torch.run(self, sample, update, self.config.gradient_limit)
        chosen = np.array(sample.tolist(), np.int64)
        told = {"update": update, "stream": stream}
        means = on_cores(lambda r: self._pass(r, chosen[r : r + 1], **told), range(len(chosen)))
        means = torch.tensor(means, dtype=torch.float32).unbind(1)
        v = torch.from_numpy(np.stack([state.v for state in self.states]))
        y = torch.from_numpy(self._outputs[np.arange(len(chosen)), chosen])
        found = self.by_layer("gradient").values()
        theta = torch.from_numpy(np.stack([state.theta for state in self.states]))
        return Result(Trial(v, v > theta, y, theta.expand_as(v)), Gradients(*found), *means)

    def learn(self, gradients: Gradients, update: int, epoch: int) -> None:
        """Weight update number `update` (from 1), with the learning rates of `epoch` (from 0)."""
        require_count("update", update, at_least=1, at_most=self.config.updates)
        parts = [g.cpu().flatten(1).numpy() for g in gradients]
        told = {"epoch": epoch, "update": update - 1, "trials": False, "learning": True}

        def work(r: int) -> None:
            flat = np.concatenate([g[r] for g in parts])
            self.states[r].gradient[: len(flat)] = flat
            self._pass(r, np.zeros(1, np.int64), **told)

        on_cores(work, range(self.config.replicas))
        self._updated = update

    def snapshot(self, epoch: int) -> Answer:
        """`ask` after `epoch` epochs: of `fresh` samples, of those that the next would learn."""
        self._draw(epoch)
        return self.ask(epoch * self.config.epoch_updates)

    def ask(self, update: int) -> Answer:
        """Run all samples after `update` updates, without learning."""
        c = self.config
        streams = [1 + s % (STREAMS - 1) for s in range(c.samples)]
        if not self.compiled:
            everyone = torch.ones(c.replicas, dtype=torch.int64)
            results = [self.run(everyone * s, update, streams[s]) for s in range(c.samples)]
            y, z = (torch.stack([getattr(x.trial, n) for x in results], 1) for n in ("y", "z"))
            means = (sum(getattr(x, n) for x in results) / c.samples for n in Answer._fields[2:])
            return Answer(*(x.cpu() for x in (y, z, *means)))
        spikes = np.zeros((c.replicas, c.samples, c.steps, c.n_rec), np.bool_)

        def work(r: int) -> list[float]:
            told = {"update": update, "spikes": spikes[r]}
            one = (np.array([s], np.int64) for s in range(c.samples))
            means = [
                self._pass(r, s, stream=stream, **told)
                for s, stream in zip(one, streams, strict=True)
            ]
            return np.mean(means, axis=0).tolist()

        means = torch.tensor(on_cores(work, range(c.replicas)), dtype=torch.float32).unbind(1)
        y, z = torch.from_numpy(self._outputs.copy()), torch.from_numpy(spikes)
        return Answer(y, z, *means)

    def _draw(self, epoch: int) -> None:
        """Draw the samples of an epoch, where each has its own."""
        if self.config.fresh:
            self._take(self.config.problem.generate(self.config.seeds, epoch))
            spikes = (by_time(x) for x in self.inputs.cpu().numpy())
            self.states = [
                state._replace(first=first, index=index, when=when)
                for state, (first, index, when) in zip(self.states, spikes, strict=True)
            ]

    def _take(self, samples: Samples) -> None:
        self.inputs, self.targets, self.counts = (x.to(self.device) for x in samples)
        self._targets, self._counts = samples.targets.numpy(), samples.counts.numpy()

    # What the networks hold

    @property
    def weights(self) -> dict[str, Float[Tensor, "R n_pre n_post"]]:
        """Of each layer, T0 after the last pulse, without noise."""
        return layers.weights(self.config, self.state())

    @property
    def wear(self) -> Int[Tensor, "3 R"]:
        """SET pulses, RESET pulses, and reads for programming ever given to each network."""
        counts = [
            [getattr(s, name).sum(dtype=np.int64) for s in self.states]
            for name in ("n_set", "n_reset", "reads")
        ]
        return torch.tensor(np.array(counts))

    @property
    def feedback(self) -> Float[Tensor, "R n_rec n_out"]:
        """B: how each neuron hears of each output's error."""
        if self.config.symmetric_feedback:
            return self.weights["out"].to(self.device)
        return torch.from_numpy(np.stack([s.feedback for s in self.states])).to(self.device)

    def state(self) -> dict[str, Tensor]:
        """Everything that training changes: what a checkpoint has to keep."""
        return {name: self.stacked(name) for name in LEARNT}

    def load(self, state: dict[str, Tensor]) -> None:
        """Go on from a `state`."""
        for name in LEARNT:
            for one, values in zip(self.states, state[name], strict=True):
                getattr(one, name)[:] = values.numpy()

    def by_layer(self, name: str, *lead: int) -> dict[str, Shaped[Tensor, "R ... n_pre n_post"]]:
        """The same, by layer."""
        return layers.by_layer(self.config, self.stacked(name), *lead)

    def stacked(self, name: str) -> Shaped[Tensor, "R ..."]:
        """A copy of one of the states' arrays."""
        return torch.from_numpy(np.stack([getattr(s, name) for s in self.states]))

    def _each(self, name: str) -> Float[Tensor, " R"]:
        return torch.tensor(self.config.each(name), dtype=torch.float32, device=self.device)

    def _check_update(self, update: int) -> None:
        least = self._updated if self.config.on_crossbar else 0  # digital weights do not age
        require_count("update", update, at_least=least, at_most=self.config.updates)

    def _pass(
        self,
        r: int,
        samples: Int[np.ndarray, " n"],
        *,
        epoch: int = 0,
        update: int,
        stream: int = 0,
        trials: bool = True,
        learning: bool = False,
        spikes: Shaped[np.ndarray, "s T n_rec"] | None = None,
    ) -> tuple[float, float, float]:
        """`pass_over` for network r; mean loss, rate (Hz) and accuracy.

        Raises:
            ValueError: where the scheme asks for pulses that no device takes.
        """
        seen = np.empty((0, 0, 0), np.bool_) if spikes is None else spikes
        *means, holds = pass_over(
            self.states[r], self._runs[r], samples, epoch, update, stream, trials, learning,
            self._targets[r], self._counts[r], self._outputs[r], seen, *self._rules,
        )  # fmt: skip
        most = MOST_PULSES * self.config.pairs
        allowed = f"whole numbers from 0 to {most}, {MOST_PULSES} for a device at once"
        require(holds, f"pulses that {self.config.scheme} asks for", "other numbers", allowed)
        return tuple(means)
