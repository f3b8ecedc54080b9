"""Known sets of hyperparameters: fields of `TrainConfig` that differ from its defaults.

"reference": what srnn-pcm's command line does by default, with the values in its README.
"tuned": the best set of each study whose record lies in ``studies/``.
"refreshed": the same of ``studies/refreshed/``, whose searches had a wider space: how often
saturated synapses are refreshed, scales up to 1000 µS, and each scheme's own start. `pcmlib.sweep`
makes another of these.

A key may name an ideal memory or a number of pairs, as in "sign/4-bit" and "multi-mem/8-pairs". A
set for one resolution serves those without: what it counts in pulses follows the size of a pulse,
and the range of the weights stays. A scheme without such a set falls back on its set for the full
PCM model, as that is.
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
REFRESHED: dict[str, dict[str, Any]] = _read_studies(_STUDIES / "refreshed")

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
    "refreshed": {key: record["best"] for key, record in REFRESHED.items()},
}

_IN_PULSES = {"quantum": 0.125, "assumed_pulse": 0.75, "prob_scale": 1.0}  # with their defaults


def known_set(
    scheme: str, kind: str, bits: int | None = None, pairs: int | None = None
) -> dict[str, Any] | None:
    """The fields of a set for `scheme`, on the full PCM model or a memory of `bits`; None: none.

    For as many `pairs`, where there is a set of their own.
    """
    sets = PRESETS[kind]
    if bits is None and f"{scheme}/{pairs}-pairs" in sets:
        return sets[f"{scheme}/{pairs}-pairs"]
    studied = [b for b in range(1, 17) if f"{scheme}/{b}-bit" in sets]
    if bits is None or not studied:
        return sets.get(scheme)
    nearest = min(studied, key=lambda b: abs(b - bits))
    found, pulse = dict(sets[f"{scheme}/{nearest}-bit"]), 2.0 ** (nearest - bits)
    for name, default in _IN_PULSES.items():
        found[name] = found.get(name, default) * pulse
    return found
