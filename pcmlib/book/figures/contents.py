"""A figure's data in words: what stands where a picture cannot, and what a notebook's check holds.

A stored picture would differ with the fonts of a machine, and nbval compares none. The text of a
figure (`pcmlib.book.figures.style.BookFigure`) has a line an artist: its kind and label, and of its
coordinates or values how many there are, five from the first to the last, mean and range.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.patches import Patch, StepPatch

from pcmlib.book.live import artists


def contents(figure: Figure) -> str:
    """The panels of a figure, and under each what it shows."""
    return "\n".join(line for axes in figure.axes for line in _panel(axes))


def _panel(axes: Axes) -> Iterator[str]:
    names = (axes.get_title("left"), axes.get_ylabel(), axes.get_xlabel())
    yield " | ".join(" ".join(name.split()) for name in names if name) or "panel"
    for artist in (*axes.lines, *axes.collections, *axes.patches, *axes.images):
        name = artist.get_label()
        name = "" if name.startswith("_") else f" {name!r}"
        found = ", ".join(f"{what} {_summary(values)}" for what, values in numbers(artist).items())
        yield f"  {type(artist).__name__}{name}: {found}"


def numbers(artist: Artist) -> dict[str, np.ndarray]:
    """The numbers that an artist draws, by coordinate; masked ones are NaN."""
    if not isinstance(artist, Collection | Patch) or isinstance(artist, StepPatch):
        return artists.numbers(artist)
    paths = artist.get_paths() if isinstance(artist, Collection) else [artist.get_path()]
    vertices = [path.vertices for path in paths]
    if isinstance(artist, Patch):
        vertices = [artist.get_patch_transform().transform(vertices[0])]
    elif len(artist.get_offsets()) > 1:  # marks of a scatter, whose path is their shape
        vertices = [artist.get_offsets()]
    x, y = np.ma.concatenate([*vertices, np.empty((0, 2))]).T
    found = {"x": artists.plain(x), "y": artists.plain(y)}
    if isinstance(artist, Collection) and artist.get_array() is not None:
        found["values"] = artists.plain(artist.get_array())
    return found


def _summary(values: np.ndarray) -> str:
    """Of those that are finite."""
    finite = values[np.isfinite(values)] + 0.0  # + 0.0: no -0
    if not finite.size:
        return "0"
    few = finite[np.linspace(0, finite.size - 1, min(5, finite.size)).round().astype(int)]
    mean, low, high = map(_digits, (finite.mean(), finite.min(), finite.max()))
    return f"{finite.size}: {' '.join(map(_digits, few))} (mean {mean}, {low} to {high})"


def _digits(value: np.floating) -> str:
    return f"{value:.3g}"
