"""Known sets of hyperparameters: fields of `TrainConfig` that differ from its defaults.

"reference": what srnn-pcm's command line does by default, with the values in its README.
"tuned": the best set of each study whose record lies in ``studies/``; `pcmlib.sweep` makes another.

A key may name a memory: "sign/4-bit", "multi-mem/8-pairs", "multi-mem/write-verify",
"mixed-precision/kept-on-pcm". There are studies at 2, 4 and 8 bits. Another resolution takes the
set of the nearest of these, with what that counts in pulses at the size of its own pulse: a rule of
thumb, which no search confirmed. What has no study of its own takes the scheme's set as that is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_STUDIES = Path(__file__).parent / "studies"
EVIDENCE: dict[str, Any] = {
    "task": "evidence",
    "n_in": 40,
    "n_out": 2,
    "steps": 2250,
    "input_rate": 40.0,
    "fresh": True,
    "samples": 64,
    "batch": 32,
    "n_rec": 100,
    "adaptive": 50,
    "beta": 0.0174,
    "tau_adapt": 2.0,
    "refractory": 5,
    "threshold": 0.6,
    "tau_rec": 20e-3,
    "tau_out": 20e-3,
    "gamma": 0.5,
    "gain": 0.32,
    "feedback_gain": 2.0,
    "regularisation": 5e-5,
    "target_rate": 10.0,
    "gradient_limit": None,
    "epochs": 100,
    "lr_in": 9e-5,
    "lr_rec": 1.8e-6,
    "lr_out": 1.2e-5,
    "lr_decay": 0.977,
}
"""Fields for evidence accumulation, by 50 LIF and 50 ALIF neurons with the constants of NEST's
test (after Bellec et al., 2020): ``TrainConfig(**EVIDENCE)``, or ``**EVIDENCE | changes``. What
learning takes, from the gain on, is for plain gradient descent, and comes from 48 random sets."""


_README = {  # its set for mixed precision
    "lr_in": 3.3040801e-4,
    "lr_rec": 3.9387187e-4,
    "lr_out": 1.6620289e-5,
    "regularisation": 8.382720866e-4,
    "threshold": 0.192523576,
    "feedback_gain": 0.236876027,
    "conductance": 0.236876027,
    "scale": 11.825031103,
}

SWITCHES = ("kept_on_pcm", "write_verify")  # which may have a set of their own, the first first
_USUAL_PAIRS = 4  # of the multi-memristor scheme


def task_fields(task: str | None) -> dict[str, Any]:
    """What a task's runs have in common, where it has networks of its own."""
    return dict(EVIDENCE) if task == "evidence" else {}


def _on_pcm(told: Mapping[str, Any]) -> list[str]:
    """Names of the memories that these fields ask for, of those that may have their own set."""
    switches = [name for name in SWITCHES if told.get(name)]
    pairs = told.get("pairs")
    own = [f"{pairs}-pairs"] if pairs and pairs != _USUAL_PAIRS else []
    return [name.replace("_", "-") for name in switches] + own


def _read_studies(folder: Path = _STUDIES) -> dict[str, dict[str, Any]]:
    """Records as `pcmlib.sweep.write_record` left them, by key."""
    records = {}
    for path in sorted(folder.glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        fixed = record["fixed"]
        memory = f"{fixed['bits']}-bit" if "bits" in fixed else next(iter(_on_pcm(fixed)), "")
        records[f"{record['scheme']}/{memory}".rstrip("/")] = record
    if not records:  # else every run would fall back on the reference's sets, and say nothing
        raise FileNotFoundError(f"no studies in {folder}: this copy of pcmlib is incomplete")
    return records


STUDIES: dict[str, dict[str, Any]] = _read_studies()
EVIDENCE_STUDIES: dict[str, dict[str, Any]] = _read_studies(_STUDIES / "evidence")
"""The same for evidence accumulation, by scheme: on a short version of it, which is the record's
"fixed", and on the full PCM model."""
_SHORT = ("steps", "task_settings")
EVIDENCE_SETS: dict[str, dict[str, Any]] = {
    scheme: {name: x for name, x in record["best"].items() if name not in _SHORT}
    for scheme, record in EVIDENCE_STUDIES.items()
} | {"vanilla": {}}
"""What differs from EVIDENCE at the task's full length: FP32 learns with EVIDENCE as it is, since
its study's set does not hold there; the other schemes with their studies' sets."""

PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "reference": {
        "vanilla": {},
        "accumulator": {},
        "sign": {"stop_level": 0.9},
        "stochastic": {"prob_scale": 780.0},
        "multi-mem": {"pairs": 4},
        "mixed-precision": _README,
        "upd-ready": {},
    },
    "tuned": {key: record["best"] for key, record in STUDIES.items()},
}

_IN_PULSES = ("quantum", "assumed_pulse", "prob_scale")


def known_set(scheme: str, kind: str, told: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields of a set for `scheme` in a run with the fields `told`; None: there is none.

    With ``bits`` among them, that for such a memory; of two studied resolutions that are as near,
    the coarser. On PCM the first that there is of those for ``kept_on_pcm``, ``write_verify`` and
    as many ``pairs``. For the task evidence there are tuned sets alone, for the full PCM model.
    """
    if told.get("task") == "evidence":
        own = EVIDENCE_SETS.get(scheme)
        return None if own is None or kind != "tuned" else EVIDENCE | own
    sets, bits = PRESETS[kind], told.get("bits")
    if bits is None:
        own = (sets.get(f"{scheme}/{memory}") for memory in _on_pcm(told))
        return next((found for found in own if found is not None), sets.get(scheme))
    studied = [b for b in range(1, 17) if f"{scheme}/{b}-bit" in sets]
    if not studied:
        return sets.get(scheme)
    nearest = min(studied, key=lambda b: abs(b - bits))
    pulse = 2.0 ** (nearest - bits)
    found = sets[f"{scheme}/{nearest}-bit"]
    return {name: x * pulse if name in _IN_PULSES else x for name, x in found.items()}
