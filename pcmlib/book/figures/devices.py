"""Figures of the device chapters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pcmlib.book.experiments.devices import (
    ArrayDrift,
    DriftCurves,
    PulseStatistics,
    ReadStatistics,
    Staircase,
)
from pcmlib.book.figures.style import (
    BLUE,
    COLOURS,
    RED,
    SEQUENTIAL,
    book_style,
    label,
    legend,
    panels,
)


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
    axes.plot(
        runs[0].pulse_times,
        np.full(len(runs[0].pulse_times), ylim[0]),
        "^",
        color="black",
        ms=5,
        clip_on=False,
        label="SET pulse",
    )
    end = float(runs[0].time[-1]) if last is None else last
    label(axes, "time (s)", "conductance (µS)", xlim=(0, end + 1), ylim=ylim)
    legend(axes, loc="upper left")
    return figure


@book_style()
def plot_pulse_statistics(
    statistics: PulseStatistics,
    exact: tuple[np.ndarray, np.ndarray] | None = None,
    *,
    ylim: tuple[float, float] = (0, 14),
) -> Figure:
    """Fig. 5: mean and sd over devices against pulse number, together and each alone."""
    mean, std = statistics.mean, statistics.std
    return draw_pulse_statistics(
        statistics.pulse, mean, std, mean - std, mean + std, exact, ylim=ylim
    )


@book_style()
def draw_pulse_statistics(
    pulse: np.ndarray,
    mean: np.ndarray,
    std: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    exact: tuple[np.ndarray, np.ndarray] | None = None,
    *,
    ylim: tuple[float, float] = (0, 14),
) -> Figure:
    """The same from arrays; `low` and `high` are mean - sd and mean + sd."""
    figure, (both, centre, spread) = panels(3, height=2.8, wspace=0.42, left=0.085)
    both.vlines(pulse, low, high, color=BLUE, lw=1.2)
    both.plot(pulse, mean, "o", ms=3, color=BLUE)
    centre.plot(pulse, mean, "o", ms=3.5, color=BLUE, label="devices")
    spread.plot(pulse, std, "o", ms=3.5, color=RED, label="devices")
    if exact is not None:
        centre.plot(pulse, exact[0], color="black", lw=1, label="exact, no clip")
        spread.plot(pulse, exact[1], color="black", lw=1, label="exact, no clip")
        legend(centre, loc="lower right")
        legend(spread, loc="lower right")
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
    legend(axes)
    return figure


@book_style()
def plot_chance_of_decrease(
    conductance: np.ndarray, chances: Mapping[int, np.ndarray], track: Mapping[int, float]
) -> Figure:
    """Chance that a SET lowers the conductance, against where the device stands.

    `chances`: one curve a pulse number; `track`: where the mean device stands before that pulse.
    """
    figure, (axes,) = panels(height=3.0)
    for (pulse, chance), colour in zip(chances.items(), COLOURS, strict=False):
        axes.plot(conductance, 100 * chance, color=colour, label=f"pulse {pulse}")
        at = track[pulse]
        height = 100 * float(np.interp(at, conductance, chance))
        axes.plot([at], [height], "o", ms=7, mec="black", color=colour)
    label(
        axes,
        "conductance before the pulse (µS)",
        "chance that the SET lowers it (%)",
        xlim=(0, float(conductance[-1])),
        ylim=(0, 60),
    )
    legend(axes, ncols=2)
    return figure


@book_style()
def plot_array_drift(
    runs: Mapping[str, ArrayDrift], *, ylim: tuple[float, float] = (0, 16), band: bool = True
) -> Figure:
    """Fig. 7: mean reading of an array (band: one sd over devices) during and after pulses."""
    first = next(iter(runs.values()))
    curves = {
        name: (run.mean, run.mean - run.std, run.mean + run.std) if band else (run.mean,)
        for name, run in runs.items()
    }
    return draw_array_drift(first.time, curves, first.pulse_times, ylim=ylim)


@book_style()
def draw_array_drift(
    time: np.ndarray,
    curves: Mapping[str, Sequence[np.ndarray]],
    pulses: np.ndarray,
    *,
    ylim: tuple[float, float] = (0, 16),
) -> Figure:
    """The same from arrays: each curve the mean, and perhaps the lower and upper end of a band."""
    figure, (axes,) = panels(height=3.2)
    for (name, (mean, *band)), colour in zip(curves.items(), COLOURS, strict=False):
        if band:
            axes.fill_between(time, *band, color=colour, alpha=0.18, lw=0)
        axes.plot(time, mean, color=colour, lw=1.3, label=name)
    bottom = np.full(len(pulses), ylim[0])
    axes.plot(pulses, bottom, "^", color="black", ms=5, clip_on=False, label="SET")
    limits = (0, float(time[-1]) + 1)
    label(axes, "time (s)", "mean conductance (µS)", xlim=limits, ylim=ylim)
    legend(axes, loc="lower right", ncols=2)
    return figure


def _write(axes: Axes, pulse, mean, low, high, ylim: tuple[float, float]) -> None:
    """Mean and a band of one sd against the number of SET pulses."""
    axes.fill_between(pulse, low, high, color=BLUE, alpha=0.2, lw=0)
    axes.plot(pulse, mean, "o-", ms=3, color=BLUE)
    limits = (1, float(pulse[-1]))
    label(axes, "SET pulses", "conductance (µS)", title="WRITE", xlim=limits, ylim=ylim)


def _read(axes: Axes, G, mean, low, high, last: float) -> None:
    """What is measured against what the device holds, with a band of one sd."""
    axes.fill_between(G, low, high, color=RED, alpha=0.4, lw=0)
    axes.plot(G, mean, color=RED, lw=1)
    axes.plot([0, last], [0, last], color="black", lw=0.8, ls=":")
    limits = (0.0, last)
    label(axes, "device (µS)", "measured (µS)", title="READ", xlim=limits, ylim=limits)


def _drift(axes: Axes, curves: DriftCurves) -> None:
    """Conductance against the time since the pulse, on a logarithmic axis."""
    colours = mpl.colormaps[SEQUENTIAL](np.linspace(0.15, 0.85, len(curves.start)))
    for start, conductance, colour in zip(curves.start, curves.conductance, colours, strict=True):
        axes.semilogx(curves.time, conductance, color=colour, label=f"{start:g} µS")
    axes.axvline(38.6, color="black", lw=0.8, ls=":")
    limits = (float(curves.time[0]), float(curves.time[-1]))
    name, unit = "time since the pulse (s)", "conductance (µS)"
    label(axes, name, unit, title="DRIFT", xlim=limits, ylim=(0, 20))
    axes.set_xticks(10.0 ** np.arange(-3, 5, 2))


@book_style()
def plot_device_panels(
    write: PulseStatistics, read: ReadStatistics, curves: DriftCurves, *, g_max: float = 13.0
) -> Figure:
    """The three device panels of the SRNN paper: WRITE, READ and DRIFT."""
    bands = (
        (x, s.mean, s.mean - s.std, s.mean + s.std)
        for x, s in ((write.pulse, write), (read.conductance, read))
    )
    return draw_device_panels(*bands, curves, g_max=g_max)


@book_style()
def draw_device_panels(
    write: Sequence[np.ndarray],
    read: Sequence[np.ndarray],
    curves: DriftCurves,
    *,
    g_max: float = 13.0,
) -> Figure:
    """The same from arrays: pulses or conductances, mean, and the ends of its band."""
    figure, axes = panels(3, height=2.8, wspace=0.42, left=0.085)
    _write(axes[0], *write, (0, g_max))
    _read(axes[1], *read, g_max)
    _drift(axes[2], curves)
    return figure


@book_style()
def plot_steps(
    pulse: np.ndarray, mean: np.ndarray, std: np.ndarray, *, assumed: float = 0.75
) -> Figure:
    """Mean and sd over devices of the step of each SET pulse, beside an assumed constant step."""
    figure, (axes,) = panels(height=3.0)
    axes.plot(pulse, mean, "o-", ms=4, color=BLUE, label="mean step")
    axes.plot(pulse, std, "o-", ms=4, color=RED, label="sd of the step")
    axes.axhline(assumed, color="black", lw=1, ls="--", label=f"{assumed:g} µS")
    label(axes, "pulse number", "step (µS)", xlim=(0, float(pulse[-1]) + 1), ylim=(0, 2.2))
    axes.set_xticks(np.arange(0, pulse[-1] + 1, 5))
    legend(axes)
    return figure


@book_style()
def plot_retention(time: np.ndarray, bands: Mapping[str, Float[np.ndarray, "3 times"]]) -> Figure:
    """G(t) / G(T0) of devices left alone: for each array its low, middle and high curve."""
    figure, (axes,) = panels(height=3.0)
    for (name, (low, middle, high)), colour in zip(bands.items(), COLOURS, strict=False):
        axes.fill_between(time, low, high, color=colour, alpha=0.2, lw=0)
        axes.semilogx(time, middle, color=colour, label=name)
    limits = (float(time[0]), float(time[-1]))
    label(axes, "time since the pulse (s)", "G(t) / G(T₀)", xlim=limits, ylim=(0, 1.8))
    legend(axes, loc="lower left")
    return figure
