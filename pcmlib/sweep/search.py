"""Hyperparameter searches: one Optuna study for each scheme and memory, all on the same budget.

    round 1   ask a sampler for a batch of candidates, train them side by side along the replica
              axis on one network, and report their losses to it; repeat. Candidates that fire too
              much after the first epochs are dropped at once
    round 2   train the best of them on several networks each
    round 3   an evolution strategy from there: train small changes of the mean of the best two,
              move to the mean of the best changes, and repeat; then compare where this ended, the
              last two changes and the best of round 2 on several networks each

All candidates of a round are trained on the same networks, so that none has an easier task, and
each round has its own networks, so that none is judged by those that chose it. The book reports
none of them: tuning seeds are separate from reporting seeds.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pcmlib.base.checks import make_plain, require, require_count
from pcmlib.base.files import for_json, written_whole
from pcmlib.base.progress import progress
from pcmlib.device import PCMParameters
from pcmlib.sweep.space import (
    FIRST_TUNING_SEED,
    FIXED,
    Params,
    candidates_config,
    fields,
    search_space,
    start,
)
from pcmlib.sweep.storage import reported
from pcmlib.sweep.study import Candidates, open_study
from pcmlib.training import TrainConfig, train

# Tuning seeds of the rounds; round 1 starts at the first.
_FINALS_SEED, _CHANGES_SEED, _LAST_SEED = 11_000, 12_000, 13_000
BATCH = 8  # candidates trained at once
RUNAWAY = 100.0  # Hz, a mean rate of neurons that no longer follow their input
_BEST = 4  # changes of a generation whose mean is the next one's centre
_LAST = 4  # candidates of round 3's comparison
_PAUSE = 1.0  # s between two looks at what other processes do
_STEP = 0.08  # standard deviation of a change in round 3, of a parameter's range

Train = Callable[[TrainConfig], Any]


@dataclass(frozen=True)
class Budget:
    """What one study may spend. The default is 146,268 updates of one network."""

    trials: int = 64  # candidates of round 1
    first_epochs: int = 4  # of a candidate's training, after which a runaway is out
    epochs: int = 250  # of training, in all rounds
    finalists: int = 6  # candidates that reach round 2
    networks: int = 3  # that each finalist is trained on
    generations: int = 10  # of round 3
    changes: int = 10  # tried in each of them, on one network
    last_epochs: int = 20  # over which the loss is averaged

    def __post_init__(self) -> None:
        make_plain(self)
        for name, value in asdict(self).items():
            require_count(name, value)

    @property
    def passes(self) -> int:
        """Most epochs of one network, over the whole study."""
        whole = self.finalists * self.networks + _LAST * self.networks
        whole += self.generations * self.changes
        return self.trials * self.first_epochs + (self.trials + whole) * self.epochs

    @property
    def updates(self) -> int:
        """Most weight updates of one network, at the default task's three samples an epoch."""
        return 3 * self.passes


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

    A study in `storage` resumes where round 1 stopped. Several processes may work on it at once,
    each with its own `seed`; if one dies, the others take over what it left.

    Args:
        scheme: update scheme.
        budget: what the study may spend.
        storage: see `pcmlib.sweep.storage.open_storage`.
        seed: of the sampler.
        run: trains a configuration; None: `train`, without its own progress bar.
        fixed: fields of all runs, such as ``bits=4``; none that are searched.

    Returns:
        The study's record: budget, search space, candidates of each round with their losses, and
        the "best" one's fields of `TrainConfig`. It is plain data, for JSON.

    Raises:
        ValueError: for a storage that cannot be used.
        OSError: for a storage that cannot be reached, or was unreachable for too long.
    """
    budget = budget or Budget()
    if bits := fixed.get("bits"):  # pulses of its own size
        fixed.setdefault("assumed_pulse", PCMParameters(bits=bits).set_step)
    run = run or (lambda config: train(config, progress=False))
    space, first = search_space(scheme, **fixed), start(scheme, fixed)
    for name in fields(first, budget.epochs):
        require(name not in fixed, name, fixed.get(name), "left to the search")
    record = {
        "scheme": scheme,
        "fixed": FIXED.get(scheme, {}) | fixed,
        "budget": asdict(budget),
        "space": {name: list(limits) for name, limits in space.items()},
    }
    epoch = _config(record, [first], FIRST_TUNING_SEED).epoch_updates
    record["budget"]["updates"] = budget.passes * epoch
    with reported(storage):
        study = open_study(scheme, storage, seed, **fixed)
        candidates = Candidates(study, space, budget.trials, first)
        _search(candidates, record, run)
        trials = candidates.told()
    record["trials"] = [_entry(trial.params, trial.value) for trial in trials]
    ranked = sorted(trials, key=lambda trial: trial.value)
    best = [trial.params for trial in ranked[: budget.finalists]]
    record["finalists"] = _compare(record, best, _FINALS_SEED, run, budget.networks)
    return refine(record, seed=seed, run=run)


def _search(candidates: Candidates, record: dict[str, Any], run: Train) -> None:
    """Round 1."""
    options = {"total": candidates.most, "desc": f"tune {record['scheme']}", "unit": "trial"}
    with progress(**options) as bar, candidates.alive():
        while (done := len(candidates.told())) < candidates.most:
            bar.update(done - bar.n)
            taken = candidates.take(BATCH)
            if taken:
                losses = _first_losses(record, list(taken.values()), run)
                candidates.tell(dict(zip(taken, losses, strict=True)))
            else:
                bar.set_postfix_str("waiting for the last ones of other processes")
                time.sleep(_PAUSE)
        bar.update(candidates.most - bar.n)


def _first_losses(record: dict[str, Any], candidates: list[Params], run: Train) -> list[float]:
    """Losses of round 1; infinite for a runaway, which would cost the time of ten others."""
    whole = _config(record, candidates, FIRST_TUNING_SEED)
    rates = run(whole.replace(epochs=record["budget"]["first_epochs"])).rate_hz[:, -1].tolist()
    calm = [i for i, rate in enumerate(rates) if rate < RUNAWAY]
    losses = [math.inf] * len(candidates)
    if calm:
        found = _losses(record, [candidates[i] for i in calm], FIRST_TUNING_SEED, run)
        for i, loss in zip(calm, found, strict=True):
            losses[i] = loss
    return losses


def refine(record: dict[str, Any], *, seed: int = 0, run: Train) -> dict[str, Any]:
    """Round 3, on a record that has finished round 2; returns the whole record.

    A step is the same part of each parameter's range, on its logarithmic scale, and ends with it.
    """
    budget, finalists = record["budget"], record["finalists"]
    ends = np.log([*record["space"].values()])
    rng = np.random.default_rng(seed)
    centre, changes, tried = _mean(finalists[:2], record), [], []
    for generation in range(budget["generations"]):
        steps = _STEP * rng.standard_normal((budget["changes"], len(ends)))
        points = np.exp(np.clip(centre + steps * np.ptp(ends, axis=1), ends[:, 0], ends[:, 1]))
        candidates = [dict(zip(record["space"], point.tolist(), strict=True)) for point in points]
        tried = _compare(record, candidates, _CHANGES_SEED + generation, run)
        changes += tried
        centre = _mean(tried[:_BEST], record)
    mean = dict(zip(record["space"], np.exp(centre).tolist(), strict=True))
    last = [mean, *(_params(entry) for entry in [*tried[: _LAST - 2], finalists[0]])]
    last = _compare(record, last, _LAST_SEED, run, budget["networks"])
    best = fields(_params(last[0]), budget["epochs"], record["fixed"].get("assumed_pulse"))
    fixed = {name: value for name, value in record["fixed"].items() if name != "bits"}
    return {**record, "changes": changes, "last": last, "best": fixed | _rounded(best)}


def _compare(
    record: dict[str, Any], candidates: list[Params], seed: int, run: Train, networks: int = 1
) -> list[dict[str, Any]]:
    """Train candidates; their entries for the record, best first."""
    entries = map(_entry, candidates, _losses(record, candidates, seed, run, networks))
    return sorted(entries, key=lambda x: math.inf if x["loss"] is None else x["loss"])


def _losses(
    record: dict[str, Any], candidates: list[Params], seed: int, run: Train, networks: int = 1
) -> list[float]:
    """Train, and average each candidate's loss over its networks; infinite if training failed."""
    trained = run(_config(record, candidates, seed, networks))
    loss = trained.final_loss(record["budget"]["last_epochs"]).view(-1, networks).mean(1)
    return [value if math.isfinite(value) else math.inf for value in loss.tolist()]


def _config(
    record: dict[str, Any], candidates: list[Params], seed: int, networks: int = 1
) -> TrainConfig:
    told = {"networks": networks, "epochs": record["budget"]["epochs"], "seed": seed}
    return candidates_config(record["scheme"], candidates, **told, **record["fixed"])


def _entry(params: Params, loss: float | None) -> dict[str, Any]:
    """What a record says of a candidate; JSON has no word for infinity: None."""
    finite = loss is not None and math.isfinite(loss)
    return {"loss": float(f"{loss:.4g}") if finite else None, **_rounded(params)}


def _params(entry: dict[str, Any]) -> Params:
    return {name: value for name, value in entry.items() if name != "loss"}


def _mean(entries: list[dict[str, Any]], record: dict[str, Any]) -> np.ndarray:
    """Of the logarithms of each parameter."""
    return np.log([[entry[name] for name in record["space"]] for entry in entries]).mean(axis=0)


def _rounded(params: Params) -> Params:
    """To 4 digits: what a preset holds, and more than a search can tell."""
    whole = {name: value for name, value in params.items() if isinstance(value, int)}
    return {name: float(f"{value:.4g}") for name, value in params.items()} | whole


def write_record(record: dict[str, Any], path: str | Path) -> None:
    """One line per trial, so that a record is short and its diff readable."""
    parts = []
    for key, value in for_json(record).items():
        if isinstance(value, list):
            lines = ",\n  ".join(json.dumps(entry, allow_nan=False) for entry in value)
            parts.append(f'"{key}": [\n  {lines}\n ]')
        else:
            parts.append(f'"{key}": {json.dumps(value, allow_nan=False)}')
    with written_whole(path) as file:
        file.write(("{\n " + ",\n ".join(parts) + "\n}\n").encode())
