"""One network as plain arrays, and a layer of it as views into them.

Layers are the input's, the recurrent one and the readout's. If crossbars hold what the scheme's
rule keeps, three more ("memories") follow, one for each of these. The synapses of all layers lie
one layer after the other, each [n_pre, n_post]; so do their devices, each [2, N, n_pre, n_post].

Compiled functions take a network as (state, run): its arrays, and the numbers of its configuration
(a record, as `pcmlib.training.record` makes it).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, Int64, UInt64
from numpy import ndarray as Array

from pcmlib.base.arrays import part
from pcmlib.base.kernels import kernel
from pcmlib.crossbar.programming import Devices
from pcmlib.device.record import in_force

LAYERS = ("in", "rec", "out")
MEMORIES = tuple(f"kept {name}" for name in LAYERS)
_F = np.float32


class Spikes(NamedTuple):
    """Spikes by time: neurons index[first[t] : first[t+1]] spike at step t."""

    first: np.ndarray  # int64 [T+1]
    index: np.ndarray  # int32
    when: np.ndarray  # int32, the step of each


class State(NamedTuple):
    """One network, its task and room to work; empty where a run does not need it."""

    shapes: Int64[Array, "6 2"]  # n_pre and n_post of each layer and memory
    # of synapses, one after the other
    weights: Float32[Array, " n"]  # digital, or those of an ideal memory as a trial reads it
    exists: Float32[Array, " n"]  # 1 or 0
    kept: Float32[Array, " n"]  # what the scheme's rule keeps; of a memory, as last read
    gradient: Float32[Array, " n"]
    turn: Int32[Array, " 2n"]  # of both sides of a synapse, as of `Devices`
    counts: Int32[Array, " 2n"]  # likewise: pulses of the present update
    reset: Bool[Array, " 2n"]  # likewise
    # of devices, one after the other: see `Devices`
    G: Float32[Array, " d"]  # µS
    P: Float32[Array, " d"]
    tp: Float64[Array, " d"]  # s; below 0 before a rest
    n_set: Int32[Array, " d"]
    n_reset: Int32[Array, " d"]
    deviate: Float32[Array, " d"]  # of each drift exponent, in standard deviations
    reads: Int64[Array, " 6"]  # reads of synapses that programming needed
    gain: Float32[Array, " 6"]  # weight for each µS, 1 / (N scale)
    keys: UInt64[Array, "6 2"]  # of a layer's updates, and of its reads
    order: UInt64[Array, " 1"]  # key of the samples' order
    feedback: Float32[Array, "n_rec n_out"]
    # drift in trials: as of `Course`
    young: Float32[Array, " T"]
    factor: Float32[Array, " ages"]
    # what the present trial reads: as of `Reads`, one layer after the other
    sums: Float32[Array, " 6n"]
    single_first: Int32[Array, " rows"]
    single_post: Int32[Array, " d"]
    single_G: Float32[Array, " d"]
    single_weight: Float32[Array, " d"]
    single_start: Float32[Array, " d"]  # empty where all of them follow the course's `young`
    single_nu: Float32[Array, " d"]  # likewise
    # inputs by time, of each sample: as of `Spikes`
    first: Int64[Array, "S T+1"]
    index: Int32[Array, "S spikes"]
    when: Int32[Array, "S spikes"]
    # the present trial
    v: Float32[Array, "T n_rec"]
    theta: Float32[Array, "T n_rec"]  # thresholds; [1, n_rec] where they stand still
    z_first: Int64[Array, " T+1"]  # spikes: as of `Spikes`
    z_index: Int32[Array, " spikes"]
    z_when: Int32[Array, " spikes"]
    rate: Float32[Array, " n_rec"]  # Hz
    error: Float32[Array, "T n_out"]


LEARNT = ("weights", "kept", "turn", "G", "P", "tp", "n_set", "n_reset", "reads")
"""What training changes: all that a checkpoint has to keep."""


class Singles(NamedTuple):
    """Devices that a trial reads one by one: first[i] to first[i+1] are those of row i."""

    first: np.ndarray  # int32 [n_pre + 1]
    post: np.ndarray  # int32, postsynaptic neuron
    G: np.ndarray  # float32, µS
    weight: np.ndarray  # float32, weight for each µS, negative on the side of G-
    start: np.ndarray  # float32, age at the start of the trial, s
    nu: np.ndarray  # float32, drift exponent


class Layer(NamedTuple):
    """Views of one layer."""

    digital: bool
    analogue: bool  # read with drift and noise, device by device
    weights: np.ndarray  # float32 [n_pre, n_post]
    devices: Devices  # of a digital layer, G is [1, 1, n_pre, n_post], its weights
    deviate: np.ndarray  # [2, N, n_pre, n_post]
    sums: np.ndarray  # room for those of `Reads`: [n_pre, 6 n_post], or empty
    singles: Singles
    kept: np.ndarray  # [n_pre, n_post]
    gradient: np.ndarray  # [n_pre, n_post]
    counts: np.ndarray  # [2, n_pre, n_post]
    reset: np.ndarray  # [2, n_pre, n_post]
    gain: np.float32
    key: np.uint64
    read_key: np.uint64


class Neurons(NamedTuple):
    """Constants of the neurons, the learning signal and the gradient."""

    alpha: np.float32  # exp(-dt / tau_rec)
    kappa: np.float32  # exp(-dt / tau_out)
    gamma: np.float32
    dt: np.float32  # s
    threshold: np.float32  # theta, of a neuron that has not spiked
    lif: int  # neurons of this number and on adapt
    beta: np.float32  # by which each spike raises their threshold
    rho: np.float32  # exp(-dt / tau_adapt)
    refractory: np.int32  # steps from a spike to the next, at least
    reg: np.float32  # 1/Hz
    rate: np.float32  # Hz, that the regularisation pulls to


@kernel(inner=True, borrows=True, error_model="numpy")
def neurons(run):
    """The constants of a run's neurons."""
    return Neurons(
        _F(math.exp(-run.dt / run.tau_rec)), _F(math.exp(-run.dt / run.tau_out)), _F(run.gamma),
        _F(run.dt), _F(run.threshold), int(run.n_rec - run.adaptive), _F(run.beta),
        _F(math.exp(-run.dt / run.tau_adapt)), np.int32(run.refractory), _F(run.regularisation),
        _F(run.target_rate),
    )  # fmt: skip


@kernel(inner=True, borrows=True, error_model="numpy")
def thresholds_move(run):
    """Whether a neuron's threshold changes in a trial."""
    return run.adaptive > 0 or run.refractory > 1


@kernel(inner=True, borrows=True, error_model="numpy")
def is_analogue(run):
    """Whether devices are read with drift and noise."""
    p = in_force(run)
    return run.on_crossbar > 0 and (p.drift > 0 or p.read_noise > 0)


@kernel(inner=True, error_model="numpy")
def layer(state, run, k):
    """Layer k of a network: 0, 1 and 2 for input, recurrence and readout; then their memories."""
    n_pre, n_post = state.shapes[k, 0], state.shapes[k, 1]
    s = i = 0  # synapses and rows before it
    for before in range(k):
        s += state.shapes[before, 0] * state.shapes[before, 1]
        i += state.shapes[before, 0] + 1
    digital, analogue, pairs = run.on_crossbar == 0, is_analogue(run), int(run.pairs)
    synapses = n_pre, n_post
    weights = part(state.weights, 0 if analogue else s, (0, 0) if analogue else synapses)
    exists = part(state.exists, s, synapses)
    sides = (2, 0, 0) if digital else (2, n_pre, n_post)
    cells = (2, pairs, 0, 0) if digital else (2, pairs, n_pre, n_post)
    d, r = (0, 0) if digital else (2 * s, 2 * pairs * s)
    G = part(state.weights, s, (1, 1, n_pre, n_post)) if digital else part(state.G, r, cells)
    devices = Devices(
        G, part(state.P, r, cells), part(state.tp, r, cells), part(state.n_set, r, cells),
        part(state.n_reset, r, cells), part(state.turn, d, sides), state.reads[k : k + 1], exists,
    )  # fmt: skip
    read = analogue and k < 3  # in trials
    row = 6 * n_post if read and len(state.sums) else 0
    listed = 2 * pairs * n_pre * n_post if read else 0
    by_law = listed if len(state.single_nu) else 0
    a = r if read else 0
    singles = Singles(
        part(state.single_first, i if read else 0, (n_pre + 1,)),
        part(state.single_post, a, (listed,)), part(state.single_G, a, (listed,)),
        part(state.single_weight, a, (listed,)), part(state.single_start, a, (by_law,)),
        part(state.single_nu, a, (by_law,)),
    )  # fmt: skip
    sums = part(state.sums, 6 * s if row else 0, (n_pre, row))
    return Layer(
        digital, analogue, weights, devices, part(state.deviate, r, cells), sums, singles,
        part(state.kept, s, synapses), part(state.gradient, s, synapses),
        part(state.counts, d, sides), part(state.reset, d, sides), state.gain[k],
        state.keys[k, 0], state.keys[k, 1],
    )  # fmt: skip


@kernel(inner=True, borrows=True, error_model="numpy")
def synapses(state):
    """How many the three layers have."""
    total = 0
    for k in range(3):
        total += state.shapes[k, 0] * state.shapes[k, 1]
    return total


@kernel(inner=True, borrows=True, error_model="numpy")
def copy(x, out):
    """Copy one array of a layer's synapses; out[:] = x takes seconds to compile."""
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[i, j] = x[i, j]
