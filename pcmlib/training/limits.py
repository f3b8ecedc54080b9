"""What the fields of a training run may be (`pcmlib.training.config`)."""

from __future__ import annotations

import dataclasses
from typing import Any

from pcmlib.base.checks import require, require_count, require_known, require_number
from pcmlib.device import PCMParameters
from pcmlib.schemes import SCHEMES
from pcmlib.tasks import TASKS

READS = ("sums", "each")
"""How a trial reads devices."""
DEVICE = ("bits", "write_noise", "read_noise", "drift", "g_max")
"""Fields that are a device's constants."""
FLAGS = (
    "recurrence", "learn_in", "learn_rec", "learn_out", "symmetric_feedback", "symmetric_devices",
    "write_verify", "kept_on_pcm", "fresh",
)  # fmt: skip
_POSITIVE, _NOT_NEGATIVE = {"above": 0}, {"at_least": 0}
EACH: dict[str, dict[str, float]] = {
    "threshold": _POSITIVE,
    "beta": _NOT_NEGATIVE,
    "lr_in": _NOT_NEGATIVE,
    "lr_rec": _NOT_NEGATIVE,
    "lr_out": _NOT_NEGATIVE,
    "lr_decay": {"above": 0, "at_most": 1},
    "regularisation": _NOT_NEGATIVE,
    "target_rate": _NOT_NEGATIVE,
    "feedback_gain": _NOT_NEGATIVE,
    "quantum": _POSITIVE,
    "stop_level": _NOT_NEGATIVE,
    "prob_scale": _POSITIVE,
    "assumed_pulse": _POSITIVE,
    "gain": _NOT_NEGATIVE,
    "scale": _POSITIVE,
    "conductance": _POSITIVE,
    "tolerance": _POSITIVE,
    "kept_scale": _POSITIVE,
}
"""Fields of the type `Each`, and their limits."""


def check(c: Any) -> None:
    """Refuse a configuration whose fields are plain, and not all allowed.

    Raises:
        ValueError: naming the field.
    """
    known = isinstance(c.scheme, str) and c.scheme in SCHEMES
    require(known, "scheme", c.scheme, f"one of {', '.join(SCHEMES)}")
    known = isinstance(c.task, str) and c.task in TASKS
    require(known, "task", c.task, f"one of {', '.join(TASKS)}")
    for name in ("epochs", "replicas", "n_rec", "pairs", "batch"):
        require_count(name, getattr(c, name), at_most=1_000_000)
    for seed in _given(c, "seed"):
        require_count("seed", seed, at_least=0, at_most=2**62)
    if c.refresh_period is not None:
        for period in _given(c, "refresh_period"):
            require_count("refresh_period", period, at_most=1_000_000_000)
    require(c.reads in READS, "reads", c.reads, f"one of {', '.join(READS)}")
    for name in (
        "tau_rec", "tau_out", "tau_adapt", "period", "refresh_above", "refresh_within", "reach"
    ):  # fmt: skip
        require_number(name, getattr(c, name), above=0)
    require_count("adaptive", c.adaptive, at_least=0, at_most=c.n_rec)
    require_count("refractory", c.refractory, at_least=0, at_most=1_000_000)
    require_number("gamma", c.gamma, at_least=0)
    if c.gradient_limit is not None:
        require_number("gradient_limit", c.gradient_limit, above=0)
    for name in FLAGS:
        require(isinstance(getattr(c, name), bool), name, getattr(c, name), "a bool")
    for name, limits in EACH.items():
        for value in _given(c, name):
            require_number(name, value, **limits)
    names = {field.name for field in dataclasses.fields(PCMParameters)} - set(DEVICE)
    for name, value in c.constants:
        allowed = f"left out: {name} is a field of its own, so write {name}={value!r} beside "
        allowed += "constants; or give all at once, constants=PCMParameters(...)"
        require(name not in DEVICE, f"constants: {name}", value, allowed)
        require_known("constants", name, sorted(names))
    names = {f.name for f in dataclasses.fields(TASKS[c.task])}
    names -= {f.name for f in dataclasses.fields(c)}
    for name, _ in c.task_settings:
        require_known("task_settings", name, sorted(names))
    c.parameters, c.problem  # noqa: B018 - they check their own fields
    require(not c.fresh or c.task != "arrays", "fresh", c.fresh, "False: arrays are what they are")
    if not c.on_crossbar:
        allowed = f"None: {c.scheme} trains digital weights, which need no crossbar"
        for name in ("bits", "refresh_period"):
            require(getattr(c, name) is None, name, getattr(c, name), allowed)
        require(c.pairs == 1, "pairs", c.pairs, f"1, because {c.scheme} is digital")
        for name in ("write_verify", "kept_on_pcm"):
            allowed = f"False, because {c.scheme} is digital"
            require(not getattr(c, name), name, True, allowed)
    allowed = f"False, because {c.scheme} keeps nothing from one update to the next"
    keeps = not c.kept_on_pcm or SCHEMES[c.scheme].keeps
    require(keeps, "kept_on_pcm", c.kept_on_pcm, allowed)
    if c.snapshots is not None:
        listed = isinstance(c.snapshots, tuple)
        require(listed, "snapshots", c.snapshots, "None or epochs, such as (0, 10)")
        for epoch in c.snapshots:
            require_count("snapshots", epoch, at_least=0, at_most=c.epochs)
        ascending = list(c.snapshots) == sorted(set(c.snapshots))
        require(ascending, "snapshots", c.snapshots, "ascending, each epoch once")
    start = max(c.each("conductance"))
    require(start <= c.g_max, "conductance", start, f"at most g_max = {c.g_max} µS")


def _given(c: Any, name: str) -> tuple[Any, ...]:
    """The one value of a field, or all of them, one a replica."""
    value = getattr(c, name)
    values = value if isinstance(value, tuple) else (value,)
    fits = values is not value or len(values) == c.replicas
    require(fits, name, value, f"one number, or {c.replicas}, one a replica")
    return values
