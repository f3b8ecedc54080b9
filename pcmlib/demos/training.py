"""What the training explorers show: knobs in, a small run, figure out.

A small run has 50 neurons and one pattern, 60 updates of three networks: about a second. Its
hyperparameters are those that the scheme's full run uses, times what the knobs say.
"""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from pcmlib.experiments.ablations import EFFECTS, without
from pcmlib.experiments.cost import Energy
from pcmlib.experiments.networks import trial_traces
from pcmlib.experiments.searches import random_search
from pcmlib.experiments.training import CROSSBAR_SCHEMES, NAMES
from pcmlib.plots.comparison import plot_cost
from pcmlib.plots.networks import plot_traces
from pcmlib.plots.searches import plot_search
from pcmlib.plots.training import plot_small_runs
from pcmlib.training import TrainConfig, TrainingRun
from pcmlib.training.store import stored_train

SMALL = {"n_rec": 50, "samples": 1, "epochs": 60, "replicas": 3}
SCHEME_OF = {name: scheme for scheme, name in NAMES.items()}
QUIET = {"write_noise": 0.0, "read_noise": 0.0, "drift": 0.0}


def small(scheme: str, times: dict[str, float] | None = None, **changes: Any) -> TrainingRun:
    """A small run of the set for `scheme`: some fields set anew, others multiplied by `times`."""
    config = TrainConfig.preset(scheme, **{**SMALL, **changes})
    factors = dict(times or {})
    for name in ("lr_in", "lr_rec", "lr_out"):
        factors[name] = factors.get("learning", 1.0)
    factors.pop("learning", None)
    return stored_train(config.replace(**{n: getattr(config, n) * x for n, x in factors.items()}))


def _beside_default(scheme: str, run: TrainingRun) -> Figure:
    default = small(scheme)
    if run.config == default.config:
        return plot_small_runs({"this setting": default})
    return plot_small_runs({"the chapter's set": default, "this setting": run})


def trial(threshold: float, tau_rec: float, gamma: float) -> Figure:
    """Chapter 07: what one synapse of an FP32 network sees in its first trial; tau_rec in ms."""
    config = TrainConfig(threshold=threshold, tau_rec=tau_rec / 1000, gamma=gamma)
    traces = trial_traces(config, post=_NEURON)
    return plot_traces(traces, limits=(0.4, 0.55, 25.0, 0.012, 18.0))


_NEURON = 95  # the one that the chapter follows


def fp32(learning: float, n_rec: int, threshold: float) -> Figure:
    """Chapter 08: learning rates, size and threshold of an FP32 network."""
    times = {"learning": learning, "threshold": threshold}
    return _beside_default("vanilla", small("vanilla", times, n_rec=n_rec))


def sign(stop_level: float, scale: float, noise: bool) -> Figure:
    """Chapter 09: the stop-learning level, and what a pulse is worth."""
    changes = {} if noise else QUIET
    times = {"stop_level": stop_level, "scale": scale}
    return _beside_default("sign", small("sign", times, **changes))


def stochastic(prob_scale: float, scale: float, noise: bool) -> Figure:
    """Chapter 10: how rare a pulse is, and what it is worth."""
    changes = {} if noise else QUIET
    times = {"prob_scale": prob_scale, "scale": scale}
    return _beside_default("stochastic", small("stochastic", times, **changes))


def multi_memristor(pairs: int, learning: float, noise: bool) -> Figure:
    """Chapter 11: pairs a synapse."""
    changes = {} if noise else QUIET
    run = small("multi-mem", {"learning": learning}, pairs=pairs, **changes)
    return _beside_default("multi-mem", run)


def mixed_precision(quantum: float, learning: float, scale: float, noise: bool) -> Figure:
    """Chapter 12: the accumulator's quantum, and what a pulse is worth."""
    changes = {} if noise else QUIET
    times = {"quantum": quantum, "learning": learning, "scale": scale}
    return _beside_default("mixed-precision", small("mixed-precision", times, **changes))


def schemes(scheme: str, memory: str) -> Figure:
    """Chapter 13: any scheme on any memory, beside FP32."""
    bits = None if memory == "full model" else int(memory.split()[0])
    return plot_small_runs(
        {"FP32": small("vanilla"), scheme: small(SCHEME_OF[scheme], bits=bits)}, ylim=(0.01, 3.0)
    )


def effects(
    write_noise: bool, read_noise: bool, drift: bool, saturation: bool, asymmetry: bool
) -> Figure:
    """Chapter 14: switch the non-idealities of mixed precision's devices on and off."""
    on = (write_noise, read_noise, drift, saturation, asymmetry)
    off = [name for name, kept in zip(EFFECTS, on, strict=True) if not kept]
    return _beside_default("mixed-precision", small("mixed-precision", **without(*off)))


def cost(set_pulse: float, reset_pulse: float) -> Figure:
    """Chapter 15: loss against pulses and energy, for other energies of a pulse (pJ)."""
    energy = Energy(set_pulse * 1e-12, reset_pulse * 1e-12)
    runs = {NAMES[scheme]: small(scheme) for scheme in CROSSBAR_SCHEMES}
    joules = {name: energy.of(run) for name, run in runs.items()}
    return plot_cost(runs, joules, xlim=(0.01, 10.0), energy_xlim=(1e-12, 1e-6))


def search(budget: int, networks: int) -> Figure:
    """Chapter 16: the best of `budget` candidates, chosen on some tuning networks."""
    return plot_search(random_search(), budget=budget, networks=networks)
