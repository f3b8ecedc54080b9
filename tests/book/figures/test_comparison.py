"""Figures of what sets the schemes apart show their numbers."""

import numpy as np
import pytest
import torch
from runs import made_up

from pcmlib.book.experiments import comparison, training
from pcmlib.book.experiments.adam import AdamRun
from pcmlib.book.experiments.cost import Energy
from pcmlib.book.experiments.gradients import Remaining
from pcmlib.book.experiments.statistics import Interval, smoothed
from pcmlib.book.figures import comparison as plots
from pcmlib.training import TrainConfig, train

TINY = {"n_rec": 12, "steps": 200, "epochs": 4, "replicas": 2}


@pytest.fixture(scope="module")
def run():
    return train(TrainConfig.preset("mixed-precision", **TINY), progress=False)


def lines(axes):
    return [line.get_ydata() for line in axes.lines]


@pytest.mark.usefixtures("untrained")
def test_the_figure_has_a_mark_for_each_cell_of_the_table():
    runs = comparison.comparison((3,), networks=2)
    adam = AdamRun(TrainConfig(replicas=2), torch.full((2, 20), 0.03), torch.zeros(2, 20))
    axes = plots.plot_comparison(runs, adam).axes[0]
    assert [t.get_text() for t in axes.texts] == ["FP32", "FP32, Adam"]
    assert axes.texts[1].get_position()[1] == pytest.approx(0.03)
    marks = [bar.lines[0].get_ydata() for bar in axes.containers]
    assert len(marks) == len(training.CROSSBAR_SCHEMES)
    assert all(list(y) == pytest.approx([0.1, 0.1]) for y in marks)
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["3 bits", "PCM"]


def test_wear_counts_devices_with_at_least_so_many_pulses():
    run = made_up([[0.1]], scheme="sign")
    run.state["n_set"][0] = torch.tensor([0] * 60 + [1, 2, 2, 7])
    (line,) = plots.plot_wear({"sign": run}).axes[0].lines
    share = dict(zip(*line.get_data(), strict=True))  # of equal counts, the last holds
    assert share == pytest.approx({7: 100 / 64, 2: 300 / 64, 1: 400 / 64})


def test_what_remains_is_drawn_by_layer():
    share = {name: np.full((3, 2), 0.5) for name in ("in", "rec", "out")}
    axes = plots.plot_remaining(Remaining((1, 4, 16), share)).axes[0]
    *layers, random = axes.lines
    assert [list(line.get_ydata()) for line in layers] == [[0.5] * 3] * 3
    assert list(random.get_ydata()) == [1, 0.5, 0.25]


def test_intervals_stand_in_their_rows():
    groups = {
        "one": {"a": Interval(0.1, 0.05, 0.2), "b": Interval(1.0, 0.5, 2.0)},
        "two": {"b": Interval(0.3, 0.2, 0.4)},
    }
    points = {"one": {"a": np.array([0.05, 99.0]), "b": np.ones(2)}, "two": {"b": np.ones(2)}}
    axes = plots.plot_intervals(groups, points=points, silent=0.2, xlim=(0.01, 10)).axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["a", "b"]
    named = {line.get_label(): line.get_xdata() for line in axes.lines}
    assert list(named["one"]) == [0.1, 1.0]
    assert list(axes.lines[0].get_xdata()) == [0.05, 10]  # what lies beyond stands at the end


def test_cost_and_sweeps_are_drawn(run):
    energy = Energy().of(run)
    pulses, joules = plots.plot_cost({"a": run}, {"a": energy}).axes
    loss = smoothed(run.loss.double().numpy()).mean(0)
    assert lines(pulses)[0] == pytest.approx(loss)
    assert joules.lines[0].get_xdata() == pytest.approx(energy.mean(0))
    sweep = [np.array([0.1, 0.3]), np.array([0.2, 0.4])]
    axes = plots.plot_against([1, 2], {"a": sweep}, name="pairs", silent=0.25).axes[0]
    assert lines(axes)[0] == pytest.approx([0.2, 0.3])
    assert lines(axes)[1] == [0.25, 0.25]
    axes = plots.plot_against([1, 2], {"a": sweep}, name="N", quantity="%", ylim=(0, 9)).axes[0]
    assert axes.get_ylim() == (0, 9)
    assert axes.get_yscale() == "linear"


def test_each_network_and_each_mean_is_drawn():
    found = {"a": np.array([90.0, 80.0]), "b": np.array([70.0])}
    axes = plots.plot_accuracies(found).axes[0]
    drawn = [list(line.get_xdata()) for line in axes.lines]
    assert drawn[0] == [90.0, 80.0]
    assert [85.0] in drawn
    assert drawn.count([70.0]) >= 2
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a", "b"]
    bars = axes.collections[0].get_segments()[0]
    assert bars[0][0] < 85 < bars[1][0]
    assert bars[1][0] - 85 == pytest.approx(85 - bars[0][0])
