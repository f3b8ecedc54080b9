"""Evidence accumulation as the field has pinned it: five losses of NEST and of TensorFlow.

NEST's test of eprop_iaf_adapt_bsshslm_2020 holds the losses of 50 LIF and 50 ALIF neurons over five
updates by Adam, one trial each. Their network differs from ours by constants alone: an input spike
acts on v a step earlier; weights enter the readout times 1 - kappa, and so do gradients again; h is
divided by theta; gradients, those by the rates too, are divided by the 150 steps that count; and
the rate term does not pass through the kappa filter.
"""

import dataclasses
import math

import numpy as np
import torch

from pcmlib.network.reference import (
    DigitalSynapses,
    Neurons,
    Regularisation,
    causal_gradients,
    gradients,
    judge,
    run_trial,
)
from pcmlib.network.start import by_time
from pcmlib.training import TrainConfig
from pcmlib.training.network import Network

TENSORFLOW = (0.741152524948, 0.740388214588, 0.665785133838, 0.663644134998, 0.729429066181)
NEST = (0.741152550006, 0.740388187700, 0.665785233177, 0.663644193322, 0.729428962844)
T, RECALL, N = 2250, 150, 100
KAPPA = math.exp(-1 / 20)
BETA = 1.7 * (1 - math.exp(-1 / 2000)) / (1 - math.exp(-1 / 20))
C_REG, F0 = 300.0, 0.01  # spikes a step
CONSTANTS = {"tau_rec": 20e-3, "tau_out": 20e-3, "gamma": 0.3 / 0.6, "adaptive": 50,
             "tau_adapt": 2.0, "refractory": 5}  # fmt: skip
NO_FILTER = 1e-9  # s, a time constant with which kappa is 0


def draw_problem(updates=5):
    """Weights [pre, post], feedback, and of each trial inputs [T, 40] and the class."""
    random = np.random.RandomState(1)
    w_in = random.randn(40, N) / np.sqrt(40)
    w_rec = random.randn(N, N) / np.sqrt(N)
    w_out = random.uniform(-np.sqrt(3 / 51), np.sqrt(3 / 51), (N, 2))
    weights = [w.astype(np.float32).astype(float) for w in (w_in, w_rec, w_out)]
    np.fill_diagonal(weights[1], 0)
    return weights, random.randn(N, 2), [draw_trial(random) for _ in range(updates)]


def draw_trial(random):
    chance = (0.3, 0.7)[random.choice([0, 1], 1)[0]]
    cues = random.choice([0, 1], 7, p=[chance, 1 - chance])
    rates = np.zeros((T, 40))
    for n, cue in enumerate(cues):
        start = 150 * n + 50
        rates[start : start + 100, 10 * cue : 10 * cue + 10] = 0.04
    rates[-RECALL:, 20:30] = 0.04
    rates[:, 30:] = 0.01
    x = random.rand(1, T, 40)[0] < rates
    x[0] = False
    return np.vstack([x[1:], np.zeros((1, 40), bool)]), int(cues.sum() > 3)


def pinned_losses(trial_gradients):
    """Losses over five updates by Adam; trial_gradients(weights, feedback, x, target, counts):
    the loss, by the error the three gradients, and by the rates the first two, unfiltered."""
    weights, feedback, trials = draw_problem()
    m, v, losses = [0.0] * 3, [0.0] * 3, []
    counts = np.zeros(T)
    counts[-RECALL:] = 1
    for n, (x, answer) in enumerate(trials, start=1):
        target = np.zeros((T, 2))
        target[:, answer] = 1
        enters = *weights[:2], (1 - KAPPA) * weights[2]
        loss, by_error, by_rate = trial_gradients(enters, feedback, x, target, counts)
        losses.append(loss)
        rate = 5e-3 * math.sqrt(1 - 0.999**n) / (1 - 0.9**n)
        for k in range(3):
            g = ((1 - KAPPA) * by_error[k] + (by_rate[k] if k < 2 else 0)) / RECALL
            m[k], v[k] = 0.9 * m[k] + 0.1 * g, 0.999 * v[k] + 0.001 * g**2
            weights[k] = weights[k] - rate * m[k] / (np.sqrt(v[k]) + 1e-8)
        np.fill_diagonal(weights[1], 0)
    return losses


def in_torch(method):
    """In double precision."""
    p = Neurons(torch.full((1,), 0.6, dtype=torch.float64), beta=BETA, **CONSTANTS)

    def found(weights, feedback, *sample):
        layers = [DigitalSynapses(torch.from_numpy(w)[None]) for w in weights]
        x, target, counts = (torch.from_numpy(a)[None] for a in sample)
        trial, B = run_trial(x, *layers, N, 2, p), torch.from_numpy(feedback)[None]
        judged, none = judge(trial.y, target, counts, True), torch.zeros(1).double()
        by_error = method(x, trial, judged.error, B, Regularisation(none, none), p)
        rates = Regularisation(none + C_REG * p.dt / T, none + F0 / p.dt)
        no_filter = dataclasses.replace(p, tau_out=NO_FILTER)
        by_rate = method(x, trial, 0 * judged.error, B, rates, no_filter)
        return judged.loss.item(), *([g[0].numpy() for g in gs] for gs in (by_error, by_rate))

    return found


def compiled(weights, feedback, x, target, counts):
    """By the engine, in single precision."""
    found = []
    for changes in (
        {"regularisation": 0.0},
        {"tau_out": NO_FILTER, "regularisation": C_REG * 1e-3 / T, "target_rate": F0 * 1e3},
    ):
        config = TrainConfig(
            n_in=40, n_out=2, steps=T, samples=1, n_rec=N, threshold=0.6, beta=BETA,
            gradient_limit=None, **(CONSTANTS | changes),
        )  # fmt: skip
        network = Network(config)
        (state,) = network.states
        state.weights[:] = np.concatenate([w.ravel() for w in weights])
        state.feedback[:] = feedback if changes["regularisation"] == 0 else 0
        spikes = dict(zip(("first", "index", "when"), by_time(x[None]), strict=True))
        network.states = [state._replace(**spikes)]
        network._targets[0, 0], network._counts[0, 0] = target, counts
        network._runs[0]["classes"] = 1
        found.append(network.run(torch.tensor([0]), 0))
    grads = ([g[0].double().numpy() for g in result.gradients] for result in found)
    return found[0].loss.item(), *grads


def test_five_updates_lose_what_nest_and_tensorflow_say():
    """NEST in double precision, all digits that it tells; TensorFlow in single."""
    losses = pinned_losses(in_torch(gradients))
    np.testing.assert_allclose(losses, NEST, rtol=1e-11)
    np.testing.assert_allclose(losses, TENSORFLOW, rtol=1e-6)


def test_the_engine_loses_the_same_in_single_precision():
    """As near as TensorFlow's own single precision comes."""
    losses = pinned_losses(compiled)
    np.testing.assert_allclose(losses, NEST, rtol=1e-6)
    np.testing.assert_allclose(losses, TENSORFLOW, rtol=1e-6)


def test_the_causal_form_has_the_same_gradients():
    """Of the first trial: with a trace a synapse for what it did to the threshold."""
    (w_in, w_rec, w_out), B, ((x, answer), *_) = draw_problem(1)
    target, counts = np.eye(2)[[answer] * T], np.r_[np.zeros(T - RECALL), np.ones(RECALL)]
    sample = (w_in, w_rec, (1 - KAPPA) * w_out), B, x, target, counts
    for mine, theirs in zip(
        in_torch(gradients)(*sample)[1:], in_torch(causal_gradients)(*sample)[1:], strict=True
    ):
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12 * np.abs(b).max())
