"""Figures of what sets the schemes apart: final losses, cancelled gradients, wear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from pcmlib.book.experiments.adam import AdamRun
from pcmlib.book.experiments.comparison import ACCEPTABLE, DIGITAL, PCM, Runs
from pcmlib.book.experiments.cost import wear_of
from pcmlib.book.experiments.gradients import Remaining
from pcmlib.book.experiments.statistics import Interval, bootstrap, smoothed
from pcmlib.book.experiments.training import CROSSBAR_SCHEMES, NAMES, loss_interval, silent_loss
from pcmlib.book.figures.style import (
    BLUE,
    DOTTED,
    LAYERS,
    LOSS,
    RED,
    SCHEME_COLOURS,
    SKY,
    band,
    book_style,
    coloured,
    error_bars,
    label,
    loss_axis,
    loss_ticks,
    panels,
    ticks,
)
from pcmlib.training import TrainingRun


@book_style()
def plot_comparison(runs: Runs, adam: AdamRun) -> Figure:
    """Final loss against the memory, a colour a scheme: mean, 95 % interval, and each network.

    The bands are the intervals of FP32, by plain descent and by Adam; the dotted line an output
    that stays at 0, and the dashed one the loss below which the paper is quoted to call a training
    acceptable.
    """
    ylim = (0.0015, 1.0)
    figure, (axes,) = panels(height=3.9, left=0.1, top=0.8)
    for name, run in {"FP32": runs[DIGITAL]["vanilla"], "FP32, Adam": adam}.items():
        digital = loss_interval(run)
        axes.axhspan(digital.low, digital.high, color=SKY, alpha=0.35, lw=0)
        axes.text(-0.48, digital.value, name, va="center", fontsize=8)
    memories = [name for name in runs if name != DIGITAL]
    for s, scheme in enumerate(CROSSBAR_SCHEMES):
        name, colour = NAMES[scheme], SCHEME_COLOURS[NAMES[scheme]]
        x = np.arange(len(memories)) + 0.13 * (s - (len(CROSSBAR_SCHEMES) - 1) / 2)
        found = [loss_interval(runs[memory][scheme]) for memory in memories]
        for at, memory in zip(x, memories, strict=True):
            dots = np.clip(runs[memory][scheme].final_loss().numpy(), *ylim)
            axes.plot(np.full(len(dots), at), dots, ".", ms=3, alpha=0.5, color=colour)
        error_bars(axes, x, found, fmt="o", ms=5, lw=2, color=colour, label=name)
    axes.axhline(silent_loss(runs[PCM]["sign"]), **DOTTED)
    axes.axhline(ACCEPTABLE, color="black", lw=0.8, ls="--")
    axes.set_xticks(range(len(memories)), memories)
    axes.grid(axis="x", visible=False)
    label(axes, "memory", LOSS, xlim=(-0.5, len(memories) - 0.5))
    loss_axis(axes, ylim)
    figure.legend(loc="upper center", ncols=3)
    return figure


@book_style()
def plot_wear(runs: Mapping[str, TrainingRun]) -> Figure:
    """Share of the devices that have had at least so many SET pulses, all layers and networks."""
    figure, (axes,) = panels(height=3.0)
    for scheme, run in runs.items():
        pulses = wear_of(run)
        worn = np.sort(pulses[pulses > 0])[::-1]
        share = np.arange(1, len(worn) + 1) / len(pulses)
        name = NAMES[scheme]
        axes.loglog(worn, 100 * share, color=SCHEME_COLOURS[name], label=name)
    label(axes, "SET pulses per device", "devices with at least as many (%)", ylim=(1e-4, 150))
    axes.legend(loc="upper right")
    return figure


@book_style()
def plot_remaining(found: Remaining) -> Figure:
    """Part of the gradient that is left, against the number of updates that are added up."""
    figure, (axes,) = panels(height=3.0)
    for name, layer, colour in coloured(LAYERS):
        share = found.share[name]
        axes.fill_between(found.updates, share.min(1), share.max(1), color=colour, alpha=0.2, lw=0)
        axes.loglog(found.updates, share.mean(1), "o-", ms=4, color=colour, label=layer)
    n = np.array(found.updates)
    axes.loglog(n, n**-0.5, **DOTTED, label=r"random signs, $1/\sqrt{n}$")
    label(axes, "updates added up", "share of the gradient left", ylim=(0.03, 1.3))
    ticks(axes.yaxis, (0.03, 0.1, 0.3, 1))
    ticks(axes.xaxis, found.updates)
    axes.legend(loc="lower left")
    return figure


@book_style()
def plot_accuracies(found: Mapping[str, Float[np.ndarray, " networks"]]) -> Figure:
    """A row a name: accuracy (%) of each network, and below the mean with its 95 % interval."""
    figure, (axes,) = panels(height=0.8 + 0.32 * len(found), left=0.3)
    for row, shares in enumerate(found.values()):
        mean = bootstrap(shares)
        axes.plot(shares, np.full(len(shares), row - 0.18), ".", ms=4, color=BLUE, alpha=0.5)
        ends = np.nan_to_num([[mean.value - mean.low], [mean.high - mean.value]])
        axes.errorbar(mean.value, row, xerr=ends, fmt="o", ms=5, color=RED, capsize=3)
    axes.set_yticks(range(len(found)), list(found))
    axes.grid(axis="y", visible=False)
    label(axes, "accuracy on new samples (%)", "", ylim=(len(found) - 0.4, -0.6))
    return figure


# Comparisons


@book_style()
def plot_intervals(
    groups: Mapping[str, Mapping[str, Interval]],
    *,
    points: Mapping[str, Mapping[str, Float[np.ndarray, " R"]]] | None = None,
    silent: float | None = None,
    xlim: tuple[float, float] = (0.004, 1.0),
    quantity: str = LOSS,
) -> Figure:
    """A row a name, a colour a group: the mean with its interval, and each network as a dot."""
    rows = list(dict.fromkeys(name for group in groups.values() for name in group))
    height = 1.3 + 0.32 * len(rows)
    figure, (axes,) = panels(height=height, left=0.27, bottom=0.55 / height)
    for g, (group, values, colour) in enumerate(coloured(groups)):
        shift = 0.16 * (g - (len(groups) - 1) / 2) * min(1, 4 / len(groups))
        for name, interval in values.items():
            y = rows.index(name) + shift
            if points is not None:
                dots = np.clip(points[group][name], *xlim)
                axes.plot(dots, np.full(len(dots), y), ".", ms=4, alpha=0.5, color=colour)
            axes.plot(np.clip([interval.low, interval.high], *xlim), [y, y], color=colour, lw=2.2)
        marks = [(interval.value, rows.index(n) + shift) for n, interval in values.items()]
        axes.plot(*zip(*marks, strict=True), "o", ms=5.5, color=colour, label=group)
    if silent is not None:
        axes.axvline(silent, **DOTTED)
    axes.set_xscale("log")
    axes.set_yticks(range(len(rows)), rows)
    label(axes, quantity, "", xlim=xlim, ylim=(len(rows) - 0.4, -0.6))
    loss_ticks(axes.xaxis, xlim)
    if len(groups) > 1:
        figure.legend(loc="upper right", ncols=len(groups))
    return figure


@book_style()
def plot_against(
    x: Sequence[float],
    curves: Mapping[str, Sequence[Float[np.ndarray, " R"]]],
    *,
    name: str,
    ylim: tuple[float, float] = (0.004, 0.6),
    silent: float | None = None,
    quantity: str = LOSS,
) -> Figure:
    """Final loss, or another quantity, against the settings x: mean and range over networks."""
    figure, (axes,) = panels(height=3.0)
    at = np.arange(len(x))
    for curve, values, colour in coloured(curves):
        band(axes, at, np.stack(values, axis=1), colour, curve, marker="o")
    label(axes, name, quantity)
    axes.set_xticks(at, [f"{value:g}" for value in x])
    if quantity == LOSS:
        loss_axis(axes, ylim)
    else:
        axes.set_ylim(ylim)
    if silent is not None:
        axes.axhline(silent, **DOTTED)
    if len(curves) > 1:
        axes.legend(ncols=2)
    return figure


@book_style()
def plot_cost(
    runs: Mapping[str, TrainingRun],
    energies: Mapping[str, Float[np.ndarray, "R E"]],
    *,
    xlim: tuple[float, float] = (0.01, 100.0),
    energy_xlim: tuple[float, float] = (1e-10, 3e-5),
) -> Figure:
    """Loss against SET pulses per synapse, and against the energy that programming took (J)."""
    figure, (pulses, energy) = panels(2, height=3.3, wspace=0.22)
    for name, run, colour in coloured(runs):
        sets = run.set_pulses.double().numpy().mean(0) / run.config.synapses
        loss = smoothed(run.loss.double().numpy()).mean(0)
        pulses.loglog(sets, loss, color=colour, label=name)
        energy.loglog(energies[name].mean(0), loss, color=colour, label=name)
    label(pulses, "SET pulses per synapse", LOSS, xlim=xlim)
    label(energy, "programming energy (J)", "", xlim=energy_xlim)
    for panel in (pulses, energy):
        loss_axis(panel, (0.004, 1.0))
    pulses.legend()
    return figure
