"""Programming all replicas of a `Crossbar` at once: rows of synapses, on all cores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int, Int32
from numba import prange
from torch import Tensor

from pcmlib.base.arrays import part
from pcmlib.base.kernels import kernel
from pcmlib.crossbar.laws import MOST_CORRECTIONS
from pcmlib.crossbar.programming import DRAWS, Devices, Update, program_row, room, verify_row
from pcmlib.device import PCMArray, history_decay
from pcmlib.device.pulses import in_slices


def program_all(
    array: PCMArray,
    turn: Int32[Tensor, "R 2 n_pre n_post"],
    exists: Bool[Tensor, "n_pre n_post"],
    counts: Int32[Tensor, "R 2 n_pre n_post"],
    reset: Bool[Tensor, "R 2 n_pre n_post"],
    goal: Float32[Tensor, "R rows columns"],
    step: Float32[Tensor, "R 2"],
    t: float,
) -> tuple[Int32[Tensor, "R 2 n_pre n_post"], Int[Tensor, " R"]]:
    """`program` at time t (s), or, where there is a goal, `verify`; the new turns, and the reads.

    counts, reset: used up. goal: [n_pre, n_post] of each replica, or empty; step: each replica's
    tolerance and assumed pulse (µS).
    """
    R, (n_pre, _), p = len(turn), exists.shape, array.parameters
    pairs, verified = array.shape[2], bool((step[:, 0] > 0).any())
    most = int(counts.max()) if counts.numel() else 0
    each = MOST_CORRECTIONS * pairs if verified else 1 + most // pairs
    reads = torch.zeros(R, n_pre, dtype=torch.int64)
    asked = [x.numpy() for x in (counts, reset, goal, step)]
    told = t, np.float32(history_decay(p)), array.next_draw(DRAWS) // DRAWS, p.constants()

    def work(state: Sequence[Tensor], begin: int, end: int) -> None:
        devices = Devices(*(x.numpy() for x in (*state, reads, exists)))
        _program_rows(devices, *asked, *told, array.key, begin, end)

    state = in_slices(work, (*array.state, turn), R * n_pre, each * array.G.numel())
    array.take(t, state[:-1])
    return state[-1], reads.sum(1)


@kernel(parallel=True, error_model="numpy")
def _program_rows(devices, counts, reset, goal, step, t, decay, number, p, keys, begin, end):
    for job in prange(begin, end):
        _program_one(job, devices, counts, reset, goal, step, t, decay, number, p, keys)


@kernel(inner=True, error_model="numpy")
def _program_one(job, devices, counts, reset, goal, step, t, decay, number, p, keys):
    """Row `job` of the rows of all replicas."""
    n_pre, n_post = devices.exists.shape
    r, i = job // n_pre, job % n_pre
    one, work = _replica(devices, r, i), room(n_post)
    never = np.float32(0)  # refreshes nothing by itself
    update = Update(t, number, False, False, step[r, 0], step[r, 1], decay, never, never)
    if goal.size > 0:
        verify_row(i, goal[r], counts[r], one, update, p, keys[r], work)
    else:
        program_row(i, counts[r], reset[r], one, update, p, keys[r], work)


@kernel(inner=True, error_model="numpy")
def _replica(devices, r, i):
    """One crossbar of several, with the count of reads of its row i."""
    _, _, pairs, n_pre, n_post = devices.G.shape
    cells, sides = (2, pairs, n_pre, n_post), (2, n_pre, n_post)
    s = r * 2 * n_pre * n_post  # sides before it
    d = s * pairs
    return Devices(
        part(devices.G, d, cells), part(devices.P, d, cells), part(devices.tp, d, cells),
        part(devices.n_set, d, cells), part(devices.n_reset, d, cells),
        part(devices.turn, s, sides), part(devices.reads, r * n_pre + i, (1,)), devices.exists,
    )  # fmt: skip
