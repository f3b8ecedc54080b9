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
_ABOVE_0 = (
    "threshold", "quantum", "prob_scale", "assumed_pulse", "scale", "conductance", "tolerance",
    "kept_scale", "tau_rec", "tau_out", "tau_adapt", "period", "refresh_above", "refresh_within",
    "reach", "gradient_limit", "dt", "g_max",
)  # fmt: skip
LIMITS = {name: {"above": 0} for name in _ABOVE_0} | {"lr_decay": {"above": 0, "at_most": 1}}
"""Of fields that are floats; the others are at least 0."""


def check(c: Any) -> None:
    """Refuse a configuration whose fields are plain, and not all allowed.

    Raises:
        ValueError: naming the field.
    """
    for name, known in {"scheme": SCHEMES, "task": TASKS, "reads": READS}.items():
        require_known(name, getattr(c, name), known)
    for name in ("epochs", "replicas", "n_rec", "pairs", "batch"):
        require_count(name, getattr(c, name), at_most=1_000_000)
    for seed in _given(c, "seed"):
        require_count("seed", seed, at_least=0, at_most=2**62)
    if c.refresh_period is not None:
        for period in _given(c, "refresh_period"):
            require_count("refresh_period", period, at_most=1_000_000_000)
    require_count("adaptive", c.adaptive, at_least=0, at_most=c.n_rec)
    require_count("refractory", c.refractory, at_least=0, at_most=1_000_000)
    for field in dataclasses.fields(c):
        name, value, kind = field.name, getattr(c, field.name), field.type
        if kind == "bool":
            require(isinstance(value, bool), name, value, "a bool")
        elif kind in ("Each", "float") or (kind == "float | None" and value is not None):
            for number in _given(c, name) if kind == "Each" else (value,):
                require_number(name, number, **LIMITS.get(name, {"at_least": 0}))
    names = vars(PCMParameters()).keys() - set(DEVICE)
    for name, value in c.constants:
        allowed = f"left out: {name} is a field of its own, so write {name}={value!r} beside "
        allowed += "constants; or give all at once, constants=PCMParameters(...)"
        require(name not in DEVICE, f"constants: {name}", value, allowed)
        require_known("constants", name, sorted(names))
    names = {field.name for field in dataclasses.fields(TASKS[c.task])} - vars(c).keys()
    for name, _ in c.task_settings:
        require_known("task_settings", name, sorted(names))
    c.parameters, c.problem  # noqa: B018 - they check their own fields
    require(not c.fresh or c.task != "arrays", "fresh", c.fresh, "False: arrays are what they are")
    if not c.on_crossbar:
        for name in ("bits", "refresh_period", "pairs", "write_verify", "kept_on_pcm"):
            usual, value = type(c).__dataclass_fields__[name].default, getattr(c, name)
            allowed = f"{usual}: {c.scheme} trains digital weights, which need no crossbar"
            require(value == usual, name, value, allowed)
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
