"""What the device explorers show: knobs in, experiment, figure out.

Each function has the knobs of one explorer as its arguments, a fixed seed and fixed axes.
"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from pcmlib.device import PCMParameters
from pcmlib.experiments import devices as experiments
from pcmlib.plots import devices as plots


def staircase(
    interval: float, g_max: float, write_noise: float, read_noise: float, drift: float
) -> Figure:
    """Chapter 01: three devices under the same pulses."""
    p = PCMParameters(g_max=g_max, write_noise=write_noise, read_noise=read_noise, drift=drift)
    runs = experiments.staircase(p, interval=interval, seconds=400.0, devices=3, seed=1)
    return plots.plot_staircase(runs, ylim=(0, 20))


def pulse_statistics(
    m1: float, A1: float, A2: float, a: float, write_noise: float, g_max: float
) -> Figure:
    """Chapter 02: the constants of a SET behind Fig. 5, beside the exact moments."""
    p = PCMParameters(m1=m1, A1=A1, A2=A2, a=a, write_noise=write_noise, g_max=g_max)
    statistics = experiments.pulse_statistics(p, devices=4000)
    return plots.plot_pulse_statistics(statistics, experiments.exact_moments(p), ylim=(0, 16))


def array_drift(interval: float, nu: float, nu_spread: float, g_max: float) -> Figure:
    """Chapter 03: the saw-tooth of an array, and what it is without drift."""
    p = PCMParameters(nu=nu, nu_spread=nu_spread, g_max=g_max)
    runs = {
        "with drift": experiments.array_drift(p, interval=interval, devices=1000),
        "without": experiments.array_drift(p.replace(drift=0), interval=interval, devices=1000),
    }
    return plots.plot_array_drift(runs, ylim=(0, 20))


def device_panels(g_max: float, nu: float, c3: float, m3: float) -> Figure:
    """Chapter 04: WRITE, READ and DRIFT of one set of constants."""
    p = PCMParameters(g_max=g_max, nu=nu, c3=c3, m3=m3)
    return plots.plot_device_panels(
        experiments.pulse_statistics(p, devices=4000),
        experiments.read_statistics(p, reads=2000),
        experiments.drift_curves(p),
        g_max=21,
    )


def chance_of_decrease(g_max: float = 20.0) -> Figure:
    """Chapter 02: the chance that a SET lowers the conductance, and where the mean device is."""
    p = PCMParameters(g_max=g_max)
    conductance = np.linspace(0.1, 14, 140)
    pulses = (1, 2, 5, 10, 20)
    mean, _ = experiments.exact_moments(p, pulses=max(pulses))
    track = {k: p.g_reset if k == 1 else float(mean[k - 2]) for k in pulses}
    chances = {k: experiments.chance_of_decrease(conductance, k, p) for k in pulses}
    return plots.plot_chance_of_decrease(conductance, chances, track)
