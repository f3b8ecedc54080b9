"""Which artist of a figure shows which output of a live function: what a page redraws.

    figure, artists = trace(draw, samples)

`draw` makes a figure of outputs, and the samples are outputs at several positions of the knobs. An
artist belongs to an output if its data are the output's in every sample, as they are; what is the
same in all samples stays. So a figure function must draw its outputs and compute nothing of them.
The descriptions hold what `artists.js` needs to draw the same lines, markers, bands and maps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import Collection, LineCollection, PolyCollection
from matplotlib.colors import Normalize, to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, StepPatch
from matplotlib.spines import Spine
from matplotlib.text import Text

from pcmlib.base.checks import require

Outputs = dict[str, np.ndarray]
_INK = {"#000000": "currentColor", "#ffffff": "var(--explorer-paper)"}
_FIELD = re.compile(r"\{(\w+):\.(\d)f\}")
_KINDS = (Line2D, PolyCollection, LineCollection, StepPatch, AxesImage)
_MARKERS = (".", "o", "^", "v", "|", "s")
_NOTHING = ("None", "none", "", " ", None)


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
            described.append({"gid": gid, **_describe(artist, axes), "data": bound})
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


def _data(artist: Artist) -> dict[str, np.ndarray]:
    """The arrays that an artist draws, by name."""
    if isinstance(artist, Line2D):
        return {
            "x": _plain(artist.get_xdata(orig=False)),
            "y": _plain(artist.get_ydata(orig=False)),
        }
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
    if isinstance(artist, StepPatch):
        values, edges, _ = artist.get_data()
        return {"values": _plain(values), "edges": _plain(edges)}
    if isinstance(artist, AxesImage):
        return {"values": _plain(artist.get_array())}
    return {}


def _plain(values: Any) -> np.ndarray:
    return np.ma.filled(np.ma.asarray(values, float), np.nan).ravel()


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


# What it looks like


def _describe(artist: Artist, axes: Axes) -> dict[str, Any]:
    """Kind, place and style, in points of the figure's SVG."""
    own = {"axes": _place(axes)}
    if isinstance(artist, Line2D):
        for which, data in zip("xy", _in_data(artist, axes), strict=True):
            own["axes"][which] = own["axes"][which] if data else [0.0, 1.0, False]
        own |= {"kind": "line", **_line(artist)}
    elif isinstance(artist, LineCollection):
        width, (_, dashes) = float(artist.get_linewidth()[0]), artist.get_linestyle()[0]
        own |= {"kind": "segments", "stroke": _stroke(artist.get_color()[0], width, dashes)}
    elif isinstance(artist, PolyCollection):
        own |= {"kind": "band", "fill": _fill(artist.get_facecolor()[0])}
        if len(artist.get_edgecolor()):
            width = float(artist.get_linewidth()[0])
            own["stroke"] = _stroke(artist.get_edgecolor()[0], width)
    elif isinstance(artist, StepPatch):
        filled, baseline = artist.get_fill(), artist.get_data().baseline
        require(np.ndim(baseline) == 0, "figure", artist.get_label(), "one with plain baselines")
        own |= {"kind": "stairs", "fill": _fill(artist.get_facecolor() if filled else None)}
        own["baseline"] = None if baseline is None else float(baseline)
        width, dashes = artist.get_linewidth(), artist._dash_pattern[1]
        own["stroke"] = _stroke(artist.get_edgecolor(), width, dashes)
    elif isinstance(artist, AxesImage):
        own |= {"kind": "image", **_image(artist)}
    else:
        own |= {"kind": "text", **_text(artist)}
    return own


def _in_data(artist: Artist, axes: Axes) -> tuple[bool, bool]:
    """Whether x and y are data; else they are parts of the axes, as one of axhline is."""
    return artist.get_transform().contains_branch_seperately(axes.transData)


def _place(axes: Axes) -> dict[str, Any]:
    """The axes' box in points from the figure's upper left corner, limits and scales."""
    (left, top), (right, bottom) = _points(axes.figure, axes.bbox.corners()[[1, 2]])
    return {
        "box": [left, right, bottom, top],
        "x": [*map(float, axes.get_xlim()), axes.get_xscale() == "log"],
        "y": [*map(float, axes.get_ylim()), axes.get_yscale() == "log"],
    }


def _points(figure: Figure, pixels: np.ndarray) -> list[list[float]]:
    points = np.asarray(pixels) * 72 / figure.dpi
    points[:, 1] = 72 * figure.get_figheight() - points[:, 1]
    return [[round(float(x), 3) for x in point] for point in points]


def _ink(colour: Any) -> str:
    return _INK.get(to_hex(colour), to_hex(colour))


def _fill(colour: Any) -> dict[str, Any]:
    if colour is None:
        return {"fill": "none"}
    return {"fill": _ink(colour), "fill-opacity": round(to_rgba(colour)[3], 4)}


def _stroke(colour: Any, width: float, dashes: Any = None) -> dict[str, Any]:
    own = {"stroke": _ink(colour), "stroke-width": width}
    own["stroke-opacity"] = round(to_rgba(colour)[3], 4)
    if dashes:
        own["stroke-dasharray"] = " ".join(f"{x:.4g}" for x in dashes)
    return own


def _line(line: Line2D) -> dict[str, Any]:
    shape, size, alpha = line.get_marker(), line.get_markersize(), line.get_alpha()
    require(line.get_drawstyle() == "default", "figure", line.get_label(), "one without step lines")
    own = {}
    if line.get_linestyle() not in _NOTHING:
        width, dashes = line.get_linewidth(), line._dash_pattern[1]
        own["stroke"] = _stroke(to_rgba(line.get_color(), alpha), width, dashes)
    if shape not in _NOTHING:
        require(shape in _MARKERS, "marker", shape, f"one of {' '.join(_MARKERS)}")
        face = line.get_markerfacecolor()
        rim = to_rgba(line.get_markeredgecolor(), alpha)
        own["marker"] = {
            "shape": shape,
            "size": size / 2 if shape == "." else size,
            "fill": _fill(None if shape == "|" or face == "none" else to_rgba(face, alpha)),
            "stroke": _stroke(rim, line.get_markeredgewidth()),
        }
    return own


def _image(image: AxesImage) -> dict[str, Any]:
    left, right, bottom, top = image.get_extent()
    corners = image.axes.transData.transform([(left, top), (right, bottom)])
    (x0, y0), (x1, y1) = _points(image.axes.figure, corners)
    upright = x1 > x0 and y1 > y0 and image.origin == "upper"
    require(upright, "image", image.get_extent(), "one whose first value is its upper left one")
    require(type(image.norm) is Normalize, "image", image.norm, "one on a linear scale")
    table = [to_hex(colour) for colour in image.cmap(np.linspace(0, 1, 256))]
    rows, columns = image.get_array().shape
    low, high = image.get_clim()
    place = [x0, y0, round(x1 - x0, 3), round(y1 - y0, 3)]
    return {"place": place, "shape": [rows, columns], "colours": table, "limits": [low, high]}


def _text(text: Text) -> dict[str, Any]:
    position = text.get_transform().transform([text.get_position()])
    plain = text.get_rotation() == 0 and text.get_va() == "baseline"
    plain = plain and not set("$\n") & set(text.get_text())
    require(plain, "text", text.get_text(), "one plain line, level and on its baseline")
    anchors = {"left": "start", "center": "middle", "right": "end"}
    return {
        "place": _points(text.figure, position)[0],
        "anchor": anchors[text.get_ha()],
        "size": text.get_fontsize(),
        "fill": _ink(text.get_color()),
        "template": text.live_template,
    }
