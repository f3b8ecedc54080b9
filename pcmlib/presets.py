"""Known sets of hyperparameters: fields of `TrainConfig` that differ from its defaults.

"reference": what srnn-pcm's command line does by default, with the values in its README.
"tuned": the best set of each study whose record lies in ``studies/``; `pcmlib.sweep` repeats one.

A key may name a memory, as in "sign/4-bit"; a scheme without one falls back on its set for the full
PCM model.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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


def _read_studies() -> dict[str, dict[str, Any]]:
    """Records as `pcmlib.sweep.write_record` left them, by key."""
    records = {}
    for path in sorted((Path(__file__).parent / "studies").glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        bits = record["fixed"].get("bits")
        records[record["scheme"] + (f"/{bits}-bit" if bits else "")] = record
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
