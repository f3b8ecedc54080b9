"""The problems of `problems.py` in NEST and here, in turns: wall time of an update.

Here the same network starts from the same weights and sees the same inputs, as FP32 and with every
synapse on PCM (whose weights are then the devices', of the same size). Ours learns by plain
gradient descent in single precision, NEST by its optimizers in double precision.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import problems

from pcmlib.base.cores import one_torch_thread
from pcmlib.training import TrainConfig
from pcmlib.training.network import Network
from pcmlib.training.presets import EVIDENCE
from pcmlib.training.samples import as_samples, sized

HERE = Path(__file__).parent
UPDATES = {"NEST": 20, "pcmlib": 200}
TAU = {"regression": 30e-3, "classification": 20e-3}  # s
THETA = {"regression": 0.03, "classification": 0.6}


def beside_nest(python: Path, rounds: int = 3) -> dict[str, Any]:
    """Milliseconds an update, by problem; the Python is one that imports nest."""
    found = {}
    for name in problems.KNOWN:
        taken: dict[str, list[dict[str, Any]]] = {}
        for _ in range(rounds):
            for threads in (1, 2):
                one = in_nest(python, name, threads)
                np.testing.assert_allclose(one["losses"], problems.KNOWN[name], rtol=1e-9)
                taken.setdefault(f"NEST {one['version']}, threads: {threads}", []).append(one)
            for scheme in ("vanilla", "mixed-precision"):
                for networks in (1, 2):
                    title = f"pcmlib, {scheme}, networks: {networks}"
                    taken.setdefault(title, []).append(here(name, scheme, networks))
        found[name] = {
            title: {
                "wall_ms": 1e3 * statistics.median(one["wall"] for one in same),
                "rate_hz": same[-1]["rate_hz"],
                "first_spikes": same[-1]["first_spikes"],
            }
            for title, same in taken.items()
        }
        print(name, {title: round(one["wall_ms"], 2) for title, one in found[name].items()})
    return found


def in_nest(python: Path, name: str, threads: int) -> dict[str, Any]:
    """What `in_nest.py` prints; its idle threads leave the cores to others."""
    done = subprocess.run(
        [python, HERE / "in_nest.py", name, str(UPDATES["NEST"]), str(threads)],
        env={**os.environ, "OMP_WAIT_POLICY": "passive", "PYNEST_QUIET": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def here(name: str, scheme: str, networks: int) -> dict[str, Any]:
    """Seconds an update and network, each on one core, and the mean rate."""
    network = start(name, scheme, networks)
    first = int(network.ask(0).spikes[0, 0].sum())
    network.epoch(0)
    epochs = network.config.epochs - 1
    with one_torch_thread():
        begun = time.perf_counter()
        rates = [network.epoch(1 + k)[1].mean().item() for k in range(epochs)]
        seconds = time.perf_counter() - begun
    wall = seconds / (epochs * network.config.epoch_updates * networks)
    return {"wall": wall, "rate_hz": statistics.mean(rates), "first_spikes": first}


def start(name: str, scheme: str, networks: int = 1) -> Network:
    """NEST's network as one of ours: constants are its own, as it reads them."""
    problem, evidence = problems.draw(name, 20), name == "classification"
    theta, T = THETA[name], problems.STEPS[name]
    leak = math.exp(-1e-3 / TAU[name])  # of membrane and readout
    x = np.roll(problem["inputs"], -1, axis=1)  # an input spike acts on v a step earlier
    x[:, -1] = False
    config = TrainConfig(
        scheme=scheme, replicas=networks, n_rec=problems.N, threshold=theta, gamma=0.3 / theta,
        tau_rec=TAU[name], tau_out=TAU[name], gradient_limit=None, target_rate=10.0,
        regularisation=300.0 * 1e-3 / T, **_learning(name, scheme),
    )  # fmt: skip
    counts = np.arange(T) >= T - problems.RECALL if evidence else None
    samples = as_samples(x, problem["targets"], config, counts)
    config = sized(config, samples, evidence)
    config = config.replace(epochs=UPDATES["pcmlib"] // config.samples)
    enters = 1.0 if evidence else 1 - leak
    weights = {
        "in": enters * problem["w_in"], "rec": enters * problem["w_rec"],
        "out": (1 - leak) * problem["w_out"],
    }  # fmt: skip
    network = Network(config, samples=samples, weights=weights)
    for state in network.states:
        state.feedback[:] = problem["feedback"]
    return network


def _learning(name: str, scheme: str) -> dict[str, Any]:
    """Rates, and how weights stand on devices: below 8 µS."""
    leak = math.exp(-1e-3 / TAU[name])
    if name == "regression":  # NEST's, for weights as they enter here
        rates = {"lr_in": 1e-4 * (1 - leak) ** 3, "lr_out": 1e-4 * (1 - leak) ** 2}
        rates["lr_rec"], scale = rates["lr_in"], 500.0
    else:
        rates, scale = {key: EVIDENCE[key] for key in ("lr_in", "lr_rec", "lr_out")}, 12.0
        rates |= {"adaptive": problems.ADAPTIVE[name], "refractory": 5, "tau_adapt": 2.0}
        rates["beta"] = 1.7 * (1 - math.exp(-1 / 2000)) / (1 - leak)
    if scheme == "vanilla":
        return rates
    return {**rates, "scale": scale, "assumed_pulse": 0.75, "quantum": 0.75 / scale}
