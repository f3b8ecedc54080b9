"""Explorers of the device and crossbar chapters keep their size and axes."""

import inspect
import itertools

import pytest

from pcmlib.demos import crossbars, devices
from pcmlib.plots import crossbars as crossbar_plots
from pcmlib.plots import devices as device_plots

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
    demo = getattr(devices, name, None) or getattr(crossbars, name)
    for values in itertools.product(*DEMOS[name].values()):
        figure = demo(**dict(zip(DEMOS[name], values, strict=True)))
        axes = tuple((a.get_xlim(), a.get_ylim(), a.get_position().bounds) for a in figure.axes)
        seen.add((tuple(figure.get_size_inches()), axes))
    assert len(seen) == 1


def test_no_figure_goes_through_the_global_state_of_pyplot():
    for module in (device_plots, crossbar_plots, devices, crossbars):
        assert "pyplot" not in inspect.getsource(module)
