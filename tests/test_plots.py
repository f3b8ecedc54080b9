"""Figures: units on every axis, the data that they were given, fixed size and limits."""

import inspect
import itertools

import numpy as np
import pytest
from matplotlib.figure import Figure

from pcmlib import crossbar_experiments, crossbar_plots, demos, experiments, plots

DEMOS = {  # two positions of each knob: the figure may not change its size or its axes
    "staircase": {
        "interval": (20.0, 100.0),
        "g_max": (6.0, 20.0),
        "write_noise": (0.0, 2.0),
        "read_noise": (0.0, 2.0),
        "drift": (0.0, 2.0),
    },
    "pulse_statistics": {
        "m1": (-0.2, 0.0),
        "A1": (0.0, 2.0),
        "A2": (0.0, 3.0),
        "a": (1.0, 5.0),
        "write_noise": (0.0, 1.0),
        "g_max": (8.0, 20.0),
    },
    "array_drift": {"interval": (2.0, 20.0), "nu": (0.0, 0.1), "nu_spread": (0.0, 0.02),
                    "g_max": (6.0, 20.0)},
    "device_panels": {"g_max": (6.0, 20.0), "nu": (0.0, 0.1), "c3": (0.0, 0.5), "m3": (0.0, 0.1)},
    "product_noise": {"pairs": (1, 8), "active": (0.05, 1.0), "elapsed": (1e-3, 1e4),
                      "read_noise": (0.0, 2.0)},
    "saturation": {"refresh_every": (5, 50), "pairs": (1, 4), "bits": (None, 4)},
}  # fmt: skip


@pytest.mark.parametrize("name", DEMOS)
def test_a_demo_keeps_its_size_and_axes_whatever_the_knobs_say(name):
    seen = set()
    for values in itertools.product(*DEMOS[name].values()):
        figure = getattr(demos, name)(**dict(zip(DEMOS[name], values, strict=True)))
        axes = tuple((a.get_xlim(), a.get_ylim(), a.get_position().bounds) for a in figure.axes)
        seen.add((tuple(figure.get_size_inches()), axes))
    assert len(seen) == 1


def test_every_axis_names_its_quantity_and_unit():
    run = experiments.pulse_statistics(devices=100)
    figures = [
        plots.plot_staircase(experiments.staircase(seconds=50.0)),
        plots.plot_pulse_statistics(run, experiments.exact_moments()),
        plots.plot_distributions(run),
        plots.plot_array_drift({"a": experiments.array_drift(devices=10)}),
        demos.device_panels(12.0, 0.04, 0.13, 0.03),
        demos.chance_of_decrease(),
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


def test_no_figure_goes_through_the_global_state_of_pyplot():
    for module in (plots, crossbar_plots, demos):
        assert "pyplot" not in inspect.getsource(module)
    assert isinstance(plots.panels()[0], Figure)
