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
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import StepPatch
from matplotlib.text import Text

from pcmlib.base.checks import require

Outputs = dict[str, np.ndarray]
_INK = {"#000000": "currentColor", "#ffffff": "var(--explorer-paper)"}
_FIELD = re.compile(r"\{(\w+):\.(\d)f\}")


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
        ValueError: where an artist changes with the samples and is no output, or where the samples'
            figures have different artists.
    """
    figures = [draw(sample) for sample in samples]
    figure = figures[0]
    figure.draw_without_rendering()  # places what is placed at last
    found = [list(_artists(f)) for f in figures]
    same = all([type(a) for a, _ in f] == [type(a) for a, _ in found[0]] for f in found)
    require(same, "figures", [len(f) for f in found], "with the same artists for all knobs")
    described = []
    for same_artist in zip(*found, strict=True):
        artist, axes = same_artist[0]
        data = [_data(one) for one, _ in same_artist]
        if isinstance(artist, Text):
            bound = _bind_text(artist)
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
    kinds = (Line2D, PolyCollection, LineCollection, StepPatch, AxesImage)
    for axes in figure.axes:
        for artist in axes.get_children():
            if isinstance(artist, kinds) or hasattr(artist, "live_template"):
                yield artist, axes


def _data(artist: Artist) -> dict[str, np.ndarray]:
    """The arrays that an artist draws, by name."""
    if isinstance(artist, Line2D):
        return {
            "x": _plain(artist.get_xdata(orig=False)),
            "y": _plain(artist.get_ydata(orig=False)),
        }
    if isinstance(artist, LineCollection):  # vertical segments, as of error bars
        segments = np.array(artist.get_segments()).reshape(-1, 2, 2)
        return {"x": segments[:, 0, 0], "low": segments[:, 0, 1], "high": segments[:, 1, 1]}
    if isinstance(artist, PolyCollection):  # of fill_between: its second curve comes back
        vertices = np.concatenate([path.vertices for path in artist.get_paths()])
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
    where = f"{axes.get_title('left') or axes.get_ylabel()!r}, {artist.get_label()!r}"
    name = f"{what} of a {type(artist).__name__} in {where}"
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


def _bind_text(text: Text) -> dict[str, Any]:
    return {name: {"output": name, "index": []} for name, _ in _FIELD.findall(text.live_template)}


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
        own |= {"kind": "line", **_line(artist)}
    elif isinstance(artist, LineCollection):
        colour = artist.get_color()[0]
        own |= {"kind": "segments", "stroke": _stroke(colour, float(artist.get_linewidth()[0]))}
    elif isinstance(artist, PolyCollection):
        own |= {"kind": "band", "fill": _fill(artist.get_facecolor()[0])}
    elif isinstance(artist, StepPatch):
        filled = artist.get_fill()
        own |= {"kind": "stairs", "fill": _fill(artist.get_facecolor() if filled else None)}
        own["stroke"] = _stroke(artist.get_edgecolor(), artist.get_linewidth())
    elif isinstance(artist, AxesImage):
        own |= {"kind": "image", **_image(artist)}
    else:
        own |= {"kind": "text", **_text(artist)}
    return own


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
    alpha = 1.0 if line.get_alpha() is None else line.get_alpha()
    own: dict[str, Any] = {"opacity": alpha, "clip": line.get_clip_on()}
    if line.get_linestyle() not in ("None", "none", "", " "):
        width, dashes = line.get_linewidth(), line._dash_pattern[1]
        own["stroke"] = _stroke(line.get_color(), width, dashes)
    face = line.get_markerfacecolor()
    if line.get_marker() not in ("None", "none", "", " ", None):
        own["marker"] = {
            "shape": line.get_marker(),
            "size": line.get_markersize(),
            "edge": line.get_markeredgewidth(),
            "colour": "none" if face == "none" else _ink(face),
            "rim": _ink(line.get_markeredgecolor()),
        }
    return own


def _image(image: AxesImage) -> dict[str, Any]:
    left, right, bottom, top = image.get_extent()
    corners = image.axes.transData.transform([(left, top), (right, bottom)])
    (x0, y0), (x1, y1) = _points(image.axes.figure, corners)
    upright = x1 > x0 and y1 > y0 and image.origin == "upper"
    require(upright, "image", image.get_extent(), "one whose first value is its upper left one")
    table = [to_hex(colour) for colour in image.cmap(np.linspace(0, 1, 256))]
    rows, columns = image.get_array().shape
    low, high = image.get_clim()
    place = [x0, y0, round(x1 - x0, 3), round(y1 - y0, 3)]
    return {"place": place, "shape": [rows, columns], "colours": table, "limits": [low, high]}


def _text(text: Text) -> dict[str, Any]:
    position = text.get_transform().transform([text.get_position()])
    anchors = {"left": "start", "center": "middle", "right": "end"}
    return {
        "place": _points(text.figure, position)[0],
        "anchor": anchors[text.get_ha()],
        "size": text.get_fontsize(),
        "fill": _ink(text.get_color()),
        "template": text.live_template,
    }
