"""A network's samples as a page draws them: those of its task, frozen or new ones in each epoch."""

from __future__ import annotations

import math

from pcmlib.base.kernels import kernel
from pcmlib.network.start import by_time, make_state
from pcmlib.network.state import copy
from pcmlib.tasks import TASKS, draw_task
from pcmlib.tasks.evidence import draw_evidence
from pcmlib.tasks.samples import key_of

_EVIDENCE = list(TASKS).index("evidence")


@kernel(inner=True, error_model="numpy")
def begin(run, seed, x):
    """The network of `run` and a seed before its training, with room for the spikes of any inputs.

    x: bool [S, T, n_in], all False; `draw_samples` fills it in later.
    """
    most = x.shape[1] * x.shape[2]
    mean = max(run.input_rate, run.noise_rate) * run.dt * most
    room = min(most, int(mean + 12 * math.sqrt(mean)) + 100)  # never more, in any sample
    for k in range(most):
        x[0, k // x.shape[2], k % x.shape[2]] = k < room
    return make_state(run, seed, x)


@kernel(inner=True, error_model="numpy")
def draw_samples(run, seed, epoch, x, targets, counts, state):
    """The samples of an epoch, and their spikes by time in `state`; these one at a time, since to
    assign arrays to slices needs what no page has."""
    x[:], targets[:], counts[:] = False, 0, 1
    if run.task == _EVIDENCE:
        counts[:, : x.shape[1] - int(run.recall)] = 0
        phases = int(run.cues), int(run.cue), int(run.pause), int(run.recall)
        chances = run.input_rate * run.dt, run.noise_rate * run.dt, run.chance
        draw_evidence(key_of(seed, epoch), phases, chances, x, targets)
    else:
        draw_task(run, seed, epoch, x, targets)
    first, index, when = by_time(x)
    copy(first, state.first)
    for s in range(first.shape[0]):
        for k in range(first[s, -1]):
            state.index[s, k], state.when[s, k] = index[s, k], when[s, k]
