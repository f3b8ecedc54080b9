"""What the explorer of the network chapter computes: one trial from inside."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from matplotlib.figure import Figure

from pcmlib.base.kernels import kernel
from pcmlib.book.experiments.networks import trial_traces
from pcmlib.book.figures.networks import plot_traces
from pcmlib.book.live import live
from pcmlib.network.epoch import run_sample
from pcmlib.network.laws import pseudo_derivative
from pcmlib.network.start import make_state
from pcmlib.network.state import neurons
from pcmlib.tasks import draw_task
from pcmlib.training import TrainConfig
from pcmlib.training.record import numbers

NEURON = 1  # the one that the chapter's figure follows
UNTIL = 0.4  # s of the trial that are shown
_STEPS = round(UNTIL / TrainConfig().dt) + 1
_LIMITS = (0.4, 0.55, 25.0, 0.02, 12.0)
_ROWS = ("v", "h", "ebar", "signal", "gradient")
_F = np.float32


@live(
    data={"runs": numbers(TrainConfig())},
    **dict.fromkeys(_ROWS, (_STEPS,)),
    fired=(_STEPS,),
    arrived=(_STEPS,),
    level=(2,),
)
def trial(threshold, tau_rec, gamma, runs, v, h, ebar, signal, gradient, fired, arrived, level):
    """Chapter 07: what one synapse of an FP32 network sees in its first trial; tau_rec in ms.

    The synapse is the one to neuron `NEURON` whose input its eligibility owes most to.
    """
    run = runs[0]
    run.threshold, run.tau_rec, run.gamma = threshold, tau_rec / 1000, gamma
    T, samples = int(run.steps), int(run.samples)
    targets, y = np.zeros((samples, T, 1), np.float32), np.zeros((T, 1), np.float32)
    x, seed = np.empty((samples, T, int(run.n_in)), np.bool_), np.uint64(run.seed)
    draw_task(run, seed, 0, x, targets)
    state = make_state(run, seed, x)
    run_sample(state, run, 0, targets[0], np.ones(T, np.float32), 0, 0, y)
    c, j = neurons(run), NEURON
    pull = c.reg * (state.rate[j] - c.rate)
    i = best_input(state, c, x[0], j)
    trace, before, eligibility, so_far = _F(0), _F(0), _F(0), _F(0)
    level[0] = level[1] = threshold
    for t in range(len(v)):
        arrives = x[0, t, i]
        height = pseudo_derivative(state.v[t, j], c.threshold, c.threshold, c.gamma)
        eligibility = c.kappa * eligibility + height * before
        trace = c.alpha * trace + (_F(1) if arrives else _F(0))
        before = trace
        drive = (y[t, 0] - targets[0, t, 0]) * state.feedback[j, 0] + pull
        so_far += drive * eligibility
        v[t], h[t], ebar[t], signal[t], gradient[t] = (
            state.v[t, j], height, eligibility, drive, so_far
        )  # fmt: skip
        fired[t] = _LIMITS[0] if state.v[t, j] > c.threshold else np.nan
        arrived[t] = 0 if arrives else np.nan


@kernel(error_model="numpy")
def best_input(state, c, x, j):
    """The input of x [T, n_in] whose trace goes with neuron j's pseudo-derivative most."""
    T, n_in = x.shape
    trace, owed = np.zeros(n_in), np.zeros(n_in)
    for t in range(T):
        height = pseudo_derivative(state.v[t, j], c.threshold, c.threshold, c.gamma)
        for i in range(n_in):
            owed[i] += height * trace[i]
            trace[i] = c.alpha * trace[i] + x[t, i]
    return owed.argmax()


@trial.here
def _(threshold: float, tau_rec: float, gamma: float) -> dict[str, np.ndarray]:
    config = TrainConfig(threshold=threshold, tau_rec=tau_rec / 1000, gamma=gamma)
    traces = trial_traces(config, post=NEURON)
    outputs = {name: getattr(traces, name)[:_STEPS] for name in _ROWS}
    outputs["fired"] = np.where(traces.fired[:_STEPS], _LIMITS[0], np.nan)
    outputs["arrived"] = np.where(traces.arrived[:_STEPS], 0.0, np.nan)
    outputs["level"] = np.full(2, threshold)
    return {name: values.astype(np.float32) for name, values in outputs.items()}


@trial.figure
def _(fired, arrived, level, **rows: np.ndarray) -> Figure:
    marks = {"fired": np.isfinite(fired), "arrived": np.isfinite(arrived)}
    time = np.arange(_STEPS) * TrainConfig().dt
    shown = SimpleNamespace(time=time, threshold=level, **marks, **rows)
    return plot_traces(shown, limits=_LIMITS)
