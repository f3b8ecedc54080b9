"""The figure of perceptrons shows every network and the means."""

import numpy as np
import pytest

from pcmlib.book.figures.perceptrons import plot_accuracies


def test_each_network_and_each_mean_is_drawn():
    axes = plot_accuracies({"a": np.array([90.0, 80.0]), "b": np.array([70.0])}).axes[0]
    drawn = [list(line.get_xdata()) for line in axes.lines]
    assert drawn[0] == [90.0, 80.0]
    assert [85.0] in drawn
    assert drawn.count([70.0]) >= 2
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a", "b"]
    bars = axes.collections[0].get_segments()[0]
    assert bars[0][0] < 85 < bars[1][0]
    assert bars[1][0] - 85 == pytest.approx(85 - bars[0][0])
