"""Train R spiking networks, each with its own seed, and keep what a figure needs.

    for every epoch, for every sample in a random order:
        run the trial, compare with the target, get the e-prop gradient, update the weights

    run = train(TrainConfig.preset("mixed-precision", epochs=50, replicas=8))
    run.loss[:, -1]           # of each network, in the last epoch

The same configuration gives the same run to the bit (on one machine), on any number of threads.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from pcmlib.base.checks import require, require_count
from pcmlib.base.files import for_json
from pcmlib.base.progress import progress as progress_bar
from pcmlib.base.records import Record
from pcmlib.training import checkpoint as checkpoints
from pcmlib.training.config import TrainConfig
from pcmlib.training.memory import require_room
from pcmlib.training.network import Network

__all__ = ["TrainingRun", "train"]


@dataclass(frozen=True, eq=False)
class TrainingRun(Record):
    """A finished run. R replicas, E epochs, S samples, T time steps, K snapshots.

    Two runs are equal if their configurations and all their tensors are, exactly. Its tensors are
    torch's: ``run.loss.numpy()`` is NumPy's array of the same numbers.
    """

    config: TrainConfig
    loss: Float[Tensor, "R E"]  # mean over the samples of an epoch, while learning: mean squared
    # error, or cross-entropy of classes
    accuracy: Float[Tensor, "R E"]  # share of its samples whose class was right; NaN: no classes
    rate_hz: Float[Tensor, "R E"]  # Hz, mean over neurons, time and samples
    set_pulses: Int[Tensor, "R E"]  # SET pulses given up to the end of each epoch
    reset_pulses: Int[Tensor, "R E"]  # RESET pulses, likewise
    reads: Int[Tensor, "R E"]  # reads of synapses that programming needed, likewise
    inputs: Bool[Tensor, "R S T n_in"]  # of `fresh` samples, the last, which were not learnt
    targets: Float[Tensor, "R S T n_out"]
    snapshots: Float[Tensor, "K R S T n_out"]  # outputs after config.snapshot_epochs, not learning
    spikes: Bool[Tensor, "R S T n_rec"]  # after the last epoch
    weights: dict[str, Float[Tensor, "R n_pre n_post"]]  # "in", "rec", "out"; without noise
    conductances: dict[str, Float[Tensor, "R 2 N n_pre n_post"]]  # µS; empty for digital weights
    wear: dict[str, Int[Tensor, "R 2 N n_pre n_post"]]  # SET pulses of each device; likewise
    seconds: float = field(compare=False)  # that training took, over all sittings

    @property
    def outputs(self) -> Float[Tensor, "R S T n_out"]:
        """After the last of the snapshot epochs."""
        return self.snapshots[-1]

    def final_loss(self, epochs: int = 20) -> Float[Tensor, " R"]:
        """Mean loss of each replica over the last epochs."""
        require_count("epochs", epochs)
        return self.loss[:, -epochs:].mean(1)

    def __repr__(self) -> str:
        c = self.config
        counts = {"epoch": c.epochs, "network": c.replicas}
        named = (f"{n} {name}{'s' if n > 1 else ''}" for name, n in counts.items())
        return f"{c.scheme}, {', '.join(named)}:\n{self.summary()}"

    def summary(self) -> str:
        """Loss, rate, pulses and seconds, on two to four lines."""
        count = min(20, self.config.epochs)
        last = self.final_loss(count)
        between = f", {last.min():.4f} to {last.max():.4f}" if len(last) > 1 else ""
        lines = [
            f"loss {last.mean():.4f}{between} (mean of the last {count} epochs)",
            f"rate {self.rate_hz[:, -1].mean():.1f} Hz, {self.seconds:.1f} s",
        ]
        if self.config.on_crossbar:
            sets, resets = (p[:, -1].double().mean() for p in (self.set_pulses, self.reset_pulses))
            lines.append(f"{sets:.0f} SET and {resets:.0f} RESET pulses a network")
        if self.reads.any():
            reads = self.reads[:, -1].double().mean()
            lines.append(f"{reads:.0f} reads of a synapse a network, to programme it")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The summary that the command line writes, in plain numbers and lists.

        None stands for a loss or a rate that is not finite, since JSON has no other word for it.
        """
        summary = {
            "scheme": self.config.scheme,
            "config": self.config.to_dict(),
            "loss": self.loss.tolist(),
            "rate_hz": self.rate_hz.tolist(),
            "set_pulses": self.set_pulses[:, -1].tolist(),
            "reset_pulses": self.reset_pulses[:, -1].tolist(),
            "reads": self.reads[:, -1].tolist(),
            "seconds": self.seconds,
        }
        return for_json(summary)


def train(
    config: TrainConfig,
    *,
    device: str | torch.device = "cpu",
    compiled: bool | None = None,
    progress: bool | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 10,
    resume: bool = False,
) -> TrainingRun:
    """Train as `config` says.

    Args:
        config: the run.
        device: torch device of the networks.
        compiled: True for the compiled kernels (CPU alone), False for torch, None: True on a CPU.
        progress: show a progress bar; None: on a terminal and in a notebook, not in a built book.
        checkpoint: directory for a checkpoint, which each new one replaces.
        checkpoint_every: epochs between two of them; the end is always kept.
        resume: go on from the checkpoint in that directory; the end is the same to the bit. Without
            it, there must not be one.

    Raises:
        ValueError: for a value out of range, or a checkpoint that is not this run's.
        OSError: when a checkpoint cannot be written; the one before it stays.
    """
    require_count("checkpoint_every", checkpoint_every)
    require(isinstance(config, TrainConfig), "config", config, "a TrainConfig")
    require(checkpoint is not None or not resume, "resume", resume, "False without a checkpoint")
    lost = checkpoint is not None and not resume and checkpoints.exists(checkpoint)
    allowed = "a folder without a checkpoint, which would be lost; or go on from it, with resume"
    require(not lost, "checkpoint", str(checkpoint), allowed)
    kind = _kind(device)
    require(not compiled or kind == "cpu", "compiled", compiled, f"False on the device {kind}")
    available = kind != "cuda" or torch.cuda.is_available()
    require(available, "device", str(device), "cpu: this machine has no CUDA device")

    if kind == "cpu":
        require_room(config)

    network = Network(config, device, compiled)
    record = _Record.empty(config)
    start, before = 0, 0.0
    if resume:
        content = checkpoints.load(checkpoint)
        _require_same(config, content)
        try:
            network.load(content["network"])
            record = _Record(**content["record"])
        except (KeyError, TypeError, RuntimeError) as error:  # a part that one of them has not
            allowed = f"of a network as here{checkpoints.origin(content)}: {error}"
            raise ValueError(f"checkpoint: must be {allowed}") from error
        start, before = content["epoch"], content["seconds"]

    began = time.perf_counter() - before
    shown = {} if progress is None else {"disable": not progress}
    bar = progress_bar(
        range(start, config.epochs),
        initial=start,
        total=config.epochs,
        desc=f"{config.scheme} × {config.replicas}",
        unit="epoch",
        **shown,
    )
    with one_torch_thread():
        for epoch in bar:
            if epoch in config.snapshot_epochs:
                record.snapshot(network, epoch)
            record.epoch(epoch, network, *network.epoch(epoch))
            done = epoch + 1
            if checkpoint is not None and (done % checkpoint_every == 0 or done == config.epochs):
                content = {
                    "config": config.to_dict(),
                    "epoch": done,
                    "seconds": time.perf_counter() - began,
                    "network": network.state(),
                    "record": vars(record),
                }
                checkpoints.save(checkpoint, content)
        spikes = record.snapshot(network, config.epochs)
    return TrainingRun(
        config=config,
        loss=record.loss,
        accuracy=record.accuracy,
        rate_hz=record.rate_hz,
        set_pulses=record.set_pulses,
        reset_pulses=record.reset_pulses,
        reads=record.reads,
        inputs=network.inputs.cpu(),
        targets=network.targets.cpu(),
        snapshots=record.snapshots,
        spikes=spikes,
        weights=network.weights,
        conductances=network.conductances,
        wear=network.device_wear,
        seconds=time.perf_counter() - began,
    )


def _kind(device: str | torch.device) -> str:
    """cpu or cuda."""
    try:
        kind = torch.device(device).type
    except RuntimeError:  # not the name of any device
        kind = ""
    require(kind in ("cpu", "cuda"), "device", str(device), "cpu or cuda")
    return kind


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Keep torch to one thread meanwhile.

    Its operations here are small, and its idle threads would spin on the cores of the kernels.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@dataclass(eq=False)
class _Record:
    """What is written down while training."""

    loss: Float[Tensor, "R E"]
    accuracy: Float[Tensor, "R E"]
    rate_hz: Float[Tensor, "R E"]
    set_pulses: Int[Tensor, "R E"]
    reset_pulses: Int[Tensor, "R E"]
    reads: Int[Tensor, "R E"]
    snapshots: Float[Tensor, "K R S T n_out"]

    @classmethod
    def empty(cls, config: TrainConfig) -> _Record:
        R, E = config.replicas, config.epochs
        floats, counts = torch.zeros(R, E), torch.zeros(R, E, dtype=torch.int64)
        kept = (len(config.snapshot_epochs), R, config.samples, config.steps, config.n_out)
        wear = (counts.clone() for _ in range(3))
        return cls(floats, *(floats.clone() for _ in range(2)), *wear, torch.zeros(kept))

    def epoch(
        self,
        epoch: int,
        network: Network,
        loss: Float[Tensor, " R"],
        rate_hz: Float[Tensor, " R"],
        accuracy: Float[Tensor, " R"],
    ) -> None:
        self.loss[:, epoch], self.rate_hz[:, epoch] = loss, rate_hz
        self.accuracy[:, epoch] = accuracy
        wear = self.set_pulses, self.reset_pulses, self.reads
        for kept, now in zip(wear, network.wear, strict=True):
            kept[:, epoch] = now

    def snapshot(self, network: Network, epoch: int) -> Bool[Tensor, "R S T n_rec"]:
        """Run every sample without learning; keep the outputs if `epoch` is one to keep."""
        outputs, spikes = network.snapshot(epoch)
        if epoch in network.config.snapshot_epochs:
            self.snapshots[network.config.snapshot_epochs.index(epoch)] = outputs
        return spikes


def _require_same(config: TrainConfig, content: dict[str, Any]) -> None:
    """Require the checkpoint's fields; those that it has not are at their defaults."""
    mine, stored = config.to_dict(), TrainConfig().to_dict() | content["config"]
    written = checkpoints.origin(content)
    for name, value in stored.items():
        require(name in mine, "checkpoint: field", name, f"one of TrainConfig{written}")
        if mine[name] != value:
            here = f"{name} = {mine[name]!r}"
            raise ValueError(f"{here}: must be {value!r}, as in the checkpoint{written}")
