"""Train R spiking networks, each with its own seed, and keep what a figure needs.

    for every epoch, for every sample in a random order:
        run the trial, compare with the target, get the e-prop gradient, update the weights

    run = train(TrainConfig.preset("mixed-precision", epochs=50, replicas=8))
    run.loss[:, -1]           # of each network, in the last epoch

The same configuration gives the same run to the bit (on one machine), on any number of threads.
"""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Shaped
from torch import Tensor

from pcmlib.base.checks import Values, require, require_count, require_number
from pcmlib.base.cores import one_torch_thread
from pcmlib.base.progress import progress as progress_bar
from pcmlib.base.times import in_seconds
from pcmlib.tasks import Samples
from pcmlib.training import archive
from pcmlib.training.aging import aged
from pcmlib.training.config import TrainConfig
from pcmlib.training.memory import require_room
from pcmlib.training.network import Network
from pcmlib.training.pulses import PulseCounts
from pcmlib.training.results import TrainingRun
from pcmlib.training.samples import are_classes, given_samples, sized

__all__ = ["relearn", "train"]


def train(
    config: TrainConfig,
    *,
    inputs: Values = None,
    targets: Values = None,
    counts: Values = None,
    weights: Mapping[str, Values] | None = None,
    device: str | torch.device = "cpu",
    compiled: bool | None = None,
    progress: bool | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 10,
    resume: bool = False,
    pulses: PulseCounts | None = None,
) -> TrainingRun:
    """Train as `config` says.

    Args:
        config: the run.
        inputs, targets: samples of your own (`pcmlib.training.samples.as_samples`): spikes
            [S, T, n_in] or their times and channels; values [S, T, n_out] or classes [S] or
            [S, T]. The run's configuration takes their sizes. None: those that its task draws.
        counts: [S, T], True at the steps whose outputs count; None: all.
        weights: "in", "rec" and "out", [n_pre, n_post] or [R, n_pre, n_post], that the networks
            start with: those of another run, or of `pcmlib.interop.bring`. None: random ones.
        device: torch device of the networks.
        compiled: True for the compiled kernels (CPU alone), False for torch, None: True on a CPU.
        progress: show a progress bar; None: on a terminal and in a notebook, not in a built book.
        checkpoint: directory for a checkpoint, which each new one replaces.
        checkpoint_every: epochs between two of them; the end is always kept.
        resume: go on from the checkpoint in that directory; the end is the same to the bit. Without
            it, there must not be one.
        pulses: counts, for this run to fill in: what each device got in each epoch
            (`pcmlib.training.pulses`). None: only the sums are kept.

    Raises:
        ValueError: for a value out of range, or a checkpoint that is not this run's.
        OSError: when a checkpoint cannot be written; the one before it stays.
    """
    require_count("checkpoint_every", checkpoint_every)
    require(isinstance(config, TrainConfig), "config", config, "a TrainConfig")
    require(checkpoint is not None or not resume, "resume", resume, "False without a checkpoint")
    fresh = checkpoint is not None and not resume
    lost = fresh and (Path(checkpoint) / archive.CHECKPOINT).exists()
    allowed = "a folder without a checkpoint, which would be lost; or go on from it, with resume"
    require(not lost, "checkpoint", str(checkpoint), allowed)
    kind = _kind(device)
    require(not compiled or kind == "cpu", "compiled", compiled, f"False on the device {kind}")
    counted = pulses is None or (isinstance(pulses, PulseCounts) and not resume)
    allowed = "a PulseCounts, or None; None with resume: it knows nothing of the epochs before"
    require(counted, "pulses", pulses, allowed)
    available = kind != "cuda" or torch.cuda.is_available()
    require(available, "device", str(device), "cpu: this machine has no CUDA device")

    samples = given_samples(inputs, targets, counts, config)
    config = config if samples is None else sized(config, samples, are_classes(targets))
    if kind == "cpu":
        require_room(config)
    if pulses is not None:
        pulses.begin(config)

    network, course = Network(config, device, compiled, samples, weights), _blank(config)
    epoch, before = 0, 0.0
    if resume:
        header, arrays = archive.load_checkpoint(checkpoint)
        _require_same(config, samples, header)
        try:
            network.load(arrays["state"])
            course = {name: arrays["course"][name] for name in course}
        except (KeyError, TypeError, RuntimeError) as error:  # a part that one of them has not
            allowed = f"of a network as here{archive.origin(header)}: {error}"
            raise ValueError(f"checkpoint: must be {allowed}") from error
        epoch, before = header["epoch"], header["seconds"]

    def keep(done: int, seconds: float) -> None:
        if pulses is not None:
            pulses.take(done - 1, network)
        if checkpoint is not None and (done % checkpoint_every == 0 or done == config.epochs):
            header = {"config": config.to_dict(), "samples": _digest(samples)}
            arrays = {"state": network.state(), "course": course}
            header |= {"epoch": done, "seconds": seconds}
            archive.save_checkpoint(checkpoint, header, arrays)

    return _advance(network, course, epoch, before, progress, keep)


def relearn(
    run: TrainingRun, epochs: int, *, after: float | str = 0.0, progress: bool | None = None
) -> TrainingRun:
    """Go on with a run's training for some epochs, `after` seconds past its end.

    The new run's course begins with the old one's; it keeps the outputs before and after. Its
    learning rates go on to decay as `run.config` says.

    Raises:
        ValueError: for a value out of range.
    """
    require(isinstance(run, TrainingRun), "run", run, "a TrainingRun")
    require_count("epochs", epochs)
    after = in_seconds("after", after)
    require_number("after", after, at_least=0)
    done = run.config.epochs
    config = run.config.replace(epochs=done + epochs, snapshots=(done, done + epochs))
    samples = None if config.fresh else run.samples
    network, course = Network(config, samples=samples), _blank(config)
    network.load(aged(run.state, after))
    for name, values in course.items():
        if name != "snapshots":
            values[:, :done] = getattr(run, name)
    longer = _advance(network, course, done, run.seconds, progress)
    return dataclasses.replace(longer, rests=(*run.rests, (done, float(after))))


def _advance(
    network: Network,
    course: dict[str, Tensor],
    start: int,
    before: float,
    progress: bool | None,
    keep: Callable[[int, float], None] = lambda done, seconds: None,
) -> TrainingRun:
    """Train from epoch `start` to the end; `before`: seconds that it took up to there.

    keep: is called after each epoch with their number, and the seconds up to then.
    """
    config, began = network.config, time.perf_counter() - before
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
                _snapshot(network, course, epoch)
            means = network.epoch(epoch)
            for kept, now in zip(course.values(), (*means, *network.wear), strict=False):
                kept[:, epoch] = now
            keep(epoch + 1, time.perf_counter() - began)
        spikes = _snapshot(network, course, config.epochs)
    return TrainingRun(
        config=config,
        **course,
        inputs=network.inputs.cpu(),
        targets=network.targets.cpu(),
        counts=network.counts.cpu(),
        spikes=spikes,
        state=network.state(),
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


def _blank(config: TrainConfig) -> dict[str, Shaped[Tensor, "..."]]:
    """What is written down while training, as of `TrainingRun`: of each epoch, and snapshots."""
    c, R, E = config, config.replicas, config.epochs
    course = {name: torch.zeros(R, E) for name in ("loss", "rate_hz", "accuracy")}
    for name in ("set_pulses", "reset_pulses", "reads"):
        course[name] = torch.zeros(R, E, dtype=torch.int64)
    kept = len(c.snapshot_epochs), R, c.samples, c.steps, c.n_out
    return course | {"snapshots": torch.zeros(kept)}


def _snapshot(
    network: Network, course: dict[str, Tensor], epoch: int
) -> Bool[Tensor, "R shown T n_rec"]:
    """Run every sample without learning; keep the outputs if `epoch` is one to keep.

    Of a run without snapshots nothing is kept: its trials may be more than fit in memory.
    """
    c = network.config
    if not c.snapshot_epochs:
        return torch.zeros(c.replicas, 0, c.steps, c.n_rec, dtype=torch.bool)
    answer = network.snapshot(epoch)
    if epoch in c.snapshot_epochs:
        course["snapshots"][c.snapshot_epochs.index(epoch)] = answer.outputs
    return answer.spikes


def _digest(samples: Samples | None) -> str | None:
    """What tells a reader's samples from others."""
    if samples is None:
        return None
    return hashlib.sha256(b"".join(x.numpy().tobytes() for x in samples)).hexdigest()


def _require_same(config: TrainConfig, samples: Samples | None, header: dict[str, Any]) -> None:
    """Require the checkpoint's fields; those that it has not are at their defaults."""
    mine, stored = config.to_dict(), TrainConfig().to_dict() | header["config"]
    written = archive.origin(header)
    same = header.get("samples") == _digest(samples)
    require(same, "inputs, targets", "other ones", f"those of the checkpoint{written}")
    for name, value in stored.items():
        require(name in mine, "checkpoint: field", name, f"one of TrainConfig{written}")
        if mine[name] != value:
            here = f"{name} = {mine[name]!r}"
            raise ValueError(f"{here}: must be {value!r}, as in the checkpoint{written}")
