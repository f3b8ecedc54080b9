"""Figures of what drift leaves: of weights, and of what trained networks know."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from pcmlib.base.times import UNITS
from pcmlib.book.figures.style import (
    ACCURACY,
    BLUE,
    CLASS_LOSS,
    DOTTED,
    LOSS,
    RED,
    band,
    book_style,
    coloured,
    label,
    live_title,
    loss_axis,
    over_epochs,
    panels,
)
from pcmlib.training import Evaluation, TrainingRun

LARGEST = 7.0  # µS, of the explorer's weights
_MARKS = {f"{n} {unit}": n * UNITS[unit] for n, unit in
          ((1, "s"), (1, "min"), (1, "h"), (1, "d"), (30, "d"), (1, "y"))}  # fmt: skip


@book_style()
def plot_forgetting(evaluations: Mapping[str, Evaluation], *, classes: int | None = None) -> Figure:
    """Loss against age, and below it accuracy where there are classes: the mean over networks, and
    from the lowest to the highest.

    The dotted lines are those of guessing one of so many `classes`. An age of 0 stands at the left
    edge, where time has no logarithm.
    """
    squares = all(found.accuracy.isnan().all() for found in evaluations.values())
    rows, height = (1, 3.2) if squares else (2, 5.0)
    figure, panes = panels(rows=rows, height=height, left=0.11, hspace=0.15)
    axes, lowest = panes[0], panes[-1]
    ages = np.concatenate([e.after.numpy() for e in evaluations.values()])
    later = ages[ages > 0]
    first = later.min() / 3 if later.size else 1.0
    losses = np.concatenate([e.loss.double().numpy().ravel() for e in evaluations.values()])
    losses = losses[np.isfinite(losses) & (losses > 0)]
    for name, found, colour in coloured(evaluations):
        order = np.argsort(found.after.numpy())
        age = np.maximum(found.after.numpy()[order], first)
        loss = found.loss.double().numpy()[order].T
        loss = np.where(loss > 0, loss, np.nan)  # 0 has no logarithm
        band(axes, age, loss, colour, name, "o")
        if not found.accuracy.isnan().all():
            right = 100 * found.accuracy.double().numpy()[order].T
            band(lowest, age, right, colour, name, "o")
    axes.set_xscale("log")
    marks = {name: at for name, at in _MARKS.items() if first < at <= ages.max(initial=1.0) * 1.1}
    if (ages == 0).any():
        marks = {"0": first, **marks}
    axes.set_xticks(list(marks.values()), list(marks))
    axes.xaxis.minorticks_off()
    if not squares:
        label(lowest, "", ACCURACY, ylim=(0, 102))
        if classes is not None:
            axes.axhline(math.log(classes), **DOTTED)
            lowest.axhline(100 / classes, **DOTTED)
    label(axes, "", LOSS if squares else CLASS_LOSS)
    lowest.set_xlabel("time since the last update")
    low, high = (losses.min(), losses.max()) if losses.size else (0.01, 1.0)
    loss_axis(axes, (low / 1.5, high * 1.5))
    axes.legend(loc="upper left")
    return figure


@book_style()
def plot_relearning(run: TrainingRun, relearned: TrainingRun) -> Figure:
    """The first epochs of a training, and those after a rest: mean over networks, and their range.

    The dotted line is the loss before the rest.
    """
    figure, (axes,) = panels(height=3.0, left=0.11)
    again = relearned.loss[:, run.config.epochs :].double().numpy()
    epochs = again.shape[1]
    first = run.loss[:, :epochs].double().numpy()
    over_epochs(axes, first, BLUE, "learning for the first time", "o")
    over_epochs(axes, again, RED, "learning again, after the rest", "o")
    axes.axhline(float(run.final_loss().mean()), **DOTTED)
    label(axes, "epoch", LOSS, xlim=(0.5, epochs + 0.5))
    axes.xaxis.get_major_locator().set_params(integer=True)
    loss_axis(axes, (0.004, 0.6))
    axes.legend()
    return figure


@book_style()
def draw_aged_weights(
    wanted: np.ndarray,
    later: np.ndarray,
    compensated: np.ndarray,
    error: np.ndarray,
    left: np.ndarray,
) -> Figure:
    """Weights as written and later; on the right with global compensation. Errors in %."""
    figure, axes = panels(2, height=3.2, wspace=0.3)
    limits = (-1.15 * LARGEST, 1.15 * LARGEST)
    for panel, found, colour in zip(axes, (later, compensated), (RED, BLUE), strict=True):
        panel.plot(wanted, found, ".", ms=3, alpha=0.5, color=colour, rasterized=True)
        panel.plot(limits, limits, **DOTTED)
        label(panel, "as written (µS)", "now (µS)", xlim=limits, ylim=limits)
    live_title(axes[0], "uncompensated: error {error:.1f} %", error=error)
    live_title(axes[1], "compensated: error {left:.1f} %", left=left)
    return figure
