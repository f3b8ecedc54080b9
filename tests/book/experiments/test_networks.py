"""Traces and angles against the network's own gradient, and against cases known in closed form."""

import numpy as np
import pytest
import torch

from pcmlib.book.experiments.networks import angles, gradient_difference, low_pass, trial_traces
from pcmlib.training import TrainConfig
from pcmlib.training.network import Network

SMALL = TrainConfig(n_in=30, n_rec=20, steps=200, threshold=0.1, samples=2)


def test_the_filter_of_an_impulse_is_geometric():
    impulse = np.zeros((6, 2))
    impulse[1, 0] = 1
    expected = [0, 1, 0.5, 0.25, 0.125, 0.0625]
    assert low_pass(impulse, 0.5)[:, 0] == pytest.approx(expected)
    assert not low_pass(impulse, 0.5)[:, 1].any()


@pytest.mark.parametrize("sample", [0, 1])
def test_the_traces_of_a_synapse_end_in_its_gradient(sample):
    traces = trial_traces(SMALL, sample=sample)
    gradients = Network(SMALL).run(torch.tensor([sample]), update=0).gradients
    expected = float(gradients.w_in[0, traces.pre, traces.post])
    assert abs(expected) > 1e-3
    assert traces.gradient[-1] == pytest.approx(expected, rel=1e-4)


def test_traces_follow_the_neuron_that_is_asked_for():
    traces = trial_traces(SMALL, post=7)
    assert traces.post == 7
    crossed = traces.v > traces.threshold
    assert (crossed == traces.spikes[:, 7]).all()


def test_both_gradients_are_the_same():
    assert max(gradient_difference(SMALL.replace(replicas=2)).values()) < 1e-12


def test_layers_without_a_gradient_do_not_differ():
    """Neurons that never fire leave the readout without one."""
    found = gradient_difference(SMALL.replace(threshold=100.0))
    assert found["out"] == 0
    assert max(found.values()) < 1e-12


def test_epochs_are_measured_once_each_in_order():
    found = angles(SMALL, epochs=(2, 0, 2))
    assert found.epochs == (0, 2)
    assert len(found.loss) == len(found.random["in"]) == 2
    assert found.seconds > 0


def test_e_prop_is_exact_without_recurrence_and_with_symmetric_feedback():
    # Few steps, so that no gradient reaches the clip.
    config = SMALL.replace(replicas=2, threshold=0.3, steps=30, recurrence=False, learn_rec=False)
    found = angles(config, epochs=(0, 3))
    # float32: 0.05 degrees is a relative difference of 1e-3
    assert found.symmetric["in"] == pytest.approx(0, abs=0.05)
    assert found.symmetric["out"] == pytest.approx(0, abs=0.05)
    assert (found.random["in"] > 5).all()


def test_random_feedback_starts_at_a_right_angle():
    """B and the readout's 20 weights are independent: sd of the angle about 13 degrees."""
    found = angles(SMALL.replace(replicas=8), epochs=(0,))
    assert found.feedback.mean() == pytest.approx(90, abs=4 * 13 / np.sqrt(8))
    assert found.loss.shape == (1, 8)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: trial_traces(SMALL, sample=2), "sample = 2: must be"),
        (lambda: trial_traces(SMALL, post=20), "post = 20: must be"),
        (lambda: angles(TrainConfig(scheme="sign")), "config.scheme = 'sign': must be"),
        (lambda: angles(SMALL, epochs=()), "epochs = (): must be"),
    ],
)
def test_bad_input_is_refused_by_name(call, words):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the words are checked below
        call()
    assert words in str(error.value)
