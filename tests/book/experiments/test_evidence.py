"""What the chapters on memory say of a trial: its cues, thresholds, and the traces of a synapse."""

import math

import numpy as np
import pytest
import torch

from pcmlib.book.experiments.evidence import (
    accuracies,
    cue_balance,
    evidence_trial,
    threshold_traces,
)
from pcmlib.network import reference
from pcmlib.training import TrainConfig, train
from pcmlib.training.presets import EVIDENCE

TINY = EVIDENCE | {
    "steps": 260, "input_rate": 200.0, "n_rec": 12, "adaptive": 5, "samples": 9, "batch": 3,
    "epochs": 2, "replicas": 2, "gain": 1.0, "beta": 0.1,
    "task_settings": {"cues": 3, "cue": 30, "pause": 20, "recall": 40},
}  # fmt: skip


@pytest.fixture(scope="module")
def run():
    return train(TrainConfig(**TINY))


def test_the_side_with_more_cues_is_the_class(run):
    for x, target in zip(run.inputs.numpy(), run.targets, strict=True):
        balance = cue_balance(run.config, x)
        assert set(np.abs(balance)) <= {1, 3}
        np.testing.assert_array_equal(balance > 0, target[:, -1].argmax(1).numpy() == 1)


def test_a_threshold_is_raised_by_what_its_own_spikes_left(run):
    """As the trial has it, step by step."""
    for replica in range(2):
        for sample in (0, 4):
            trial = evidence_trial(run, replica=replica, sample=sample)
            at = np.arange(round(trial.asked / run.config.dt), run.config.steps)
            at = at[np.isfinite(trial.threshold[at])][0]
            spikes = trial.spikes[:at, trial.neuron].nonzero()[0]
            fading = np.exp(-(at - 1 - spikes) * run.config.dt / run.config.tau_adapt)
            raised = trial.threshold[at] - run.config.threshold
            assert raised == pytest.approx(0.1 * fading.sum(), abs=1e-5)
            if at == round(trial.asked / run.config.dt):
                assert raised == pytest.approx(trial.raised[sample], abs=1e-5)
            assert trial.neuron >= 7
            assert trial.channel < 20


def test_a_synapses_trace_is_a_sum_of_what_is_left_of_each_step():
    rng = np.random.default_rng(0)
    h, zbar, rho, beta = rng.random(9), rng.random((9, 2)), 0.9, 0.3
    found = threshold_traces(h, zbar, rho, beta)
    for T in range(9):
        parts = [h[s] * zbar[s] * math.prod(rho - beta * h[s + 1 : T]) for s in range(T)]
        np.testing.assert_allclose(found[T], sum(parts, np.zeros(2)))


def test_the_traces_make_the_gradient_of_e_prop(run):
    """From the trial's own traces, the gradient that `causal_gradients` has for that synapse."""
    trial = evidence_trial(run, replica=1, sample=2)
    i, j, c = trial.channel, trial.neuron, run.config
    resting = ~np.isfinite(trial.threshold)
    h = c.gamma * np.maximum(0, 1 - np.abs(trial.v - trial.threshold) / c.threshold)
    h[resting] = 0
    before = np.append(0, trial.zbar[:-1])
    e = h * (before - c.beta * trial.eps)
    signal = np.random.default_rng(1).normal(size=c.steps)
    ebar = np.zeros(c.steps)
    for t in range(c.steps):
        ebar[t] = (math.exp(-c.dt / c.tau_out) * ebar[t - 1] if t else 0) + e[t]
    p = reference.Neurons(
        torch.tensor([c.threshold], dtype=torch.float64), c.tau_rec, c.tau_out, c.gamma, c.dt,
        c.adaptive, torch.tensor([c.beta], dtype=torch.float64), c.tau_adapt, c.refractory,
    )  # fmt: skip
    shape = (1, c.steps, c.n_rec)
    v, threshold = torch.zeros(shape).double(), torch.full(shape, torch.inf).double()
    v[0, :, j] = torch.from_numpy(trial.v)
    threshold[0, :, j] = torch.from_numpy(np.where(resting, np.inf, trial.threshold))
    z = torch.from_numpy(trial.spikes)[None]
    told = reference.Trial(v, z, torch.zeros(1, c.steps, 1).double(), threshold)
    none = reference.Regularisation(torch.zeros(1).double(), torch.zeros(1).double())
    feedback = torch.zeros(1, c.n_rec, 1).double()
    feedback[0, j] = 1
    x, error = torch.from_numpy(trial.inputs)[None], torch.from_numpy(signal)[None, :, None]
    found = reference.causal_gradients(x, told, error, feedback, none, p).w_in[0, i, j]
    assert abs(found) > 1e-3
    assert (signal * ebar).sum() == pytest.approx(float(found), rel=1e-6)


def test_accuracies_are_those_of_the_last_epochs(run):
    np.testing.assert_allclose(accuracies(run), run.accuracy.mean(1), rtol=1e-6)


@pytest.mark.parametrize("options", [{"replica": 2}, {"sample": 9}])
def test_refuses_what_the_run_has_not(run, options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} = "):
        evidence_trial(run, **options)
