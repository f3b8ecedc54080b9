"""Measure what a weight update costs: against the reference and an earlier commit, and by part.

    python benchmarks/run.py [--reference CHECKOUT] [--before CHECKOUT] [--nest PYTHON]
                             [--aihwkit PYTHON] [--json results.json]

The reference's CHECKOUT is a folder with github.com/YigitDemirag/srnn-pcm at commit 2d91783, whose
classes run as they are; that of --before one with pcmlib at an earlier commit; --nest is a Python
with nest-simulator 3.10, --aihwkit one with aihwkit 1.2. All run in turns, so that they see the
same machine in the same minutes. An update is a trial of 1 s, its gradient and the programming;
compiling is timed apart. Takes about five minutes with the reference.
"""

from __future__ import annotations

import argparse
import datetime
import functools
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

import parts
import torch
from beside_aihwkit import beside_aihwkit
from beside_nest import beside_nest

from pcmlib.base.cores import one_torch_thread
from pcmlib.training import TrainConfig
from pcmlib.training.network import Network

HERE = Path(__file__).parent

MIXED = TrainConfig.preset("mixed-precision", "reference", epochs=100)
VANILLA = TrainConfig.preset("vanilla", "reference", epochs=100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", type=Path, help="checkout of srnn-pcm")
    parser.add_argument("--before", type=Path, help="checkout of pcmlib at an earlier commit")
    parser.add_argument("--nest", type=Path, help="a Python that imports nest")
    parser.add_argument("--aihwkit", type=Path, help="a Python that imports aihwkit")
    parser.add_argument("--json", type=Path, default=Path(__file__).with_name("results.json"))
    arguments = parser.parse_args()
    results = {"machine": machine(), "compile_s": compile_time()}
    results["comparison"] = comparison(arguments.reference, arguments.before)
    if arguments.nest is not None:
        results["nest"] = beside_nest(arguments.nest)
    if arguments.aihwkit is not None:
        results["aihwkit"] = {
            **{key: results["machine"][key] for key in ("date", "cpu")},
            **beside_aihwkit(arguments.aihwkit),
        }
    with one_torch_thread():
        results["growth"] = growth()
        results["profile"] = parts.profile(MIXED)
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
        folders = ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "TMPDIR")  # where kernels are kept
        environment = {**os.environ, **dict.fromkeys(folders, cache)}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, check=True
        )
    return float(done.stdout)


# Timing


class Epochs:
    """A run, and one epoch after the other of it; `updates` of one network in each."""

    def __init__(self, config: TrainConfig) -> None:
        self.network, self.count, self.updates = Network(config), 0, config.samples
        self()

    def __call__(self) -> None:
        with one_torch_thread():  # as in train(); the reference has all of torch's threads
            self.network.epoch(self.count)
        self.count += 1


def timed(work: Callable[[], None]) -> dict[str, float]:
    """Wall and CPU seconds of one update by `work`."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "updates": 1,
    }


# (a) Against the reference, and an earlier commit

OURS = {
    "mixed precision on PCM, 1 network": (MIXED, 30),
    "mixed precision on PCM, 32 networks": (MIXED.replace(replicas=32), 4),
    "vanilla FP32, 1 network": (VANILLA, 60),
    "vanilla FP32, 32 networks": (VANILLA.replace(replicas=32), 8),
}


def comparison(checkout: Path | None, before: Path | None, rounds: int = 3) -> dict[str, Any]:
    """Milliseconds a network and update, the median over all rounds, taken in turns."""
    works: dict[str, Callable[[], dict[str, float]]] = {}
    for name, (config, epochs) in OURS.items():
        works[name] = functools.partial(trained, HERE.parent, config, epochs)
        if before is not None:
            works[f"{name}, before"] = functools.partial(trained, before, config, epochs)
    if checkout is not None:
        for scheme in ("mixed-precision", "vanilla"):
            update = reference_update(checkout, scheme)
            works[f"reference, {scheme}"] = lambda update=update: timed(update)
    samples: dict[str, list[dict[str, float]]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            samples[name].append(work())
        medians = {name: statistics.median(x["wall"] for x in s) for name, s in samples.items()}
        print({name: round(1e3 * wall, 2) for name, wall in medians.items()})
    return {
        name: {
            **{f"{k}_ms": 1e3 * statistics.median(x[k] for x in taken) for k in ("wall", "cpu")},
            "updates": sum(x["updates"] for x in taken),
        }
        for name, taken in samples.items()
    }


def trained(package: Path, config: TrainConfig, epochs: int) -> dict[str, float]:
    """Seconds an update and network by `updates.py`, with the pcmlib that lies in `package`."""
    done = subprocess.run(
        [sys.executable, HERE / "updates.py", str(epochs)],
        input=json.dumps(config.to_dict()),
        env={**os.environ, "PYTHONPATH": str(package)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


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


def growth() -> dict[str, list[dict[str, Any]]]:
    """Milliseconds an update and network (mixed precision on PCM) as one size grows."""
    sizes = {
        "n_rec": [50, 100, 200, 400, 1000],
        "steps": [250, 500, 1000, 2000, 4000],
        "pairs": [1, 2, 4, 8, 16],
        "replicas": [1, 2, 4, 8, 16, 32, 64],
    }
    table: dict[str, list[dict[str, Any]]] = {}
    for name, values in sizes.items():
        table[name] = [{"value": x, "ms": _milliseconds({name: x})} for x in values]
    drift = {"one": (), "nu(G)": ("nu_slope",), "each device's": ("nu_spread",)}
    for networks in (1, 8):
        table[f"drift of {networks}"] = [
            {
                "value": name,
                "ms": _milliseconds(
                    {"replicas": networks, "constants": tuple((n, 0.01) for n in changed)}
                ),
            }
            for name, changed in drift.items()
        ]
    for name, rows in table.items():
        print(name, [round(row["ms"], 2) for row in rows])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    table["peak_memory_gib"] = [{"value": 0, "ms": peak}]
    return table


def _milliseconds(changes: dict[str, Any]) -> float:
    """An update of one network, with these fields changed: the median of five epochs."""
    config = MIXED.replace(epochs=10, **changes)
    epochs = Epochs(config)
    wall = statistics.median(timed(epochs)["wall"] for _ in range(5))
    return 1e3 * wall / epochs.updates / config.replicas


if __name__ == "__main__":
    main()
