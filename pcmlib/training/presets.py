"""Known sets of hyperparameters: fields of `TrainConfig` that differ from its defaults.

"reference": what srnn-pcm's command line does by default, with the values in its README.
"tuned": the best set of each study whose record lies in ``studies/``; `pcmlib.sweep` makes another.

A key may name an ideal memory or a number of pairs, as in "sign/4-bit" and "multi-mem/8-pairs".
There are studies at 2, 4 and 8 bits. Another resolution takes the set of the nearest of these, with
what that counts in pulses at the size of its own pulse: a rule of thumb, which no search confirmed.
A number of pairs without a study takes the scheme's set as that is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_STUDIES = Path(__file__).parent / "studies"
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

_USUAL_PAIRS = 4  # of the multi-memristor scheme


def _read_studies(folder: Path = _STUDIES) -> dict[str, dict[str, Any]]:
    """Records as `pcmlib.sweep.write_record` left them, by key."""
    records = {}
    for path in sorted(folder.glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        bits, pairs = (record["fixed"].get(name) for name in ("bits", "pairs"))
        memory = f"/{bits}-bit" if bits else ""
        memory += f"/{pairs}-pairs" if pairs and pairs != _USUAL_PAIRS else ""
        records[record["scheme"] + memory] = record
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


def known_set(
    scheme: str, kind: str, bits: int | None = None, pairs: int | None = None
) -> dict[str, Any] | None:
    """The fields of a set for `scheme`, on the full PCM model or a memory of `bits`; None: none.

    For as many `pairs`, where there is a set of their own. Between two studied resolutions that are
    as near, the coarser.
    """
    sets = PRESETS[kind]
    if bits is None:
        return sets.get(f"{scheme}/{pairs}-pairs", sets.get(scheme))
    studied = [b for b in range(1, 17) if f"{scheme}/{b}-bit" in sets]
    if not studied:
        return sets.get(scheme)
    nearest = min(studied, key=lambda b: abs(b - bits))
    pulse = 2.0 ** (nearest - bits)
    found = sets[f"{scheme}/{nearest}-bit"]
    return {name: x * pulse if name in _IN_PULSES else x for name, x in found.items()}
