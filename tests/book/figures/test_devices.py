"""Figures of devices and crossbars: units on every axis, and the data that they were given."""

import numpy as np
import pytest

from pcmlib.book.experiments import crossbars as crossbar_experiments
from pcmlib.book.experiments import devices as experiments
from pcmlib.book.explorers import devices as demos
from pcmlib.book.figures import crossbars as crossbar_plots
from pcmlib.book.figures import devices as plots


def test_every_axis_names_its_quantity_and_unit():
    run = experiments.pulse_statistics(devices=100)
    figures = [
        plots.plot_staircase(experiments.staircase(seconds=50.0)),
        plots.plot_pulse_statistics(run, experiments.exact_moments()),
        plots.plot_distributions(run),
        plots.plot_array_drift({"a": experiments.array_drift(devices=10)}),
        demos.device_panels.draw(**demos.device_panels(g_max=12.0, nu=0.04, c3=0.13, m3=0.03)),
        plots.plot_chance_of_decrease(),
        crossbar_plots.plot_write_statistics(crossbar_experiments.write_statistics(rows=2)),
        crossbar_plots.plot_product_error(np.array([1.0, 10.0]), {"a": [0.1, 0.2]}),
    ]
    for figure in figures:
        for axes in figure.axes:
            names = [axes.get_xlabel(), axes.get_ylabel()]
            if any("colorbar" in str(c.get_label()) for c in axes.get_children()):
                names = names[1:]
            for name in filter(None, names):
                unitless = any(
                    w in name for w in ("pulse number", "SET pulses", "updates", "pairs")
                )
                assert unitless or "(" in name, name
            assert any(names)


def test_figure_5_draws_the_numbers_that_it_is_given():
    run = experiments.pulse_statistics(devices=500, seed=3)
    _, mean, std = plots.plot_pulse_statistics(run).axes
    assert mean.lines[0].get_ydata() == pytest.approx(run.mean)
    assert std.lines[0].get_ydata() == pytest.approx(run.std)


def test_a_map_has_its_sources_as_rows():
    run = crossbar_experiments.write_statistics(rows=2, seed=1)
    image = crossbar_plots.plot_write_statistics(run).axes[0].images[0]
    assert np.asarray(image.get_array()) == pytest.approx(run.mean)
    left, right, bottom, top = image.get_extent()
    assert (left, right, bottom, top) == (-10.5, 10.5, 10.5, -10.5)


def test_tolerances_are_drawn_with_what_they_reach_and_cost():
    run = crossbar_experiments.write_statistics("write-verify", rows=2, tolerance=0.5, seed=1)
    blind = crossbar_experiments.write_statistics("upd-ready", rows=2, seed=1)
    near, cost = crossbar_plots.plot_tolerance({0.5: run}, blind).axes
    bias, blind_bias, sd, blind_sd = (float(line.get_ydata()[0]) for line in near.lines)
    assert (bias**2, sd) == pytest.approx((run.error, run.spread))
    assert (blind_bias**2, blind_sd) == pytest.approx((blind.error, blind.spread))
    sets, blind_sets, reads = (float(line.get_ydata()[0]) for line in cost.lines)
    assert (sets, reads, blind_sets) == pytest.approx((run.sets, run.reads, blind.sets))
