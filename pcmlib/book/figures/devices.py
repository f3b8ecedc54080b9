"""Figures of the device chapters.

Each takes what an experiment found, or an explorer, whose outputs have the same names: a mean, and
the `low` and `high` end of a band of one sd.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from pcmlib.book.experiments.devices import (
    FIGURE,
    ArrayDrift,
    DriftCurves,
    PulseStatistics,
    ReadStatistics,
    Staircase,
    chance_of_decrease,
    exact_moments,
)
from pcmlib.book.figures.style import (
    BLUE,
    COLOURS,
    DOTTED,
    RED,
    SEQUENTIAL,
    book_style,
    coloured,
    label,
    panels,
)
from pcmlib.crossbar import ASSUMED_PULSE
from pcmlib.device import PCMParameters

_PULSE = {"marker": "^", "ls": "none", "color": "black", "ms": 5, "clip_on": False}


@book_style()
def plot_staircase(
    runs: Sequence[Staircase], *, ylim: tuple[float, float] = (0, 16), last: float | None = None
) -> Figure:
    """Fig. 2: readings of each device as dots, its drift without read noise as a line.

    `last`: end of the time axis, for figures that must not jump.
    """
    figure, (axes,) = panels(height=3.2)
    for run, colour in zip(runs, COLOURS, strict=False):
        axes.plot(run.time, run.conductance, ".", ms=2, alpha=0.45, color=colour, rasterized=True)
        axes.plot(run.time, run.drifted, color=colour)
    pulses = runs[0].pulse_times
    axes.plot(pulses, np.full(len(pulses), ylim[0]), **_PULSE, label="SET pulse")
    end = float(runs[0].time[-1]) if last is None else last
    label(axes, "time (s)", "conductance (µS)", xlim=(0, end + 1), ylim=ylim)
    axes.legend(loc="upper left")
    return figure


@book_style()
def plot_pulse_statistics(
    found: PulseStatistics | SimpleNamespace,
    exact: tuple[np.ndarray, np.ndarray] | None = None,
    *,
    ylim: tuple[float, float] = (0, 14),
) -> Figure:
    """Fig. 5: mean and sd over devices against pulse number, together and each alone."""
    pulse = found.pulse
    figure, (both, centre, spread) = panels(3, height=2.8, wspace=0.42, left=0.085)
    both.vlines(pulse, found.low, found.high, color=BLUE, lw=1.2)
    both.plot(pulse, found.mean, "o", ms=3, color=BLUE)
    centre.plot(pulse, found.mean, "o", ms=3.5, color=BLUE, label="devices")
    spread.plot(pulse, found.std, "o", ms=3.5, color=RED, label="devices")
    for axes, moment in zip((centre, spread), exact or (), strict=False):
        axes.plot(pulse, moment, color="black", lw=1, label="exact, no clip")
        axes.legend(loc="lower right")
    limits = (0, float(pulse[-1]) + 1)
    label(both, "pulse number", "conductance (µS)", title="mean ± sd", xlim=limits, ylim=ylim)
    label(centre, "pulse number", "mean (µS)", title="mean", xlim=limits, ylim=ylim)
    label(spread, "pulse number", "sd (µS)", title="sd", xlim=limits, ylim=(0, ylim[1] / 4))
    return figure


@book_style()
def plot_distributions(
    statistics: PulseStatistics, pulses: Sequence[int] = (1, 2, 5, 10, 20), *, last: float = 20.0
) -> Figure:
    """Distribution of the conductance over devices after those of `pulses` that were given."""
    figure, (axes,) = panels(height=3.0)
    bins = np.linspace(0, last, 81)
    given = [pulse for pulse in pulses if pulse <= len(statistics.samples)]
    for pulse, colour in zip(given, COLOURS, strict=False):
        sample = statistics.samples[pulse - 1]
        density, _ = np.histogram(sample, bins, density=True)
        name = f"{pulse} pulse" + "s" * (pulse > 1)
        axes.stairs(density, bins, color=colour, lw=1.6, label=name)
    label(axes, "conductance (µS)", "density (1/µS)", xlim=(0, last), ylim=(0, 0.45))
    axes.legend()
    return figure


@book_style()
def plot_chance_of_decrease(
    parameters: PCMParameters = FIGURE, pulses: Sequence[int] = (1, 2, 5, 10, 20)
) -> Figure:
    """Chance that a SET lowers the conductance, against where the device stands.

    One curve a pulse number; a dot where the mean device stands before that pulse.
    """
    figure, (axes,) = panels(height=3.0)
    conductance = np.linspace(0.1, 14, 140)
    mean, _ = exact_moments(parameters, pulses=max(pulses))
    for pulse, colour in zip(pulses, COLOURS, strict=False):
        chance = 100 * chance_of_decrease(conductance, pulse, parameters)
        axes.plot(conductance, chance, color=colour, label=f"pulse {pulse}")
        at = [parameters.g_reset, *mean][pulse - 1]
        height = np.interp(at, conductance, chance)
        axes.plot([at], [height], "o", ms=7, mec="black", color=colour)
    x, y = "conductance before the pulse (µS)", "chance that the SET lowers it (%)"
    label(axes, x, y, xlim=(0, float(conductance[-1])), ylim=(0, 60))
    axes.legend(ncols=2)
    return figure


@book_style()
def plot_array_drift(
    runs: Mapping[str, ArrayDrift | SimpleNamespace], *, ylim: tuple[float, float] = (0, 16)
) -> Figure:
    """Fig. 7: mean reading of an array (band: one sd over devices) during and after pulses."""
    figure, (axes,) = panels(height=3.2)
    for name, run, colour in coloured(runs):
        axes.fill_between(run.time, run.low, run.high, color=colour, alpha=0.18, lw=0)
        axes.plot(run.time, run.mean, color=colour, lw=1.3, label=name)
    first = next(iter(runs.values()))
    bottom = np.full(len(first.pulse_times), ylim[0])
    axes.plot(first.pulse_times, bottom, **_PULSE, label="SET")
    limits = (0, float(first.time[-1]) + 1)
    label(axes, "time (s)", "mean conductance (µS)", xlim=limits, ylim=ylim)
    axes.legend(loc="lower right", ncols=2)
    return figure


@book_style()
def plot_device_panels(
    write: PulseStatistics | SimpleNamespace,
    read: ReadStatistics | SimpleNamespace,
    curves: DriftCurves,
    *,
    g_max: float = 13.0,
) -> Figure:
    """The three device panels of the SRNN paper: WRITE, READ and DRIFT.

    Conductance against the number of SETs; as measured against what the device holds; and against
    the time since the pulse.
    """
    figure, (pulses, measured, drift) = panels(3, height=2.8, wspace=0.42, left=0.085)
    limits = (0.0, g_max)
    pulses.fill_between(write.pulse, write.low, write.high, color=BLUE, alpha=0.2, lw=0)
    pulses.plot(write.pulse, write.mean, "o-", ms=3, color=BLUE)
    ends = (1, float(write.pulse[-1]))
    label(pulses, "SET pulses", "conductance (µS)", title="WRITE", xlim=ends, ylim=limits)

    measured.fill_between(read.conductance, read.low, read.high, color=RED, alpha=0.4, lw=0)
    measured.plot(read.conductance, read.mean, color=RED, lw=1)
    measured.plot(limits, limits, **DOTTED)
    label(measured, "device (µS)", "measured (µS)", title="READ", xlim=limits, ylim=limits)

    colours = mpl.colormaps[SEQUENTIAL](np.linspace(0.15, 0.85, len(curves.start)))
    for start, conductance, colour in zip(curves.start, curves.conductance, colours, strict=True):
        drift.semilogx(curves.time, conductance, color=colour, label=f"{start:g} µS")
    drift.axvline(38.6, **DOTTED)
    ends = (float(curves.time[0]), float(curves.time[-1]))
    name, unit = "time since the pulse (s)", "conductance (µS)"
    label(drift, name, unit, title="DRIFT", xlim=ends, ylim=(0, 20))
    drift.set_xticks(10.0 ** np.arange(-3, 5, 2))
    return figure


@book_style()
def plot_steps(pulse: np.ndarray, mean: np.ndarray, std: np.ndarray) -> Figure:
    """Mean and sd over devices of the step of each SET pulse, beside the step that is assumed."""
    figure, (axes,) = panels(height=3.0)
    axes.plot(pulse, mean, "o-", ms=4, color=BLUE, label="mean step")
    axes.plot(pulse, std, "o-", ms=4, color=RED, label="sd of the step")
    assumed = f"{ASSUMED_PULSE:g} µS"
    axes.axhline(ASSUMED_PULSE, color="black", lw=1, ls="--", label=assumed)
    label(axes, "pulse number", "step (µS)", xlim=(0, float(pulse[-1]) + 1), ylim=(0, 2.2))
    axes.set_xticks(np.arange(0, pulse[-1] + 1, 5))
    axes.legend()
    return figure


@book_style()
def plot_retention(time: np.ndarray, bands: Mapping[str, Float[np.ndarray, "3 times"]]) -> Figure:
    """G(t) / G(T0) of devices left alone: for each array its low, middle and high curve."""
    figure, (axes,) = panels(height=3.0)
    for name, (low, middle, high), colour in coloured(bands):
        axes.fill_between(time, low, high, color=colour, alpha=0.2, lw=0)
        axes.semilogx(time, middle, color=colour, label=name)
    limits = (float(time[0]), float(time[-1]))
    label(axes, "time since the pulse (s)", "G(t) / G(T₀)", xlim=limits, ylim=(0, 1.8))
    axes.legend(loc="lower left")
    return figure
