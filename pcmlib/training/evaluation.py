"""What is left of trained networks: their loss at any age, without learning.

    run = train(TrainConfig.preset("mixed-precision", replicas=8))
    month = evaluate(run, after=[0, 3600, 86400, 30 * 86400])
    month.loss.mean(1)  # of each age, over the networks

An age counts from the end of training.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from pcmlib.base.checks import Values, as_tensor, require, require_count
from pcmlib.base.files import for_json
from pcmlib.base.records import Record
from pcmlib.base.times import in_seconds, in_words
from pcmlib.tasks import Samples
from pcmlib.training.aging import ask
from pcmlib.training.config import TrainConfig
from pcmlib.training.results import TrainingRun, of_networks
from pcmlib.training.samples import are_classes, given_samples


@dataclass(frozen=True, eq=False)
class Evaluation(Record):
    """Loss and rate of R networks at A ages."""

    after: Float[Tensor, " A"]  # s past the end of training
    compensation: str | None
    loss: Float[Tensor, "A R"]  # mean over samples and the steps that count (`network.loss`)
    accuracy: Float[Tensor, "A R"]  # share of the samples whose class is right; NaN: no classes
    rate_hz: Float[Tensor, "A R"]  # Hz, mean over neurons, samples and time

    def summary(self) -> str:
        """What of, then a line for each age."""
        how = self.compensation or "none"
        lines = [f"{of_networks(self.loss.shape[1])}, drift compensation: {how}"]
        each = zip(self.after.tolist(), self.loss, self.accuracy.mean(1).tolist(), strict=True)
        for after, loss, right in each:
            between = f", {loss.min():.4f} to {loss.max():.4f}" if len(loss) > 1 else ""
            share = "" if math.isnan(right) else f", accuracy {100 * right:.1f} %"
            lines.append(f"loss {loss.mean():.4f}{between}{share} after {in_words(after)}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """What the command line writes, in plain numbers and lists."""
        names = ["after", "loss", "rate_hz"]
        names += [] if self.accuracy.isnan().all() else ["accuracy"]
        numbers = {name: getattr(self, name).tolist() for name in names}
        return for_json({**numbers, "compensation": self.compensation})


def evaluate(
    run: TrainingRun,
    after: Values = 0.0,
    *,
    compensation: str | None = None,
    inputs: Values = None,
    targets: Values = None,
    counts: Values = None,
    repeats: int = 1,
) -> Evaluation:
    """Loss of a run's networks, `after` seconds past the end of training, without learning.

    Args:
        run: trained networks.
        after: s, at least 0: an age, or several; or in words, such as "30d" or ["1h", "1d"].
        compensation: None, or "global" drift compensation (`pcmlib.training.aging`).
        inputs, targets, counts: as of `train`; None: the run's own. Targets are values or classes,
            as the run learnt (classes may be rows of one 1 among 0). Steps count as in training
            where nothing else is said, if they are as many and the same in all of its samples.
        repeats: trials of each sample, with read noise of their own, that a loss is the mean of.
            The first are those that gave `run.outputs`; all ages have the same noise.

    Raises:
        ValueError: for a value out of range.
    """
    require(isinstance(run, TrainingRun), "run", run, "a TrainingRun")
    require_count("repeats", repeats)
    ages = as_tensor("after", in_seconds("after", after), "real", torch.float64).flatten()
    require(len(ages) > 0, "after", after, "an age, or several")
    samples = _given(inputs, targets, counts, run.config) or run.samples
    usual = run.counts[0, 0]
    alike = samples.counts.shape[-1] == len(usual) and bool((run.counts == usual).all())
    if inputs is not None and counts is None and alike:
        samples = samples._replace(counts=usual.expand_as(samples.counts).contiguous())
    asked = {"compensation": compensation}
    answers = [
        [ask(run.config, run.state, samples, after=age, draw=k, **asked) for k in range(repeats)]
        for age in ages.tolist()
    ]
    loss, accuracy, rate_hz = (
        torch.stack([torch.stack([getattr(a, name) for a in same]).mean(0) for same in answers])
        for name in ("loss", "accuracy", "rate_hz")
    )
    return Evaluation(ages, compensation, loss, accuracy, rate_hz)


def _given(inputs: Values, targets: Values, counts: Values, config: TrainConfig) -> Samples | None:
    """`given_samples`, whose loss is the one that the networks learnt."""
    n_out = config.n_out
    allowed = f"values, which the run learnt (squared error): floats [samples, steps, {n_out}]"
    known = inputs is None or config.classes or not are_classes(targets)
    require(known, "targets", "classes", allowed)
    samples = given_samples(inputs, targets, counts, config, longer=True)
    if samples is not None and config.classes:
        y = samples.targets
        named = y.shape[-1] == n_out and bool(((y == 0) | (y == 1)).all() & (y.sum(-1) == 1).all())
        allowed = (
            "classes, which the run learnt (cross-entropy): whole numbers of an integer type, "
        )
        allowed += f"0 .. {n_out - 1}, [samples] or [samples, steps]"
        require(named, "targets", "values", allowed)
    return samples
