"""Figures of a trial and of the gradients show their numbers."""

import numpy as np
import pytest

from pcmlib.book.experiments.networks import angles, trial_traces
from pcmlib.book.figures import networks as plots
from pcmlib.training import TrainConfig


def lines(axes):
    return [line.get_ydata() for line in axes.lines]


def test_traces_and_angles_are_drawn():
    config = TrainConfig(n_in=20, n_rec=12, steps=100, threshold=0.1)
    traces = trial_traces(config)
    axes = plots.plot_traces(traces, until=1.0).axes
    assert lines(axes[4])[0] == pytest.approx(traces.gradient)
    arriving, fired, readout = plots.plot_trial(traces).axes
    for raster, spikes in ((arriving, traces.inputs), (fired, traces.spikes)):
        step, neuron = np.nonzero(spikes)
        assert raster.lines[0].get_xdata() == pytest.approx(step * config.dt)
        assert raster.lines[0].get_ydata() == pytest.approx(neuron)
    assert lines(readout)[0] == pytest.approx(traces.target)
    assert lines(readout)[1] == pytest.approx(traces.output)
    found = angles(config.replace(replicas=2), epochs=(0, 2))
    random, symmetric = plots.plot_angles(found).axes
    assert lines(random)[0] == pytest.approx(found.random["in"].mean(1))
    assert lines(symmetric)[1] == pytest.approx(found.symmetric["rec"].mean(1))
