"""Figures show the numbers of their runs, and explorers draw at every corner of their knobs."""

import itertools

import numpy as np
import pytest
from matplotlib.figure import Figure

from pcmlib import training_demos
from pcmlib import training_plots as tp
from pcmlib.network_experiments import angles, trial_traces
from pcmlib.training import TrainConfig, train
from pcmlib.training_experiments import (
    CROSSBAR_SCHEMES,
    NAMES,
    Energy,
    Interval,
    silent_loss,
    smoothed,
    synapses,
)

TINY = {"n_rec": 12, "steps": 200, "epochs": 4, "replicas": 2}


@pytest.fixture(scope="module")
def run():
    return train(TrainConfig.preset("mixed-precision", **TINY), progress=False)


@pytest.fixture(scope="module")
def digital():
    return train(TrainConfig.preset("vanilla", **TINY), progress=False)


def lines(axes):
    return [line.get_ydata() for line in axes.lines]


def test_learning_curves_are_means_over_networks(run, digital):
    axes = tp.plot_learning({"a": run, "b": digital}, window=1).axes[0]
    assert lines(axes)[0] == pytest.approx(run.loss.mean(0).numpy())
    assert lines(axes)[1] == pytest.approx(digital.loss.mean(0).numpy())
    assert list(axes.lines[-1].get_ydata()) == [silent_loss(run)] * 2
    smooth = tp.plot_learning({"a": run}, window=2).axes[0]
    assert lines(smooth)[0] == pytest.approx(smoothed(run.loss.double().numpy(), 2).mean(0))


def test_outputs_stand_beside_their_targets(run):
    figure = tp.plot_outputs(run, replica=1, sample=2)
    top = figure.axes[: len(run.config.snapshot_epochs)]
    for k, axes in enumerate(top):
        target, output = lines(axes)
        assert target == pytest.approx(run.targets[1, 2, :, 0].numpy())
        assert output == pytest.approx(run.snapshots[k, 1, 2, :, 0].numpy())


def test_a_raster_has_a_dot_a_spike(run):
    raster, rate = tp.plot_activity(run).axes
    assert len(lines(raster)[0]) == int(run.spikes[0, 0].sum())
    assert lines(rate)[0] == pytest.approx(run.rate_hz.mean(0).numpy())


def test_histograms_hold_all_synapses(run, digital):
    for axes, name in zip(tp.plot_conductances(run).axes, tp.LAYERS, strict=True):
        for side in axes.patches:
            assert side.get_data().values.sum() == pytest.approx(100), name
    for axes in tp.plot_weights({"FP32": digital}).axes:
        values, edges, _ = axes.patches[0].get_data()
        assert (values * np.diff(edges)).sum() == pytest.approx(1)


def test_pulses_add_up(run):
    total, each = tp.plot_pulses({"mixed": run}).axes
    sets = run.set_pulses.double().mean(0).numpy() / synapses(run.config)
    assert lines(total)[0] == pytest.approx(sets)
    assert lines(each)[0][0] == pytest.approx(sets[0])


def test_traces_and_angles_are_drawn():
    config = TrainConfig(n_in=20, n_rec=12, steps=100, threshold=0.1)
    traces = trial_traces(config)
    axes = tp.plot_traces(traces, until=1.0).axes
    assert lines(axes[4])[0] == pytest.approx(traces.gradient)
    assert len(tp.plot_trial(traces).axes) == 3
    found = angles(config.replace(replicas=2), epochs=(0, 2))
    random, symmetric = tp.plot_angles(found).axes
    assert lines(random)[0] == pytest.approx(found.random["in"].mean(1))
    assert lines(symmetric)[1] == pytest.approx(found.symmetric["rec"].mean(1))


def test_intervals_stand_in_their_rows():
    groups = {
        "one": {"a": Interval(0.1, 0.05, 0.2), "b": Interval(1.0, 0.5, 2.0)},
        "two": {"b": Interval(0.3, 0.2, 0.4)},
    }
    points = {"one": {"a": np.array([0.05, 99.0]), "b": np.ones(2)}, "two": {"b": np.ones(2)}}
    axes = tp.plot_intervals(groups, points=points, silent=0.2, xlim=(0.01, 10)).axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["a", "b"]
    named = {line.get_label(): line.get_xdata() for line in axes.lines}
    assert list(named["one"]) == [0.1, 1.0]
    assert list(axes.lines[0].get_xdata()) == [0.05, 10]  # what lies beyond stands at the end


def test_cost_and_sweeps_are_drawn(run):
    energy = Energy().of(run)
    pulses, joules = tp.plot_cost({"a": run}, {"a": energy}).axes
    loss = smoothed(run.loss.double().numpy()).mean(0)
    assert lines(pulses)[0] == pytest.approx(loss)
    assert joules.lines[0].get_xdata() == pytest.approx(energy.mean(0))
    sweep = [np.array([0.1, 0.3]), np.array([0.2, 0.4])]
    axes = tp.plot_against([1, 2], {"a": sweep}, name="pairs", silent=0.25).axes[0]
    assert lines(axes)[0] == pytest.approx([0.2, 0.3])
    assert lines(axes)[1] == [0.25, 0.25]
    axes = tp.plot_against([1, 2], {"a": sweep}, name="N", quantity="%", ylim=(0, 9)).axes[0]
    assert axes.get_ylim() == (0, 9)
    assert axes.get_yscale() == "linear"


CORNERS = {  # the ends of every knob of the chapters' explorers
    "fp32": {"learning": (0.1, 10.0), "n_rec": (10, 20), "threshold": (0.5, 2.0)},
    "sign": {"stop_level": (0.1, 10.0), "scale": (0.5, 4.0), "noise": (False, True)},
    "stochastic": {"prob_scale": (0.1, 10.0), "scale": (0.5, 4.0), "noise": (False, True)},
    "multi_memristor": {"pairs": (1, 8), "learning": (0.3, 3.0), "noise": (False, True)},
    "mixed_precision": {
        "quantum": (0.25, 4.0),
        "learning": (0.3, 3.0),
        "scale": (0.5, 2.0),
        "noise": (False, True),
    },
    "schemes": {
        "scheme": [NAMES[scheme] for scheme in CROSSBAR_SCHEMES],
        "memory": ("full model", "2 bits"),
    },
    "effects": dict.fromkeys(
        ("write_noise", "read_noise", "drift", "saturation", "asymmetry"), (False, True)
    ),
    "cost": {"set_pulse": (0.1, 10.0), "reset_pulse": (1.0, 200.0)},
}


@pytest.mark.parametrize("name", CORNERS)
def test_explorers_draw_at_every_corner(name, tmp_path, monkeypatch):
    """On networks smaller still than those of the book; one size, whatever the knobs."""
    monkeypatch.setenv("PCMLIB_STORE", str(tmp_path))
    tiny = {"n_rec": 8, "steps": 60, "samples": 1, "epochs": 2, "replicas": 2}
    monkeypatch.setattr(training_demos, "SMALL", tiny)
    sizes, limits = set(), set()
    corners = list(itertools.product(*CORNERS[name].values()))
    if len(corners) > 12:  # of many knobs: one moved at a time, from either end
        ends = corners[0], corners[-1]
        corners = [c for c in corners if any(_knobs_apart(c, end) <= 1 for end in ends)]
    for values in corners:
        figure = getattr(training_demos, name)(**dict(zip(CORNERS[name], values, strict=True)))
        assert isinstance(figure, Figure)
        sizes.add(tuple(figure.get_size_inches()))
        limits.add(figure.axes[0].get_ylim())
        for line in (line for axes in figure.axes for line in axes.lines):
            assert np.isfinite(np.asarray(line.get_ydata(), float)).all(), values
    assert len(sizes) == len(limits) == 1


def _knobs_apart(a, b):
    return sum(x != y for x, y in zip(a, b, strict=True))


def test_the_trial_explorer_draws_at_every_corner():
    limits = set()
    for threshold, tau, gamma in itertools.product((0.15, 0.3), (10.0, 50.0), (0.1, 0.5)):
        figure = training_demos.trial(threshold, tau, gamma)
        limits.add(tuple(axes.get_ylim() for axes in figure.axes))
    assert len(limits) == 1
