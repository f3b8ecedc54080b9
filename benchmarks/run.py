"""Measure what a weight update costs: against the reference, as the problem grows, and by part.

    python benchmarks/run.py [--reference CHECKOUT] [--json benchmarks/results.json]

CHECKOUT is a folder with github.com/YigitDemirag/srnn-pcm at commit 2d91783. Its classes run as
they are, in turns with ours, so that both see the same machine in the same minutes. An update is a
trial of 1 s, its gradient and the programming; compiling is timed apart. Takes about five minutes
with the reference, one without.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pcmlib.base import rng
from pcmlib.eprop import compiled as backward
from pcmlib.srnn import compiled as forward
from pcmlib.training import TrainConfig
from pcmlib.training.network import LAYERS, Network
from pcmlib.training.run import one_torch_thread

MIXED = TrainConfig.preset("mixed-precision", "reference", epochs=100)
VANILLA = TrainConfig.preset("vanilla", "reference", epochs=100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", type=Path, help="checkout of srnn-pcm")
    parser.add_argument("--json", type=Path, default=Path(__file__).with_name("results.json"))
    arguments = parser.parse_args()
    results = {"machine": machine(), "compile_s": compile_time()}
    results["comparison"] = comparison(arguments.reference)
    with one_torch_thread():
        results["growth"] = growth()
        results["profile"] = profile()
    results["machine"]["load_after"] = os.getloadavg()[0]
    arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    print(f"written to {arguments.json}")


def machine() -> dict[str, Any]:
    """Where and when the numbers were taken."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "cpu": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in ("numpy", "torch", "numba")},
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "load_before": os.getloadavg()[0],
    }


def compile_time() -> float:
    """Seconds that the very first update on a machine takes longer, for compiling."""
    program = (
        "import time; from pcmlib.training import TrainConfig, train\n"
        "c = TrainConfig.preset('mixed-precision', 'reference', epochs=1, steps=50)\n"
        "t = time.perf_counter(); train(c); print(time.perf_counter() - t)"
    )
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, check=True
        )
    return float(done.stdout)


# Timing


class Updates:
    """A network, and one weight update after the other."""

    def __init__(self, config: TrainConfig) -> None:
        self.network, self.count = Network(config), 0
        self()

    def __call__(self) -> None:
        config = self.network.config
        sample = torch.full((config.replicas,), self.count % config.samples)
        with one_torch_thread():  # as in train(); the reference has all of torch's threads
            result = self.network.run(sample, self.count)
            self.network.learn(result.gradients, self.count + 1, 0)
        self.count += 1


def timed(work: Callable[[], None], repeats: int) -> dict[str, list[float]]:
    """Wall and CPU seconds of each repeat."""
    wall, cpu = [], []
    for _ in range(repeats):
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - wall_start)
        cpu.append(time.process_time() - cpu_start)
    return {"wall": wall, "cpu": cpu}


# (a) Against the reference

OURS = {
    "mixed precision on PCM, 1 network": (MIXED, 20),
    "mixed precision on PCM, 32 networks": (MIXED.replace(replicas=32), 3),
    "vanilla FP32, 1 network": (VANILLA, 20),
    "vanilla FP32, 32 networks": (VANILLA.replace(replicas=32), 3),
}


def comparison(checkout: Path | None, rounds: int = 3) -> dict[str, Any]:
    """Milliseconds a network and update, the median over all rounds, taken in turns."""
    works: dict[str, tuple[Callable[[], None], int, int]] = {
        name: (Updates(config), repeats, config.replicas)
        for name, (config, repeats) in OURS.items()
    }
    if checkout is not None:
        for scheme in ("mixed-precision", "vanilla"):
            works[f"reference, {scheme}"] = (reference_update(checkout, scheme), 1, 1)
    samples: dict[str, dict[str, list[float]]] = {}
    for _ in range(rounds):
        for name, (work, repeats, networks) in works.items():
            times = timed(work, repeats)
            kept = samples.setdefault(name, {"wall": [], "cpu": []})
            for clock, values in times.items():
                kept[clock] += [1e3 * value / networks for value in values]
        print({name: round(statistics.median(kept["wall"]), 2) for name, kept in samples.items()})
    return {
        name: {
            "wall_ms": statistics.median(kept["wall"]),
            "cpu_ms": statistics.median(kept["cpu"]),
            "updates": len(kept["wall"]),
        }
        for name, kept in samples.items()
    }


def reference_update(checkout: Path, scheme: str) -> Callable[[], None]:
    """One update of the reference, by its own classes: what `train.py` does for a sample."""
    sys.path.insert(0, str(checkout))
    from srnn import SRNN
    from train import Sinusoids

    mixed = scheme == "mixed-precision"
    c = MIXED if mixed else VANILLA
    torch.manual_seed(0)
    data = Sinusoids(seq_length=1000, num_samples=3, num_inputs=100, input_freq=50)
    network = SRNN(
        inp_dim=100, out_dim=1, n_rec=100, thr=c.threshold, tau_rec=c.tau_rec, tau_out=c.tau_out,
        lr_inp=c.lr_in, lr_rec=c.lr_rec, lr_out=c.lr_out, w_init_gain=c.feedback_gain, n_t=1000,
        n_b=1, gamma=c.gamma, dt=c.dt, reg=c.regularisation, f0=c.target_rate, xbar=mixed,
        xbar_n=1, perf=False, xbar_res=3, xbar_scale=c.scale, prob_scale=1, grad_thr=0,
        method=scheme, device=torch.device("cpu"),
    )  # fmt: skip
    network.eval()
    count = 0

    def update() -> None:
        nonlocal count
        x, y = data[count % 3]
        with torch.no_grad():
            output = network(x[None], tp=count * 38.6)
            network.calc_traces(x[None])
            network.acc_gradient(output - y[:, None, None])
            network.do_weight_update(tp=(count + 1) * 38.6)
        count += 1

    return update


# (b) Growth


def growth() -> dict[str, list[dict[str, float]]]:
    """Milliseconds an update and network (mixed precision on PCM) as one size grows."""
    sizes = {
        "n_rec": [50, 100, 200, 400, 1000],
        "steps": [250, 500, 1000, 2000, 4000],
        "pairs": [1, 2, 4, 8, 16],
        "replicas": [1, 2, 4, 8, 16, 32, 64],
    }
    table: dict[str, list[dict[str, float]]] = {}
    for name, values in sizes.items():
        table[name] = []
        for value in values:
            config = MIXED.replace(epochs=10, **{name: value})
            wall = timed(Updates(config), 5)["wall"]
            milliseconds = 1e3 * statistics.median(wall) / config.replicas
            table[name].append({"value": value, "ms": milliseconds})
        print(name, [round(row["ms"], 2) for row in table[name]])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    table["peak_memory_gib"] = [{"value": 0, "ms": peak}]
    return table


# (c) Where the time goes


def profile(repeats: int = 20) -> dict[str, float]:
    """Parts of an update of one network in ms, and the floor: reads times the cost of a normal."""
    updates = Updates(MIXED)
    network = updates.network
    for _ in range(3):
        updates()
    parts: dict[str, list[float]] = {}
    reads = []
    for _ in range(repeats):
        sample = torch.tensor([0])
        for layer in network.layers.values():
            layer.begin_trial(updates.count)
        clock = _Clock(parts)
        rows = {n: network.layers[n].rows(network._keys[n], updates.count) for n in LAYERS}
        spikes = network._spikes._replace(first=network._spikes.first[[0]])
        clock("look up devices' ages")
        current = forward.input_currents(spikes, rows["in"], 100)
        clock("read the input's synapses")
        trial = forward.recur(current, rows["rec"], rows["out"], 1, network._constants)
        clock("recurrence, with its reads")
        target = network.targets[:, 0].numpy()
        backward.gradients(
            spikes, *trial, target, network.feedback.numpy(), network._constants, 100
        )
        clock("gradient")
        result = network.run(sample, updates.count)
        clock(None)
        network.learn(result.gradients, updates.count + 1, 0)
        clock("program the crossbars")
        updates.count += 1
        spike_count = int(trial[1].sum())
        reads.append(2 * (100 * (spikes.first[0, -2] + spike_count) + spike_count))
    block = np.empty(rng.BLOCK, np.float32)
    rng.fill_normal(block, np.uint64(1), 0, 0, 0)
    normals = timed(lambda: _normals(block), 20)["wall"]
    per_normal = min(normals) / (1000 * rng.BLOCK)
    result = {name: 1e3 * statistics.median(values) for name, values in parts.items()}
    result["reads"] = statistics.median(reads)
    result["ns_a_normal"] = 1e9 * per_normal
    result["floor_ms"] = 1e3 * per_normal * result["reads"] / (os.cpu_count() or 1)
    print(result)
    return result


def _normals(block: np.ndarray) -> None:
    for k in range(1000):
        rng.fill_normal(block, np.uint64(1), 0, 0, k)


class _Clock:
    """Adds the time since the last call to a list of that name."""

    def __init__(self, parts: dict[str, list[float]]) -> None:
        self.parts, self.last = parts, time.perf_counter()

    def __call__(self, name: str | None) -> None:
        now = time.perf_counter()
        if name is not None:
            self.parts.setdefault(name, []).append(now - self.last)
        self.last = time.perf_counter()


if __name__ == "__main__":
    main()
