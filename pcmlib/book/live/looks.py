"""How an artist of a figure looks: what `artists.js` needs to draw it again with other data.

    describe(artist, axes)

Kind, place and style of lines, markers, bands, maps and texts, in numbers and words of SVG; black
and white become the page's ink and paper.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import Normalize, to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import StepPatch
from matplotlib.text import Text

from pcmlib.base.checks import require

_INK = {"#000000": "currentColor", "#ffffff": "var(--explorer-paper)"}
_MARKERS = (".", "o", "^", "v", "|", "s")
_NOTHING = ("None", "none", "", " ", None)


def describe(artist: Artist, axes: Axes) -> dict[str, Any]:
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
