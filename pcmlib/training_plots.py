"""Figures of the training chapters: runs in, matplotlib Figure out, in the style of `plots`.

A line is the mean over networks and its band reaches from the lowest network to the highest,
unless a figure says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pcmlib.network_experiments import Angles, Traces
from pcmlib.plots import BLUE, COLOURS, GREEN, ORANGE, RED, label, legend, panels
from pcmlib.training import TrainingRun
from pcmlib.training_experiments import Interval, silent_loss, smoothed, synapses

LAYERS = {"in": "input", "rec": "recurrent", "out": "output"}
LOSS = "mean squared error"
_LOSS_TICKS = tuple(mantissa * 10.0**k for k in range(-4, 7) for mantissa in (1, 3))


# The standard figures of one run


def plot_learning(
    runs: Mapping[str, TrainingRun], *, ylim: tuple[float, float] = (0.004, 0.6), window: int = 5
) -> Figure:
    """Learning curves, each point the mean over the last `window` epochs."""
    figure, (axes,) = panels(height=3.2, left=0.11)
    draw_learning(axes, runs, ylim=ylim, window=window)
    legend(axes, loc="upper right", ncols=2)
    return figure


def draw_learning(
    axes: Axes,
    runs: Mapping[str, TrainingRun],
    *,
    ylim: tuple[float, float] = (0.004, 0.6),
    window: int = 5,
) -> None:
    """The same in an axes; the dotted line is the loss of an output that stays at 0."""
    for (name, run), colour in zip(runs.items(), COLOURS, strict=False):
        curve = smoothed(run.loss.double().numpy(), window)
        _band(axes, np.arange(1, curve.shape[1] + 1), curve, colour, name)
    first = next(iter(runs.values()))
    axes.axhline(silent_loss(first), color="black", lw=0.8, ls=":")
    longest = max(run.config.epochs for run in runs.values())
    label(axes, "epoch", LOSS, xlim=(0, longest))
    loss_axis(axes, ylim)


def plot_outputs(run: TrainingRun, *, replica: int = 0, sample: int = 0) -> Figure:
    """Above: target and output of one network. Below: error over all networks and samples."""
    epochs = run.config.snapshot_epochs
    figure, axes = panels(len(epochs), rows=2, height=4.2, wspace=0.18)
    time = run.config.task.time.numpy()
    error = (run.snapshots - run.targets)[..., 0].flatten(1, 2).numpy()
    for k, epoch in enumerate(epochs):
        top, bottom = axes[k], axes[len(epochs) + k]
        top.plot(time, run.targets[replica, sample, :, 0], color="black", lw=1, label="target")
        output = run.snapshots[k, replica, sample, :, 0]
        top.plot(time, output, color=BLUE, lw=1.3, label="output")
        name = "before learning" if epoch == 0 else f"after {epoch} epochs"
        label(
            top,
            "",
            "output" if k == 0 else "",
            title=name,
            xlim=(0, float(time[-1])),
            ylim=(-1.6, 1.6),
        )
        low, middle, high = np.quantile(error[k], [0.1, 0.5, 0.9], axis=0)
        bottom.fill_between(time, low, high, color=RED, alpha=0.25, lw=0)
        bottom.plot(time, middle, color=RED, lw=1)
        label(
            bottom,
            "time (s)",
            "error" if k == 0 else "",
            xlim=(0, float(time[-1])),
            ylim=(-1.6, 1.6),
        )
        for panel in (top, bottom):
            panel.tick_params(labelleft=k == 0)
    legend(axes[0], loc="upper right", ncols=2, columnspacing=1, handlelength=1)
    return figure


def plot_activity(run: TrainingRun, *, replica: int = 0, sample: int = 0) -> Figure:
    """Left: spikes of one network after training. Right: mean rate while all learn."""
    figure, (raster, rate) = panels(2, height=3.0, wspace=0.28)
    draw_raster(raster, run.spikes[replica, sample].numpy(), run.config.dt)
    hertz = run.rate_hz.double().numpy()
    _band(rate, np.arange(1, hertz.shape[1] + 1), hertz, BLUE, "mean rate")
    target = run.config.each("target_rate")[replica]
    rate.axhline(target, color="black", lw=0.8, ls=":", label="target of the regularisation")
    top = 1.1 * max(float(hertz.max()), target)
    label(rate, "epoch", "rate (Hz)", xlim=(0, run.config.epochs), ylim=(0, top))
    legend(rate)
    return figure


def draw_raster(axes: Axes, spikes: np.ndarray, dt: float, *, name: str = "neuron") -> None:
    """A dot a spike; `spikes` is bool [T, n]."""
    step, neuron = np.nonzero(spikes)
    axes.plot(step * dt, neuron, ".", ms=1.8, color=BLUE, rasterized=True)
    label(axes, "time (s)", name, xlim=(0, len(spikes) * dt), ylim=(-1, spikes.shape[1]))


def plot_conductances(run: TrainingRun) -> Figure:
    """Where the devices of both sides stand after training, a panel a layer, all networks."""
    figure, axes = panels(3, height=2.7, wspace=0.3)
    last = run.config.g_max
    bins = np.linspace(0, last, 49)
    exists = run.weights["rec"].numpy() != 0
    for (name, title), panel in zip(LAYERS.items(), axes, strict=True):
        G = run.conductances[name].double().numpy()
        for side, (sign, colour) in enumerate((("+", BLUE), ("-", RED))):
            values = G[:, side].mean(axis=1)
            values = values[exists] if name == "rec" else values
            share, _ = np.histogram(values.ravel(), bins)
            panel.stairs(
                100 * share / max(values.size, 1),
                bins,
                color=colour,
                label=f"$G^{sign}$",
                fill=side == 0,
                alpha=0.45 if side == 0 else 1,
            )
        panel.set_yscale("log")
        limits = (0.0, last)
        ylabel = "synapses (%)" if name == "in" else ""
        label(panel, "conductance (µS)", ylabel, title=title, xlim=limits, ylim=(1e-3, 200))
    legend(axes[0])
    return figure


def plot_weights(runs: Mapping[str, TrainingRun]) -> Figure:
    """Distribution of the weights after training, a panel a layer, all networks."""
    figure, axes = panels(3, height=2.7, wspace=0.3)
    for (name, title), panel in zip(LAYERS.items(), axes, strict=True):
        for (run_name, run), colour in zip(runs.items(), COLOURS, strict=False):
            values = run.weights[name].numpy()
            share, edges = np.histogram(values[values != 0], 60, density=True)
            panel.stairs(share, edges, color=colour, label=run_name)
        label(panel, "weight", "density" if name == "in" else "", title=title)
        panel.set_ylim(0, 1.4 * panel.get_ylim()[1])
    legend(axes[0], loc="upper left", handlelength=1)
    return figure


def plot_pulses(runs: Mapping[str, TrainingRun]) -> Figure:
    """SET pulses a synapse up to each epoch, and how many come in each."""
    figure, (total, each) = panels(2, height=3.0, wspace=0.3)
    for (name, run), colour in zip(runs.items(), COLOURS, strict=False):
        sets = run.set_pulses.double().numpy() / synapses(run.config)
        epoch = np.arange(1, sets.shape[1] + 1)
        _band(total, epoch, sets, colour, name)
        _band(each, epoch, smoothed(np.diff(sets, axis=1, prepend=0)), colour, name)
        if run.reset_pulses.any():
            resets = run.reset_pulses.double().numpy() / synapses(run.config)
            total.plot(epoch, resets.mean(0), color=colour, ls="--", label=f"{name}, RESET")
    longest = max(run.config.epochs for run in runs.values())
    label(total, "epoch", "pulses a synapse", title="so far", xlim=(0, longest))
    label(each, "epoch", "SET pulses a synapse", title="in an epoch", xlim=(0, longest))
    for panel in (total, each):
        panel.set_ylim(0, None)
    each.legend(*total.get_legend_handles_labels(), loc="upper right", frameon=False, fontsize=9)
    return figure


# The network and e-prop


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
            _band(panel, x, found[name].T, colour, layer, marker="o")
        label(panel, "epoch", "angle to BPTT (°)", title=title, ylim=(0, 120))
        panel.axhline(90, color="black", lw=0.8, ls=":")
        panel.set_xticks(x, [str(epoch) for epoch in angles.epochs])
    _band(random, x, angles.feedback.T, "black", "$B$ to readout", marker="o")
    legend(random, ncols=2, loc="upper right")
    symmetric.set_ylabel("")
    return figure


# Comparisons


def plot_intervals(
    groups: Mapping[str, Mapping[str, Interval]],
    *,
    points: Mapping[str, Mapping[str, Float[np.ndarray, " R"]]] | None = None,
    silent: float | None = None,
    xlim: tuple[float, float] = (0.004, 1.0),
    quantity: str = LOSS,
) -> Figure:
    """A row a name, a colour a group: the mean with its interval, and each network as a dot."""
    rows = list(dict.fromkeys(name for group in groups.values() for name in group))
    height = 1.3 + 0.32 * len(rows)
    figure, (axes,) = panels(height=height, left=0.27, bottom=0.55 / height)
    for g, ((group, values), colour) in enumerate(zip(groups.items(), COLOURS, strict=False)):
        shift = 0.16 * (g - (len(groups) - 1) / 2) * min(1, 4 / len(groups))
        for name, interval in values.items():
            y = rows.index(name) + shift
            if points is not None:
                dots = np.clip(points[group][name], *xlim)
                axes.plot(dots, np.full(len(dots), y), ".", ms=4, alpha=0.5, color=colour)
            axes.plot([interval.low, interval.high], [y, y], color=colour, lw=2.2)
        marks = [(interval.value, rows.index(n) + shift) for n, interval in values.items()]
        axes.plot(*zip(*marks, strict=True), "o", ms=5.5, color=colour, label=group)
    if silent is not None:
        axes.axvline(silent, color="black", lw=0.8, ls=":")
    axes.set_xscale("log")
    axes.set_yticks(range(len(rows)), rows)
    label(axes, quantity, "", xlim=xlim, ylim=(len(rows) - 0.4, -0.6))
    ticks = [t for t in [*_LOSS_TICKS, 10, 30] if xlim[0] <= t <= xlim[1]]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    if len(groups) > 1:
        figure.legend(loc="upper right", ncols=len(groups), frameon=False, fontsize=9)
    return figure


def plot_against(
    x: Sequence[float],
    curves: Mapping[str, Sequence[Float[np.ndarray, " R"]]],
    *,
    name: str,
    ylim: tuple[float, float] = (0.004, 0.6),
    silent: float | None = None,
    quantity: str = LOSS,
) -> Figure:
    """Final loss, or another quantity, against the settings x: mean and range over networks."""
    figure, (axes,) = panels(height=3.0)
    at = np.arange(len(x))
    for (curve, values), colour in zip(curves.items(), COLOURS, strict=False):
        _band(axes, at, np.stack(values, axis=1), colour, curve, marker="o")
    label(axes, name, quantity)
    axes.set_xticks(at, [f"{value:g}" for value in x])
    if quantity == LOSS:
        loss_axis(axes, ylim)
    else:
        axes.set_ylim(ylim)
    if silent is not None:
        axes.axhline(silent, color="black", lw=0.8, ls=":")
    if len(curves) > 1:
        legend(axes, ncols=2)
    return figure


def plot_cost(
    runs: Mapping[str, TrainingRun],
    energies: Mapping[str, Float[np.ndarray, "R E"]],
    *,
    xlim: tuple[float, float] = (0.01, 5.0),
    energy_xlim: tuple[float, float] = (1e-10, 1e-7),
) -> Figure:
    """Loss against SET pulses a synapse, and against the energy that programming took."""
    figure, (pulses, energy) = panels(2, height=3.3, wspace=0.22)
    for (name, run), colour in zip(runs.items(), COLOURS, strict=False):
        loss = smoothed(run.loss.double().numpy()).mean(0)
        sets = run.set_pulses.double().numpy().mean(0) / synapses(run.config)
        pulses.loglog(sets, loss, color=colour, label=name)
        energy.loglog(energies[name].mean(0), loss, color=colour, label=name)
    label(pulses, "SET pulses a synapse", LOSS, xlim=xlim)
    label(energy, "programming energy (J)", "", xlim=energy_xlim)
    for panel in (pulses, energy):
        loss_axis(panel, (0.004, 1.0))
    legend(pulses)
    return figure


def plot_small_runs(
    runs: Mapping[str, TrainingRun], *, ylim: tuple[float, float] = (0.01, 1.0)
) -> Figure:
    """What a training explorer shows: learning curves, and output on target of the last run."""
    figure, (learning, output) = panels(2, height=3.0, wspace=0.28)
    draw_learning(learning, runs, ylim=ylim)
    legend(learning, loc="lower left")
    run = list(runs.values())[-1]
    time = run.config.task.time.numpy()
    output.plot(time, run.targets[0, 0, :, 0], color="black", lw=1, label="target")
    colour = COLOURS[len(runs) - 1]
    output.plot(time, run.outputs[0, 0, :, 0].clamp(-2, 2), color=colour, lw=1.2, label="output")
    final, rate = float(run.final_loss(5).mean()), float(run.rate_hz[:, -1].mean())
    title = f"error {final:.3f}, {rate:.0f} Hz"
    label(output, "time (s)", "output", title=title, xlim=(0, float(time[-1])), ylim=(-2, 2))
    legend(output, ncols=2, loc="lower right")
    return figure


def _band(
    axes: Axes,
    x: np.ndarray,
    values: Float[np.ndarray, "R x"],
    colour: str,
    name: str,
    marker: str = "",
) -> None:
    """Mean over the networks, and the range from the lowest to the highest."""
    axes.fill_between(x, values.min(0), values.max(0), color=colour, alpha=0.18, lw=0)
    axes.plot(x, values.mean(0), color=colour, label=name, marker=marker, ms=4)


def loss_axis(axes: Axes, ylim: tuple[float, float]) -> None:
    """A logarithmic axis of losses, with plain numbers at its ticks."""
    axes.set_yscale("log")
    axes.set_ylim(ylim)
    ticks = [tick for tick in _LOSS_TICKS if ylim[0] <= tick <= ylim[1]]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
