"""The figure of what trained networks still know, against the time since they learnt."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from pcmlib.book.figures.style import COLOURS, band, book_style, label, legend, loss_axis, panels
from pcmlib.training import Evaluation

_MARKS = {"1 s": 1.0, "1 min": 60.0, "1 h": 3600.0, "1 d": 86400.0, "30 d": 30 * 86400.0,
          "1 y": 365.25 * 86400.0}  # fmt: skip


@book_style()
def plot_forgetting(evaluations: Mapping[str, Evaluation]) -> Figure:
    """Loss against age: the mean over networks, and from the lowest to the highest.

    An age of 0 stands at the left edge, where time has no logarithm.
    """
    figure, (axes,) = panels(height=3.2, left=0.11)
    ages = np.concatenate([e.after.numpy() for e in evaluations.values()])
    later = ages[ages > 0]
    first = later.min() / 3 if later.size else 1.0
    losses = np.concatenate([e.loss.double().numpy().ravel() for e in evaluations.values()])
    losses = losses[np.isfinite(losses) & (losses > 0)]
    for (name, found), colour in zip(evaluations.items(), COLOURS, strict=False):
        order = np.argsort(found.after.numpy())
        age = np.maximum(found.after.numpy()[order], first)
        loss = found.loss.double().numpy()[order].T
        loss = np.where(loss > 0, loss, np.nan)  # 0 has no logarithm
        band(axes, age, loss, colour, name)
        axes.plot(age, loss.mean(0), "o", color=colour, ms=4)
    axes.set_xscale("log")
    marks = {name: at for name, at in _MARKS.items() if first < at <= ages.max(initial=1.0) * 1.1}
    if (ages == 0).any():
        marks = {"0": first, **marks}
    axes.set_xticks(list(marks.values()), list(marks))
    axes.xaxis.minorticks_off()
    label(axes, "time since the last update", "loss")
    low, high = (losses.min(), losses.max()) if losses.size else (0.01, 1.0)
    loss_axis(axes, (low / 1.5, high * 1.5))
    legend(axes, loc="upper left")
    return figure
