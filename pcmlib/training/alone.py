"""The whole run of one network as one compiled function of numbers: what a browser trains.

`pcmlib.training.train` looks after many networks, their checkpoints and readers' own rules. Here is
the same run of a single network, but for last bits of the noise, in a function that needs no
Python: from its seed it draws the task, the first weights and the order of the samples, and then it
trains.

    run = numbers(TrainConfig.preset("mixed-precision"))[0]
    train_alone(run, True, *outputs)
"""

from __future__ import annotations

import numpy as np

from pcmlib.base import rng
from pcmlib.base.kernels import kernel
from pcmlib.base.reports import report
from pcmlib.training.alone_layer import learn
from pcmlib.training.alone_network import make_network, run_sample
from pcmlib.training.network import EPOCHS
from pcmlib.training.replica import STREAMS

BINS = 48  # of the histograms of conductances, from 0 to g_max


@kernel(nogil=True, error_model="numpy")
def train_alone(
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
    samples, epochs = targets.shape[0], int(run.epochs)
    network = make_network(run, targets)
    layers, seconds, p = network.layers, network.seconds, network.p
    gradients = network.gradients
    learning = run.learn_in > 0, run.learn_rec > 0 and run.recurrence > 0, run.learn_out > 0
    for epoch in range(epochs):
        order = shuffled(network.order_key, epoch, samples)
        fade = run.lr_decay**epoch
        lr = run.lr_in * fade, run.lr_rec * fade, run.lr_out * fade
        total = hertz = 0.0
        for m in range(samples):
            s, update = order[m], epoch * samples + m
            error, rate = run_sample(
                network, run, s, targets[s], update, update * STREAMS, outputs[s]
            )
            total, hertz = total + error, hertz + rate
            if s == 0:
                show_spikes(network.spikes, spikes)
            for k in range(3):
                if learning[k] and not learn(
                    layers[k], seconds[k], run, p, network.course, gradients[k], lr[k], update + 1
                ):
                    return False
        loss[epoch], rate_hz[epoch] = total / samples, hertz / samples
        set_pulses[epoch] = reset_pulses[epoch] = reads[epoch] = 0
        for k in range(3):
            for devices in (layers[k].devices, seconds[k].devices):
                set_pulses[epoch] += total_of(devices.n_set)
                reset_pulses[epoch] += total_of(devices.n_reset)
                reads[epoch] += devices.reads[0]
            fill_histogram(layers[k].devices, p.g_max, conductance[k])
        if aloud:
            report(epoch)
    for s in range(samples):  # once more, for show
        update = epochs * samples
        run_sample(network, run, s, targets[s], update, update * STREAMS + 1 + s % 15, outputs[s])
        if s == 0:
            show_spikes(network.spikes, spikes)
    return True


@kernel(error_model="numpy")
def total_of(wear):
    total = 0
    _, pairs, n_pre, n_post = wear.shape
    for side in range(2):
        for n in range(pairs):
            for i in range(n_pre):
                for j in range(n_post):
                    total += wear[side, n, i, j]
    return total


@kernel(error_model="numpy")
def shuffled(key, epoch, samples):
    """The order of the samples in an epoch: by a random number each."""
    drawn, order = np.empty(samples, np.float32), np.empty(samples, np.int64)
    for m in range(samples):
        drawn[m] = rng.uniform_at(key, epoch // EPOCHS, 0, (epoch % EPOCHS) * samples + m)
    for m in range(samples):
        place = 0
        for other in range(samples):
            place += drawn[other] < drawn[m] or (drawn[other] == drawn[m] and other < m)
        order[place] = m
    return order


@kernel(error_model="numpy")
def show_spikes(state, spikes):
    """Spikes by time as a map [T, n_rec] of 0 and 1."""
    for t in range(spikes.shape[0]):
        for j in range(spikes.shape[1]):
            spikes[t, j] = 0
    for k in range(state.first[len(spikes)]):
        spikes[state.when[k], state.index[k]] = 1


@kernel(error_model="numpy")
def fill_histogram(devices, g_max, counts):
    """counts [2, BINS]: how many of a layer's devices stand where, G+ and G-."""
    _, pairs, n_pre, n_post = devices.G.shape
    for side in range(2):
        for at in range(BINS):
            counts[side, at] = 0
        for n in range(pairs):
            for i in range(n_pre):
                for j in range(n_post):
                    at = int(devices.G[side, n, i, j] / g_max * BINS)
                    counts[side, min(at, BINS - 1)] += devices.exists[i, j]
