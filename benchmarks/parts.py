"""Where an update's time goes: its parts on one core, each beside its floor.

The floors: a normal number for each neuron and step; for each spike an addition of a row, of three
numbers a synapse in a trial and of one in a gradient; a copy of what a part has to read and write.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from pcmlib.base import rng
from pcmlib.device.record import in_force
from pcmlib.network.drift import course_of
from pcmlib.network.gradient import _sum_rows, gradients, limit
from pcmlib.network.loss import judge
from pcmlib.network.reads import reads_of, share_a_curve
from pcmlib.network.state import Spikes, layer, neurons
from pcmlib.network.trial import _add_rows, read_out, recur
from pcmlib.network.update import learn
from pcmlib.training import TrainConfig
from pcmlib.training.network import Network

STAGES = (
    "moments of reads",
    "input and recurrence",
    "readout",
    "gradient",
)


@njit(error_model="numpy")
def trial(state, run, s, target, counts, update, y, stages):
    """A trial and its gradient, as far as its first `stages` stages."""
    p, c = in_force(run), neurons(run)
    course, draw = course_of(run, p, state.young, state.factor), 16 * update
    w_in, w_rec, w_out = layer(state, run, 0), layer(state, run, 1), layer(state, run, 2)
    inputs = Spikes(state.first[s], state.index[s], state.when[s])
    z = Spikes(state.z_first, state.z_index, state.z_when)
    shared = share_a_curve((w_in, w_rec, w_out), update, p, course)
    rows_in = reads_of(w_in, p, course, update, draw, shared)
    rows_rec = reads_of(w_rec, p, course, update, draw, shared)
    rows_out = reads_of(w_out, p, course, update, draw, shared)
    if stages > 1:
        recur(inputs, rows_in, rows_rec, c, state.v, state.theta, z)
    if stages > 2:
        read_out(z, rows_out, c.kappa, y)
    if stages > 3:
        state.gradient[:] = 0
        judge(y, target, counts, run.classes > 0, state.error)
        gradients(
            inputs, z, state.v, state.theta, state.error, state.feedback, c, w_in.gradient,
            w_rec.gradient, w_out.gradient, state.rate,
        )  # fmt: skip
        limit(state.gradient, np.float32(run.gradient_limit))


def profile(config: TrainConfig, repeats: int = 20) -> dict[str, Any]:
    """Parts of an update of one network, in ms, each beside its floor."""
    network = Network(config)
    for epoch in range(3):
        network.epoch(epoch)
    state, run = network.states[0], network._runs[0]
    T, n = state.v.shape
    y = np.zeros((T, config.n_out), np.float32)
    target, counts = network.targets[0, 0].numpy(), network.counts[0, 0].numpy()
    update = 3 * config.samples
    until = [
        least(lambda stages=k: trial(state, run, 0, target, counts, update, y, stages), repeats)
        for k in range(1, len(STAGES) + 1)
    ]
    spikes, inputs = int(state.z_first[-1]), int(state.first[0, -1])
    before = network.state()
    rules = network._rules

    def programming() -> None:
        learn(state, run, update + 1, 3, *rules)

    taken = [b - a for a, b in zip([0.0, *until], until, strict=False)]
    taken.append(least(programming, repeats))
    network.load(before)
    normal, byte, row, three_rows = normal_cost(), byte_cost(), row_cost(n), sum_cost(3 * n)
    devices = 2 * config.synapses
    floors = (
        (12 * config.synapses + 12 * devices) * byte,
        n * T * normal + (inputs + spikes) * three_rows,
        config.n_out * T * normal,
        (inputs + spikes) * row,
        (16 * config.synapses + 4 * devices) * byte,
    )
    names = (*STAGES, "scheme and programming")
    parts = zip(names, taken, floors, strict=True)
    return {
        "parts": {name: {"ms": 1e3 * t, "floor_ms": 1e3 * floor} for name, t, floor in parts},
        "reads": 2 * n * (inputs + spikes) + 2 * config.n_out * spikes,
        "ns_a_normal": 1e9 * normal,
    }


def normal_cost() -> float:
    """Seconds a normal number takes one core."""
    block = np.empty(2 * rng.BLOCK, np.float32)
    return least(lambda: [rng.fill_normal(block, np.uint64(1), 0, 0, k) for k in range(100)]) / (
        100 * block.size
    )


def row_cost(n: int) -> float:
    """Seconds it takes to add one row of n numbers to another, in a gradient's kernel."""
    index = np.arange(10_000, dtype=np.int32) % 100
    spikes = Spikes(np.array([0, len(index)]), index, np.zeros_like(index))
    g, rows = np.zeros((100, n), np.float32), np.ones((1, n), np.float32)
    return least(lambda: _sum_rows(g, spikes, rows, 0)) / len(index)


@njit(error_model="numpy")
def add_rows(total, rows, index):
    """The sum of some rows, as of all the spikes of a step."""
    _add_rows(total, rows, index, 0, len(index))


def sum_cost(n: int) -> float:
    """Seconds it takes to add a row of n numbers to a sum, in a trial's kernel."""
    index = np.arange(10_000, dtype=np.int32) % 100
    total, rows = np.zeros(n, np.float32), np.zeros((100, n), np.float32)
    return least(lambda: add_rows(total, rows, index)) / len(index)


def byte_cost() -> float:
    """Seconds it takes to read a byte and write another, of arrays as large as a network's."""
    a, b = np.zeros(20_000, np.float32), np.zeros(20_000, np.float32)
    return least(lambda: [np.copyto(a, b) for _ in range(100)]) / (100 * 2 * a.nbytes)


def least(work: Callable[[], Any], repeats: int = 20) -> float:
    """Median seconds of the faster half of some calls, the first apart."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(sorted(times)[: max(1, repeats // 2)])
