"""Sliders that live in a notebook and on a page without a kernel."""

from pcmlib.book.widgets.knobs import Choice, Knob, Slider, Steps, Toggle
from pcmlib.book.widgets.widgets import Explorer, Panel, explorer

__all__ = ["Choice", "Explorer", "Knob", "Panel", "Slider", "Steps", "Toggle", "explorer"]
