"""A network that learns: task, synapses, feedback and update scheme, put together.

One update: run a sample, get the gradient, and `period` seconds later let the scheme make of it
what each layer's memory can. On a CPU all of it runs in compiled kernels, a replica at a time on
each core (`pcmlib.training.replica`); elsewhere, or with ``compiled=False``, in torch, all replicas
at once.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cached_property
from typing import Any, NamedTuple

import numba
import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from pcmlib import eprop
from pcmlib.base import rng
from pcmlib.base.checks import require_count
from pcmlib.crossbar import Crossbar
from pcmlib.eprop import Gradients, Regularisation
from pcmlib.schemes import HOLD, SCHEMES, Settings
from pcmlib.srnn import Neurons, Trial, run_trial
from pcmlib.srnn.synapses import CrossbarSynapses, DigitalSynapses
from pcmlib.training.config import TrainConfig
from pcmlib.training.replica import Replica

LAYERS = ("in", "rec", "out")


class Result(NamedTuple):
    """One trial of R networks, and what it says about the weights."""

    trial: Trial
    gradients: Gradients
    loss: Float[Tensor, " R"]  # mean squared error over time and outputs
    rate_hz: Float[Tensor, " R"]  # Hz, mean over neurons and time


class Network:
    """R networks as `config` describes them, at the start of their training."""

    def __init__(
        self, config: TrainConfig, device: str | torch.device = "cpu", compiled: bool | None = None
    ) -> None:
        self.config, self.device = config, torch.device(device)
        self.compiled = self.device.type == "cpu" if compiled is None else compiled
        self._pool_of = 0
        self.inputs, self.targets = (x.to(self.device) for x in config.task.generate(config.seeds))
        self.neurons = Neurons(
            self._each("threshold"), config.tau_rec, config.tau_out, config.gamma, config.dt
        )
        self.regularisation = Regularisation(
            self._each("regularisation"), self._each("target_rate")
        )
        c = config
        exists = {
            "in": torch.ones(c.n_in, c.n_rec, dtype=torch.bool),
            "rec": ~torch.eye(c.n_rec, dtype=torch.bool) & c.recurrence,
            "out": torch.ones(c.n_rec, c.n_out, dtype=torch.bool),
        }
        make = self._crossbar if c.on_crossbar else self._digital
        self.layers = {name: make(name, mask) for name, mask in exists.items()}
        self._feedback = self._kaiming("feedback", c.n_rec, c.n_out, c.n_rec, "feedback_gain")
        self.scheme = SCHEMES[c.scheme]
        second = {f"kept {name}": mask for name, mask in exists.items() if c.kept_on_pcm}
        self.memories = {name: self._crossbar(name, mask) for name, mask in second.items()}
        self.kept = {n: torch.zeros_like(layer.weights()) for n, layer in self.layers.items()}
        learning = {"in": c.learn_in, "rec": c.learn_rec and c.recurrence, "out": c.learn_out}
        self.learning = [name for name in LAYERS if learning[name]]
        self._orders: tuple[int, Int[Tensor, "R epochs S"]] | None = None

    @property
    def feedback(self) -> Float[Tensor, "R n_rec n_out"]:
        """B: how each neuron hears of each output's error."""
        return self.layers["out"].weights() if self.config.symmetric_feedback else self._feedback

    def run(self, sample: Shaped[Tensor, " R"], update: int, stream: int = 0) -> Result:
        """One trial after `update` updates; replica r runs sample[r]. It changes no weight.

        `stream` tells trials at the same update apart: their read noise differs.
        """
        for layer in self.layers.values():
            layer.begin_trial(update)
        if self.compiled:
            chosen = sample.tolist()
            found = self._each_replica(lambda x: x.run(chosen[x.r], update, stream))
            z, v, y, g_in, g_rec, g_out, loss, rate = (
                torch.from_numpy(np.stack(part)) for part in zip(*found, strict=True)
            )
            return Result(Trial(v, z, y), Gradients(g_in, g_rec, g_out), loss.float(), rate)
        everyone = torch.arange(self.config.replicas)
        x, target = self.inputs[everyone, sample], self.targets[everyone, sample]
        c, layers = self.config, self.layers
        trial = run_trial(
            x, layers["in"], layers["rec"], layers["out"], c.n_rec, c.n_out, self.neurons
        )
        rest = self.regularisation, self.neurons, c.gradient_limit
        g = eprop.gradients(x, trial, target, self.feedback, *rest)
        loss = ((trial.y - target) ** 2).mean((1, 2))
        return Result(trial, g, loss, eprop.firing_rate(trial.z, self.neurons).mean(1))

    def learn(self, gradients: Gradients, update: int, epoch: int) -> None:
        """Weight update number `update` (from 1), with the learning rates of `epoch` (from 0)."""
        require_count("update", update)
        if self.compiled:
            parts = [g.numpy() for g in gradients]
            self._each_replica(lambda x: x.learn([g[x.r] for g in parts], update, epoch))
            self._told(update)
            return
        for name, gradient in zip(LAYERS, gradients, strict=True):
            if name in self.learning:
                each = [self.config.settings(r, name, epoch) for r in range(self.config.replicas)]
                s = Settings(*map(self._column, zip(*each, strict=True)))
                kept, memory = self.kept[name], self.memories.get(f"kept {name}")
                if memory is not None:
                    kept.copy_(memory.read(update))
                before = kept.clone()
                self.layers[name].update(self.scheme, gradient, kept, s, update)
                if memory is not None:
                    scale = self._column(self.config.each("kept_scale"))
                    memory.update(HOLD, before, kept, s._replace(scale=scale), update)

    def epoch(self, epoch: int) -> tuple[Float[Tensor, " R"], Float[Tensor, " R"]]:
        """Learn every sample once, each replica in an order of its own; mean loss and rate (Hz)."""
        c, order = self.config, self._order(epoch)
        for layer in self.layers.values():
            layer.begin_trial(epoch * c.samples)
        require_count("epoch", epoch, at_least=0, at_most=c.epochs - 1)
        if self.compiled:
            found = self._each_replica(lambda x: x.epoch(order[x.r].tolist(), epoch))
            self._told((epoch + 1) * c.samples)
            loss, rate_hz = torch.tensor(found, dtype=torch.float32).unbind(1)
            return loss, rate_hz
        loss = rate_hz = torch.zeros(c.replicas)
        for n, sample in enumerate(order.unbind(1)):
            update = epoch * c.samples + n
            result = self.run(sample, update)
            self.learn(result.gradients, update + 1, epoch)
            loss, rate_hz = loss + result.loss.cpu(), rate_hz + result.rate_hz.cpu()
        return loss / c.samples, rate_hz / c.samples

    @property
    def wear(self) -> Int[Tensor, "3 R"]:
        """SET pulses, RESET pulses, and reads for programming ever given to each replica."""
        zero = torch.zeros(3, self.config.replicas, dtype=torch.int64)
        bars = [x.crossbar for x in self._synapses.values()] if self.config.on_crossbar else []
        counts = [torch.stack([x.set_pulses, x.reset_pulses, x.reads]).cpu() for x in bars]
        return sum(counts, zero)

    def state(self) -> dict[str, Tensor]:
        """Everything that training changes: what a checkpoint has to keep."""
        parts = {name: synapses.state() for name, synapses in self._synapses.items()}
        for name in LAYERS:
            parts[name]["kept"] = self.kept[name]
        return {f"{n}.{key}": value for n, part in parts.items() for key, value in part.items()}

    def load(self, state: dict[str, Tensor]) -> None:
        """Go on from a `state`."""
        for name, synapses in self._synapses.items():
            part = {k.split(".")[1]: v for k, v in state.items() if k.startswith(f"{name}.")}
            synapses.load(part)
            if name in LAYERS:
                self.kept[name].copy_(part["kept"])

    @property
    def _synapses(self) -> dict[str, Any]:
        """Of the layers, and of what they keep, if that is on crossbars."""
        return self.layers | self.memories

    # How it starts

    def _each(self, name: str) -> Float[Tensor, " R"]:
        return torch.tensor(self.config.each(name), dtype=torch.float32, device=self.device)

    def _column(self, values: tuple[float, ...]) -> Float[Tensor, "R 1 1"]:
        return torch.tensor(values, dtype=torch.float32, device=self.device).view(-1, 1, 1)

    def keys(self, use: str) -> Shaped[np.ndarray, " R"]:
        """A key of the random numbers for each replica, apart from those of other uses."""
        return rng.streams(USES[use], self.config.seeds)

    def _order(self, epoch: int) -> Int[Tensor, "R S"]:
        """The samples in random order, each replica's by its own seed."""
        block, place = divmod(epoch, EPOCHS)  # drawn together, for speed
        if self._orders is None or self._orders[0] != block:
            shape = (self.config.replicas, EPOCHS, self.config.samples)
            drawn = rng.uniform(shape, self.keys("order"), block)
            self._orders = block, drawn.argsort(dim=2, stable=True)
        return self._orders[1][:, place]

    def _kaiming(
        self, name: str, n_pre: int, n_post: int, fan_in: int, gain: str
    ) -> Float[Tensor, "R n_pre n_post"]:
        """Normal weights of standard deviation gain sqrt(2 / fan_in)."""
        normals = rng.normal((self.config.replicas, n_pre, n_post), self.keys(name), 0)
        sd = self._each(gain) * math.sqrt(2 / fan_in)
        return normals.to(self.device) * sd[:, None, None]

    def _digital(self, name: str, exists: Bool[Tensor, "n_pre n_post"]) -> DigitalSynapses:
        n_pre, n_post = exists.shape
        weights = self._kaiming(name, n_pre, n_post, n_pre, "gain")
        return DigitalSynapses(weights, exists, self.keys(f"update {name}"))

    def _crossbar(self, name: str, exists: Bool[Tensor, "n_pre n_post"]) -> CrossbarSynapses:
        c, second = self.config, name.startswith("kept")
        crossbar = Crossbar(
            *exists.shape,
            replicas=c.replicas,
            pairs=c.pairs,
            parameters=c.parameters,
            scale=self._each("kept_scale" if second else "scale"),
            conductance=None if second else self._each("conductance"),
            exists=exists,
            seed=[int(key) >> 1 for key in self.keys(name)],
            device=self.device,
        )
        seed = 0 if second else int(self.keys(f"read {name}")[0] >> np.uint64(1))
        return CrossbarSynapses(
            crossbar,
            steps=c.steps,
            dt=c.dt,
            period=c.period,
            updates=c.updates,
            assumed_pulse=self._each("assumed_pulse"),
            refresh_period=c.each("refresh_period"),
            tolerance=self._each("tolerance") if c.write_verify and not second else None,
            symmetric=c.symmetric_devices,
            generator=torch.Generator(self.device).manual_seed(seed),
        )

    # Replicas one at a time, on all cores

    @cached_property
    def _replicas(self) -> list[Replica]:
        return [Replica(self, r) for r in range(self.config.replicas)]

    def _each_replica(self, work: Callable[[Replica], Any]) -> list[Any]:
        """`work` on each replica, some at a time; a single one has the other cores for itself."""
        replicas = self._replicas
        cores = numba.get_num_threads()
        if len(replicas) == 1 or cores == 1:
            helper = self._pool if cores > 1 else None
            for replica in replicas:
                replica.helper = helper
            return [work(replica) for replica in replicas]
        jobs = [self._pool.submit(work, replica) for replica in replicas]
        try:
            return [job.result() for job in jobs]
        finally:  # after Ctrl-C or a failure, let the others leave off
            for replica, job in zip(replicas, jobs, strict=True):
                replica.stopped = not job.cancel()
            wait(jobs)
            for replica in replicas:
                replica.stopped = False

    @property
    def _pool(self) -> ThreadPoolExecutor:
        """Threads of this process; a forked child has none of its parent's."""
        if self._pool_of != os.getpid():
            self._threads = ThreadPoolExecutor(numba.get_num_threads())
            self._pool_of = os.getpid()
        return self._threads

    def _told(self, update: int) -> None:
        """The crossbars' own clocks: pulses come at update `update` at the latest."""
        for name, synapses in self._synapses.items() if self.config.on_crossbar else ():
            if name.removeprefix("kept ") in self.learning:
                synapses.crossbar.devices.t_last = update * self.config.period


EPOCHS = 64
USES = {name: 10 + n for n, name in enumerate(
    ["in", "rec", "out", "feedback", "read in", "read rec", "read out", "order",
     "update in", "update rec", "update out", "kept in", "kept rec", "kept out"]
)}  # fmt: skip
