"""The training runs behind the chapters, and their numbers.

Every run comes from the store, so that chapters share it: it is computed once. Networks with the
same seed have the same task, so schemes are compared network by network.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from torch import Tensor

from pcmlib.book.experiments.reproduction import glue, markdown
from pcmlib.book.experiments.statistics import Interval, bootstrap
from pcmlib.schemes import SCHEMES
from pcmlib.training import TrainConfig, TrainingRun
from pcmlib.training.results import silent_losses
from pcmlib.training.store import stored_train

NETWORKS = 8  # networks behind a headline number, of seeds 0 .. 7; no set was tuned on these
NAMES = {
    "vanilla": "FP32",
    "accumulator": "FP32 with accumulator",
    "sign": "sign descent",
    "stochastic": "stochastic",
    "multi-mem": "multi-memristor",
    "upd-ready": "update-ready",
    "mixed-precision": "mixed precision",
}
CROSSBAR_SCHEMES = [name for name in NAMES if SCHEMES[name].on_crossbar]


def reported(scheme: str, *, networks: int = NETWORKS, **changes: Any) -> TrainingRun:
    """The run that the book reports: the best known set of `scheme`, on the reporting seeds."""
    return stored_train(TrainConfig.preset(scheme, replicas=networks, seed=0, **changes))


def control(name: str) -> dict[str, Any]:
    """The best set of a control's study.

    A control of the tuned sets has a study of its own, on the same budget: its record lies in
    ``controls/``.

    "exact-writes": ``tune("mixed-precision", write_noise=0.0)``; "vanilla-again" and
    "mixed-precision-again": the study of the tuned set by a sampler of ``seed=1``.
    """
    path = Path(__file__).parent / "controls" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))["best"]


def swept(
    scheme: str, field: str, factors: Sequence[float], **changes: Any
) -> dict[float, TrainingRun]:
    """The same with one field as many times as large as the best known set has it, by factor."""
    (known,) = set(TrainConfig.preset(scheme).each(field))
    return {k: reported(scheme, **{field: k * known}, **changes) for k in factors}


def silent_loss(run: TrainingRun) -> float:
    """Loss of outputs that stay at 0: the mean square of the targets, or of n classes log n."""
    return silent_losses(run).mean().item()


@runtime_checkable
class Trained(Protocol):
    """What a comparison of losses asks of a run."""

    config: TrainConfig

    def final_loss(self, epochs: int | None = None) -> Float[Tensor, " R"]:
        """Mean loss of each network over the last epochs; None: as many as `settled` says."""


def loss_interval(run: Trained) -> Interval:
    """Final loss: mean over networks, with its 95 % interval."""
    return bootstrap(losses(run))


def losses(run: Trained) -> Float[np.ndarray, " R"]:
    """Final loss of each network."""
    return run.final_loss().double().numpy()


def final_rate(run: TrainingRun) -> float:
    """Rate (Hz) over the last 20 epochs, mean over networks."""
    return float(run.rate_hz[:, -20:].mean())


def pulses_a_synapse(run: TrainingRun) -> tuple[float, float]:
    """SET and RESET pulses of the whole run, mean over networks and synapses."""
    both = (run.set_pulses, run.reset_pulses)
    sets, resets = (float(p[:, -1].double().mean()) / run.config.synapses for p in both)
    return sets, resets


def markdown_table(runs: Mapping[str, TrainingRun]) -> str:
    """One row per run: final loss with its interval, rate, pulses per synapse, training time."""
    rows = []
    for name, run in runs.items():
        sets, resets = (f"{pulses:.2f}" for pulses in pulses_a_synapse(run))
        rate, seconds = f"{final_rate(run):.1f}", f"{run.seconds:.0f}"
        rows.append([name, loss_interval(run), rate, sets, resets, seconds])
    return markdown(["", "loss (95 %)", "rate (Hz)", "SETs", "RESETs", "seconds"], rows)


def glue_run(name: str, run: TrainingRun) -> None:
    """The numbers of a run that a chapter's text uses, as name_loss, name_rate, ..."""
    sets, resets = pulses_a_synapse(run)
    numbers = {
        "loss": str(loss_interval(run)),  # with its 95 % interval
        "rate": final_rate(run),  # Hz
        "sets": sets,  # SET pulses a synapse
        "resets": resets,
        "seconds": run.seconds,  # of training
        "epochs": run.config.epochs,
    }
    for key, value in numbers.items():
        glue(f"{name}_{key}", value)
