"""Layers on PCM in aihwkit and here, in turns, each on one core: a training step, and SETs.

python benchmarks/beside_aihwkit.py PYTHON    # one that imports aihwkit 1.2
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
from layers import AT_ONCE, DEVICES, SIDES, seconds, step

import pcmlib
from pcmlib.device import PCMArray
from pcmlib.nn import PCMLinear, PulseOptimizer

HERE = Path(__file__).parent
SCHEMES = ("mixed-precision", "stochastic")
ONE_CORE = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


def beside_aihwkit(python: Path, rounds: int = 3) -> dict[str, Any]:
    """Milliseconds of a step by layer and side, and SETs per second: medians over all rounds."""
    programs = {"aihwkit": [python, HERE / "in_aihwkit.py"], "pcmlib": [sys.executable, __file__]}
    taken: dict[str, list[dict[str, Any]]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            done = subprocess.run(
                program, env=os.environ | ONE_CORE, stdout=subprocess.PIPE, text=True, check=True
            )
            taken[name].append(json.loads(done.stdout.splitlines()[-1]))
    found: dict[str, Any] = {"steps_ms": {}, "sets": {}}
    for name, runs in taken.items():
        title = f"{name} {runs[0]['version']}"
        found["sets"][title] = _medians([run["sets"] for run in runs])
        for layer in runs[0]["steps"]:
            steps = _medians([run["steps"][layer] for run in runs])
            found["steps_ms"][f"{title}, {layer}"] = {n: 1e3 * s for n, s in steps.items()}
    print(json.dumps(found, indent=1))
    return found


def _medians(runs: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def here() -> dict[str, Any]:
    """What `in_aihwkit.py` prints, of pcmlib."""
    torch.set_num_threads(1)
    return {
        "version": pcmlib.__version__,
        "steps": {scheme: {n: train(scheme, n) for n in SIDES} for scheme in SCHEMES},
        "sets": {k: sets(k) for k in AT_ONCE},
    }


def train(scheme: str, side: int) -> float:
    """Seconds of a step."""
    layer = PCMLinear(side, side, bias=False)
    return step(layer, PulseOptimizer(layer, scheme, lr=0.1), side)


def sets(at_once: int) -> float:
    """SETs per second."""
    array, counts = PCMArray((DEVICES,)), torch.full((DEVICES,), at_once)
    return at_once * DEVICES / seconds(lambda: array.set(0.0, counts))


if __name__ == "__main__":
    if len(sys.argv) == 1:
        print(json.dumps(here()))
    else:
        beside_aihwkit(Path(sys.argv[1]))
