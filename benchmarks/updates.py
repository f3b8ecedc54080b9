"""What one update of a training costs, with the pcmlib that Python finds: of any commit.

    echo CONFIGURATION | python benchmarks/updates.py EPOCHS

prints seconds a network and update, by two trainings of different lengths, as JSON.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time

from pcmlib.training import TrainConfig, train


def measure(config: TrainConfig, epochs: int) -> dict[str, float]:
    """Wall and CPU seconds that an update of one network takes, over `epochs` epochs."""
    taken = []
    for length in (2, 2 + epochs):
        cpu = time.process_time()
        run = train(config.replace(epochs=length, snapshots=(length,)), progress=False)
        taken.append((run.seconds, time.process_time() - cpu))
    updates = epochs * config.samples
    wall, cpu = ((b - a) / updates / config.replicas for a, b in zip(*taken, strict=True))
    return {"wall": wall, "cpu": cpu, "updates": updates}


if __name__ == "__main__":
    told, known = json.load(sys.stdin), {field.name for field in dataclasses.fields(TrainConfig)}
    config = TrainConfig.from_dict({name: x for name, x in told.items() if name in known})
    measure(config, 1)  # compiles
    print(json.dumps(measure(config, int(sys.argv[1]))))
