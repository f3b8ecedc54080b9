"""Every explorer of the book: at its defaults, wherever one knob stands, and at all corners."""

import itertools
import time

import numpy as np
import pytest
from explorers import CHAPTERS, explorers_of
from matplotlib import pyplot as plt
from matplotlib import rc_context
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlibrc import hostile

from pcmlib.book.figures.contents import numbers
from pcmlib.book.live import LiveFunction
from pcmlib.book.widgets import Slider, explorer

SECONDS = 20  # that one figure may take, on two busy cores; a reader waits for it
FOUND = [found for path in CHAPTERS for found in explorers_of(path)]


def looks(figure):
    """What must not change with a knob, or a reader sees the figure jump."""
    axes = figure.axes
    return figure.get_size_inches().tolist(), [
        (a.get_position().bounds, a.get_xlim(), a.get_ylim(), a.get_xscale(), a.get_yscale())
        for a in axes
    ]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapter_has_an_explorer(path):
    assert explorers_of(path)


def states(explorer):
    """The defaults, each other position of each knob alone, and the corners of all ranges."""
    yield explorer.start
    for place, knob in enumerate(explorer.knobs.values()):
        for position in range(len(knob.values)):
            yield *explorer.start[:place], position, *explorer.start[place + 1 :]
    yield from itertools.product(*((0, len(knob.values) - 1) for knob in explorer.knobs.values()))


def check(explorer):
    """It computes and draws finite numbers, in time, and its figure does not jump."""
    first = None
    for positions in dict.fromkeys(states(explorer)):
        values = explorer.values(positions)
        began = time.perf_counter()
        figure = explorer.figure(positions)
        assert time.perf_counter() - began < SECONDS, values
        artists = [artist for axes in figure.axes for artist in axes.get_children()]
        assert any(isinstance(a, Line2D | AxesImage | Collection) for a in artists), values
        for artist in artists:
            marks = isinstance(artist, Line2D) and artist.get_linestyle() == "None"
            for drawn in numbers(artist).values():  # a mark may be missing, but no part of a curve
                fine = ~np.isinf(drawn) if marks else np.isfinite(drawn)
                assert fine.all(), (values, artist)
        look = looks(figure)
        first = first or look
        assert look == first, f"the figure jumps at {values}"
        figure.draw_without_rendering()
        plt.close(figure)


@pytest.mark.parametrize("found", FOUND, ids=str)
def test_explorer_holds_wherever_its_knobs_stand(found):
    check(found.make())


@pytest.mark.parametrize("found", FOUND, ids=str)
def test_the_same_in_python_is_one_call_with_the_names_of_choices(found):
    """A call of the values that a knob shows makes the explorer's own figure."""
    explorer = found.make()
    for positions in dict.fromkeys((explorer.start, tuple(0 for _ in explorer.knobs))):
        values = explorer.values(positions)
        passed = ", ".join(f"{name}={value!r}" for name, value in values.items())
        names = {explorer.label: explorer.function}
        figure, expected = (
            [numbers(a) for axes in one.axes for a in axes.get_children()]
            for one in (eval(f"{explorer.label}.plot({passed})", names), explorer.figure(positions))
        )
        np.testing.assert_equal(figure, expected)
        plt.close("all")


def line(slope, level=0, *, fault=None):
    figure = Figure(figsize=(4, 3))
    axes = figure.subplots()
    axes.plot([0, 1], [level, np.inf if fault == "number" else slope])
    axes.set(ylim=(-5, 5 + (fault == "jump")))
    if fault == "function":
        raise ZeroDivisionError("broken")
    if fault == "drawing":
        axes.set_title(r"$\frac{$")  # which no one reads before the figure is drawn
    return figure


@pytest.mark.parametrize("fault", ["function", "drawing", "number", "jump"])
@pytest.mark.parametrize("at", [{"slope": 2}, {"slope": 4, "level": 1}])
def test_a_fault_at_one_position_is_found(fault, at):
    """Inside a range where the other knobs are at their defaults, and at a corner."""

    def broken(slope, level):
        here = {"slope": slope, "level": level}
        return line(slope, level, fault=fault if here == {"level": 0} | at else None)

    knobs = {"slope": Slider(0, 4, 1, 1, "slope"), "level": Slider(0, 1, 1, 0, "level")}
    check(explorer(line, caption="A line.", **knobs))
    with pytest.raises((ZeroDivisionError, ValueError, AssertionError)):
        check(explorer(broken, caption="A line.", **knobs))


@pytest.mark.parametrize("found", FOUND, ids=str)
def test_a_page_is_the_same_under_any_matplotlibrc(found, monkeypatch):
    """The drawing, and what the page's script is told of the artists and of their axes."""
    monkeypatch.setenv("PCMLIB_BOOK", "1")
    compute, known = LiveFunction.__call__, {}

    def once(function, **knobs):
        key = (function.name, *knobs.items())
        if key not in known:
            known[key] = compute(function, **knobs)
        return known[key]

    monkeypatch.setattr(LiveFunction, "__call__", once)
    page = found.make().html()
    with rc_context(hostile()):
        assert found.make().html() == page
