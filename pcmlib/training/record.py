"""A training run as a record of numbers, which compiled code and a page can take."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from jaxtyping import Shaped

from pcmlib.device import PCMParameters
from pcmlib.device.record import ENDS, NAMES
from pcmlib.schemes import SCHEMES
from pcmlib.tasks import TASKS, EvidenceTask
from pcmlib.training.config import TrainConfig
from pcmlib.training.limits import READS

_NO_NUMBERS = ("replicas", "task_settings", "constants", "snapshots")
_OWN = [field.name for field in dataclasses.fields(TrainConfig) if field.name not in _NO_NUMBERS]
TRIAL = {f.name: f.default for f in dataclasses.fields(EvidenceTask) if f.name not in _OWN}
"""Numbers of a trial that `TrainConfig` has among its task's settings, and their usual values."""
RUN = np.dtype(
    [(n, np.float64) for n in dict.fromkeys([*_OWN, "on_crossbar", "classes", *TRIAL, *NAMES])]
)
"""The fields of `TrainConfig`, and the constants of its task and devices."""
_TASKS = list(TASKS)
BUILT_IN = [name for name, scheme in SCHEMES.items() if scheme.built_in]


def numbers(config: TrainConfig, r: int = 0) -> Shaped[np.ndarray, "1"]:
    """Replica r of a run as a record of numbers; what is None is 0, and no limit infinite.

    A reader's scheme is -1: its rule is no number. Seeds beyond 2^53 are rounded.
    """
    one = config.replica(r)
    scheme, places = SCHEMES[one.scheme], (one, one.problem, one.parameters)
    given = {
        "scheme": BUILT_IN.index(one.scheme) if scheme.built_in else -1,
        "reads": READS.index(one.reads),
        "task": _TASKS.index(one.task),
        "gradient_limit": math.inf if one.gradient_limit is None else one.gradient_limit,
        "seed": one.seeds[0],
    }
    run = np.zeros(1, RUN)
    for name in RUN.names:
        found = (getattr(place, name) for place in places if hasattr(place, name))
        value = given[name] if name in given else next(found, None)
        run[name] = 0 if value is None else value
    return run


def config_of(record: Shaped[np.void, ""]) -> TrainConfig:
    """The inverse of `numbers`, for the usual frequencies of a pattern."""
    own = {}
    for field in dataclasses.fields(TrainConfig):
        if field.name in RUN.names and field.name not in ("scheme", "reads", "task"):
            kind = type(field.default) if field.default is not None else int
            own[field.name] = kind(record[field.name])
    for name in ("bits", "refresh_period"):
        own[name] = own[name] or None
    limit = float(record["gradient_limit"])
    own["gradient_limit"] = None if math.isinf(limit) else limit
    given: dict[str, Any] = {n: float(record[n]) for n in NAMES if n not in own}
    for name, ends in ENDS.items():
        given[name] = tuple(given.pop(end) for end in ends)
    usual = PCMParameters()
    other = {n: x for n, x in given.items() if x != getattr(usual, n)}
    task = _TASKS[int(record["task"])]
    trial = {n: type(x)(record[n]) for n, x in TRIAL.items() if task == "evidence"}
    return TrainConfig(
        scheme=BUILT_IN[int(record["scheme"])],
        reads=READS[int(record["reads"])],
        task=task,
        task_settings={n: x for n, x in trial.items() if x != TRIAL[n]},
        constants=tuple(other.items()),
        **own,
    )
