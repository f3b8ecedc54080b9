"""The whole run of one network, as one compiled function of numbers.

`pcmlib.training.train` looks after many networks, their checkpoints and readers' own rules. Here is
the same run of a single network, from its seed on, in a function that needs no Python.

It is what a browser trains.

    run = numbers(TrainConfig.preset("mixed-precision"))[0]
    train_run(run, True, *outputs)
"""

from __future__ import annotations

import math

import numpy as np

from pcmlib.base.arrays import part
from pcmlib.base.kernels import kernel
from pcmlib.base.reports import report
from pcmlib.book.explorers.trials import begin, draw_samples
from pcmlib.device import drifted
from pcmlib.device.record import in_force
from pcmlib.network.epoch import STREAMS, pass_over
from pcmlib.network.state import copy, is_analogue, layer
from pcmlib.schemes import HOLD, SCHEMES
from pcmlib.schemes.kernels import either
from pcmlib.training.record import BUILT_IN

AGES = (60.0, 3600.0, 86400.0, 30 * 86400.0, 365.25 * 86400.0)
"""s past the end of training: a minute, an hour, a day, a month, a year."""
BINS = 48  # of the histograms of conductances, from 0 to g_max
decide, hold = either([SCHEMES[name].kernel for name in BUILT_IN]), HOLD.kernel


@kernel(nogil=True, error_model="numpy")
def train_run(
    run, aloud, loss, accuracy, rate_hz, set_pulses, reset_pulses, reads, targets, outputs, spikes,
    conductance, aged,
):  # fmt: skip
    """Train the network of `run`; whether it came to its end, and did not diverge.

    aloud: report after each epoch.

    loss, accuracy, rate_hz, set_pulses, reset_pulses, reads [epochs] as of `TrainingRun`; targets,
    outputs [S, T, n_out], spikes [T, n_rec] of the first sample and conductance [3, 2, BINS],
    devices of each layer's sides by conductance, as they are at the moment, and at last after the
    training; aged as of `ask_later`, or empty where nothing is asked.
    All are float32. What a run that diverges never reaches stays as it was.
    """
    samples, T, _ = targets.shape
    epochs, seed = int(run.epochs), np.uint64(run.seed)
    updates = math.ceil(samples / run.batch)  # of an epoch
    x, counts = np.zeros((samples, T, int(run.n_in)), np.bool_), np.ones((samples, T), np.float32)
    state, z = begin(run, seed, x), np.zeros((1, T, int(run.n_rec)), np.bool_)
    everything = np.empty(0, np.int64)
    for epoch in range(epochs):
        if epoch == 0 or run.fresh > 0:
            draw_samples(run, seed, epoch, x, targets, counts, state)
        loss[epoch], rate_hz[epoch], accuracy[epoch], holds = pass_over(
            state, run, everything, epoch, epoch * updates, 0, True, True, targets, counts,
            outputs, z, decide, hold,
        )  # fmt: skip
        if not holds:
            loss[epoch] = rate_hz[epoch] = accuracy[epoch] = np.nan
            return False
        copy(z[0], spikes)
        set_pulses[epoch], reset_pulses[epoch] = state.n_set.sum(), state.n_reset.sum()
        reads[epoch] = state.reads.sum()
        for k in range(3):
            fill_histogram(layer(state, run, k).devices, run.g_max, conductance[k])
        if aloud:
            report(epoch)
    if run.fresh > 0:
        draw_samples(run, seed, epochs, x, targets, counts, state)
    now = ask(state, run, epochs * updates, targets, counts, outputs, z)
    copy(z[0], spikes)
    if len(aged):
        ask_later(state, run, epochs * updates, now, aloud, targets, counts, aged)
    return True


@kernel(inner=True, error_model="numpy")
def ask(state, run, update, targets, counts, outputs, spikes):
    """Loss and accuracy on all samples after `update` updates, without learning."""
    samples, one = len(targets), np.empty(1, np.int64)
    loss = right = 0.0
    for s in range(samples):
        one[0] = s
        stream = 1 + s % (STREAMS - 1)
        cost, _, hit, _ = pass_over(
            state, run, one, 0, update, stream, True, False, targets, counts, outputs, spikes,
            decide, hold,
        )  # fmt: skip
        loss, right = loss + cost, right + hit
    return loss / samples, right / samples


@kernel(inner=True, error_model="numpy")
def ask_later(state, run, update, now, aloud, targets, counts, aged):
    """What `pcmlib.training.evaluate` says of the network after training, and at AGES.

    now: loss and accuracy at the end. aged: float32 [2, 1 + ages, 2], without compensation and with
    the global one; at the end and at each age; loss and accuracy. Ages below the time between two
    updates are left out: within it, devices are of two kinds. The network changes.
    """
    outputs, none = np.zeros(targets.shape, np.float32), np.zeros((0, 1, 1), np.bool_)
    tp, gain, end = state.tp.copy(), state.gain.copy(), update * run.period
    for a in range(aged.shape[1]):
        after = 0.0 if a == 0 else AGES[a - 1]
        for compensated in range(2):
            found = now
            if a > 0 and is_analogue(run):
                if after < run.period:
                    continue
                for d in range(len(tp)):
                    state.tp[d] = tp[d] - after
                for k in range(3):
                    one = layer(state, run, k)
                    factor = lost(one, run, end, after) if compensated else np.float32(1)
                    state.gain[k] = gain[k] * factor
                found = ask(state, run, update, targets, counts, outputs, none)
            aged[compensated, a, 0], aged[compensated, a, 1] = found
        if aloud:
            report(a)


@kernel(inner=True, error_model="numpy")
def lost(one, run, end, after):
    """How much less a layer's devices conduct than at the end of training, `after` seconds ago."""
    p, devices, n = in_force(run), one.devices, one.devices.G.size
    G, tp, deviate = part(devices.G, 0, (n,)), part(devices.tp, 0, (n,)), part(one.deviate, 0, (n,))
    then = left = 0.0
    for k in range(n):
        now = end - tp[k]
        then += drifted(G[k], np.float32(now - after), deviate[k], p)
        left += drifted(G[k], np.float32(now), deviate[k], p)
    return np.float32(then / left)


@kernel(error_model="numpy")
def fill_histogram(devices, g_max, counts):
    """counts [2, BINS]: how many of a layer's devices stand where, G+ and G-."""
    counts[:] = 0
    n, synapses = devices.P.size // 2, devices.exists.size  # no devices of digital weights
    exists = part(devices.exists, 0, (synapses,))
    for side in range(2):
        G = part(devices.G, side * n, (n,))
        for k in range(n):
            at = int(G[k] / g_max * BINS)
            counts[side, max(0, min(at, BINS - 1))] += exists[k % synapses]
