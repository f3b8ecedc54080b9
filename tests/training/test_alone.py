"""A run as a record of numbers. That a browser trains it to the same figures: tests/browser."""

import numpy as np
import pytest

from pcmlib.schemes import SCHEMES
from pcmlib.training import TrainConfig
from pcmlib.training.alone import RUN, config_of, numbers


@pytest.mark.parametrize(
    "config",
    [
        *(TrainConfig.preset(scheme, seed=3) for scheme in SCHEMES),
        TrainConfig.preset("sign", bits=4),
        TrainConfig(
            scheme="multi-mem", pairs=3, refresh_period=7, gradient_limit=None, drift=0.5,
            constants=tuple({"nu_slope": 0.02, "nu_bounds": (0.01, 0.09), "m1": -0.1}.items()),
            symmetric_feedback=True, learn_rec=False,
        ),
    ],
    ids=lambda config: config.scheme,
)  # fmt: skip
def test_a_run_comes_back_from_its_numbers(config):
    assert config_of(numbers(config)[0]) == config


def test_a_record_is_one_replica_s():
    config = TrainConfig(replicas=3, seed=(5, 9, 2), threshold=(0.1, 0.2, 0.3))
    assert config_of(numbers(config, 1)[0]) == config.replica(1)
    assert numbers(config, 2)["seed"] == [2]


def test_every_field_is_a_number():
    assert {kind for kind, _ in RUN.fields.values()} == {np.dtype(float)}
    assert "replicas" not in RUN.names  # of one network
