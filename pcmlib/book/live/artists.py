"""Which artist of a figure shows which output of a live function: what a page redraws.

    figure, artists = trace(draw, samples)

`draw` makes a figure of outputs, and the samples are outputs at several positions of the knobs. An
artist belongs to an output if its data are the output's in every sample, as they are; what is the
same in all samples stays. So a figure function must draw its outputs and compute nothing of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import Collection, LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, StepPatch
from matplotlib.spines import Spine
from matplotlib.text import Text

from pcmlib.base.checks import require
from pcmlib.book.live.looks import describe

Outputs = dict[str, np.ndarray]
_FIELD = re.compile(r"\{(\w+):\.(\d)f\}")
_KINDS = (Line2D, PolyCollection, LineCollection, StepPatch, AxesImage)


def written(text: Text, template: str, **values: np.ndarray | float) -> Text:
    """Write outputs into a text: ``written(title, "error {error:.2f}", error=error)``.

    The names are the outputs'; each has one number, and the template says how many digits.
    """
    plain = {name: float(np.ravel(value)[0]) for name, value in values.items()}
    fields = [name for name, _ in _FIELD.findall(template)]
    require(sorted(fields) == sorted(plain), "template", template, f"one with {list(plain)}")
    text.set_text(template.format(**plain))
    text.live_template = template
    return text


def trace(
    draw: Callable[[Outputs], Figure], samples: Sequence[Outputs]
) -> tuple[Figure, list[dict[str, Any]]]:
    """The figure of the first sample, and a description of each artist that shows outputs.

    Those artists have a gid, under which the figure's SVG holds them.

    Raises:
        ValueError: where anything changes with the samples and is no output, where the samples'
            figures have different artists, or where a page cannot draw what is to change.
    """
    figures = [draw(sample) for sample in samples]
    figure = figures[0]
    figure.draw_without_rendering()  # places what is placed at last
    found = [list(_artists(f)) for f in figures]
    same = all([type(a) for a, _ in f] == [type(a) for a, _ in found[0]] for f in found)
    require(same, "figures", [len(f) for f in found], "with the same artists for all knobs")
    for first, *others in zip(*map(_still, figures), strict=True):
        still = all(other[1] == first[1] for other in others)
        require(still, "figure", first[0], "the same for all knobs, as it is no output")
    described = []
    for same_artist in zip(*found, strict=True):
        artist, axes = same_artist[0]
        data = [_data(one) for one, _ in same_artist]
        if isinstance(artist, Text):
            bound = _bind_text([one for one, _ in same_artist], samples)
        else:
            names = data[0].keys()
            bound = {n: _bind([d[n] for d in data], samples, artist, axes, n) for n in names}
        if any("output" in datum for datum in bound.values()):
            gid = f"live-{len(described)}"
            _mark(artist, gid)
            described.append({"gid": gid, **describe(artist, axes), "data": bound})
    return figure, described


def _artists(figure: Figure) -> Iterator[tuple[Artist, Axes]]:
    """Those that may show data, in the order in which they are drawn."""
    for axes in figure.axes:
        for artist in axes.get_children():
            if isinstance(artist, _KINDS) or hasattr(artist, "live_template"):
                yield artist, axes


def _still(figure: Figure) -> Iterator[tuple[str, Any]]:
    """What else there is to see, by name: a page leaves it as it is."""
    yield "a text of the figure", [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        yield f"limits of {_name(axes)}", (axes.get_xlim(), axes.get_ylim())
        yield f"labels of {_name(axes)}", (axes.get_xlabel(), axes.get_ylabel())
        for artist in axes.get_children():
            what = f"{artist.get_label()!r}, a {type(artist).__name__} in {_name(axes)}"
            if isinstance(artist, (*_KINDS, Spine)) or hasattr(artist, "live_template"):
                continue
            if isinstance(artist, Text):
                yield what, artist.get_text()
            elif isinstance(artist, Patch):
                path = artist.get_path().transformed(artist.get_patch_transform())
                yield what, path.vertices.tolist()
            elif isinstance(artist, Collection):
                yield what, np.asarray(artist.get_offsets()).tolist()


def _name(axes: Axes) -> str:
    return repr(axes.get_title("left") or axes.get_ylabel())


def numbers(artist: Artist) -> dict[str, np.ndarray]:
    """The numbers that a line, stairs or an image draws, by coordinate; masked ones are NaN."""
    found = {}
    if isinstance(artist, Line2D):
        found["x"], found["y"] = artist.get_data(orig=False)
    elif isinstance(artist, StepPatch):
        values, edges, _ = artist.get_data()
        found = {"x": edges, "y": values}
    elif isinstance(artist, AxesImage):
        found["values"] = artist.get_array()
    return {name: plain(values) for name, values in found.items()}


def plain(values: Any) -> np.ndarray:
    """In a row, with NaN for what is masked."""
    return np.ma.filled(np.ma.asarray(values, float), np.nan).ravel()


def _data(artist: Artist) -> dict[str, np.ndarray]:
    """The arrays that an artist draws, by name."""
    if isinstance(artist, LineCollection):  # vertical segments, as of error bars
        segments = np.array([path.vertices for path in artist.get_paths()]).reshape(-1, 2, 2)
        upright = np.array_equal(segments[:, 0, 0], segments[:, 1, 0], equal_nan=True)
        require(upright, "figure", artist.get_label(), "one whose LineCollections are vertical")
        return {"x": segments[:, 0, 0], "low": segments[:, 0, 1], "high": segments[:, 1, 1]}
    if isinstance(artist, PolyCollection):  # of fill_between: its second curve comes back
        paths = artist.get_paths()
        whole = "one whose bands have no NaN where they are looked at"
        require(len(paths) == 1, "figure", artist.get_label(), whole)
        vertices = paths[0].vertices
        n = (len(vertices) - 3) // 2
        there, back = vertices[1 : n + 1], vertices[n + 2 : 2 * n + 2][::-1]
        return {"x": there[:, 0], "low": there[:, 1], "high": back[:, 1]}
    return numbers(artist)


def _bind(
    data: list[np.ndarray], samples: Sequence[Outputs], artist: Artist, axes: Axes, what: str
) -> dict[str, Any]:
    """The output, or the part of one, that is this datum in every sample; or its numbers."""
    for name, index in _parts(samples[0]):
        if all(_equal(x, s[name][index]) for x, s in zip(data, samples, strict=True)):
            return {"output": name, "index": list(index)}
    constant = all(_equal(x, data[0]) for x in data)
    name = f"{what} of a {type(artist).__name__} in {_name(axes)}, {artist.get_label()!r}"
    require(
        constant, "figure", name, "an output of the live function as it is, or the same for all"
    )
    return {"values": [float(f"{x:.7g}") if np.isfinite(x) else None for x in data[0]]}


def _parts(outputs: Outputs) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The outputs, and their rows."""
    for name, values in outputs.items():
        for dimensions in range(values.ndim):
            for index in np.ndindex(values.shape[:dimensions]):
                yield name, index


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    b = np.asarray(b, float).ravel()
    return a.shape == b.shape and np.array_equal(a, b, equal_nan=True)


def _bind_text(texts: Sequence[Text], samples: Sequence[Outputs]) -> dict[str, Any]:
    """The outputs that a template names, if the text is made of them in every sample."""
    template = texts[0].live_template
    names = [name for name, _ in _FIELD.findall(template)]
    for text, sample in zip(texts, samples, strict=True):
        plain = {n: float(np.ravel(sample[n])[0]) for n in names if np.size(sample.get(n, ())) == 1}
        made = len(plain) == len(names) and template.format(**plain) == text.get_text()
        require(made, "figure", text.get_text(), f"{template!r} with outputs of one number each")
    return {name: {"output": name, "index": []} for name in names}


def _mark(artist: Artist, gid: str) -> None:
    artist.set_gid(gid)
    artist.set_rasterized(False)
    if isinstance(artist, AxesImage):  # whose own drawing opens no group
        paint = artist.draw

        def grouped(renderer: Any) -> None:
            renderer.open_group("image", gid)
            paint(renderer)
            renderer.close_group("image")

        artist.draw = grouped
