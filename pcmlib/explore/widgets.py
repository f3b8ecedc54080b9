"""Explorers: a figure with knobs, alive in a running notebook and alive on the static page.

    explorer(drift_figure, nu=Slider(0, 0.1, 0.01, 0.04, "drift exponent ν"), caption="...")

is one call with two lives. Where a kernel runs, ipywidgets redraw the figure at any combination of
the knobs. On the page of a book the same knobs move among frames drawn beforehand
(`pcmlib.explore.static_page`), with no kernel and no network.

Every frame costs a call of the figure function, so frames are drawn only while a book is built:
where the environment variable PCMLIB_BOOK is 1, as `make book` sets it. Elsewhere the static form
is the figure at the defaults.
"""

from __future__ import annotations

import asyncio
import hashlib
import html
import itertools
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ipywidgets
from IPython import get_ipython
from matplotlib.figure import Figure

from pcmlib.base.checks import require, require_number
from pcmlib.explore.knobs import Choice, Knob, Slider, Steps, Toggle
from pcmlib.explore.static_page import Positions, draw, page, picture

__all__ = ["Choice", "Explorer", "Slider", "Steps", "Toggle", "explorer"]

SETTLE = 0.2
"""How long a moved knob waits, in times of the last drawing: positions that arrive meanwhile take
its place. A front end sends one at a time, so that the newest needs a moment to arrive."""


def explorer(
    figure_function: Callable[..., Figure],
    *,
    caption: str,
    grid: Sequence[str] = (),
    budget_kb: float = 700,
    **knobs: Knob,
) -> Explorer:
    """A figure with knobs; as the last line of a cell it shows itself.

    Parameters
    ----------
    figure_function
        Called as ``figure_function(**{knob: value})``; returns a Matplotlib figure, which the
        explorer draws and closes. It is called once here, with the defaults, so that a broken
        explorer stops its notebook. Every figure must have the same size; fix the limits of the
        axes too, or the reader sees them jump. What it displays (tqdm's bar, for one) is shown
        while it computes.
    caption
        What the figure shows, in one or two sentences; also its text for screen readers.
    grid
        Names of knobs that move together on the static page. The frames are as many as the product
        of their positions; any other knob moves alone, with the rest at their defaults.
    budget_kb
        Limit of the static form in kB (1000 bytes). A whole page should stay below 3000.
    knobs
        `Slider`, `Steps`, `Choice` or `Toggle` for each argument of the figure function.

    Raises
    ------
    ValueError
        Where an argument is bad, a frame has another size than the first, or, while a book is
        built, the frames take more than the budget.
    """
    return Explorer(figure_function, caption, tuple(grid), budget_kb, knobs)


class Explorer:
    """What `explorer` returns: offers widgets and HTML, from which a front end picks."""

    def __init__(
        self,
        figure_function: Callable[..., Figure],
        caption: str,
        grid: tuple[str, ...],
        budget_kb: float,
        knobs: dict[str, Knob],
    ) -> None:
        require(bool(caption.strip()), "caption", caption, "a text that says what is shown")
        require(bool(knobs), "knobs", knobs, "one knob or more")
        for key, knob in knobs.items():
            require(isinstance(knob, Knob), key, knob, "a Slider, Steps, Choice or Toggle")
        for key in grid:
            require(key in knobs, "grid", key, f"among the knobs {list(knobs)}")
        require_number("budget_kb", budget_kb, above=0)
        self.figure_function = figure_function
        self.caption = caption
        self.grid = grid
        self.budget_kb = budget_kb
        self.knobs = knobs
        signature = repr((figure_function.__name__, caption, grid, list(knobs.items())))
        self.name = "explorer-" + hashlib.sha256(signature.encode()).hexdigest()[:8]
        self.start: Positions = tuple(knob.start for knob in knobs.values())
        began = time.perf_counter()
        self.frames = {self.start: self.draw(self.start)}
        self.seconds = time.perf_counter() - began
        # Drawn here and not when displayed: IPython would swallow an error of the display, and the
        # book would be built with a broken explorer in it.
        if _building():
            self._draw_frames()

    def values(self, positions: Positions) -> dict[str, Any]:
        """The arguments of the figure function at these positions."""
        return {
            key: knob.values[position]
            for (key, knob), position in zip(self.knobs.items(), positions, strict=True)
        }

    def corners(self) -> Iterator[Positions]:
        """The defaults, then all combinations of each knob's first and last position."""
        yield self.start
        yield from itertools.product(*((0, len(knob.values) - 1) for knob in self.knobs.values()))

    def reachable(self) -> Iterator[Positions]:
        """The states of the static page: the grid's combinations, then each other knob alone."""
        ranges = [
            range(len(knob.values)) if key in self.grid else (knob.start,)
            for key, knob in self.knobs.items()
        ]
        yield from itertools.product(*ranges)
        for k, (key, knob) in enumerate(self.knobs.items()):
            if key not in self.grid:
                for position in range(len(knob.values)):
                    yield (*self.start[:k], position, *self.start[k + 1 :])

    def figure(self, positions: Positions) -> Figure:
        """Call the figure function at these positions."""
        figure = self.figure_function(**self.values(positions))
        require(isinstance(figure, Figure), "figure_function", figure, "returning a Figure")
        return figure

    def draw(self, positions: Positions) -> list[str]:
        """The figure at these positions, as lines of SVG."""
        return draw(self.figure(positions), self.name)

    def _draw_frames(self) -> None:
        for positions in self.reachable():
            if positions in self.frames:
                continue
            lines = self.draw(positions)
            same = _size(lines) == _size(self.frames[self.start])
            require(same, "figure size", self.values(positions), "the same for all positions")
            self.frames[positions] = lines
        size = len(self.html().encode()) / 1000
        require(
            size <= self.budget_kb,
            "budget_kb",
            self.budget_kb,
            f"at least {size:.0f}, the size of these {len(self.frames)} frames in kB: take fewer "
            "positions or points, draw dense artists with rasterized=True, or raise the budget",
        )

    def html(self) -> str:
        """The static form: with all its frames while a book is built, else the defaults' alone."""
        return page(self.name, self.caption, self.knobs, self.frames, self.grid)

    def widget(self) -> ipywidgets.Widget:
        """The form for a running kernel, at the defaults."""
        return Panel(self).box

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        bundle = {"text/plain": repr(self), "text/html": self.html()}
        kernel = getattr(get_ipython(), "kernel", None)
        if kernel is not None and not _building():  # a page of the book needs no widget's state
            bundle["application/vnd.jupyter.widget-view+json"] = {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self.widget().model_id,
            }
        return bundle

    def __repr__(self) -> str:
        return f"<{self.name}: {self.figure_function.__name__}({', '.join(self.knobs)})>"


class Panel:
    """The widgets of an explorer. While a figure is computed, only the newest position is kept."""

    def __init__(self, explorer: Explorer) -> None:
        self.explorer = explorer
        self.controls = [_control(knob) for knob in explorer.knobs.values()]
        self.status = ipywidgets.Label()
        self.progress = ipywidgets.Output()
        self.picture = ipywidgets.HTML(self._picture(explorer.frames[explorer.start]))
        self.waiting = False
        self.drawing = threading.RLock()  # JupyterLab sends moves to two threads of a kernel
        self.seconds = explorer.seconds
        for control in self.controls:
            control.observe(self._moved, "index" if hasattr(control, "index") else "value")
        caption = ipywidgets.HTML(html.escape(explorer.caption))
        self.box = ipywidgets.VBox(
            [self.picture, caption, *self.controls, self.status, self.progress]
        )

    @property
    def positions(self) -> Positions:
        return tuple(int(getattr(control, "index", control.value)) for control in self.controls)

    def _moved(self, change: Any) -> None:
        """Draw soon: not at once, so that moves that queue up behind a long drawing make one."""
        if self.waiting:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no kernel's event loop: a plain Python session
            self.redraw()
        else:
            self.waiting = True
            loop.call_later(SETTLE * self.seconds, self.redraw)

    def redraw(self) -> None:
        """Show the figure at the present positions; an error is shown in its place, and raised."""
        with self.drawing:
            self.waiting = False
            self.status.value = "computing …"
            began = time.perf_counter()
            try:
                with _displayed_in(self.progress):
                    lines = self.explorer.draw(self.positions)
            except Exception:
                trace = html.escape(traceback.format_exc())
                self.picture.value = f'<pre role="alert">{trace}</pre>'
                self.status.value = "the figure could not be drawn"
                raise
            self.picture.value = self._picture(lines)
            self.seconds = time.perf_counter() - began
            self.status.value = f"{self.seconds:.1f} s"

    def _picture(self, lines: Sequence[str]) -> str:
        return picture(lines, self.explorer.caption)


@contextmanager
def _displayed_in(output: ipywidgets.Output) -> Iterator[None]:
    """Show in `output` whatever is displayed meanwhile, a progress bar for one.

    A front end drops what a kernel displays outside a request, and so does a redrawing. An Output
    used as a context manager follows requests; here its contents are set instead.
    """
    publisher = getattr(get_ipython(), "display_pub", None)
    if not hasattr(publisher, "register_hook"):  # no kernel: what is displayed is printed
        yield
        return

    def show(message: dict) -> dict | None:
        if message["header"]["msg_type"] != "display_data":
            return message
        content = {key: message["content"][key] for key in ("data", "metadata")}
        output.outputs = (*output.outputs, {"output_type": "display_data", **content})
        return None

    publisher.register_hook(show)
    try:
        yield
    finally:
        publisher.unregister_hook(show)
        output.outputs = ()


def _control(knob: Knob) -> ipywidgets.Widget:
    style = {"description_width": "10em"}
    layout = {"width": "min(100%, 32em)"}
    common = {"description": knob.label, "style": style, "layout": layout}
    if isinstance(knob, Toggle):
        return ipywidgets.Checkbox(value=knob.default, **common)
    options = [(text, position) for position, text in enumerate(knob.texts)]
    kind = ipywidgets.Dropdown if isinstance(knob, Choice) else ipywidgets.SelectionSlider
    return kind(options=options, index=knob.start, **common)


def _size(lines: Sequence[str]) -> str:
    """The viewBox of a drawing: its size in points."""
    return lines[0].partition('viewBox="')[2].partition('"')[0]


def _building() -> bool:
    return os.environ.get("PCMLIB_BOOK") == "1"
