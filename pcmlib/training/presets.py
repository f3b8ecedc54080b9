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
    "gain": 0.707,
    "feedback_gain": 7.07,
    "regularisation": 1.3e-4,
    "target_rate": 10.0,
    "gradient_limit": None,
    "lr_in": 5e-6,
    "lr_rec": 5e-6,
    "lr_out": 2e-6,
}
"""Fields for evidence accumulation, by 50 LIF and 50 ALIF neurons with the constants of NEST's
test (after Bellec et al., 2020): ``TrainConfig(**EVIDENCE)``, or ``**EVIDENCE | changes``. Learning
rates are for plain gradient descent, and come from a few tries."""
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
    as many ``pairs``.
    """
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
