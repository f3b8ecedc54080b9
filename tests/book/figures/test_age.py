"""The figure of what is still known shows every age and network."""

import numpy as np
import pytest
import torch
from runs import made_up as run_of

from pcmlib.book.figures.age import plot_forgetting, plot_relearning
from pcmlib.book.figures.style import loss_axis, panels
from pcmlib.training import Evaluation


def made_up(after, loss, accuracy=None):
    loss = torch.tensor(loss)
    right = loss * torch.nan if accuracy is None else torch.tensor(accuracy)
    ages = torch.tensor(after, dtype=torch.float64)
    return Evaluation(ages, None, loss, right, torch.ones_like(loss))


def test_each_age_is_drawn_in_order_and_0_at_the_edge():
    found = made_up([86400.0, 0.0, 3600.0], [[0.3, 0.5], [0.1, 0.1], [0.2, 0.2]])
    axes = plot_forgetting({"no learning": found}).axes[0]
    mean = axes.lines[0]
    assert list(mean.get_ydata()) == pytest.approx([0.1, 0.2, 0.4])
    assert list(mean.get_xdata()) == pytest.approx([1200.0, 3600.0, 86400.0])
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "1 h", "1 d"]


def test_accuracy_stands_below_where_there_are_classes():
    ages, loss = [86400.0, 0.0], [[0.3, 0.5], [0.1, 0.1]]
    assert len(plot_forgetting({"no learning": made_up(ages, loss)}).axes) == 1
    found = made_up(ages, loss, [[0.5, 0.7], [1.0, 0.9]])
    above, below = plot_forgetting({"no learning": found}).axes
    assert list(above.lines[0].get_ydata()) == pytest.approx([0.1, 0.4])
    assert list(below.lines[0].get_ydata()) == pytest.approx([95.0, 60.0])
    assert list(below.lines[0].get_xdata()) == list(above.lines[0].get_xdata())
    assert (above.get_ylabel(), below.get_ylabel()) == ("cross-entropy (nats)", "accuracy (%)")
    assert (above.get_xlabel(), below.get_xlabel()) == ("", "time since the last update")
    assert [tick.get_text() for tick in below.get_xticklabels()] == ["0", "1 d"]


def test_guessing_is_a_dotted_line():
    found = made_up([86400.0, 0.0], [[1.0], [1.2]], [[0.5], [1.0]])
    above, below = plot_forgetting({"sign descent": found}, classes=4).axes
    assert list(above.lines[1].get_ydata()) == pytest.approx([np.log(4)] * 2)
    assert list(below.lines[1].get_ydata()) == [25.0, 25.0]
    assert [line.get_linestyle() for line in (above.lines[1], below.lines[1])] == [":", ":"]


@pytest.mark.parametrize("loss", [[[np.nan]], [[0.0]], [[np.inf]]])
def test_a_run_that_diverged_is_drawn(loss):
    plot_forgetting({"no learning": made_up([0.0], loss)})


@pytest.mark.parametrize(
    ("limits", "shown"),
    [
        ((0.004, 0.6), [0.01, 0.03, 0.1, 0.3]),
        ((0.147, 0.66), [0.2, 0.5]),
        ((0.2, 0.56), [0.2, 0.5]),
        ((0.21, 0.49), [0.3, 0.4]),
        ((1.05, 1.2), [1.05, 1.1, 1.15, 1.2]),
    ],
)
def test_a_loss_has_round_ticks(limits, shown):
    _, (axes,) = panels()
    loss_axis(axes, limits)
    found = [float(tick.get_text()) for tick in axes.get_yticklabels()]
    assert found == pytest.approx(shown)


def test_relearning_stands_beside_the_first_epochs():
    first = run_of([[0.5, 0.4, 0.2, 0.1]])
    again = run_of([[0.5, 0.4, 0.2, 0.1, 0.3, 0.15]])
    axes = plot_relearning(first, again).axes[0]
    curves = [list(line.get_ydata()) for line in axes.lines]
    assert curves[0] == pytest.approx([0.5, 0.4])
    assert curves[1] == pytest.approx([0.3, 0.15])
    assert curves[2] == pytest.approx([0.1] * 2)  # the last epoch before the rest
