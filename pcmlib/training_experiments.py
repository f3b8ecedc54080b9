"""The training runs behind the chapters, and what can be said of them with error bars.

Every run comes from the store, so that chapters share it: it is computed once. Networks with the
same seed have the same task, so schemes are compared network by network.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from pcmlib.checks import require, require_count, require_number
from pcmlib.crossbar import ASSUMED_PULSE
from pcmlib.reproduction import glue
from pcmlib.schemes import SCHEMES
from pcmlib.store import stored_train
from pcmlib.training import TrainConfig, TrainingRun

NETWORKS = 8  # networks behind a headline number, of seeds 0 .. 7; no set was tuned on these
NAMES = {
    "vanilla": "FP32",
    "accumulator": "FP32 with accumulator",
    "sign": "sign descent",
    "stochastic": "stochastic",
    "multi-mem": "multi-memristor",
    "upd-ready": "update-ready",
    "mixed-precision": "mixed precision",
}
CROSSBAR_SCHEMES = [name for name in NAMES if SCHEMES[name].on_crossbar]


def reported(scheme: str, *, networks: int = NETWORKS, **changes: Any) -> TrainingRun:
    """The run that the book reports: the best known set of `scheme`, on the reporting seeds."""
    return stored_train(TrainConfig.preset(scheme, replicas=networks, seed=0, **changes))


def silent_loss(run: TrainingRun) -> float:
    """Mean squared error of an output that stays at 0: the mean square of the targets."""
    return float((run.targets.double() ** 2).mean())


# Error bars


@dataclass(frozen=True)
class Interval:
    """An estimate, and the ends of its confidence interval; in the unit of what was estimated."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3g} ({self.low:.3g} to {self.high:.3g})"


def bootstrap(
    values: Sequence[float] | Float[np.ndarray, " n"],
    *,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Mean of `values` with its bootstrap interval (percentiles, widened by sqrt(n / (n - 1))).

    The widening makes up for the spread of a resample, which is too small by that factor.
    """
    values = np.asarray(values, float)
    require(values.ndim == 1 and len(values) >= 2, "values", values, "at least two numbers")
    require(bool(np.isfinite(values).all()), "values", values, "finite numbers")
    require_number("level", level, above=0, at_most=0.999)
    require_count("resamples", resamples, at_least=100)
    n = len(values)
    chosen = np.random.default_rng(seed).integers(n, size=(resamples, n))
    means = values[chosen].mean(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    mean, wider = values.mean(), np.sqrt(n / (n - 1))
    return Interval(float(mean), *(float(mean + wider * (x - mean)) for x in (low, high)))


def loss_interval(run: TrainingRun) -> Interval:
    """Final loss: mean over networks, with its 95 % interval."""
    return bootstrap(losses(run))


def losses(run: TrainingRun) -> Float[np.ndarray, " R"]:
    """Final loss of each network."""
    return run.final_loss().double().numpy()


def ratio(a: Float[np.ndarray, " n"], b: Float[np.ndarray, " n"], *, seed: int = 0) -> Interval:
    """How many times larger a is than b: the geometric mean over pairs, with its 95 % interval."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    require(a.shape == b.shape, "b", b, f"as long as a: {len(a)}")
    require(bool((a > 0).all() and (b > 0).all()), "(a, b)", (a, b), "above 0")
    log = bootstrap(np.log(a) - np.log(b), seed=seed)
    return Interval(*(float(np.exp(x)) for x in (log.value, log.low, log.high)))


def sign_flip_test(difference: Sequence[float] | Float[np.ndarray, " n"]) -> float:
    """Chance of a mean at least so far from 0 if the sign of each difference were a coin's.

    Exact: all 2^n choices of signs are tried.
    """
    difference = np.asarray(difference, float)
    require(len(difference) <= 16, "difference", difference, "at most 16 numbers")
    signs = np.array(list(itertools.product((-1, 1), repeat=len(difference))))
    means = np.abs(signs @ difference)
    return float((means >= abs(difference.sum()) * (1 - 1e-12)).mean())


@dataclass(frozen=True)
class Versus:
    """One scheme against another, network by network."""

    ratio: Interval  # times as large a loss, geometric mean and 95 % interval
    p: float  # sign-flip test of the difference of the logarithms
    better: int  # networks in which the first has the lower loss


def versus(first: TrainingRun, second: TrainingRun) -> Versus:
    """The final loss of `second` over that of `first`, on the seeds that both have."""
    n = min(first.config.replicas, second.config.replicas)
    require(first.config.seed == second.config.seed, "second", second.config.seed, "the same seeds")
    a, b = losses(first)[:n], losses(second)[:n]
    return Versus(ratio(b, a), sign_flip_test(np.log(b / a)), int((a < b).sum()))


# Which non-ideality hurts?

EFFECTS: dict[str, dict[str, Any]] = {  # how each is switched off
    "write noise": {"write_noise": 0.0},
    "read noise": {"read_noise": 0.0},
    "drift": {"drift": 0.0},
    "saturation": {
        "g_max": 1000.0,
        "constants": (("m1", 0.0), ("A1", 0.0), ("c1", ASSUMED_PULSE)),
    },
    "asymmetry": {"symmetric_devices": True},
}


def without(*effects: str) -> dict[str, Any]:
    """Fields of `TrainConfig` that switch these effects of `EFFECTS` off.

    Without saturation, every SET adds 0.75 µS in the mean, wherever the device stands. Without
    asymmetry, what both devices of a pair hold in common is taken off after each update.
    """
    for effect in effects:
        require(effect in EFFECTS, "effects", effect, f"one of {', '.join(EFFECTS)}")
    return {name: value for effect in effects for name, value in EFFECTS[effect].items()}


def ablations(scheme: str, *, networks: int = 4, epochs: int = 100) -> dict[str, TrainingRun]:
    """The full model; each effect off alone; each left alone; all off."""
    chosen: dict[str, list[str]] = {"full model": []}
    chosen |= {f"no {effect}": [effect] for effect in EFFECTS}
    chosen |= {f"only {effect}": [e for e in EFFECTS if e != effect] for effect in EFFECTS}
    chosen["none of them"] = list(EFFECTS)
    return {
        name: reported(scheme, networks=networks, epochs=epochs, **without(*off))
        for name, off in chosen.items()
    }


LEARNING: dict[str, dict[str, Any]] = {
    "all layers learn": {},
    "recurrent weights frozen": {"learn_rec": False},
    "no recurrent synapses": {"recurrence": False, "learn_rec": False},
    "input weights frozen": {"learn_in": False},
    "output weights frozen": {"learn_out": False},
    "only output learns": {"learn_in": False, "learn_rec": False},
}


def learning_ablations(
    scheme: str, *, networks: int = NETWORKS, **changes: Any
) -> dict[str, TrainingRun]:
    """Which layers have to learn; and do there have to be recurrent synapses?"""
    return {
        name: reported(scheme, networks=networks, **{**changes, **off})
        for name, off in LEARNING.items()
    }


# What a run costs


def synapses(config: TrainConfig) -> int:
    """Synapses of one network."""
    recurrent = config.n_rec * (config.n_rec - 1) * config.recurrence
    return config.n_in * config.n_rec + recurrent + config.n_rec * config.n_out


@dataclass(frozen=True)
class Energy:
    """Programming energy of one pulse, J; the defaults are those of one early device.

    Source: Kuzum et al., Nano Lett. 12, 2179 (2012), doi 10.1021/nl201040y.
    """

    set_pulse: float = 0.675e-12  # J
    reset_pulse: float = 50e-12  # J

    def of(self, run: TrainingRun) -> Float[np.ndarray, "R E"]:
        """Energy (J) that programming each network has taken up to the end of each epoch."""
        sets, resets = run.set_pulses.double(), run.reset_pulses.double()
        return (sets * self.set_pulse + resets * self.reset_pulse).numpy()


def pulses_to_reach(run: TrainingRun, loss: float, *, window: int = 5) -> Float[np.ndarray, " R"]:
    """SET pulses of each network until its loss, over `window` epochs, is down to `loss`.

    Infinite for a network that never gets there.
    """
    require_number("loss", loss, above=0)
    smooth = smoothed(run.loss.double().numpy(), window)
    reached = smooth <= loss
    first = reached.argmax(axis=1)
    pulses = run.set_pulses.double().numpy()[np.arange(len(first)), first]
    return np.where(reached.any(axis=1), pulses, np.inf)


def smoothed(values: Float[np.ndarray, "R E"], window: int = 5) -> Float[np.ndarray, "R E"]:
    """Mean over the last `window` epochs, over as many as there are at the start."""
    require_count("window", window)
    total = np.cumsum(values, axis=1)
    total[:, window:] -= total[:, :-window].copy()
    return total / np.minimum(np.arange(1, values.shape[1] + 1), window)


def share_above(run: TrainingRun, level: float = 9.0) -> float:
    """Share of the synapses with a side above `level` (µS) at the end, over all layers."""
    require_number("level", level, at_least=0)
    full = total = 0
    for G in run.conductances.values():
        sides = G.mean(2)
        full += int((sides > level).any(1).sum())
        total += sides[:, 0].numel()
    return full / total


def markdown_table(runs: Mapping[str, TrainingRun]) -> str:
    """One row a run: final loss with its interval, rate, pulses a synapse, seconds of training."""
    lines = ["| | loss (95 %) | rate (Hz) | SET | RESET | s |", "|--|--|--|--|--|--|"]
    for name, run in runs.items():
        count = synapses(run.config)
        sets, resets = (
            float(pulses[:, -1].double().mean()) / count
            for pulses in (run.set_pulses, run.reset_pulses)
        )
        loss, rate = loss_interval(run), run.rate_hz[:, -20:].mean()
        lines.append(
            f"| {name} | {loss} | {rate:.1f} | {sets:.2f} | {resets:.2f} | {run.seconds:.0f} |"
        )
    return "\n".join(lines)


def glue_run(name: str, run: TrainingRun) -> None:
    """The numbers of a run that a chapter's text uses, as name_loss, name_rate, ..."""
    count = synapses(run.config)
    sets, resets = (
        float(pulses[:, -1].double().mean()) / count
        for pulses in (run.set_pulses, run.reset_pulses)
    )
    numbers = {
        "loss": str(loss_interval(run)),  # with its 95 % interval
        "rate": float(run.rate_hz[:, -20:].mean()),  # Hz
        "sets": sets,  # SET pulses a synapse
        "resets": resets,
        "seconds": run.seconds,  # of training
        "epochs": run.config.epochs,
    }
    for key, value in numbers.items():
        glue(f"{name}_{key}", value)
