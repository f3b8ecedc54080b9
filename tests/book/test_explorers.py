"""Every explorer of the book, at its defaults and at the corners of all its ranges."""

import time

import numpy as np
import pytest
from explorers import CHAPTERS, explorers_of
from matplotlib import pyplot as plt
from matplotlib import rc_context
from matplotlib.collections import Collection
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlibrc import hostile

from pcmlib.live import LiveFunction

SECONDS = 20  # that one figure may take, on two busy cores; a reader waits for it
FOUND = [found for path in CHAPTERS for found in explorers_of(path)]


def numbers_of(artist):
    """The numbers that an artist draws."""
    if isinstance(artist, Line2D):
        yield artist.get_xydata()
    elif isinstance(artist, AxesImage):
        yield np.ma.getdata(artist.get_array())
    elif isinstance(artist, Collection):
        yield np.ma.getdata(artist.get_offsets())
        yield from (path.vertices for path in artist.get_paths())
        if artist.get_array() is not None:
            yield np.ma.getdata(artist.get_array())
    elif isinstance(artist, Patch):
        yield artist.get_path().vertices
        yield artist.get_patch_transform().get_matrix()


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


@pytest.mark.parametrize("found", FOUND, ids=str)
def test_explorer_holds_at_its_defaults_and_corners(found):
    explorer = found.make()
    seen = []
    for positions in dict.fromkeys(explorer.corners()):
        values = explorer.values(positions)
        began = time.perf_counter()
        figure = explorer.figure(positions)
        assert time.perf_counter() - began < SECONDS, values
        artists = [artist for axes in figure.axes for artist in axes.get_children()]
        assert any(isinstance(a, Line2D | AxesImage | Collection) for a in artists), values
        for artist in artists:
            marks = isinstance(artist, Line2D) and artist.get_linestyle() == "None"
            for numbers in numbers_of(artist):  # a mark may be missing, but no part of a curve
                fine = ~np.isinf(numbers) if marks else np.isfinite(numbers)
                assert fine.all(), (values, artist)
        seen.append((values, looks(figure)))
        plt.close(figure)
    values, first = seen[0]
    for values, look in seen[1:]:
        assert look == first, f"the figure jumps at {values}"


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
