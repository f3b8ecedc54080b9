"""A network alone, and the thread that helps it."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pcmlib.training import TrainConfig
from pcmlib.training.network import Network


@pytest.mark.parametrize("scheme", ["vanilla", "mixed-precision"])
def test_a_helper_changes_no_bit(scheme):
    config = TrainConfig.preset(scheme, epochs=2, steps=300)
    found = []
    with ThreadPoolExecutor(1) as pool:
        for helper in (None, pool):
            (replica,) = Network(config)._replicas
            replica.helper = helper
            learned = [replica.epoch([2, 0, 1], epoch) for epoch in range(2)]
            found.append([np.array(learned), *replica.run(1, 6, stream=1)])
    for alone, helped in zip(*found, strict=True):
        assert np.array_equal(alone, helped)
