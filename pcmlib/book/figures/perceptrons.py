"""The figure of perceptrons on PCM, by scheme."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from pcmlib.book.experiments.statistics import bootstrap
from pcmlib.book.figures.style import BLUE, RED, book_style, label, panels


@book_style()
def plot_accuracies(found: Mapping[str, Float[np.ndarray, " networks"]]) -> Figure:
    """Accuracy (%) of each network, and the mean with its 95 % interval; the last entry on top."""
    figure, (axes,) = panels(height=0.8 + 0.32 * len(found), left=0.22)
    for row, shares in enumerate(found.values()):
        mean = bootstrap(shares)
        axes.plot(shares, np.full(len(shares), row - 0.18), ".", ms=4, color=BLUE, alpha=0.5)
        ends = np.nan_to_num([[mean.value - mean.low], [mean.high - mean.value]])
        axes.errorbar(mean.value, row, xerr=ends, fmt="o", ms=5, color=RED, capsize=3)
    axes.set_yticks(range(len(found)), list(found))
    axes.grid(axis="y", visible=False)
    label(axes, "accuracy on new samples (%)", "", ylim=(-0.6, len(found) - 0.4))
    return figure
