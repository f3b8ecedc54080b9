"""A network that learns: task, synapses, feedback and update schemes, put together.

One update: run a sample, get the gradient, and `period` seconds later let every layer's scheme make
of it what its memory can. On a CPU the trial and the gradient run in compiled kernels; elsewhere,
or with ``compiled=False``, in torch.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor

from pcmlib import eprop
from pcmlib.base import rng
from pcmlib.crossbar import Crossbar
from pcmlib.eprop import Gradients, Regularisation
from pcmlib.eprop import compiled as backward
from pcmlib.schemes import SCHEMES, Settings
from pcmlib.srnn import Neurons, Trial, run_trial
from pcmlib.srnn import compiled as forward
from pcmlib.srnn.synapses import CrossbarSynapses, DigitalSynapses
from pcmlib.training.config import TrainConfig

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
        settings = Settings(*(self._each(name) for name in Settings.__dataclass_fields__))
        self.schemes = {n: SCHEMES[c.scheme](layer, settings) for n, layer in self.layers.items()}
        self._learning = {"in": c.learn_in, "rec": c.learn_rec, "out": c.learn_out}
        if self.compiled:
            self._prepare_kernels()

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
        everyone = torch.arange(self.config.replicas)
        x, target = self.inputs[everyone, sample], self.targets[everyone, sample]
        if self.compiled:
            return self._run_compiled(sample.numpy(), target, (update << 4) + stream)
        c, layers = self.config, self.layers
        trial = run_trial(
            x, layers["in"], layers["rec"], layers["out"], c.n_rec, c.n_out, self.neurons
        )
        g = eprop.gradients(x, trial, target, self.feedback, self.regularisation, self.neurons)
        loss = ((trial.y - target) ** 2).mean((1, 2))
        return Result(trial, g, loss, eprop.firing_rate(trial.z, self.neurons).mean(1))

    def learn(self, gradients: Gradients, update: int, epoch: int) -> None:
        """Weight update number `update` (from 1), with the learning rates of `epoch` (from 0)."""
        c, t = self.config, update * self.config.period
        decay = [d**epoch for d in c.each("lr_decay")]
        for name, gradient in zip(LAYERS, gradients, strict=True):
            if not self._learning[name] or (name == "rec" and not c.recurrence):
                continue
            layer = self.layers[name]
            layer.begin_update(update)
            lr = [rate * d for rate, d in zip(c.each(f"lr_{name}"), decay, strict=True)]
            self.schemes[name].update(gradient, torch.tensor(lr, device=self.device), t)
            if c.refresh_period and update % c.refresh_period == 0:
                layer.crossbar.refresh(t, assumed_pulse=self._each("assumed_pulse"))
            if c.on_crossbar and c.symmetric_devices:
                layer.remove_common()

    @property
    def pulses(self) -> tuple[Shaped[Tensor, " R"], Shaped[Tensor, " R"]]:
        """SET and RESET pulses ever given to each replica."""
        zero = torch.zeros(self.config.replicas, dtype=torch.int64)
        if not self.config.on_crossbar:
            return zero, zero
        bars = [layer.crossbar for layer in self.layers.values()]
        return sum((x.set_pulses.cpu() for x in bars), zero), sum(
            (x.reset_pulses.cpu() for x in bars), zero
        )

    def state(self) -> dict[str, Tensor]:
        """Everything that training changes: what a checkpoint has to keep."""
        parts = {n: {**self.layers[n].state(), **self.schemes[n].state} for n in LAYERS}
        return {f"{n}.{key}": value for n, part in parts.items() for key, value in part.items()}

    def load(self, state: dict[str, Tensor]) -> None:
        """Go on from a `state`."""
        for name in LAYERS:
            part = {k.split(".")[1]: v for k, v in state.items() if k.startswith(f"{name}.")}
            self.layers[name].load(part)
            for key, value in self.schemes[name].state.items():
                value.copy_(part[key])

    # How it starts

    def _each(self, name: str) -> Float[Tensor, " R"]:
        return torch.tensor(self.config.each(name), dtype=torch.float32, device=self.device)

    def _seeds(self, name: str) -> list[int]:
        """A seed for each replica, apart from those of other names."""
        sequences = (np.random.SeedSequence([_STREAMS[name], s]) for s in self.config.seeds)
        return [int(s.generate_state(1, np.uint64)[0] >> 1) for s in sequences]

    def _kaiming(
        self, name: str, n_pre: int, n_post: int, fan_in: int, gain: str
    ) -> Float[Tensor, "R n_pre n_post"]:
        """Normal weights of standard deviation gain sqrt(2 / fan_in)."""
        normals = [
            np.random.default_rng(seed).standard_normal((n_pre, n_post), np.float32)
            for seed in self._seeds(name)
        ]
        sd = self._each(gain) * math.sqrt(2 / fan_in)
        return torch.from_numpy(np.stack(normals)).to(self.device) * sd[:, None, None]

    def _digital(self, name: str, exists: Bool[Tensor, "n_pre n_post"]) -> DigitalSynapses:
        n_pre, n_post = exists.shape
        weights = self._kaiming(name, n_pre, n_post, n_pre, "gain")
        return DigitalSynapses(weights * exists.to(self.device))

    def _crossbar(self, name: str, exists: Bool[Tensor, "n_pre n_post"]) -> CrossbarSynapses:
        c = self.config
        crossbar = Crossbar(
            *exists.shape,
            replicas=c.replicas,
            pairs=c.pairs,
            parameters=c.parameters,
            scale=self._each("scale"),
            conductance=self._each("conductance"),
            exists=exists,
            seed=self._seeds(name),
            device=self.device,
        )
        generator = torch.Generator(self.device).manual_seed(self._seeds(f"read {name}")[0])
        return CrossbarSynapses(
            crossbar,
            steps=c.steps,
            dt=c.dt,
            period=c.period,
            updates=c.updates,
            generator=generator,
        )

    # The compiled kernels

    def _prepare_kernels(self) -> None:
        p = self.neurons
        self._spikes = forward.find_spikes(self.inputs.flatten(0, 1).numpy())
        self._keys = {n: np.array(self._seeds(f"read {n}"), np.uint64) for n in LAYERS}
        self._constants = forward.Constants(
            *(np.float32(x) for x in (p.alpha, p.kappa, p.gamma, p.dt)),
            threshold=p.threshold.numpy(),
            reg=self.regularisation.strength.numpy(),
            rate=self.regularisation.rate.numpy(),
        )

    def _run_compiled(
        self, sample: np.ndarray, target: Float[Tensor, "R T n_out"], draw: int
    ) -> Result:
        c, k = self.config, self._constants
        rows = {n: self.layers[n].rows(self._keys[n], draw) for n in LAYERS}
        chosen = np.arange(c.replicas) * c.samples + sample
        spikes = self._spikes._replace(first=self._spikes.first[chosen])
        feedback = self.feedback.numpy()
        with rng.cores_for(c.replicas * c.steps * c.n_rec):
            current = forward.input_currents(spikes, rows["in"], c.n_rec)
            trial = forward.recur(current, rows["rec"], rows["out"], c.n_out, k)
            *g, loss, rate = backward.gradients(spikes, *trial, target.numpy(), feedback, k, c.n_in)
        return Result(
            Trial(*(torch.from_numpy(x) for x in trial)),
            Gradients(*(torch.from_numpy(x) for x in g)),
            torch.from_numpy(loss),
            torch.from_numpy(rate).mean(1),
        )


_STREAMS = {name: 10 + n for n, name in enumerate(
    ["in", "rec", "out", "feedback", "read in", "read rec", "read out", "order"]
)}  # fmt: skip
