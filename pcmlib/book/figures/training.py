"""Figures of the training chapters: runs in, matplotlib Figure out, in the book's style.

A line is the mean over networks and its band reaches from the lowest network to the highest,
unless a figure says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from pcmlib.book.experiments.statistics import smoothed
from pcmlib.book.experiments.training import silent_loss
from pcmlib.book.figures.style import (
    ACCURACY,
    BLUE,
    CLASS_LOSS,
    COLOURS,
    DOTTED,
    LAYERS,
    LOSS,
    RED,
    book_style,
    coloured,
    draw_raster,
    label,
    live_title,
    loss_axis,
    over_epochs,
    panels,
)
from pcmlib.training import TrainingRun

# The standard figures of one run


@book_style()
def plot_learning(
    runs: Mapping[str, TrainingRun], *, ylim: tuple[float, float] = (0.004, 0.6), window: int = 5
) -> Figure:
    """Learning curves, each point the mean over the last `window` epochs; below them accuracy,
    where there are classes.

    The dotted line is that of an output that stays at 0, or of guessing.
    """
    first = next(iter(runs.values()))
    classes = first.config.classes
    rows, height = (2, 5.0) if classes else (1, 3.2)
    figure, panes = panels(rows=rows, height=height, left=0.11, hspace=0.15)
    axes, lowest = panes[0], panes[-1]
    for name, run, colour in coloured(runs):
        over_epochs(axes, smoothed(run.loss.double().numpy(), window), colour, name)
        if classes:
            right = 100 * smoothed(run.accuracy.double().numpy(), window)
            over_epochs(lowest, right, colour, name)
    axes.axhline(silent_loss(first), **DOTTED)
    longest = max(run.config.epochs for run in runs.values())
    label(axes, "", CLASS_LOSS if classes else LOSS, xlim=(0, longest))
    if classes:
        label(lowest, "", ACCURACY, ylim=(0, 102))
        lowest.axhline(100 / first.config.n_out, **DOTTED)
    lowest.set_xlabel("epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    loss_axis(axes, ylim)
    axes.legend(loc="upper right", ncols=2)
    return figure


@book_style()
def plot_outputs(run: TrainingRun, *, replica: int = 0, sample: int = 0) -> Figure:
    """Above: target and output of one network. Below: error over all networks and samples."""
    epochs = run.config.snapshot_epochs
    figure, axes = panels(len(epochs), rows=2, height=4.2, wspace=0.18)
    time = run.config.time.numpy()
    error = (run.snapshots - run.targets)[..., 0].flatten(1, 2).numpy()
    for k, (epoch, top, bottom) in enumerate(zip(epochs, *axes.reshape(2, -1), strict=True)):
        top.plot(time, run.targets[replica, sample, :, 0], color="black", lw=1, label="target")
        output = run.snapshots[k, replica, sample, :, 0]
        top.plot(time, output, color=BLUE, lw=1.3, label="output")
        top.set_title("before learning" if epoch == 0 else f"after {epoch} epochs")
        low, middle, high = np.quantile(error[k], [0.1, 0.5, 0.9], axis=0)
        bottom.fill_between(time, low, high, color=RED, alpha=0.25, lw=0)
        bottom.plot(time, middle, color=RED, lw=1)
        bottom.set_xlabel("time (s)")
        for panel, name in ((top, "output"), (bottom, "error")):
            panel.set(xlim=(0, float(time[-1])), ylim=(-1.6, 1.6), ylabel=name if k == 0 else "")
            panel.tick_params(labelleft=k == 0)
    axes[0].legend(loc="upper right", ncols=2, columnspacing=1, handlelength=1)
    return figure


@book_style()
def plot_activity(run: TrainingRun, *, replica: int = 0, sample: int = 0) -> Figure:
    """Left: spikes of one network after training. Right: mean rate while all learn."""
    figure, (raster, rate) = panels(2, height=3.0, wspace=0.28)
    draw_raster(raster, run.spikes[replica, sample].numpy(), run.config.dt)
    hertz = run.rate_hz.double().numpy()
    over_epochs(rate, hertz, BLUE, "mean rate")
    target = run.config.each("target_rate")[replica]
    rate.axhline(target, **DOTTED, label="target of the regularisation")
    top = 1.1 * max(float(hertz.max()), target)
    label(rate, "epoch", "rate (Hz)", xlim=(0, run.config.epochs), ylim=(0, top))
    rate.legend()
    return figure


@book_style()
def plot_conductances(run: TrainingRun) -> Figure:
    """Where the devices of both sides stand after training, a panel a layer, all networks."""
    figure, axes = panels(3, height=2.7, wspace=0.3)
    last = run.config.g_max
    bins = np.linspace(0, last, 49)
    exists = run.weights["rec"].numpy() != 0
    for (name, title), panel in zip(LAYERS.items(), axes, strict=True):
        G = run.conductances[name].double().numpy()
        for side, (sign, colour) in enumerate((("+", BLUE), ("-", RED))):
            values = G[:, side].mean(axis=1)
            values = values[exists] if name == "rec" else values
            share = 100 * np.histogram(values.ravel(), bins)[0] / max(values.size, 1)
            look = {"fill": True, "alpha": 0.45} if side == 0 else {}
            panel.stairs(share, bins, color=colour, label=f"$G^{sign}$", **look)
        label(panel, "conductance (µS)", "synapses (%)" if name == "in" else "", title=title)
        panel.set(yscale="log", xlim=(0.0, last), ylim=(1e-3, 200))
    axes[0].legend()
    return figure


@book_style()
def plot_weights(runs: Mapping[str, TrainingRun]) -> Figure:
    """Distribution of the weights after training, a panel a layer, all networks."""
    figure, axes = panels(3, height=2.7, wspace=0.3)
    for (name, title), panel in zip(LAYERS.items(), axes, strict=True):
        for run_name, run, colour in coloured(runs):
            values = run.weights[name].numpy()
            values = values[np.isfinite(values) & (values != 0)]  # none of a run that diverged
            count, edges = np.histogram(values, 60)
            density = count / (max(values.size, 1) * np.diff(edges))
            panel.stairs(density, edges, color=colour, label=run_name)
        label(panel, "weight", "density" if name == "in" else "", title=title)
        panel.set_ylim(0, 1.4 * panel.get_ylim()[1])
    axes[0].legend(loc="upper left", handlelength=1)
    return figure


@book_style()
def plot_pulses(runs: Mapping[str, TrainingRun], *, log: bool = False) -> Figure:
    """SET pulses per synapse up to each epoch, and how many come in each; dashed: RESET pulses.

    `log`: on logarithmic axes, which end at one pulse in 1000 synapses.
    """
    figure, (total, each) = panels(2, height=3.0, wspace=0.3)
    for name, run, colour in coloured(runs):
        sets = run.set_pulses.double().numpy() / run.config.synapses
        over_epochs(total, sets, colour, name)
        over_epochs(each, smoothed(np.diff(sets, axis=1, prepend=0)), colour, name)
        if run.reset_pulses.any():
            resets = run.reset_pulses.double().numpy().mean(0) / run.config.synapses
            total.plot(np.arange(1, len(resets) + 1), resets, color=colour, ls="--")
    longest = max(run.config.epochs for run in runs.values())
    label(total, "epoch", "pulses per synapse", title="so far", xlim=(0, longest))
    label(each, "epoch", "SET pulses per synapse", title="in an epoch", xlim=(0, longest))
    for panel in (total, each):
        panel.set_ylim(0, None)
        if log:
            panel.set_yscale("log")
            panel.set_ylim(1e-3, 20 * max(1.0, panel.get_ylim()[1]))  # room for the legend
    each.legend(loc="upper right", ncols=1 + (len(runs) > 3))
    return figure


@book_style()
def plot_small_runs(
    usual: tuple[str, Mapping[str, np.ndarray]],
    found: Mapping[str, np.ndarray],
    *,
    ylim: tuple[float, float] = (0.01, 1.0),
) -> Figure:
    """What a training explorer shows: learning curves, and the last run's output on its target.

    Both runs have the lowest network, the mean and the highest at each epoch; the usual one has a
    name.
    """
    figure, (learning, shown) = panels(2, height=3.0, wspace=0.28)
    target, epoch = found["target"], np.arange(1, len(found["mean"]) + 1)
    for (name, run), colour in zip((usual, ("this setting", found)), COLOURS, strict=False):
        learning.fill_between(epoch, run["low"], run["high"], color=colour, alpha=0.18, lw=0)
        learning.plot(epoch, run["mean"], color=colour, label=name)
    learning.axhline((target.astype(float) ** 2).mean(), **DOTTED)
    label(learning, "epoch", LOSS, xlim=(0, len(epoch)))
    loss_axis(learning, ylim)
    learning.legend(loc="lower left")
    time = np.arange(len(target)) * 1e-3
    shown.plot(time, target, color="black", lw=1, label="target")
    shown.plot(time, found["output"], color=colour, lw=1.2, label="output")
    label(shown, "time (s)", "output", xlim=(0, float(time[-1])), ylim=(-2, 2))
    says = "error {final:.3f}, {rate:.0f} Hz"
    live_title(shown, says, final=found["final"], rate=found["rate"])
    shown.legend(ncols=2, loc="lower right")
    return figure
