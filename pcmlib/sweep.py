"""Hyperparameter searches: one Optuna study for each scheme and memory, all on the same budget.

    round 1   ask a sampler for a batch of candidates, train them side by side along the replica
              axis for a few epochs on one network each, and tell it their losses; repeat
    round 2   train the best of them for the whole time, on several networks each; the lowest
              mean loss wins

Candidates are compared by networks that no report shows: tuning seeds lie apart from reporting
seeds. A parameter that means the same in two schemes has the same range in both. Learning rates
are searched with what is left of them at the end, so that a candidate's schedule keeps its shape
when its training is longer.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend

from pcmlib.checks import require, require_count
from pcmlib.config import TrainConfig
from pcmlib.progress import progress
from pcmlib.schemes import SCHEMES
from pcmlib.training import train

REPORTING_SEEDS = range(0, 1000)  # of the networks that tables and figures show
FIRST_TUNING_SEED = 1000  # tuning uses this one and those above
BATCH = 8  # candidates trained at once

Params = dict[str, float]
Train = Callable[[TrainConfig], Any]


@dataclass(frozen=True)
class Budget:
    """What one study may spend. The default is 29,000 updates of one network."""

    trials: int = 64  # candidates of round 1
    epochs: int = 80  # of a candidate's training in round 1, on one network
    finalists: int = 6  # candidates that reach round 2
    networks: int = 3  # that each finalist is trained on
    final_epochs: int = 250  # of a finalist's training
    last_epochs: int = 20  # over which the loss is averaged

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            require_count(name, value)

    @property
    def updates(self) -> int:
        """Weight updates of one network, over the whole study, with three samples an epoch."""
        finals = self.finalists * self.networks * self.final_epochs
        return 3 * (self.trials * self.epochs + finals)


# Ranges, all searched on a logarithmic scale.
_SHARED = {
    "lr_in": (1e-5, 3e-3),
    "lr_rec": (1e-7, 1e-3),
    "lr_out": (1e-6, 1e-3),
    "lr_end": (0.05, 1.0),  # learning rates at the end of training, as a part of the first ones
    "feedback_gain": (0.05, 1.0),
    "regularisation": (1e-5, 1e-2),  # 1/Hz
    "threshold": (0.03, 0.4),
}
_DIGITAL = {"gain": (0.02, 1.0)}
_CROSSBAR = {"scale": (5.0, 200.0), "conductance": (0.1, 6.0)}  # µS
_OWN = {
    "accumulator": {"quantum": (1e-4, 0.2)},
    "mixed-precision": {"quantum_pulses": (0.5, 4.0)},  # quantum, in pulses of the assumed size
    "sign": {"stop_level": (1e-2, 1e2)},
}
_UNUSED = {
    "sign": {"lr_in", "lr_rec", "lr_out", "lr_end"}
}  # a SET for any gradient above its level

# Where every search starts: one point for all schemes, from trial and error with mixed precision.
_START = {
    "lr_in": 3e-4,
    "lr_rec": 5e-6,
    "lr_out": 3e-5,
    "lr_end": 0.4,
    "feedback_gain": 0.4,
    "regularisation": 5e-4,
    "threshold": 0.1,
    "gain": 0.1,
    "scale": 40.0,
    "conductance": 1.0,
    "quantum": 0.02,
    "quantum_pulses": 1.0,
    "stop_level": 0.9,
}
_FIXED: dict[str, dict[str, Any]] = {"multi-mem": {"pairs": 4}, "stochastic": {"prob_scale": 0.75}}


def search_space(scheme: str) -> dict[str, tuple[float, float]]:
    """Parameters of a search for `scheme`, with their lowest and highest values."""
    require(scheme in SCHEMES, "scheme", scheme, f"one of {', '.join(SCHEMES)}")
    weights = _CROSSBAR if SCHEMES[scheme].on_crossbar else _DIGITAL
    space = _SHARED | weights | _OWN.get(scheme, {})
    return {name: limits for name, limits in space.items() if name not in _UNUSED.get(scheme, ())}


def fields(params: Params, epochs: int) -> Params:
    """What `params` mean as fields of a `TrainConfig` that trains for `epochs`."""
    found = dict(params)
    if "lr_end" in found:
        found["lr_decay"] = found.pop("lr_end") ** (1 / epochs)
    if "quantum_pulses" in found:
        assumed = TrainConfig().assumed_pulse
        found["quantum"] = found.pop("quantum_pulses") * assumed / found["scale"]
    return found


def candidates_config(
    scheme: str,
    candidates: Sequence[Params],
    *,
    networks: int,
    epochs: int,
    seed: int,
    **fixed: Any,
) -> TrainConfig:
    """One run in which replicas i n ... i n + n - 1 are the n networks of candidate i.

    Args:
        scheme: update scheme of all candidates.
        candidates: parameters, of `search_space(scheme)`.
        networks: n, networks for each candidate.
        epochs: of training.
        seed: of the first replica; a tuning seed.
        fixed: other fields of the run, such as bits.

    Raises:
        ValueError: for a seed that is kept for reporting.
    """
    require_count("seed", seed, at_least=FIRST_TUNING_SEED)
    rows = [fields(params, epochs) for params in candidates for _ in range(networks)]
    each = {name: tuple(float(row[name]) for row in rows) for name in rows[0]}
    others = {"snapshots": (), **_FIXED.get(scheme, {}), **fixed}
    return TrainConfig(
        scheme=scheme, epochs=epochs, replicas=len(rows), seed=seed, **each, **others
    )


def evaluate(config: TrainConfig, networks: int, last_epochs: int, run: Train) -> list[float]:
    """Train, and average each candidate's loss over its networks; infinite where it broke down."""
    loss = run(config).final_loss(last_epochs).view(-1, networks).mean(1)
    return [value if math.isfinite(value) else math.inf for value in loss.tolist()]


def open_storage(url: str | Path | None) -> BaseStorage | str | None:
    """Where trials are kept: a database URL, a journal file that machines share, None: memory."""
    if url is None or "://" in str(url):
        return None if url is None else str(url)
    return JournalStorage(JournalFileBackend(str(url)))


def tune(
    scheme: str,
    *,
    budget: Budget | None = None,
    storage: str | Path | None = None,
    seed: int = 0,
    run: Train | None = None,
    **fixed: Any,
) -> dict[str, Any]:
    """Search for the hyperparameters of `scheme`.

    A study that is in `storage` goes on where it stopped; several processes may work on it at once,
    each with a `seed` of its own.

    Args:
        scheme: update scheme.
        budget: what the study may spend.
        storage: see `open_storage`.
        seed: of the sampler.
        run: trains a configuration; None: `train`, without a progress bar of its own.
        fixed: fields of all runs, such as ``bits=4``.

    Returns:
        The study's record: budget, trials with their losses, finalists with theirs, and the "best"
        one's fields of `TrainConfig`. It is plain data, for JSON.
    """
    budget = budget or Budget()
    run = run or (lambda config: train(config, progress=False))
    study = open_study(scheme, storage, seed, **fixed)
    _search(study, scheme, budget, run, fixed)
    finalists = _finals(study, scheme, budget, run, fixed)
    best = min(finalists, key=lambda finalist: finalist["loss"])
    return {
        "scheme": scheme,
        "fixed": _FIXED.get(scheme, {}) | fixed,
        "budget": {**asdict(budget), "updates": budget.updates},
        "space": {name: list(limits) for name, limits in search_space(scheme).items()},
        "trials": [
            {"loss": _plain(trial.value), **_rounded(trial.params)} for trial in _done(study)
        ],
        "finalists": [
            {"loss": _plain(f["loss"]), **_rounded(f["params"])}
            for f in sorted(finalists, key=lambda f: f["loss"])
        ],
        "best": _FIXED.get(scheme, {}) | _rounded(fields(best["params"], budget.final_epochs)),
    }


def open_study(
    scheme: str, storage: str | Path | None, seed: int = 0, **fixed: Any
) -> optuna.Study:
    """The study of a scheme and memory, with its starting point queued where it is new."""
    space = search_space(scheme)
    name = "-".join([scheme, *(f"{key}={value}" for key, value in sorted(fixed.items()))])
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=16, constant_liar=True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        study_name=name, storage=open_storage(storage), sampler=sampler, load_if_exists=True
    )
    if not study.trials:
        study.enqueue_trial({key: _START[key] for key in space})
    return study


def _search(
    study: optuna.Study, scheme: str, budget: Budget, run: Train, fixed: dict[str, Any]
) -> None:
    """Round 1."""
    limits = search_space(scheme).items()
    with progress(total=budget.trials, desc=f"tune {scheme}", unit="trial") as bar:
        while (done := len(_done(study))) < budget.trials:
            bar.update(done - bar.n)
            trials = [study.ask() for _ in range(min(BATCH, budget.trials - done))]
            candidates = [
                {name: trial.suggest_float(name, *ends, log=True) for name, ends in limits}
                for trial in trials
            ]
            config = candidates_config(
                scheme,
                candidates,
                networks=1,
                epochs=budget.epochs,
                seed=FIRST_TUNING_SEED + trials[0].number,
                **fixed,
            )
            losses = evaluate(config, 1, budget.last_epochs, run)
            for trial, loss in zip(trials, losses, strict=True):
                study.tell(trial, loss)
        bar.update(budget.trials - bar.n)


def _finals(
    study: optuna.Study, scheme: str, budget: Budget, run: Train, fixed: dict[str, Any]
) -> list[dict[str, Any]]:
    """Round 2, on other tuning seeds than round 1."""
    best = sorted(_done(study), key=lambda trial: trial.value)[: budget.finalists]
    candidates = [trial.params for trial in best]
    config = candidates_config(
        scheme,
        candidates,
        networks=budget.networks,
        epochs=budget.final_epochs,
        seed=FIRST_TUNING_SEED + 10_000,
        **fixed,
    )
    losses = evaluate(config, budget.networks, budget.last_epochs, run)
    return [{"loss": x, "params": p} for x, p in zip(losses, candidates, strict=True)]


def _done(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    return study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE])


def _rounded(params: Params) -> Params:
    """To 4 digits: what a preset holds, and more than a search can tell."""
    return {name: float(f"{value:.4g}") for name, value in params.items()}


def _plain(loss: float | None) -> float | None:
    """4 digits for JSON, which has no word for infinity: None."""
    return float(f"{loss:.4g}") if loss is not None and math.isfinite(loss) else None


def write_record(record: dict[str, Any], path: str | Path) -> None:
    """One line for each trial, so that a record is short and a diff of it readable."""
    parts = []
    for key, value in record.items():
        if key in ("trials", "finalists"):
            lines = ",\n  ".join(json.dumps(entry) for entry in value)
            parts.append(f'"{key}": [\n  {lines}\n ]')
        else:
            parts.append(f'"{key}": {json.dumps(value)}')
    Path(path).write_text("{\n " + ",\n ".join(parts) + "\n}\n")
