"""A network's way through its samples: trial, loss, gradient, update, one after the other.

`pass_over` is the one loop of every training: `pcmlib.training.train` calls it in threads, a page
in WebAssembly.
"""

from __future__ import annotations

import numpy as np

from pcmlib.base import rng
from pcmlib.base.kernels import kernel
from pcmlib.crossbar.programming import weigh
from pcmlib.device.record import in_force
from pcmlib.network.drift import course_of
from pcmlib.network.gradient import gradients, limit
from pcmlib.network.loss import judge
from pcmlib.network.reads import reads_of, share_a_curve
from pcmlib.network.state import Spikes, copy, layer, neurons, synapses
from pcmlib.network.trial import run_trial
from pcmlib.network.update import learn

STREAMS = 16  # trials after the same update whose read noise differs
_TOGETHER = 64  # epochs whose orders are drawn together


@kernel(nogil=True, error_model="numpy")
def pass_over(
    state, run, samples, epoch, update, stream, trials, learning, targets, counts, outputs,
    spikes, decide, hold,
):  # fmt: skip
    """Run samples, one after the other, and learn after each batch of them.

    Args:
        state, run: the network (`pcmlib.network.state`), which changes.
        samples: int64, places of the samples; none: all of them, in the epoch's random order.
        epoch: number of the epoch, from 0; it sets the learning rates.
        update: how many updates there were before.
        stream: from 0 to STREAMS - 1, tells trials after the same update apart.
        trials: whether there are trials at all, or the gradient stands in `state` already.
        learning: whether there are updates.
        targets, outputs: float32 [S, T, n_out]; outputs are filled in.
        counts: float32 [S, T], 1 at the steps whose outputs count, else 0.
        spikes: bool [s, T, n_rec], filled in for the first s samples.
        decide, hold: see `pcmlib.network.update`.

    Returns:
        Mean loss, mean rate (Hz) and share of samples whose class is right, as `judge` of
        `pcmlib.network.loss` has them, and whether devices can take all pulses that the rule asked
        for; if not, it ends there.
    """
    order = samples if len(samples) else shuffled(state.order[0], epoch, len(targets))
    loss = rate = right = 0.0
    batch, gradient = int(run.batch), state.gradient[: synapses(state)]
    for m in range(len(order)):
        s, within = order[m], m % batch
        complete = within == batch - 1 or m == len(order) - 1
        if trials:
            if within == 0:
                gradient[:] = 0
            draw = (update * batch + within) * STREAMS + stream
            cost, hertz, hit = run_sample(
                state, run, s, targets[s], counts[s], update, draw, outputs[s]
            )
            loss, rate, right = loss + cost, rate + hertz, right + hit
            if complete:
                limit(gradient, np.float32(run.gradient_limit))
            if s < len(spikes):
                show_spikes(state, spikes[s])
        if learning and complete:
            update += 1
            if not learn(state, run, update, epoch, decide, hold):
                return loss, rate, right, False
    return loss / len(order), rate / len(order), right / len(order), True


@kernel(inner=True, error_model="numpy")
def run_sample(state, run, s, target, counts, update, draw, y):
    """One trial of sample s after `update` updates; its gradients are added to those in `state`.

    draw: number of the trial, by which its read noise is told from that of others. Fills in the
    outputs y [T, n_out]; loss, mean rate in Hz, whether the class is right.
    """
    p, c = in_force(run), neurons(run)
    course = course_of(run, p, state.young, state.factor)
    w_in, w_rec, w_out = layer(state, run, 0), layer(state, run, 1), layer(state, run, 2)
    if run.symmetric_feedback > 0:
        plain_weights(w_out, state.feedback)
    inputs = Spikes(state.first[s], state.index[s], state.when[s])
    z = Spikes(state.z_first, state.z_index, state.z_when)
    shared = share_a_curve((w_in, w_rec, w_out), update, p, course)
    run_trial(
        inputs, reads_of(w_in, p, course, update, draw, shared),
        reads_of(w_rec, p, course, update, draw, shared),
        reads_of(w_out, p, course, update, draw, shared), c, state.v, state.theta, y, z,
    )  # fmt: skip
    loss, right = judge(y, target, counts, run.classes > 0, state.error)
    rate = gradients(
        inputs, z, state.v, state.theta, state.error, state.feedback, c, w_in.gradient,
        w_rec.gradient, w_out.gradient, state.rate,
    )  # fmt: skip
    return loss, rate, right


@kernel(inner=True, borrows=True, error_model="numpy")
def plain_weights(part, out):
    """A layer's weights [n_pre, n_post] as they are, T0 after the last pulse, without noise."""
    if part.digital:
        copy(part.weights, out)
    else:
        weigh(part.devices, part.gain, np.float32(0), np.float32(np.inf), out)


@kernel(inner=True, error_model="numpy")
def shuffled(key, epoch, samples):
    """The order of the samples in an epoch: by a random number each."""
    block, place = epoch // _TOGETHER, epoch % _TOGETHER
    drawn, order = np.empty(samples, np.float32), np.empty(samples, np.int64)
    for m in range(samples):
        drawn[m] = rng.uniform_at(key, block, 0, place * samples + m)
    for m in range(samples):
        rank = 0
        for other in range(samples):
            rank += drawn[other] < drawn[m] or (drawn[other] == drawn[m] and other < m)
        order[rank] = m
    return order


@kernel(inner=True, borrows=True, error_model="numpy")
def show_spikes(state, spikes):
    """Spikes by time as a map [T, n_rec]."""
    for t in range(spikes.shape[0]):
        for j in range(spikes.shape[1]):
            spikes[t, j] = False
    for k in range(state.z_first[len(spikes)]):
        spikes[state.z_when[k], state.z_index[k]] = True
