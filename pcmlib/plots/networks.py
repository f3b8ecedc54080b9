"""Figures of one trial and of the gradients: rasters, traces, angles to BPTT."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from pcmlib.experiments.networks import Angles, Traces
from pcmlib.plots.style import (
    BLUE,
    COLOURS,
    GREEN,
    LAYERS,
    ORANGE,
    RED,
    band,
    draw_raster,
    label,
    legend,
    panels,
)


def plot_trial(traces: Traces) -> Figure:
    """One trial: spikes in, spikes of the neurons, output and target."""
    figure, axes = panels(1, rows=3, height=5.0, left=0.1, hspace=0.25)
    dt = float(traces.time[1] - traces.time[0])
    draw_raster(axes[0], traces.inputs, dt, name="input")
    draw_raster(axes[1], traces.spikes, dt)
    axes[2].plot(traces.time, traces.target, color="black", lw=1, label="target")
    axes[2].plot(traces.time, traces.output, color=BLUE, label="output")
    label(axes[2], "time (s)", "output", xlim=(0, len(traces.time) * dt))
    legend(axes[2], loc="upper right", ncols=2)
    for panel in axes[:2]:
        panel.set_xlabel("")
        panel.tick_params(labelbottom=False)
    return figure


def plot_traces(traces: Traces, *, until: float = 0.4, limits: Sequence[float] = ()) -> Figure:
    """What one synapse sees: membrane, pseudo-derivative, eligibility, signal, gradient so far.

    `limits`: upper ends of the five axes, for frames that must not jump.
    """
    figure, axes = panels(1, rows=5, height=6.0, left=0.155, hspace=0.22)
    shown = traces.time <= until
    time = traces.time[shown]
    rows = (
        (traces.v, "membrane\n$v_j$", BLUE),
        (traces.h, "pseudo-\nderivative $h_j$", ORANGE),
        (traces.ebar, "eligibility\n$\\bar e_{ji}$", GREEN),
        (traces.signal, "learning\nsignal $L_j$", RED),
        (traces.gradient, "gradient\nso far", "black"),
    )
    for row, (panel, (values, name, colour)) in enumerate(zip(axes, rows, strict=True)):
        panel.plot(time, values[shown], color=colour, lw=1.2)
        label(panel, "time (s)" if row == 4 else "", name, xlim=(0, until))
        panel.tick_params(labelbottom=row == 4)
        if limits:
            panel.set_ylim(0 if row in (1, 2) else -limits[row], limits[row])
    figure.align_ylabels(list(axes))
    spikes = traces.time[shown & traces.spikes[:, traces.post]]
    top = axes[0].get_ylim()[1]
    axes[0].plot(spikes, np.full(len(spikes), top), "v", ms=4, color="black", clip_on=False)
    axes[0].axhline(traces.threshold, color="black", lw=0.8, ls=":")
    arrivals = traces.time[shown & traces.inputs[:, traces.pre]]
    bottom = axes[2].get_ylim()[0]
    axes[2].plot(arrivals, np.full(len(arrivals), bottom), "|", ms=8, color="black", clip_on=False)
    return figure


def plot_angles(angles: Angles) -> Figure:
    """Angle to BPTT's gradient against the epoch: random feedback, symmetric, and B's own."""
    figure, (random, symmetric) = panels(2, height=3.0, wspace=0.2)
    x = np.arange(len(angles.epochs))
    for panel, found, title in (
        (random, angles.random, "random feedback"),
        (symmetric, angles.symmetric, "feedback by the readout"),
    ):
        for (name, layer), colour in zip(LAYERS.items(), COLOURS, strict=False):
            band(panel, x, found[name].T, colour, layer, marker="o")
        label(panel, "epoch", "angle to BPTT (°)", title=title, ylim=(0, 120))
        panel.axhline(90, color="black", lw=0.8, ls=":")
        panel.set_xticks(x, [str(epoch) for epoch in angles.epochs])
    band(random, x, angles.feedback.T, "black", "$B$ to readout", marker="o")
    legend(random, ncols=2, loc="upper right")
    symmetric.set_ylabel("")
    return figure
