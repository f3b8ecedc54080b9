"""What the laboratory's forms ask for: each field's kind and limits, and the tuned sets.

Limits are found by asking pcmlib's own records, so that a page takes what they take.
"""

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

from pcmlib.device import PCMParameters
from pcmlib.device.record import ENDS, NAMES
from pcmlib.schemes import SCHEMES
from pcmlib.tasks import EvidenceTask
from pcmlib.training import TrainConfig
from pcmlib.training.presets import EVIDENCE, EVIDENCE_SETS, SWITCHES

GROUPS = {
    "Run": ["epochs", "seed", "batch"],
    "Task": ["samples", "fresh", "steps", "n_in", "n_out", "input_rate"],
    "Neurons": [
        "n_rec", "threshold", "tau_rec", "tau_out", "gamma", "adaptive", "beta", "tau_adapt",
        "refractory", "recurrence",
    ],
    "Learning": [
        "lr_in", "lr_rec", "lr_out", "lr_decay", "learn_in", "learn_rec", "learn_out",
        "regularisation", "target_rate", "feedback_gain", "symmetric_feedback", "gradient_limit",
    ],
    "Update rule": ["quantum", "stop_level", "prob_scale", "assumed_pulse", "gain"],
    "Crossbar": [
        "pairs", "scale", "conductance", "refresh_period", "refresh_above", "refresh_within",
        "reach", "symmetric_devices", "write_verify",
        "tolerance", "kept_on_pcm", "kept_scale", "period", "g_max", "write_noise", "read_noise",
        "drift",
    ],
}  # fmt: skip
MOST = {
    "epochs": 5000, "seed": 2**53 - 100, "samples": 128, "steps": 5000, "n_in": 1000, "n_out": 5,
    "n_rec": 1000, "pairs": 16, "input_rate": 1000.0, "adaptive": 1000, "refractory": 1000,
    "batch": 128,
}  # fmt: skip
"""What a page takes at most, where pcmlib takes more."""
NETWORKS, BITS = 8, 16
ORDERED = [("conductance", "g_max", True), ("g_min", "g_max", False), ("g_reset", "g_max", False),
           ("nu_low", "nu_high", True), ("nu_spread_low", "nu_spread_high", True),
           ("adaptive", "n_rec", True)]  # fmt: skip
"""Fields of which the first must be below the second, or (True) at most as high."""
LEARNING_RATES = ["lr_in", "lr_rec", "lr_out", "lr_decay"]
NEEDS = {
    "lr_in": {"learn_in": True},
    "lr_rec": {"learn_rec": True},
    "lr_out": {"learn_out": True},
    "learn_rec": {"recurrence": True},
    "feedback_gain": {"symmetric_feedback": False},
    "tolerance": {"write_verify": True},
    "kept_scale": {"kept_on_pcm": True},
}
"""Fields that count only where a switch is on (True) or off (False)."""
ON_PCM = [
    "period", "write_noise", "read_noise", "drift", "a", "m1", "c1", "A1", "m2", "c2", "A2",
    "reset_spread", "nu", "nu_slope", "nu_low", "nu_high", "T0", "m3", "c3", "t_min",
]  # fmt: skip
"""Fields that an ideal memory has no use for: it has neither noise nor drift nor a history. (With
a spread of nu its first random numbers are others.)"""
FIELDS = {field.name: field for field in dataclasses.fields(TrainConfig)}
CONSTANTS = [name for name in NAMES if name not in FIELDS]


def field(kind: str, accepts: Callable[[Any], bool], most: float | None = None) -> dict:
    """What a page has to know of a field; its limits are found by asking `accepts`.

    What is usual is left out: no limit, and a number where nothing is written.
    """
    if kind == "bool":
        return {"kind": "bool"}
    lows = (0, 1, 2) if kind == "int" else (-1.0, 0.0, 1e-12)
    low = next(x for x in lows if accepts(x))
    above = low == 1e-12
    low = None if low == -1.0 else 0.0 if above else low
    tops = (1, 16) if kind == "int" else (1.0,)
    high = next((x for x in tops if accepts(x) and not accepts(x + 1)), most)
    told = {"kind": kind, "low": low, "above": above, "high": high, "none": accepts(None)}
    return {key: x for key, x in told.items() if x is not None and x is not False}


def run_fields() -> dict[str, dict]:
    """The fields of a training run."""
    usual = TrainConfig.preset("mixed-precision").replace(
        conductance=1e-13, dt=1e-4, constants=(("g_min", -2.0), ("g_reset", 0.0))
    )
    told = {}
    for name in [name for group in GROUPS.values() for name in group]:
        declared = str(FIELDS[name].type)
        kind = "bool" if declared == "bool" else "int" if declared.startswith("int") else "float"
        told[name] = field(kind, _accepted(usual, name), MOST.get(name))
    return told


def evidence_fields(fields: dict[str, dict]) -> dict[str, dict]:
    """What is otherwise in the task of evidence accumulation: its trials have a least length, and
    four groups of channels."""
    groups, trial = EvidenceTask(n_in=4).n_in, EvidenceTask()
    least = {"steps": trial.steps - trial.delay, "n_in": groups}
    told = {name: fields[name] | {"low": low} for name, low in least.items()}
    return told | {"n_in": told["n_in"] | {"multiple": groups}}


def evidence_sets() -> dict[str, Any]:
    """What tuned runs of this task have in common, "all", and what each scheme changes of it; a
    scheme without a set is left out."""
    found = {"all": {name: x for name, x in EVIDENCE.items() if name != "task"}}
    for name in schemes():
        if name in EVIDENCE_SETS:
            own = (EVIDENCE_SETS[name] | {"task": "evidence"}).items()
            found[name] = {n: x for n, x in own if EVIDENCE.get(n) != x}
    return found


def constant_fields(names: Iterable[str]) -> dict[str, dict]:
    """The constants of a device."""
    usual = PCMParameters(g_min=-2.0, g_reset=0.0)
    told = {}
    for name in names:
        kind = "int" if name == "bits" else "float"
        told[name] = field(kind, _accepted(usual, name))
    return told


def _accepted(usual: Any, name: str) -> Callable[[Any], bool]:
    def accepts(value: Any) -> bool:
        change = {name: value}
        for pair, (low, high) in ENDS.items():
            if name in (low, high):
                change = {pair: (value, 10.0) if name == low else (0.0, value)}
        try:
            usual.replace(**change)
        except (ValueError, TypeError):
            return False
        return True

    return accepts


class _Reading:
    """Settings that note which of them are read."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getattr__(self, name: str) -> float:
        self.names.add(name)
        return 1.0


def needs(scheme: str) -> dict[str, dict[str, bool] | None]:
    """The fields that do not always count in a run of `scheme`: the switches that a field needs, or
    None where the scheme has no use for it."""
    reading = _Reading()
    SCHEMES[scheme].rule(0.5, 0.25, 0.5, 1.0, 1.0, reading)
    found: dict[str, dict[str, bool] | None] = dict(NEEDS)
    found |= {name: None for name in GROUPS["Update rule"] if name not in reading.names}
    if "lr" not in reading.names:
        found |= dict.fromkeys(LEARNING_RATES)
    if SCHEMES[scheme].on_crossbar:
        found.pop("assumed_pulse", None)  # a refresh and write-verify take it, too
        if not SCHEMES[scheme].keeps:
            found["kept_on_pcm"] = None
        elif "prob_scale" in found:  # of the second crossbar
            found["prob_scale"] = {"kept_on_pcm": True}
    else:
        del found["gain"]
    return found


def sets() -> dict[str, dict[str, dict[str, Any] | str]]:
    """For each scheme, what the tuned set of each memory changes: "pcm", bits, "8 pairs", or the
    name of a switch. A memory with the set of an earlier one has that one's name in its place."""
    found: dict[str, dict[str, dict[str, Any] | str]] = {}
    for scheme in schemes():
        memories = {"pcm": {}}
        if SCHEMES[scheme].on_crossbar:
            memories |= {str(b): {"bits": b} for b in range(1, BITS + 1)}
            memories |= {f"{n} pairs": {"pairs": n} for n in range(1, int(MOST["pairs"]) + 1)}
            never = [name for name, needed in needs(scheme).items() if needed is None]
            memories |= {name: {name: True} for name in SWITCHES if name not in never}
        found[scheme] = known = {}
        for memory, changes in memories.items():
            config = TrainConfig.preset(scheme, **changes)
            own = {n: getattr(config, n) for n in FIELDS if n not in ("scheme", "bits")}
            own = {n: x for n, x in own.items() if x != FIELDS[n].default}
            if memory == "pcm" or "bits" in changes or _differs(own, known["pcm"]):
                known[memory] = next((name for name, x in known.items() if x == own), own)
    return found


def _differs(own: dict[str, Any], usual: dict[str, Any]) -> bool:
    """In more than what was asked for."""
    asked = dict.fromkeys(("pairs", *SWITCHES))
    return own | asked != usual | asked


def schemes() -> list[str]:
    """The built-in ones, in the order in which compiled code counts them."""
    return [name for name, scheme in SCHEMES.items() if scheme.built_in]
