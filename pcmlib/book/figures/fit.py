"""Figures of a fit: what was measured beside what the fitted devices would give."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pcmlib.book.figures.style import BLUE, RED, book_style, coloured, label, panels
from pcmlib.device.fit import Fit
from pcmlib.device.fit.checks import FAR, Comparison


@book_style()
def plot_fit(found: Fit) -> Figure:
    """Mean and spread against pulse number, steps against conductance, drift against the delay of
    a read where the table has times, and residuals.

    Dots: measured; lines and bands: the fitted devices, mean and three standard deviations of
    simulated tables.
    """
    checks, drifts = found.checks, "change" in found.checks
    columns, rows = (2, 2) if drifts else (3, 1)
    figure, axes = panels(columns, rows=rows, height=2.6 * rows, wspace=0.4, left=0.085)
    mean, step, residual = axes[0], axes[1], axes[-1]
    _compare(mean, checks, "mean", "sd")
    label(mean, "SET pulses since RESET", "conductance (µS)")
    says = {
        "measured": {"marker": "o", "ls": "", "ms": 3},
        "fitted, ± 3 sd": {"lw": 5, "alpha": 0.5},
    }
    keys = [Line2D([], [], color="#808080", label=name, **style) for name, style in says.items()]
    handles = [*mean.get_legend_handles_labels()[0], *keys]
    mean.legend(handles=handles, loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=4)
    _compare(step, checks, "step", "step_sd")
    label(step, "conductance before (µS)", "step of a SET (µS)")
    if drifts:
        _compare(axes[2], checks, "change", "change_sd")
        axes[2].set_xscale("log")
        label(axes[2], "time since the pulse (s)", "change of ln G since the first read")
    for name, colour, says in (("mean", BLUE, "mean"), ("sd", RED, "spread")):
        if name in checks:
            one = checks[name]
            residual.plot(one.at, one.residual, "o", ms=3, color=colour, label=says)
    residual.axhspan(-FAR, FAR, color="#808080", alpha=0.15, lw=0)
    label(residual, "SET pulses since RESET", "residual (standard deviations)")
    return figure


def _compare(axes: Axes, checks: Mapping[str, Comparison], mean: str, spread: str) -> None:
    """Those of the two comparisons that there are."""
    for name, colour, says in ((mean, BLUE, "mean"), (spread, RED, "spread")):
        if name in checks:
            one = checks[name]
            ends = one.mean + 3 * one.simulated.std(0) * np.array([[-1], [1]])
            axes.fill_between(one.at, *ends, color=colour, alpha=0.25, lw=0)
            axes.plot(one.at, one.mean, color=colour, lw=1)
            axes.plot(one.at, one.measured, "o", ms=3, color=colour, label=says)


@book_style()
def plot_errors(
    errors: Mapping[str, Mapping[str, float]], names: tuple[str, ...], *, most: float = 1.0
) -> Figure:
    """Relative standard errors of constants, a colour for each way of measuring.

    errors: way of measuring -> constant -> standard error over the true value; a constant that is
    not told has none, and stands at the upper edge as a cross.
    """
    figure, (axes,) = panels(height=3.2, left=0.1)
    width = 0.8 / len(errors)
    for k, (way, own, colour) in enumerate(coloured(errors)):
        at = np.arange(len(names)) + (k - (len(errors) - 1) / 2) * width
        told = np.array([min(own.get(n, np.nan), most) for n in names])
        axes.plot(at, told, "o", ms=5, color=colour, label=way)
        missing = np.isnan(told)
        axes.plot(at[missing], np.full(missing.sum(), most), "x", ms=6, color=colour)
    axes.set_yscale("log")
    axes.set_xticks(np.arange(len(names)), names)
    label(axes, "constant", "standard error / value", ylim=(0.005, most * 1.2))
    axes.legend(loc="lower left", ncols=2)
    return figure
