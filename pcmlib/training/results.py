"""What a training run leaves: what it was told, its course, and its networks as they are."""

from __future__ import annotations

import dataclasses
import html
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from pcmlib.base.checks import Values, require, require_count
from pcmlib.base.files import for_json
from pcmlib.base.records import Record
from pcmlib.base.sparkline import sparkline
from pcmlib.tasks import Samples
from pcmlib.training import archive, layers
from pcmlib.training.aging import ask
from pcmlib.training.config import TrainConfig
from pcmlib.training.samples import as_samples

DIVERGED = 10  # times the loss of a network whose outputs stay at 0


def of_networks(count: int) -> str:
    """What a summary's numbers are of."""
    return "1 network" if count == 1 else f"{count} networks (mean, least to greatest)"


def settled(epochs: int) -> int:
    """Of how many epochs at a run's end its final loss is the mean: 20, but at most a tenth of it,
    so that the mean never holds the run's descent."""
    return max(1, min(20, epochs // 10))


def silent_losses(run: TrainingRun) -> Float[Tensor, " R"]:
    """Loss of each network if its outputs stayed at 0: the mean square of the targets that count,
    or of n classes log n."""
    if run.config.classes:
        return torch.full((run.config.replicas,), math.log(run.config.n_out)).double()
    counted = run.counts.double()
    squares = (run.targets.double() ** 2).mean(3) * counted
    return squares.sum((1, 2)) / counted.sum((1, 2))


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
    counts: Float[Tensor, "R S T"]  # 1 at the steps whose outputs count, else 0
    snapshots: Float[Tensor, "K R S T n_out"]  # outputs after config.snapshot_epochs, not learning
    spikes: Bool[Tensor, "R shown T n_rec"]  # after the last epoch; without snapshots of no sample
    state: dict[str, Shaped[Tensor, "R ..."]]  # the networks (`pcmlib.network.state`)
    seconds: float = field(compare=False)  # that training took, over all sittings
    rests: tuple[tuple[int, float], ...] = ()  # epochs after which it rested, and for how long, s

    @property
    def weights(self) -> dict[str, Float[Tensor, "R n_pre n_post"]]:
        """Of "in", "rec" and "out", T0 after the last pulse, without noise."""
        return layers.weights(self.config, self.state)

    @property
    def conductances(self) -> dict[str, Float[Tensor, "R 2 N n_pre n_post"]]:
        """µS, as a read T0 after the last pulse gives them; empty for digital weights."""
        return layers.devices(self.config, self.state, "G")

    @property
    def wear(self) -> dict[str, Int[Tensor, "R 2 N n_pre n_post"]]:
        """SET pulses that each device ever got; empty for digital weights."""
        return layers.devices(self.config, self.state, "n_set")

    @property
    def samples(self) -> Samples:
        """What the outputs are of: what the networks learnt, but for `fresh` samples."""
        return Samples(self.inputs, self.targets, self.counts)

    @property
    def outputs(self) -> Float[Tensor, "R S T n_out"]:
        """After the last of the snapshot epochs."""
        some = len(self.snapshots) > 0
        require(some, "snapshots", self.config.snapshots, "epochs, for a run that keeps outputs")
        return self.snapshots[-1]

    def final_loss(self, epochs: int | None = None) -> Float[Tensor, " R"]:
        """Mean loss of each replica over its last epochs; None: as many as `settled` says."""
        count = settled(self.config.epochs) if epochs is None else epochs
        require_count("epochs", count)
        return self.loss[:, -count:].mean(1)

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        """The same, with the course of the loss, for a notebook."""
        curve = sparkline(self.loss.numpy(), "loss by epoch, a line for each network")
        return f"<pre>{html.escape(repr(self))}</pre>{curve}"

    def summary(self) -> str:
        """Loss, rate, pulses and seconds, a line each."""
        c = self.config
        since = self.rests[-1][0] if self.rests else 0
        count = min(settled(c.epochs), c.epochs - since)
        last = self.final_loss(count)
        over = f"mean of the last {count} epochs" if count > 1 else "of the last epoch"
        between = f", {last.min():.4f} to {last.max():.4f}" if len(last) > 1 else ""
        lines = [
            f"{c.scheme}, {c.epochs} epoch{'s' if c.epochs > 1 else ''}, {of_networks(c.replicas)}",
            f"loss {last.mean():.4f}{between} ({over})",
            f"rate {self.rate_hz[:, -1].mean():.1f} Hz, trained in {self.seconds:.1f} s",
        ]
        if c.classes:
            share = 100 * self.accuracy[:, -count:].mean(1)
            between = f", {share.min():.1f} to {share.max():.1f} %" if len(share) > 1 else ""
            lines.insert(2, f"accuracy {share.mean():.1f} %{between}")
        if c.on_crossbar:
            sets, resets = (p[:, -1].double().mean() for p in (self.set_pulses, self.reset_pulses))
            lines.append(f"{sets:.0f} SET and {resets:.0f} RESET pulses a network")
        silent = int((self.rate_hz[:, -1] == 0).sum())
        if silent:
            which = "the network" if c.replicas == 1 else f"{silent} of {c.replicas} networks"
            lines.append(f"{which} did not spike: denser inputs or a lower threshold may help")
        silence = silent_losses(self)  # 0, where there is nothing to compare with
        far = (last > DIVERGED * silence) & (silence > 0)
        diverged = int((far | ~last.isfinite()).sum())
        if diverged:
            which = "the network" if c.replicas == 1 else f"{diverged} of {c.replicas} networks"
            beyond = f"its loss is not finite, or over {DIVERGED} times that of an output of 0"
            lines.append(f"{which} diverged ({beyond}): lower learning rates may help")
        if self.reads.any():
            reads = self.reads[:, -1].double().mean()
            lines.append(f"{reads:.0f} reads of synapses per network, to program them")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The summary that the command line writes, in plain numbers and lists.

        None stands for a loss or a rate that is not finite, since JSON has no other word for it.
        """
        summary = {
            "scheme": self.config.scheme,
            "config": self.config.to_dict(),
            "loss": self.loss.tolist(),
            **({"accuracy": self.accuracy.tolist()} if self.config.classes else {}),
            "rate_hz": self.rate_hz.tolist(),
            "set_pulses": self.set_pulses[:, -1].tolist(),
            "reset_pulses": self.reset_pulses[:, -1].tolist(),
            "reads": self.reads[:, -1].tolist(),
            "seconds": self.seconds,
        }
        return for_json(summary)

    def predict(
        self, inputs: Values = None, *, after: float | str = 0.0, compensation: str | None = None
    ) -> Float[Tensor, "R S T n_out"]:
        """What the networks answer, `after` seconds past the end of training; nothing is learnt.

        Args:
            inputs: as of `train`, of any number of samples and steps; None: those of the run. Times
                of spikes take as many steps as the last of them needs, and at least the run's.
            after: s, at least 0; or in words, such as "30d".
            compensation: None, or "global" (`pcmlib.training.aging`).

        Raises:
            ValueError: for a value out of range.
        """
        given = inputs is not None
        samples = as_samples(inputs, None, self.config, longer=True) if given else self.samples
        asked = {"after": after, "compensation": compensation}
        return ask(self.config, self.state, samples, **asked).outputs

    def save(self, path: str | Path, *, shared: bool = False) -> None:
        """Keep the run, whole: `TrainingRun.load` gives it back, to the bit.

        shared: let others who may write to the folder read the file.

        Raises:
            OSError: when it cannot be written; an older file is still there.
        """
        told = {"config": self.config.to_dict(), "seconds": self.seconds, "rests": self.rests}
        arrays = {name: x for name, x in vars(self).items() if isinstance(x, (Tensor, dict))}
        archive.write(path, told, arrays, shared=shared)

    @classmethod
    def load(cls, path: str | Path) -> TrainingRun:
        """What `save` wrote.

        Raises:
            ValueError: for a damaged file, or one that is none of this version of pcmlib's.
            OSError: where there is no such file.
        """
        header, arrays = archive.read(path)
        names = {field.name for field in dataclasses.fields(cls)}
        whole = names - {"config", "seconds", "rests"} <= arrays.keys() <= names
        require(whole, str(path), sorted(arrays), f"a finished run{archive.origin(header)}")
        config = TrainConfig.from_dict(header["config"])
        rests = tuple((int(epoch), float(after)) for epoch, after in header["rests"])
        return cls(config=config, seconds=header["seconds"], rests=rests, **arrays)
