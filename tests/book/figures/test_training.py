"""Figures of a run show its numbers."""

import dataclasses

import numpy as np
import pytest
import torch

from pcmlib.book.experiments.statistics import smoothed
from pcmlib.book.experiments.training import NAMES, silent_loss
from pcmlib.book.figures import training as plots
from pcmlib.book.figures.style import LAYERS, SCHEME_COLOURS, coloured
from pcmlib.training import TrainConfig, train

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
    axes = plots.plot_learning({"a": run, "b": digital}, window=1).axes[0]
    assert lines(axes)[0] == pytest.approx(run.loss.mean(0).numpy())
    assert lines(axes)[1] == pytest.approx(digital.loss.mean(0).numpy())
    assert list(axes.lines[-1].get_ydata()) == [silent_loss(run)] * 2
    smooth = plots.plot_learning({"a": run}, window=2).axes[0]
    assert lines(smooth)[0] == pytest.approx(smoothed(run.loss.double().numpy(), 2).mean(0))


def test_accuracy_stands_below_the_loss_of_classes(run):
    inputs = torch.rand(3, 50, 6, generator=torch.Generator().manual_seed(1)) < 0.1
    config = TrainConfig.preset("vanilla", n_rec=8, epochs=4, replicas=2)
    classes = train(config, inputs=inputs, targets=np.array([0, 1, 3]), progress=False)
    above, below = plots.plot_learning({"a": classes}, window=1).axes
    assert lines(above)[0] == pytest.approx(classes.loss.mean(0).numpy())
    assert lines(below)[0] == pytest.approx(100 * classes.accuracy.mean(0).numpy())
    assert lines(below)[1] == [25.0, 25.0]  # guessing one of four
    assert (above.get_xlabel(), below.get_xlabel()) == ("", "epoch")
    (only,) = plots.plot_learning({"a": run}).axes
    assert only.get_xlabel() == "epoch"


def test_outputs_stand_beside_their_targets(run):
    figure = plots.plot_outputs(run, replica=1, sample=2)
    top = figure.axes[: len(run.config.snapshot_epochs)]
    for k, axes in enumerate(top):
        target, output = lines(axes)
        assert target == pytest.approx(run.targets[1, 2, :, 0].numpy())
        assert output == pytest.approx(run.snapshots[k, 1, 2, :, 0].numpy())


def test_a_raster_has_a_dot_a_spike(run):
    raster, rate = plots.plot_activity(run).axes
    assert len(lines(raster)[0]) == int(run.spikes[0, 0].sum())
    assert lines(rate)[0] == pytest.approx(run.rate_hz.mean(0).numpy())


def test_histograms_hold_all_synapses(run, digital):
    for axes, name in zip(plots.plot_conductances(run).axes, LAYERS, strict=True):
        for side in axes.patches:
            assert side.get_data().values.sum() == pytest.approx(100), name
    for axes in plots.plot_weights({"FP32": digital}).axes:
        values, edges, _ = axes.patches[0].get_data()
        assert (values * np.diff(edges)).sum() == pytest.approx(1)


def test_pulses_add_up(run):
    total, each = plots.plot_pulses({"mixed": run}).axes
    sets = run.set_pulses.double().mean(0).numpy() / run.config.synapses
    assert lines(total)[0] == pytest.approx(sets)
    assert lines(each)[0][0] == pytest.approx(sets[0])
    assert total.get_ylim()[0] == 0


def test_pulses_on_logarithmic_axes_stay_in_view(run):
    silent = dataclasses.replace(run, set_pulses=torch.zeros_like(run.set_pulses))
    for shown in (run, silent):
        for axes in plots.plot_pulses({"mixed": shown}, log=True).axes:
            low, high = axes.get_ylim()
            assert axes.get_yscale() == "log"
            assert low == pytest.approx(1e-3)
            assert high > max(1.0, lines(axes)[0].max())


def test_a_scheme_has_one_colour_in_every_figure():
    def colours(*names):
        return [colour for *_, colour in coloured(dict.fromkeys(names))]

    own = colours("FP32", "sign descent", "mixed precision")
    assert colours("mixed precision", "FP32") == [own[2], own[0]]
    mixed = colours("before", "mixed precision", "after")
    assert mixed[1] == own[2]
    assert len({*mixed}) == 3
    assert colours(*"abcdefg")[-1] == "black"
    assert set(SCHEME_COLOURS) == {*NAMES.values()} - {NAMES["accumulator"]}
