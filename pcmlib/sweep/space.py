"""What is searched for each scheme, and what a point of that space means for training.

A parameter that means the same in two schemes has the same range in both. Learning rates are
searched with what is left of them at the end, so that a candidate's schedule keeps its shape when
its training is longer; what is counted in pulses is searched in pulses of the memory's own size.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pcmlib.base.checks import require, require_count
from pcmlib.schemes import SCHEMES
from pcmlib.training import TrainConfig
from pcmlib.training.presets import task_fields

REPORTING_SEEDS = range(0, 1000)  # of the networks that tables and figures show
FIRST_TUNING_SEED = 1000  # tuning uses this one and those above

Params = dict[str, float]

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
_CROSSBAR = {
    "scale": (10.0, 1000.0),  # µS
    "conductance": (0.1, 6.0),  # µS
    "refresh_period": (10.0, 1000.0),  # updates; a training has 750
}
_OWN = {
    "stochastic": {"prob_scale_pulses": (0.1, 100.0)},  # prob_scale, in pulses likewise
    "accumulator": {"quantum": (1e-4, 0.2)},
    "mixed-precision": {"quantum_pulses": (0.4, 3.0)},  # quantum, in pulses of the assumed size
    "sign": {"stop_level": (1e-2, 1e2)},
}
_OPTIONS = {  # of a memory, if it is told to take them
    "write_verify": {"tolerance": (0.1, 3.0)},  # µS
    "kept_on_pcm": {"kept_scale": (30.0, 10000.0), "prob_scale_pulses": (0.1, 100.0)},
}
_OF_TASK = {  # where a task's neurons, gradients or length ask for other ranges
    "evidence": {
        "lr_rec": (1e-7, 1e-4),
        "lr_out": (1e-6, 1e-4),
        "feedback_gain": (0.1, 10.0),
        "threshold": (0.1, 1.0),
        "gain": (0.1, 1.0),
        "scale": (10.0, 200.0),  # µS
        "refresh_period": (10.0, 400.0),  # updates; a training has 200
        "stop_level": (1.0, 1e3),
    },
}
# Sign descent: one SET for any gradient above its level.
_UNUSED = {"sign": {"lr_in", "lr_rec", "lr_out", "lr_end"}}

# Where each search starts: the best set of an earlier study of the scheme, on the full PCM model or
# at 4 bits, which had the same budget, but no refresh and scales up to 300 µS; the quantum and
# prob_scale in pulses, so that it serves any memory.
STARTS: dict[str, Params] = json.loads(Path(__file__).with_name("starts.json").read_text())
_OPTION_STARTS = {"tolerance": 0.5, "kept_scale": 500.0, "prob_scale_pulses": 2.0}
FIXED: dict[str, dict[str, Any]] = {"multi-mem": {"pairs": 4}}


def search_space(scheme: str, **fixed: Any) -> dict[str, tuple[float, float]]:
    """Parameters of a search for `scheme`, with their lowest and highest values.

    With what the `fixed` fields of all runs bring along, such as ``write_verify=True``; of a
    ``task`` with ranges of its own, those.
    """
    require(scheme in SCHEMES, "scheme", scheme, f"one of {', '.join(SCHEMES)}")
    weights = _CROSSBAR if SCHEMES[scheme].on_crossbar else _DIGITAL
    space = _SHARED | weights | _OWN.get(scheme, {})
    for option, own in _OPTIONS.items():
        space |= own if fixed.get(option) else {}
    space = {n: limits for n, limits in space.items() if n not in _UNUSED.get(scheme, ())}
    own = _OF_TASK.get(fixed.get("task", ""), {})
    return {name: own.get(name, limits) for name, limits in space.items()}


def start(scheme: str, fixed: Mapping[str, Any]) -> Params:
    """The first candidate of a search for `scheme`, on the memory that `fixed` names.

    A reader's own scheme starts where mixed precision does, or FP32 for digital weights. On a task
    with ranges of its own, all start in their middle.
    """
    space = search_space(scheme, **fixed)
    if fixed.get("task") in _OF_TASK:
        return {name: math.sqrt(low * high) for name, (low, high) in space.items()}
    usual = "mixed-precision" if SCHEMES[scheme].on_crossbar else "vanilla"
    known = scheme if scheme in STARTS else usual
    ideal = f"{known}/4-bit"
    found = _OPTION_STARTS | STARTS[ideal if fixed.get("bits") and ideal in STARTS else known]
    return {name: found[name] for name in space}


def fields(params: Params, epochs: int, assumed_pulse: float | None = None) -> dict[str, Any]:
    """What `params` mean as fields of a `TrainConfig` that trains for `epochs`.

    `assumed_pulse`: of the run, in µS; None: the usual one.
    """
    found: dict[str, Any] = dict(params)
    pulse = assumed_pulse or TrainConfig().assumed_pulse
    if "lr_end" in found:
        found["lr_decay"] = found.pop("lr_end") ** (1 / epochs)
    if "quantum_pulses" in found:
        found["quantum"] = found.pop("quantum_pulses") * pulse / found["scale"]
    if "prob_scale_pulses" in found:
        found["prob_scale"] = found.pop("prob_scale_pulses") * pulse
    if "refresh_period" in found:
        found["refresh_period"] = round(found["refresh_period"])
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

    The networks are the same for every candidate.

    Args:
        scheme: update scheme of all candidates.
        candidates: parameters, of `search_space`.
        networks: n, networks for each candidate.
        epochs: of training.
        seed: of the first network; a tuning seed.
        fixed: other fields of the run, such as bits.

    Raises:
        ValueError: for a seed that is kept for reporting.
    """
    require_count("seed", seed, at_least=FIRST_TUNING_SEED)
    pulse = fixed.get("assumed_pulse")
    rows = [fields(params, epochs, pulse) for params in candidates for _ in range(networks)]
    each = {name: tuple(row[name] for row in rows) for name in rows[0]}
    others = {"snapshots": (), **FIXED.get(scheme, {}), **fixed}
    run = {
        "scheme": scheme,
        "epochs": epochs,
        "replicas": len(rows),
        "seed": tuple(range(seed, seed + networks)) * len(candidates),
    }
    return TrainConfig(**task_fields(fixed.get("task")) | others | each | run)
