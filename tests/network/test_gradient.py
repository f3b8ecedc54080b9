"""The compiled gradient against the plain causal one, and against BPTT."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pcmlib.network.reference import bptt_gradients, causal_gradients
from pcmlib.training import TrainConfig
from pcmlib.training.network import Network

SMALL = {"n_in": 20, "n_out": 2, "steps": 200, "replicas": 3, "lr_in": 0.0}


def both(config):
    """The compiled gradient of one trial, and the plain causal one of the same."""
    network = Network(config, compiled=True)
    result = network.run(torch.tensor([0, 2, 1]), update=0)
    assert result.trial.z.sum() > 50
    everyone, sample = torch.arange(3), torch.tensor([0, 2, 1])
    causal = causal_gradients(
        network.inputs[everyone, sample],
        result.trial,
        result.trial.y - network.targets[everyone, sample],
        network.feedback,
        network.regularisation,
        network.neurons,
        limit=config.gradient_limit,
    )
    return result.gradients, causal


def assert_close(mine, theirs):
    for a, b in zip(mine, theirs, strict=True):
        assert ((a - b).norm() / b.norm()).item() < 1e-5


@pytest.mark.parametrize("limit", [None, 100.0, 0.5])
@pytest.mark.parametrize("pairs", [1, 3])
def test_the_row_wise_gradient_is_the_causal_one(pairs, limit):
    config = TrainConfig.preset(
        "mixed-precision", "reference", **SMALL, pairs=pairs, n_rec=25, gradient_limit=limit
    ).replace(threshold=(0.05, 0.06, 0.1), regularisation=(1e-3, 0.0, 0.1))
    assert_close(*both(config))


@settings(max_examples=20, deadline=None)
@given(
    n_rec=st.integers(12, 40), share=st.floats(0, 1), refractory=st.integers(0, 9),
    beta=st.sampled_from([1e-3, 0.02, 0.2]), tau_adapt=st.sampled_from([0.02, 2.0]),
    seed=st.integers(0, 1000),
)  # fmt: skip
def test_neurons_that_adapt_and_rest_have_the_causal_gradient(n_rec, share, **neurons):
    """One number a neuron, run backwards, in the place of another trace a synapse."""
    config = TrainConfig(
        **SMALL, n_rec=n_rec, adaptive=round(share * n_rec), threshold=(0.05, 0.06, 0.1), gain=0.4,
        regularisation=1e-3, gradient_limit=None, **neurons,
    )  # fmt: skip
    assert_close(*both(config))


@pytest.mark.parametrize("neurons", [{}, {"adaptive": 9, "beta": 0.02, "refractory": 3}])
def test_without_recurrence_and_with_symmetric_feedback_it_is_bptt(neurons):
    config = TrainConfig(
        **SMALL, n_rec=16, gain=0.4, threshold=0.06, recurrence=False, symmetric_feedback=True,
        regularisation=0.0, gradient_limit=None, **neurons,
    )  # fmt: skip
    network = Network(config)
    result = network.run(torch.zeros(3, dtype=torch.int64), update=0)
    assert result.trial.z.sum() > 50
    target = network.targets[:, 0]
    exact = bptt_gradients(
        network.inputs[:, 0],
        lambda y: ((y - target) ** 2).sum() / 2,
        *network.weights.values(),
        network.neurons,
    )
    exact.w_rec.diagonal(dim1=1, dim2=2).zero_()
    assert ((result.gradients.w_in - exact.w_in).norm() / exact.w_in.norm()) < 1e-5
    assert ((result.gradients.w_out - exact.w_out).norm() / exact.w_out.norm()) < 1e-5
