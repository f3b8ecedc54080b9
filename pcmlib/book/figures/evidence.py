"""Figures of the chapters on memory: a trial of evidence accumulation, and correct answers.

A share of correct answers is in %; the dotted line at 50 % is that of a coin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from pcmlib.book.experiments.evidence import EvidenceTrial, accuracies, accuracy_interval
from pcmlib.book.experiments.statistics import smoothed
from pcmlib.book.figures.comparison import plot_accuracies
from pcmlib.book.figures.style import (
    BLUE,
    DOTTED,
    GREEN,
    ORANGE,
    RED,
    book_style,
    coloured,
    draw_raster,
    error_bars,
    label,
    live_title,
    over_epochs,
    panels,
)
from pcmlib.training import TrainingRun

RIGHT = "correct answers (%)"
_LIMITS = (40.0, 101.0)  # %
_ASKED = {"color": "black", "lw": 0.8, "ls": "--"}  # a line where the recall begins


@book_style()
def plot_evidence(trial: EvidenceTrial) -> Figure:
    """A trial: spikes in, spikes of the neurons, one threshold, and the answer."""
    figure, axes = panels(1, rows=4, height=6.4, left=0.15, hspace=0.2)
    ends, dt = (0.0, float(trial.time[-1])), float(trial.time[1] - trial.time[0])
    group, n_rec = trial.inputs.shape[1] // 4, trial.spikes.shape[1]
    draw_raster(axes[0], trial.inputs, dt, name="input")
    places = np.arange(4) * group + group / 2
    axes[0].set_yticks(places, ["left", "right", "recall", "noise"])
    draw_raster(axes[1], trial.spikes, dt)
    lif = n_rec - trial.adaptive
    axes[1].axhline(lif - 0.5, color="black", lw=0.8)
    axes[1].set_yticks([lif / 2, lif + trial.adaptive / 2], ["LIF", "ALIF"])
    axes[2].plot(trial.time, trial.v, color=BLUE, lw=0.7, label="membrane")
    axes[2].plot(trial.time, trial.threshold, color=RED, lw=1.5, label="threshold")
    label(axes[2], "", f"neuron {trial.neuron}")
    axes[2].legend(loc="upper right", ncols=2)
    axes[3].plot(trial.time, 100 * trial.chance, color=GREEN)
    label(axes[3], "time (s)", "correct answer (%)", ylim=(-5, 105))
    for panel in axes:
        panel.axvline(trial.asked, **_ASKED)
        panel.set(xlim=ends, xlabel="time (s)" if panel is axes[3] else "")
    figure.align_ylabels(list(axes))
    return figure


@book_style()
def plot_eligibility(trial: EvidenceTrial) -> Figure:
    """What one synapse keeps of its input: the trace of a LIF neuron, and that of a threshold."""
    figure, (short, long) = panels(1, rows=2, height=3.6, left=0.11, hspace=0.25)
    short.plot(trial.time, trial.zbar, color=BLUE, lw=1.2)
    label(short, "", r"$\bar z_i$", title="of the membrane: 20 ms")
    long.plot(trial.time, trial.eps, color=RED, lw=1.2)
    label(long, "time (s)", r"$\epsilon_{ji}$", title="of the threshold: 2 s")
    long.set_xlim(0, float(trial.time[-1]))
    for panel in (short, long):
        panel.axvline(trial.asked, **_ASKED)
    figure.align_ylabels([short, long])
    return figure


@book_style()
def plot_balance(trial: EvidenceTrial) -> Figure:
    """The threshold of one neuron when the question comes, against the cues that there were."""
    figure, (axes,) = panels(height=3.0, left=0.11)
    axes.plot(trial.balance, trial.raised, "o", ms=5, alpha=0.6, color=RED, clip_on=False)
    most = int(np.abs(trial.balance).max(initial=1))
    label(axes, "cues from the right minus cues from the left", "threshold raised by")
    axes.set_xticks(range(-most, most + 1))
    axes.set_ylim(0, None)
    return figure


@book_style()
def plot_right(runs: Mapping[str, TrainingRun], *, window: int = 5) -> Figure:
    """Correct answers while networks learn: mean over them, from the lowest to the highest."""
    figure, (axes,) = panels(height=3.4, top=0.86)
    for name, run, colour in coloured(runs):
        share = 100 * smoothed(run.accuracy.double().numpy(), window)
        over_epochs(axes, share, colour, name)
    longest = max(run.config.epochs for run in runs.values())
    label(axes, "epoch", RIGHT, xlim=(0, longest), ylim=_LIMITS)
    axes.axhline(50, **DOTTED)
    if len(runs) > 1:
        figure.legend(loc="upper center", ncols=4)
    return figure


@book_style()
def plot_rows(runs: Mapping[str, TrainingRun]) -> Figure:
    """A row a run: correct answers with their 95 % interval, and each network as a dot."""
    figure = plot_accuracies({name: 100 * accuracies(run) for name, run in runs.items()})
    (axes,) = figure.axes
    axes.axvline(50, **DOTTED)
    label(axes, RIGHT, "", xlim=_LIMITS)
    return figure


@book_style()
def plot_right_against(
    x: Sequence[float], curves: Mapping[str, Sequence[TrainingRun]], *, name: str
) -> Figure:
    """Correct answers against the settings x: mean and 95 % interval over networks."""
    figure, (axes,) = panels(height=3.0)
    at = np.arange(len(x))
    for k, (curve, runs, colour) in enumerate(coloured(curves)):
        found, shift = map(accuracy_interval, runs), 0.04 * (k - (len(curves) - 1) / 2)
        error_bars(axes, at + shift, list(found), fmt="o-", ms=5, color=colour, label=curve)
    label(axes, name, RIGHT, ylim=_LIMITS)
    axes.set_xticks(at, [f"{value:g}" for value in x])
    axes.axhline(50, **DOTTED)
    if len(curves) > 1:
        axes.legend(loc="upper left", ncols=2)
    return figure


@book_style()
def plot_right_by_pulses(runs: Mapping[str, TrainingRun], *, digital: TrainingRun) -> Figure:
    """Correct answers against the SETs that they took: while networks learn, and at the end.

    A line is the mean over networks; the dot is the end, with its 95 % interval. The band is the
    interval of digital weights.
    """
    figure, (axes,) = panels(height=3.8, top=0.82)
    band_of = accuracy_interval(digital)
    axes.axhspan(band_of.low, band_of.high, color="black", alpha=0.12, lw=0)
    for name, run, colour in coloured(runs):
        sets = run.set_pulses.double().numpy().mean(0) / run.config.synapses
        share = 100 * smoothed(run.accuracy.double().numpy(), 10).mean(0)
        axes.plot(sets, share, color=colour, lw=1, alpha=0.7)
        end = {"fmt": "o", "ms": 6, "lw": 2.2, "color": colour, "label": name}
        error_bars(axes, sets[-1:], [accuracy_interval(run)], **end)
    axes.set_xscale("log")
    label(axes, "SET pulses per synapse", RIGHT, ylim=_LIMITS)
    axes.axhline(50, **DOTTED)
    figure.legend(loc="upper center", ncols=3)
    return figure


# Explorers


@book_style()
def draw_adaptation(
    v: np.ndarray,
    level: np.ndarray,
    fired: np.ndarray,
    membrane_trace: np.ndarray,
    adapted: np.ndarray,
    count: np.ndarray,
    left: np.ndarray,
    *,
    dt: float,
    asked: float,
) -> Figure:
    """One neuron through a trial: membrane and threshold, and the two traces of a synapse."""
    figure, axes = panels(1, rows=3, height=4.6, left=0.11, hspace=0.3)
    time = np.arange(len(v)) * dt
    axes[0].plot(time, v, color=BLUE, lw=0.8, label="membrane")
    axes[0].plot(time, level, color=RED, lw=1.5, label="threshold")
    axes[0].plot(time, fired, "|", ms=6, color="black", ls="none")
    axes[1].plot(time, membrane_trace, color=ORANGE, lw=1)
    axes[2].plot(time, adapted, color=GREEN, lw=1.5)
    label(axes[0], "", "neuron", ylim=(-2.0, 3.2))
    label(axes[1], "", r"$\bar z_i$", ylim=(0, 4))
    label(axes[2], "time (s)", r"$\beta\,\epsilon_{ji}$", xlim=(0, time[-1]), ylim=(0, 1))
    says = "{count:.0f} spikes; {left:.0f} % of the trace left at the question"
    live_title(axes[0], says, count=count, left=left)
    for panel in axes:
        panel.axvline(asked, **_ASKED)
    axes[0].legend(loc="lower right", ncols=2)
    return figure


@book_style()
def draw_small_evidence(
    right: np.ndarray, usual: np.ndarray, share: np.ndarray, sets: np.ndarray
) -> Figure:
    """Correct answers of one small network while it learns, beside those of the usual set."""
    figure, (axes,) = panels(height=3.2)
    epoch = np.arange(1, len(right) + 1)
    axes.plot(epoch, usual, color=BLUE, label="the chapter's set")
    axes.plot(epoch, right, color=RED, label="this setting")
    label(axes, "epoch", RIGHT, xlim=(0, len(right)), ylim=_LIMITS)
    axes.axhline(50, **DOTTED)
    says = "{share:.0f} % correct at the end, {sets:.2f} SETs per synapse"
    live_title(axes, says, share=share, sets=sets)
    axes.legend(loc="lower right")
    return figure
