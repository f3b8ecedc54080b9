"""Sliders that live in a notebook and on a page without a kernel."""

from pcmlib.explore.knobs import Choice, Knob, Slider, Steps, Toggle
from pcmlib.explore.widgets import Explorer, Panel, explorer

__all__ = ["Choice", "Explorer", "Knob", "Panel", "Slider", "Steps", "Toggle", "explorer"]
