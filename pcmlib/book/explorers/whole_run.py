"""The whole run of one network that learns patterns, as one compiled function of numbers.

`pcmlib.training.train` looks after many networks, their checkpoints and readers' own rules. Here is
the same run of a single network, from its seed on, in a function that needs no Python.

It is what a browser trains.

    run = numbers(TrainConfig.preset("mixed-precision"))[0]
    train_run(run, True, *outputs)
"""

from __future__ import annotations

import math

import numpy as np

from pcmlib.base.kernels import kernel
from pcmlib.base.reports import report
from pcmlib.network.epoch import STREAMS, pass_over
from pcmlib.network.start import make_state
from pcmlib.network.state import copy, layer
from pcmlib.schemes import HOLD, SCHEMES
from pcmlib.schemes.kernels import either
from pcmlib.tasks import draw_task
from pcmlib.training.record import BUILT_IN

BINS = 48  # of the histograms of conductances, from 0 to g_max
decide, hold = either([SCHEMES[name].kernel for name in BUILT_IN]), HOLD.kernel


@kernel(nogil=True, error_model="numpy")
def train_run(
    run,
    aloud,
    loss,
    rate_hz,
    set_pulses,
    reset_pulses,
    reads,
    targets,
    outputs,
    spikes,
    conductance,
):
    """Train the network of `run`; whether it came to its end, and did not diverge.

    aloud: report after each epoch.

    loss, rate_hz, set_pulses, reset_pulses, reads [epochs] as of `TrainingRun`; targets, outputs
    [S, T, n_out], spikes [T, n_rec] of the first sample and conductance [3, 2, BINS], devices of
    each layer's sides by conductance, as they are at the moment, and at last after the training.
    All are float32. What a run that diverges never reaches stays as it was.
    """
    samples, T, _ = targets.shape
    epochs, seed = int(run.epochs), np.uint64(run.seed)
    updates = math.ceil(samples / run.batch)  # of an epoch
    x = np.empty((samples, T, int(run.n_in)), np.bool_)
    draw_task(run, seed, x, targets)
    state, z = make_state(run, seed, x), np.zeros((1, T, int(run.n_rec)), np.bool_)
    everything, one = np.empty(0, np.int64), np.empty(1, np.int64)
    counts = np.ones((samples, T), np.float32)
    for epoch in range(epochs):
        loss[epoch], rate_hz[epoch], _, holds = pass_over(
            state, run, everything, epoch, epoch * updates, 0, True, True, targets, counts,
            outputs, z, decide, hold,
        )  # fmt: skip
        if not holds:
            loss[epoch] = rate_hz[epoch] = np.nan
            return False
        copy(z[0], spikes)
        set_pulses[epoch], reset_pulses[epoch] = state.n_set.sum(), state.n_reset.sum()
        reads[epoch] = state.reads.sum()
        for k in range(3):
            fill_histogram(layer(state, run, k).devices, run.g_max, conductance[k])
        if aloud:
            report(epoch)
    for s in range(samples):  # once more, for show
        one[0] = s
        stream = 1 + s % (STREAMS - 1)
        pass_over(
            state, run, one, 0, epochs * updates, stream, True, False, targets, counts, outputs,
            z, decide, hold,
        )  # fmt: skip
    copy(z[0], spikes)
    return True


@kernel(error_model="numpy")
def fill_histogram(devices, g_max, counts):
    """counts [2, BINS]: how many of a layer's devices stand where, G+ and G-."""
    _, pairs, n_pre, n_post = devices.P.shape  # none of digital weights
    for side in range(2):
        for at in range(BINS):
            counts[side, at] = 0
        for n in range(pairs):
            for i in range(n_pre):
                for j in range(n_post):
                    at = int(devices.G[side, n, i, j] / g_max * BINS)
                    counts[side, max(0, min(at, BINS - 1))] += devices.exists[i, j]
