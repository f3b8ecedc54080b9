"""One style for every figure of the book, and the pieces that figures share.

Black and white are the page's ink and paper (explorers swap them in a dark theme); every other
colour is one of a set that colour-blind readers can tell apart (Okabe and Ito 2008) and that
stands out on both. Limits of axes are arguments, so that an explorer's frames do not jump.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import matplotlib.style
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pcmlib.book.experiments.statistics import Interval
from pcmlib.book.figures.contents import contents
from pcmlib.book.live.artists import written

BLUE, ORANGE, GREEN = "#0072b2", "#e69f00", "#009e73"
PURPLE, SKY, RED = "#cc79a7", "#56b4e9", "#d55e00"
SCHEME_COLOURS = {  # by the schemes' names in the book
    "sign descent": BLUE, "stochastic": RED, "multi-memristor": GREEN, "update-ready": ORANGE,
    "mixed precision": PURPLE, "FP32": SKY,
}  # fmt: skip
COLOURS = tuple(SCHEME_COLOURS.values())
SEQUENTIAL, DIVERGING = "viridis", "RdBu_r"
STYLE = {
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": mpl.cycler(color=COLOURS),
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#808080",
    "grid.alpha": 0.25,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.dpi": 100,
    "svg.hashsalt": "pcmlib",  # the same figure has the same bytes
}
DOTTED = {"color": "black", "lw": 0.8, "ls": ":"}  # a line to compare with
WIDTH = 7.2  # inches: the width of the book's text
LAYERS = {"in": "input", "rec": "recurrent", "out": "output"}
LOSS, CLASS_LOSS, ACCURACY = "mean squared error", "cross-entropy (nats)", "accuracy (%)"
LOSS_TICKS = ((1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7))  # times powers of 10, from far to close


@contextmanager
def book_style() -> Iterator[None]:
    """The book's style on Matplotlib's defaults; also a decorator, of every figure function.

    Nothing of a reader's matplotlibrc is left: the page's script draws where the book's figures
    have their boxes.
    """
    with matplotlib.style.context(["default", STYLE]):
        yield


class BookFigure(Figure):
    """A figure that is drawn in the book's style, wherever that is, and whose text is its data."""

    @book_style()
    def draw(self, renderer: Any) -> None:
        """Some artists, ticks for one, are made now."""
        super().draw(renderer)

    @book_style()
    def savefig(self, *arguments: Any, **options: Any) -> None:
        """Whole: a file has the size of the figure."""
        super().savefig(*arguments, **options)

    def __repr__(self) -> str:
        return contents(self)


@book_style()
def panels(
    columns: int = 1, *, height: float = 3.0, rows: int = 1, wspace: float = 0.32, **margins: float
) -> tuple[Figure, np.ndarray]:
    """A figure of the text's width in the book's style, and its axes in reading order.

    Those of one column share their x axis.
    """
    figure = BookFigure(figsize=(WIDTH, height))
    axes = figure.subplots(rows, columns, squeeze=False, sharex=columns == 1).ravel()
    edges = {"left": 0.09, "right": 0.98, "bottom": 0.5 / height, "top": 1 - 0.3 / height}
    figure.subplots_adjust(**{**edges, "wspace": wspace, "hspace": 0.45, **margins})
    return figure, axes


def coloured(found: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """Each with its colour: a scheme's own, in every figure, or else the next that is free."""
    own = {name: SCHEME_COLOURS[name] for name in found if name in SCHEME_COLOURS}
    free = (colour for colour in COLOURS if colour not in own.values())
    for name, value in found.items():
        yield name, value, own.get(name) or next(free, "black")


def label(axes: Axes, x: str, y: str, **more: Any) -> None:
    """Name an axes' quantities with their units; `more`: its title and limits, as of `Axes.set`."""
    axes.set(xlabel=x, ylabel=y, **more)


@book_style()
def live_title(axes: Axes, template: str, **values: np.ndarray | float) -> None:
    """A title with outputs of a live function in it, as `written` has them."""
    written(axes.set_title(""), template, **values)


def ticks(axis: Axis, values: Iterable[float]) -> None:
    """Plain numbers at these places alone."""
    values = list(values)
    axis.set_ticks(values, [f"{value:g}" for value in values])
    axis.axes.minorticks_off()


def draw_raster(axes: Axes, spikes: np.ndarray, dt: float, *, name: str = "neuron") -> None:
    """A dot a spike; `spikes` is bool [T, n]."""
    step, neuron = np.nonzero(spikes)
    axes.plot(step * dt, neuron, ".", ms=1.8, color=BLUE, rasterized=True)
    label(axes, "time (s)", name, xlim=(0, len(spikes) * dt), ylim=(-1, spikes.shape[1]))


def band(
    axes: Axes,
    x: np.ndarray,
    values: Float[np.ndarray, "R x"],
    colour: str,
    name: str,
    marker: str = "",
) -> None:
    """Mean over the networks, and the range from the lowest to the highest."""
    axes.fill_between(x, values.min(0), values.max(0), color=colour, alpha=0.18, lw=0)
    axes.plot(x, values.mean(0), color=colour, label=name, marker=marker, ms=4)


def over_epochs(
    axes: Axes, values: Float[np.ndarray, "R E"], colour: str, name: str, marker: str = ""
) -> None:
    """The same against the epochs, from 1 on."""
    band(axes, np.arange(1, values.shape[1] + 1), values, colour, name, marker)


def error_bars(axes: Axes, x: np.ndarray, found: Sequence[Interval], **look: Any) -> None:
    """A mark at each estimate, and its interval where it has one."""
    ends = np.nan_to_num([[i.value - i.low, i.high - i.value] for i in found]).T
    axes.errorbar(x, np.array([i.value for i in found]), ends, **look)


def loss_axis(axes: Axes, ylim: tuple[float, float]) -> None:
    """A logarithmic axis of losses, with plain numbers at its ticks."""
    axes.set(yscale="log", ylim=ylim)
    loss_ticks(axes.yaxis, ylim)


def loss_ticks(axis: Axis, limits: tuple[float, float]) -> None:
    """Round numbers within the limits: the first of `LOSS_TICKS` that has two there; where the
    limits are closer still, what Matplotlib has for a linear axis."""
    scales = [[float(f"{m}e{k}") for k in range(-4, 7) for m in each] for each in LOSS_TICKS]
    scales.append(MaxNLocator(4, steps=(1, 2, 5, 10)).tick_values(*limits))
    within = [[x for x in scale if limits[0] <= x <= limits[1]] for scale in scales]
    ticks(axis, next((found for found in within if len(found) >= 2), within[-1]))
