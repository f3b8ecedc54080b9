"""The data behind the chapters on memory: trials of evidence accumulation, and what remembers.

Times in s; the membrane and thresholds are in the network's own unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int

from pcmlib.base.checks import require, require_count
from pcmlib.base.records import Record
from pcmlib.book.experiments.networks import low_pass
from pcmlib.book.experiments.reproduction import markdown
from pcmlib.book.experiments.statistics import Interval, bootstrap
from pcmlib.book.experiments.training import NAMES, loss_interval, pulses_a_synapse
from pcmlib.network.laws import pseudo_derivative
from pcmlib.training import TrainConfig, TrainingRun
from pcmlib.training.network import Network
from pcmlib.training.presets import EVIDENCE_STUDIES

SHORT: dict[str, Any] = {
    "task": "evidence",
    "steps": 600,
    "task_settings": {"cues": 5, "cue": 50, "pause": 20, "recall": 100},
}
"""Fields of the short version of the task, on which the chapters compare: five cues, and a delay of
0.15 s."""
LAST = 20  # epochs over which an accuracy is the mean


def short_set(scheme: str) -> dict[str, Any]:
    """Fields of SHORT, and the set that the scheme's study found for it; all had one budget."""
    return SHORT | EVIDENCE_STUDIES[scheme]["best"]


def accuracies(run: TrainingRun) -> Float[np.ndarray, " R"]:
    """Share of correct answers, of each network, over the last epochs of training."""
    return run.accuracy[:, -LAST:].double().mean(1).numpy()


def accuracy_interval(run: TrainingRun) -> Interval:
    """Its mean over networks in %, with its 95 % interval."""
    return bootstrap(100 * accuracies(run))


def cue_balance(config: TrainConfig, inputs: Bool[np.ndarray, "S T n_in"]) -> Int[np.ndarray, " S"]:
    """Cues from the right less those from the left, of each trial: by which had more spikes."""
    p, group = config.problem, config.n_in // 4
    balance = np.zeros(len(inputs), int)
    for n in range(p.cues):
        start = n * (p.pause + p.cue) + p.pause
        spikes = inputs[:, start : start + p.cue].sum(1)
        left, right = spikes[:, :group].sum(1), spikes[:, group : 2 * group].sum(1)
        balance += np.sign(right.astype(int) - left.astype(int))
    return balance


@dataclass(frozen=True, eq=False)
class EvidenceTrial(Record):
    """One trial of one trained network, and what one synapse of it remembers. T time steps."""

    time: Float[np.ndarray, " T"]  # s
    inputs: Bool[np.ndarray, "T n_in"]
    spikes: Bool[np.ndarray, "T n_rec"]
    adaptive: int  # neurons, the last ones, that adapt
    asked: float  # s, when the recall begins
    channel: int  # i
    neuron: int  # j, which adapts
    v: Float[np.ndarray, " T"]  # membrane of neuron j
    threshold: Float[np.ndarray, " T"]  # and its threshold; NaN while it rests
    chance: Float[np.ndarray, " T"]  # that the outputs give to the correct answer
    zbar: Float[np.ndarray, " T"]  # trace of channel i: what a LIF neuron's synapse keeps
    eps: Float[np.ndarray, " T"]  # trace of the threshold: what a synapse onto neuron j keeps, too
    balance: Int[np.ndarray, " S"]  # of all trials: cues from the right less those from the left
    raised: Float[np.ndarray, " S"]  # and by how much the threshold of j is raised when asked


def evidence_trial(run: TrainingRun, *, replica: int = 0, sample: int = 0) -> EvidenceTrial:
    """A trial that the network never learned, after its training.

    The neuron is the one whose threshold, when asked, goes most with the balance of the cues; the
    channel is a cue's, the one that its trace owes most to.
    """
    c = run.config
    require(c.classes and not c.on_crossbar, "run", c.scheme, "evidence on digital weights")
    require_count("replica", replica, at_least=0, at_most=c.replicas - 1)
    require_count("sample", sample, at_least=0, at_most=c.samples - 1)
    require_count("config.adaptive", c.adaptive)
    one = slice(replica, replica + 1)
    network = Network(c.replica(replica), samples=type(run.samples)(*(x[one] for x in run.samples)))
    network.load({name: values[one] for name, values in run.state.items()})
    trial = network.run(torch.tensor([sample]), update=0).trial
    x, p = run.inputs[replica].numpy(), network.neurons
    asked = c.steps - c.problem.recall
    adapting = slice(c.n_rec - c.adaptive, None)
    fading = p.rho ** np.arange(asked - 1, -1, -1)
    raised = c.each("beta")[replica] * np.einsum(
        "t,stj->sj", fading, run.spikes[replica, :, :asked, adapting].numpy().astype(float)
    )
    balance = cue_balance(c, x)
    with np.errstate(invalid="ignore", divide="ignore"):  # NaN where a threshold never changes
        goes_with = np.nan_to_num(np.corrcoef(raised.T, balance)[-1, :-1])
    j = int(np.abs(goes_with).argmax())
    neuron = c.n_rec - c.adaptive + j
    v, threshold = (x[0, :, neuron].double().numpy() for x in (trial.v, trial.threshold))
    h = pseudo_derivative(v, threshold, float(p.threshold[0]), p.gamma)
    xbar = low_pass(x[sample].astype(float), p.alpha)
    before = np.vstack([np.zeros_like(xbar[:1]), xbar[:-1]])
    eps = threshold_traces(h, before, p.rho, c.each("beta")[replica])
    i = int(eps[asked, : c.n_in // 2].argmax())
    right = int(run.targets[replica, sample, -1].argmax())
    return EvidenceTrial(
        time=c.time.numpy(),
        inputs=x[sample],
        spikes=trial.z[0].numpy(),
        adaptive=c.adaptive,
        asked=asked * c.dt,
        channel=i,
        neuron=neuron,
        v=v,
        threshold=np.where(np.isfinite(threshold), threshold, np.nan),
        chance=torch.softmax(trial.y[0], 1)[:, right].numpy(),
        zbar=xbar[:, i],
        eps=eps[:, i],
        balance=balance,
        raised=raised[:, j],
    )


def threshold_traces(
    h: Float[np.ndarray, " T"],
    zbar: Float[np.ndarray, "T n_pre"],
    rho: float,
    beta: float,
) -> Float[np.ndarray, "T n_pre"]:
    """eps(t+1) = h(t) zbar(t) + (rho - beta h(t)) eps(t), from 0: by how much each presynaptic
    neuron, of trace zbar [T, n_pre] one step before, has raised the threshold, over beta."""
    eps = np.zeros_like(zbar)
    for t in range(len(h) - 1):
        eps[t + 1] = h[t] * zbar[t] + (rho - beta * h[t]) * eps[t]
    return eps


def memory_table(patterns: Mapping[str, TrainingRun], evidence: Mapping[str, TrainingRun]) -> str:
    """Markdown: a row a scheme; its loss on patterns, its correct answers here, and its pulses."""
    rows = []
    for scheme, run in evidence.items():
        pulses = (f"{number:.2f}" for number in pulses_a_synapse(run))
        both = loss_interval(patterns[scheme]), accuracy_interval(run)
        rows.append([NAMES[scheme], *both, *pulses])
    head = "patterns: loss (95 %)", "evidence: correct answers, % (95 %)", "SETs", "RESETs"
    return markdown(["", *head], rows)
