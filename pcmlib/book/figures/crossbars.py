"""Figures of the crossbar chapters: data in, matplotlib Figure out, in the style of `plots`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pcmlib.book.experiments.crossbars import ProductNoise, Saturation, WriteStatistics
from pcmlib.book.experiments.reads import SumsOfReads
from pcmlib.book.figures.style import (
    BLUE,
    DIVERGING,
    DOTTED,
    RED,
    SEQUENTIAL,
    book_style,
    coloured,
    label,
    live_title,
    panels,
    ticks,
)


@book_style()
def plot_write_statistics(found: WriteStatistics | SimpleNamespace) -> Figure:
    """Two heat maps, source against target: the mean reached and its sd over synapses."""
    figure, (left, right) = panels(2, height=3.5, wspace=0.6, left=0.085, right=0.92)
    _heat_map(left, found.target, found.mean, DIVERGING, (-12, 12), "mean reached (µS)")
    _heat_map(right, found.target, found.std, SEQUENTIAL, (0, 4), "sd reached (µS)")
    live_title(left, "mean square error {error:.2f} µS²", error=found.error)
    live_title(right, "mean sd {spread:.2f} µS", spread=found.spread)
    return figure


def _heat_map(
    axes: Axes,
    levels: np.ndarray,
    values: np.ndarray,
    colours: str,
    limits: tuple[float, float],
    name: str,
) -> None:
    low, high = float(levels[0]), float(levels[-1])
    edge = (float(levels[1]) - low) / 2
    place = (low - edge, high + edge, high + edge, low - edge)
    image = axes.imshow(values, colours, extent=place, interpolation="none", clim=limits)
    axes.grid(False)
    label(axes, "target (µS)", "source (µS)")
    axes.set(xticks=np.arange(low, high + 1, 5), yticks=np.arange(low, high + 1, 5))
    bar = axes.figure.colorbar(image, ax=axes, fraction=0.046, pad=0.04)
    bar.set_label(name)
    bar.outline.set_visible(False)


@book_style()
def plot_spread_and_error(
    schemes: Mapping[str, Mapping[int, WriteStatistics | SimpleNamespace]],
) -> Figure:
    """Mean sd and mean square error of the maps of each scheme against N, with 1/sqrt(N)."""
    figure, (spread, error) = panels(2, height=3.0, wspace=0.28)
    first = 0.0
    for name, runs, colour in coloured(schemes):
        N, sd = np.array(list(runs), float), [run.spread for run in runs.values()]
        spread.loglog(N, sd, "o-", color=colour, label=name)
        error.semilogx(N, [run.error for run in runs.values()], "o-", color=colour, label=name)
        first = max(first, sd[0] * np.sqrt(N[0]))
    spread.loglog(N, first / np.sqrt(N), color="black", lw=1, ls="--", label=r"$\propto N^{-1/2}$")
    label(spread, "pairs $N$", "mean sd (µS)", title="the spread falls", ylim=(0.4, 3))
    label(error, "pairs $N$", "mean square error (µS²)", title="the bias stays", ylim=(0, 11))
    for axes in (spread, error):
        ticks(axes.xaxis, runs)
    ticks(spread.yaxis, (0.5, 1, 2))
    spread.legend()
    error.legend(loc="center right")
    return figure


@book_style()
def plot_bias(
    runs: Mapping[str, WriteStatistics], sources: Sequence[float] = (0.0, -5.0)
) -> Figure:
    """Mean reached against target for some sources: one panel each, one curve a run."""
    figure, axes = panels(len(sources), height=3.2, wspace=0.3)
    for panel, source in zip(axes, sources, strict=True):
        for name, run, colour in coloured(runs):
            row = int(np.argmin(np.abs(run.source - source)))
            panel.plot(run.target, run.mean[row], "o-", ms=3, color=colour, label=name)
        panel.plot(run.target, run.target, **DOTTED, label="on target")
        label(panel, "target (µS)", "mean reached (µS)", title=f"from {source:g} µS")
        panel.set(xlim=(-10.5, 10.5), ylim=(-11.5, 11.5))
    axes[0].legend(loc="upper left")
    return figure


@book_style()
def plot_product_noise(
    runs: Mapping[str, ProductNoise | SimpleNamespace], *, last: float = 35.0
) -> Figure:
    """Outputs of a matrix-vector product as read, against their exact values; one panel a run."""
    figure, axes = panels(len(runs), height=3.2, wspace=0.3)
    for panel, (name, run, colour) in zip(axes, coloured(runs), strict=True):
        read, limits = run.reads[:20], (-last, last)
        dots = {"ms": 3, "alpha": 0.35, "color": colour, "rasterized": True}
        panel.plot(np.broadcast_to(run.exact, read.shape).ravel(), read.ravel(), ".", **dots)
        panel.plot(limits, limits, **DOTTED)
        label(panel, "exact output (µS)", "as read (µS)", xlim=limits, ylim=limits)
        panel.set_title(f"{name}: error {100 * run.relative_error:.1f} %")
    return figure


@book_style()
def plot_product_error(elapsed: np.ndarray, errors: Mapping[str, Sequence[float]]) -> Figure:
    """Relative error of a product against the time since programming."""
    figure, (axes,) = panels(height=3.0)
    for name, error, colour in coloured(errors):
        axes.semilogx(elapsed, 100 * np.asarray(error), "o-", ms=4, color=colour, label=name)
    label(axes, "time since programming (s)", "error (% of the outputs' sd)")
    axes.set_ylim(0, None)
    axes.legend()
    return figure


@book_style()
def plot_saturation(runs: Mapping[str, Saturation | SimpleNamespace]) -> Figure:
    """Sides of the synapses, and what an update still moves, against the number of updates."""
    figure, (sides, moved) = panels(2, height=3.0, wspace=0.28)
    for name, run, colour in coloured(runs):
        sides.fill_between(run.update, run.smaller, run.larger, color=colour, alpha=0.25)
        sides.plot(run.update, run.middle, color=colour, label=name)
        moved.plot(run.update, run.response, color=colour, lw=1.2, label=name)
    limits = (0, float(run.update[-1]))
    label(sides, "updates", "conductance of the sides (µS)", xlim=limits, ylim=(0, 12))
    label(moved, "updates", "step of the weight (µS)", xlim=limits, ylim=(-0.3, 2.2))
    sides.legend(loc="lower right")
    return figure


@book_style()
def plot_tolerance(verified: Mapping[float, WriteStatistics], blind: WriteStatistics) -> Figure:
    """Write-verify against its tolerance (µS): how close it comes, and what that costs a synapse.

    Dashed: the same of a run that reads nothing.
    """
    figure, (near, cost) = panels(2, height=3.0, wspace=0.28)
    tau = np.array(list(verified))
    runs = verified.values()
    bias, of_blind = ([np.sqrt(run.error) for run in each] for each in (runs, [blind]))
    for axes, name, values, line, colour in (
        (near, "bias (root mean square)", bias, of_blind[0], BLUE),
        (near, "sd (mean)", [run.spread for run in runs], blind.spread, RED),
        (cost, "SETs", [run.sets for run in runs], blind.sets, BLUE),
        (cost, "reads", [run.reads for run in runs], None, RED),
    ):
        axes.semilogx(tau, values, "o-", color=colour, label=name)
        if line is not None:
            axes.axhline(line, color=colour, lw=1, ls="--")
    label(near, "tolerance (µS)", "from the target (µS)", title="how close", ylim=(0, 3))
    label(cost, "tolerance (µS)", "number per synapse", title="what it costs", ylim=(0, 20))
    for axes in (near, cost):
        ticks(axes.xaxis, (0.25, 0.5, 1, 2, 4))
        axes.legend()
    return figure


@book_style()
def plot_sums_of_reads(sums: Sequence[SumsOfReads]) -> Figure:
    """Histograms of sums of reads, each beside the normal density that takes its place."""
    figure, every = panels(len(sums), height=2.8)
    for axes, one in zip(every, sums, strict=True):
        reach = 4 * one.sd
        share, edges = np.histogram(one.values, 81, (-reach, reach), density=True)
        axes.stairs(share, edges, fill=True, color=BLUE, alpha=0.5, label="reads, one by one")
        x = np.linspace(-reach, reach, 201)
        density = np.exp(-((x / one.sd) ** 2) / 2) / (one.sd * np.sqrt(2 * np.pi))
        axes.plot(x, density, color=RED, label="one normal number")
        title = f"{one.count} pairs"
        label(axes, "sum of G+ - G- (µS)", "density (1/µS)", title=title, xlim=(-reach, reach))
        axes.set_ylim(0, 1.4 * density.max())
    every[0].legend(loc="upper left")
    return figure
