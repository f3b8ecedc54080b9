"""The compiled gradient against the plain causal one."""

import pytest
import torch

from pcmlib.network.reference import causal_gradients
from pcmlib.training import TrainConfig
from pcmlib.training.network import Network

SMALL = {"n_in": 20, "n_out": 2, "steps": 200, "replicas": 3, "lr_in": 0.0}


@pytest.mark.parametrize("limit", [None, 100.0, 0.5])
@pytest.mark.parametrize("pairs", [1, 3])
def test_the_row_wise_gradient_is_the_causal_one(pairs, limit):
    config = TrainConfig.preset(
        "mixed-precision", "reference", **SMALL, pairs=pairs, n_rec=25, gradient_limit=limit
    ).replace(threshold=(0.05, 0.06, 0.1), regularisation=(1e-3, 0.0, 0.1))
    network = Network(config, compiled=True)
    result = network.run(torch.tensor([0, 2, 1]), update=0)
    assert result.trial.z.sum() > 50
    everyone, sample = torch.arange(3), torch.tensor([0, 2, 1])
    causal = causal_gradients(
        network.inputs[everyone, sample],
        result.trial,
        network.targets[everyone, sample],
        network.feedback,
        network.regularisation,
        network.neurons,
        limit=config.gradient_limit,
    )
    for a, b in zip(result.gradients, causal, strict=True):
        assert ((a - b).norm() / b.norm()).item() < 1e-5
