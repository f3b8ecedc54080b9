"""Figures of one trial and of the gradients: rasters, traces, angles to BPTT."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
from matplotlib.figure import Figure

from pcmlib.book.experiments.networks import Angles, Traces
from pcmlib.book.figures.style import (
    BLUE,
    DOTTED,
    GREEN,
    LAYERS,
    ORANGE,
    RED,
    band,
    book_style,
    coloured,
    draw_raster,
    label,
    panels,
)


@book_style()
def plot_trial(traces: Traces) -> Figure:
    """One trial: spikes in, spikes of the neurons, output and target."""
    figure, axes = panels(1, rows=3, height=5.0, left=0.1, hspace=0.25)
    dt = float(traces.time[1] - traces.time[0])
    draw_raster(axes[0], traces.inputs, dt, name="input")
    draw_raster(axes[1], traces.spikes, dt)
    axes[2].plot(traces.time, traces.target, color="black", lw=1, label="target")
    axes[2].plot(traces.time, traces.output, color=BLUE, label="output")
    label(axes[2], "time (s)", "output", xlim=(0, len(traces.time) * dt))
    axes[2].legend(loc="upper right", ncols=2)
    for panel in axes[:2]:
        panel.set_xlabel("")
    return figure


@book_style()
def plot_traces(
    traces: Traces | SimpleNamespace, *, until: float = 0.4, limits: Sequence[float] = ()
) -> Figure:
    """What one synapse sees: membrane, pseudo-derivative, eligibility, signal, gradient so far.

    `limits`: upper ends of the five axes, for figures that must not jump.
    """
    figure, axes = panels(1, rows=5, height=6.0, left=0.155, hspace=0.22)
    shown = traces.time <= until
    time = traces.time[shown]
    rows = (
        ("v", "membrane\n$v_j$", BLUE),
        ("h", "pseudo-\nderivative $h_j$", ORANGE),
        ("ebar", "eligibility\n$\\bar e_{ji}$", GREEN),
        ("signal", "learning\nsignal $L_j$", RED),
        ("gradient", "gradient\nso far", "black"),
    )
    for row, (panel, (values, name, colour)) in enumerate(zip(axes, rows, strict=True)):
        panel.plot(time, getattr(traces, values)[shown], color=colour, lw=1.2)
        label(panel, "", name)
        if limits:
            panel.set_ylim(0 if row in (1, 2) else -limits[row], limits[row])
    ends = float(time[0]), float(time[-1])
    axes[4].set(xlabel="time (s)", xlim=ends)
    figure.align_ylabels(list(axes))
    marks = {"color": "black", "ls": "none", "clip_on": False}
    top, bottom = np.float32(axes[0].get_ylim()[1]), np.float32(axes[2].get_ylim()[0])
    axes[0].plot(time, np.where(traces.fired[shown], top, np.nan), "v", ms=4, **marks)
    axes[0].plot(ends, np.broadcast_to(traces.threshold, 2), **DOTTED)
    axes[2].plot(time, np.where(traces.arrived[shown], bottom, np.nan), "|", ms=8, **marks)
    return figure


@book_style()
def plot_angles(angles: Angles) -> Figure:
    """Angle to BPTT's gradient against the epoch: random feedback, symmetric, and B's own."""
    figure, (random, symmetric) = panels(2, height=3.0, wspace=0.2)
    x = np.arange(len(angles.epochs))
    for panel, found, title in (
        (random, angles.random, "random feedback"),
        (symmetric, angles.symmetric, "feedback through the readout"),
    ):
        for name, layer, colour in coloured(LAYERS):
            band(panel, x, found[name].T, colour, layer, marker="o")
        label(panel, "epoch", "angle to BPTT (°)", title=title, ylim=(0, 120))
        panel.axhline(90, **DOTTED)
        panel.set_xticks(x, [str(epoch) for epoch in angles.epochs])
    band(random, x, angles.feedback.T, "black", "$B$ to readout", marker="o")
    random.legend(ncols=2, loc="upper right")
    symmetric.set_ylabel("")
    return figure
