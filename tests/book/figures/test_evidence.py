"""The figures of memory show what they are given."""

import numpy as np
import pytest
import torch
from runs import made_up

from pcmlib.book.experiments.evidence import EvidenceTrial
from pcmlib.book.figures.evidence import (
    plot_balance,
    plot_eligibility,
    plot_evidence,
    plot_right,
    plot_right_against,
    plot_right_by_pulses,
    plot_rows,
)
from pcmlib.book.figures.style import BookFigure


def run_of(share, set_pulses=None):
    """A run with these shares of correct answers [R, E]."""
    share = torch.tensor(share)
    run = made_up((1 - share).tolist(), set_pulses)
    object.__setattr__(run, "accuracy", share)
    return run


@pytest.fixture
def trial():
    T = 30
    rng = np.random.default_rng(0)
    draw = {name: rng.random(T) for name in ("v", "threshold", "chance", "zbar", "eps")}
    return EvidenceTrial(
        time=np.arange(T) * 1e-3, inputs=rng.random((T, 8)) < 0.2, spikes=rng.random((T, 6)) < 0.2,
        adaptive=2, asked=0.02, channel=1, neuron=5, balance=np.array([-3, 1, 3]),
        raised=np.array([0.1, 0.4, 0.5]), **draw,
    )  # fmt: skip


def test_a_trial_is_drawn_whole(trial):
    inputs, spikes, neuron, answer = plot_evidence(trial).axes
    for axes, drawn in ((inputs, trial.inputs), (spikes, trial.spikes)):
        step, which = np.nonzero(drawn)
        np.testing.assert_allclose(axes.lines[0].get_data(), (step * 1e-3, which))
    np.testing.assert_array_equal(neuron.lines[0].get_ydata(), trial.v)
    np.testing.assert_array_equal(neuron.lines[1].get_ydata(), trial.threshold)
    np.testing.assert_array_equal(answer.lines[0].get_ydata(), 100 * trial.chance)
    for axes in (inputs, neuron, answer):
        assert axes.lines[-1].get_xdata() == [0.02, 0.02]


def test_both_traces_and_all_trials_are_drawn(trial):
    short, long = plot_eligibility(trial).axes
    np.testing.assert_array_equal(short.lines[0].get_ydata(), trial.zbar)
    np.testing.assert_array_equal(long.lines[0].get_ydata(), trial.eps)
    (dots,) = plot_balance(trial).axes[0].lines
    np.testing.assert_array_equal(dots.get_data(), (trial.balance, trial.raised))


RUNS = {"sign descent": [[0.5, 0.7], [0.5, 0.9]], "stochastic": [[0.6, 0.6], [0.6, 1.0]]}


def test_answers_are_shares_in_percent():
    runs = {name: run_of(share) for name, share in RUNS.items()}
    curves = plot_right(runs, window=1).axes[0].lines
    np.testing.assert_allclose(curves[0].get_ydata(), [50, 80])
    np.testing.assert_allclose(curves[1].get_ydata(), [60, 80])
    rows = plot_rows(runs).axes[0]
    dots, mean = rows.lines[:2]
    np.testing.assert_allclose(dots.get_xdata(), [60, 70])
    assert mean.get_xdata() == pytest.approx([65])
    (low, _), (high, _) = rows.collections[0].get_segments()[0]
    assert low < 65 < high
    assert [t.get_text() for t in rows.get_yticklabels()] == list(runs)
    swept = plot_right_against([1, 2], {"a": list(runs.values())}, name="x").axes[0]
    np.testing.assert_allclose(swept.lines[0].get_ydata(), [65, 70])


def test_answers_stand_against_the_pulses_they_took():
    sets = [[26, 52], [26, 260]]
    runs = {"sign descent": run_of(RUNS["sign descent"], sets)}
    figure = plot_right_by_pulses(runs, digital=run_of([[0.9], [1.0]]))
    assert isinstance(figure, BookFigure)
    axes = figure.axes[0]
    synapses = runs["sign descent"].config.synapses
    np.testing.assert_allclose(axes.lines[0].get_xdata(), np.array([26, 156]) / synapses)
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [50, 65])
    assert axes.lines[1].get_xydata()[0] == pytest.approx([156 / synapses, 65])
