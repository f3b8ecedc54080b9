"""Figures of what sets the schemes apart: final losses, cancelled gradients, wear."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from pcmlib.comparison import DIGITAL, PCM, Runs
from pcmlib.gradient_experiments import Remaining
from pcmlib.plots import COLOURS, SKY, label, panels
from pcmlib.training import TrainingRun
from pcmlib.training_experiments import CROSSBAR_SCHEMES, NAMES, loss_interval, silent_loss
from pcmlib.training_plots import LAYERS, LOSS, loss_axis

COLOUR = dict(zip(CROSSBAR_SCHEMES, COLOURS, strict=False))  # of a scheme, in every figure


def plot_comparison(runs: Runs, *, ylim: tuple[float, float] = (0.004, 3.0)) -> Figure:
    """Final loss against the memory, a colour a scheme: mean, 95 % interval, and each network.

    The band is the interval of FP32; the dotted line an output that stays at 0.
    """
    figure, (axes,) = panels(height=3.9, left=0.1, top=0.8)
    digital = loss_interval(runs[DIGITAL]["vanilla"])
    axes.axhspan(digital.low, digital.high, color=SKY, alpha=0.35, lw=0)
    memories = [name for name in runs if name != DIGITAL]
    for s, scheme in enumerate(CROSSBAR_SCHEMES):
        x = np.arange(len(memories)) + 0.13 * (s - (len(CROSSBAR_SCHEMES) - 1) / 2)
        found = [loss_interval(runs[memory][scheme]) for memory in memories]
        for at, memory in zip(x, memories, strict=True):
            dots = np.clip(runs[memory][scheme].final_loss().numpy(), *ylim)
            axes.plot(np.full(len(dots), at), dots, ".", ms=3, alpha=0.5, color=COLOUR[scheme])
        values = np.array([i.value for i in found])
        ends = np.array([[i.value - i.low, i.high - i.value] for i in found]).T
        name = NAMES[scheme]
        axes.errorbar(x, values, ends, fmt="o", ms=5, lw=2, color=COLOUR[scheme], label=name)
    axes.axhline(silent_loss(runs[PCM]["sign"]), color="black", lw=0.8, ls=":")
    axes.set_xticks(range(len(memories)), memories)
    axes.grid(axis="x", visible=False)
    label(axes, "memory", LOSS, xlim=(-0.5, len(memories) - 0.5))
    loss_axis(axes, ylim)
    figure.legend(loc="upper center", ncols=3, frameon=False, fontsize=9)
    return figure


def plot_wear(runs: Mapping[str, TrainingRun]) -> Figure:
    """Share of the devices that have had at least so many SET pulses, all layers and networks."""
    figure, (axes,) = panels(height=3.0)
    for scheme, run in runs.items():
        pulses = np.concatenate([n.flatten().numpy() for n in run.wear.values()])
        pulses = np.sort(pulses[pulses > 0])[::-1]
        devices = sum(n.numel() for n in run.wear.values())
        share = np.arange(1, len(pulses) + 1) / devices
        axes.loglog(pulses, 100 * share, color=COLOUR[scheme], label=NAMES[scheme])
    label(axes, "SET pulses of a device", "devices with as many (%)", ylim=(1e-4, 150))
    axes.legend(loc="upper right", frameon=False, fontsize=9)
    return figure


def plot_remaining(found: Remaining) -> Figure:
    """Part of the gradient that is left, against the number of updates that are added up."""
    figure, (axes,) = panels(height=3.0)
    for (name, layer), colour in zip(LAYERS.items(), COLOURS, strict=False):
        share = found.share[name]
        axes.fill_between(found.updates, share.min(1), share.max(1), color=colour, alpha=0.2, lw=0)
        axes.loglog(found.updates, share.mean(1), "o-", ms=4, color=colour, label=layer)
    n = np.array(found.updates)
    axes.loglog(n, n**-0.5, color="black", lw=0.8, ls=":", label=r"random signs, $1/\sqrt{n}$")
    label(axes, "updates added up", "part of the gradient left", ylim=(0.03, 1.3))
    axes.set_yticks([0.03, 0.1, 0.3, 1], ["0.03", "0.1", "0.3", "1"])
    axes.set_xticks(n, [str(k) for k in found.updates])
    axes.minorticks_off()
    axes.legend(loc="lower left", frameon=False, fontsize=9)
    return figure
