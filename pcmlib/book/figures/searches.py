"""Figures of the tuning chapter: studies and searches in, matplotlib Figure out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from pcmlib.book.experiments.searches import Search, best_of
from pcmlib.book.figures.style import BLUE, DOTTED, RED, book_style, coloured, label, panels


@book_style()
def plot_studies(
    studies: Mapping[str, Mapping[str, Any]], *, ylim: tuple[float, float] = (0.005, 1.0)
) -> Figure:
    """Loss of each candidate of round 1 as a dot, and the best so far as a line."""
    figure, (axes,) = panels(height=3.2)
    for name, record, colour in coloured(studies):
        loss = _losses(record)
        trial = np.arange(1, len(loss) + 1)
        axes.semilogy(trial, np.clip(loss, *ylim), ".", ms=5, alpha=0.5, color=colour)
        axes.step(trial, np.minimum.accumulate(loss), where="post", color=colour, label=name)
    label(axes, "candidate", "mean squared error", ylim=ylim)
    axes.legend(loc="upper right", ncols=2)
    return figure


@book_style()
def plot_parameters(record: Mapping[str, Any]) -> Figure:
    """Loss of each candidate against each parameter of one study; the best is marked."""
    names, ylim = list(record["space"]), (0.01, 1.0)
    rows = -(-len(names) // 4)
    figure, axes = panels(4, rows=rows, height=0.5 + 1.75 * rows, wspace=0.3, hspace=0.75)
    loss = np.clip(_losses(record), *ylim)
    best = int(np.argmin(loss))
    for k, (name, panel) in enumerate(zip(names, axes, strict=False)):
        values = np.array([trial[name] for trial in record["trials"]])
        panel.loglog(values, loss, ".", ms=4, color=BLUE, alpha=0.6)
        panel.plot(values[best], loss[best], "o", ms=7, mfc="none", mew=1.8, color=RED)
        ylabel = "loss" if k % 4 == 0 else ""
        limits = tuple(record["space"][name])
        label(panel, name.replace("_", " "), ylabel, xlim=limits, ylim=ylim)
        panel.tick_params(labelleft=k % 4 == 0)
        panel.minorticks_off()
    for panel in axes[len(names) :]:
        panel.set_visible(False)
    return figure


def _losses(record: Mapping[str, Any]) -> Float[np.ndarray, " candidates"]:
    """Of each candidate of round 1; infinite where it diverged."""
    losses = (trial["loss"] for trial in record["trials"])
    return np.array([np.inf if loss is None else loss for loss in losses], float)


@book_style()
def plot_search(search: Search, *, budget: int, networks: int) -> Figure:
    """Left: loss on tuning networks against fresh ones. Right: the best of k, shown and true."""
    shown, true = search.tuning[:, :networks].mean(1), search.fresh.mean(1)
    chosen = slice(int(shown[:budget].argmin()), int(shown[:budget].argmin()) + 1)
    k = range(1, len(shown) + 1)
    best_shown, best_true = np.transpose([best_of(search, n, networks) for n in k])
    level = np.full(2, budget)
    return draw_search(shown, true, best_shown, best_true, shown[chosen], true[chosen], level)


@book_style()
def draw_search(
    shown: np.ndarray,
    true: np.ndarray,
    best_shown: np.ndarray,
    best_true: np.ndarray,
    chosen_shown: np.ndarray,
    chosen_true: np.ndarray,
    level: np.ndarray,
) -> Figure:
    """The same from arrays; `level`: the number of candidates, twice."""
    figure, (scatter, curve) = panels(2, height=3.2, wspace=0.3)
    limits = (0.01, 1.2)
    scatter.loglog(shown, true, ".", ms=7, color=BLUE, alpha=0.7)
    scatter.plot(limits, limits, **DOTTED)
    scatter.plot(chosen_shown, chosen_true, "o", ms=9, mfc="none", mew=1.8, color=RED)
    label(scatter, "loss on tuning networks", "loss on fresh networks", xlim=limits, ylim=limits)
    k = np.arange(1, len(best_shown) + 1)
    curve.semilogy(k, best_shown, color=RED, label="on tuning networks")
    curve.semilogy(k, best_true, color=BLUE, label="on fresh networks")
    curve.plot(level, limits, **DOTTED)
    last = max(2.0, float(k[-1]))
    label(curve, "candidates tried", "loss of the best", xlim=(1, last), ylim=limits)
    curve.legend(loc="upper right")
    return figure
