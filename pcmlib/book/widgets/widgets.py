"""Explorers: a figure with knobs, alive in a running notebook and alive on the static page.

    explorer(staircase, interval=Steps([5, 10, 20], 10, "time between pulses", "s"), caption="...")

is one call with two lives, at any combination of the knobs in both. Where a kernel runs, ipywidgets
compute the live function (`pcmlib.book.live`) and redraw its figure. On the page of a book the
browser computes the same function (`pcmlib.book.widgets.page`), with no kernel and no network.

A plain function that returns a figure will do in a notebook; a page shows it at the defaults.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import html
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import ipywidgets
import numpy as np
from IPython import get_ipython
from matplotlib.figure import Figure

from pcmlib.base.checks import require
from pcmlib.book.figures.style import book_style
from pcmlib.book.live import LiveFunction
from pcmlib.book.live.artists import trace
from pcmlib.book.widgets.knobs import Choice, Knob, Slider, Steps, Toggle
from pcmlib.book.widgets.page import draw, page, picture

__all__ = ["Choice", "Explorer", "Slider", "Steps", "Toggle", "explorer"]

Positions = tuple[int, ...]
"""A state of the knobs: for each knob, in order, the position of its value."""

SETTLE = 0.2
"""How long a moved knob waits, in times of the last drawing: positions that arrive meanwhile take
its place. A front end sends one at a time, so that the newest needs a moment to arrive."""


class Explorer:
    """A figure with knobs; as the last line of a cell it shows itself.

    It offers widgets and HTML, from which a front end picks.

    Parameters
    ----------
    function
        A live function with a figure, or a function called as ``function(**{knob: value})`` that
        returns a Matplotlib figure, which the explorer draws and closes. It is called once here,
        with the defaults, so that a broken explorer stops its notebook. Every figure must have the
        same size; fix the limits of the axes too, or the reader sees them jump. What it displays
        (tqdm's bar, for one) is shown while it computes.
    caption
        What the figure shows, in one or two sentences; also its text for screen readers.
    knobs
        `Slider`, `Steps`, `Choice` or `Toggle` for each knob of the function. A live function gets
        the position of a choice, and 0 or 1 from a toggle.

    Raises
    ------
    ValueError
        Where an argument is bad, or a figure shows what is no output of the live function.
    """

    def __init__(
        self, function: LiveFunction | Callable[..., Figure], *, caption: str, **knobs: Knob
    ) -> None:
        require(bool(caption.strip()), "caption", caption, "a text that says what is shown")
        require(bool(knobs), "knobs", knobs, "one knob or more")
        for key, knob in knobs.items():
            require(isinstance(knob, Knob), key, knob, "a Slider, Steps, Choice or Toggle")
        self.live = function if isinstance(function, LiveFunction) else None
        if self.live:  # which gets the place of an option
            for key, knob in knobs.items():
                options = list(knob.options) if isinstance(knob, Choice) else []
                known = list(self.live.choices.get(key, ()))
                same = options == known[: len(options)] and bool(options) == bool(known)
                require(same, key, options, f"the function's choices, {known}")
        self.function = function
        self.label = self.live.name if self.live else function.__name__
        self.caption = caption
        self.knobs = knobs
        signature = repr((self.label, caption, list(knobs.items())))
        self.name = "explorer-" + hashlib.sha256(signature.encode()).hexdigest()[:8]
        self.start: Positions = tuple(knob.start for knob in knobs.values())
        began = time.perf_counter()
        # Drawn here and not when displayed: IPython would swallow an error of the display, and the
        # book would be built with a broken explorer in it.
        if self.live and _building():
            with book_style():
                figure, artists = trace(lambda x: self.live.draw(**x), self._samples())
            self.first, self.told = draw(figure, self.name), self._told(artists)
        else:
            self.first, self.told = self.draw(self.start), None
        self.seconds = time.perf_counter() - began

    def values(self, positions: Positions) -> dict[str, Any]:
        """The arguments of the figure function at these positions."""
        return {
            key: knob.values[position]
            for (key, knob), position in zip(self.knobs.items(), positions, strict=True)
        }

    def figure(self, positions: Positions) -> Figure:
        """The figure at these positions."""
        plot = self.live.plot if self.live else self.function
        figure = plot(**self.values(positions))
        require(isinstance(figure, Figure), "function", figure, "returning a Figure")
        return figure

    def draw(self, positions: Positions) -> str:
        """The figure at these positions, as SVG."""
        return draw(self.figure(positions), self.name)

    def _samples(self) -> list[dict[str, np.ndarray]]:
        """Outputs at the defaults and at the ends of all knobs, by which artists are known."""
        ends = [tuple(end * (len(k.values) - 1) for k in self.knobs.values()) for end in (0, 1)]
        states = map(self.values, dict.fromkeys([self.start, *ends]))
        return [self.live(**self.live.placed(values)) for values in states]

    def _told(self, artists: list[dict[str, Any]]) -> dict[str, Any]:
        """What the page's script needs."""
        data = [
            {
                "content": base64.b64encode(np.ascontiguousarray(x).tobytes()).decode(),
                "shape": list(x.shape),
                "size": x.itemsize,
            }
            for x in self.live.data.values()
        ]
        module = self.live.function.__module__
        return {"function": self.label, "module": module, "data": data, "artists": artists}

    def html(self) -> str:
        """The static form: alive while a book is built, else the figure at the defaults."""
        return page(self.name, self.caption, self.knobs, self.first, self.told)

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
        return f"<{self.name}: {self.label}({', '.join(self.knobs)})>"


explorer = Explorer  # as a chapter calls it


class Panel:
    """The widgets of an explorer. While a figure is computed, only the newest position is kept."""

    def __init__(self, explorer: Explorer) -> None:
        self.explorer = explorer
        self.controls = [_control(knob) for knob in explorer.knobs.values()]
        self.status = ipywidgets.Label()
        self.progress = ipywidgets.Output()
        self.picture = ipywidgets.HTML(self._picture(explorer.first))
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
                    svg = self.explorer.draw(self.positions)
            except Exception:
                trace = html.escape(traceback.format_exc())
                self.picture.value = f'<pre role="alert">{trace}</pre>'
                self.status.value = "the figure could not be drawn"
                raise
            self.picture.value = self._picture(svg)
            self.seconds = time.perf_counter() - began
            self.status.value = f"{self.seconds:.1f} s"

    def _picture(self, svg: str) -> str:
        return picture(svg, self.explorer.caption)


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


def _building() -> bool:
    return os.environ.get("PCMLIB_BOOK") == "1"
