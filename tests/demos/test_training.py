"""Explorers of the training chapters draw at every corner of their knobs."""

import itertools

import numpy as np
import pytest
from matplotlib.figure import Figure

from pcmlib.demos import training as demos
from pcmlib.experiments.training import CROSSBAR_SCHEMES, NAMES

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
    monkeypatch.setattr(demos, "SMALL", tiny)
    sizes, limits = set(), set()
    corners = list(itertools.product(*CORNERS[name].values()))
    if len(corners) > 12:  # of many knobs: one moved at a time, from either end
        ends = corners[0], corners[-1]
        corners = [c for c in corners if any(_knobs_apart(c, end) <= 1 for end in ends)]
    for values in corners:
        figure = getattr(demos, name)(**dict(zip(CORNERS[name], values, strict=True)))
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
        figure = demos.trial(threshold, tau, gamma)
        limits.add(tuple(axes.get_ylim() for axes in figure.axes))
    assert len(limits) == 1
