"""The benchmark's problems are NEST's: the first trial's spikes, and the first loss, as pinned."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))
import beside_nest
import problems

SPIKES = {"regression": 3999, "classification": 3251}  # of NEST 3.10, in the same networks


@pytest.mark.parametrize("name", problems.KNOWN)
def test_the_network_is_nests(name):
    network = beside_nest.start(name, "vanilla")
    answer = network.ask(0)
    assert int(answer.spikes[0, 0].sum()) == SPIKES[name]
    if name == "regression":  # half of the sum of squares over 1000 steps
        loss = 0.5 * problems.STEPS[name] * answer.loss.item()
    else:  # mean over all trials: of the first one
        p = answer.outputs[0, 0, -problems.RECALL :].double().log_softmax(1)
        loss = -(p * network.targets[0, 0, -problems.RECALL :]).sum(1).mean().item()
    np.testing.assert_allclose(loss, problems.KNOWN[name][0], rtol=1e-5)


@pytest.mark.parametrize("name", problems.KNOWN)
def test_devices_hold_the_same_weights(name):
    digital, analogue = (beside_nest.start(name, s) for s in ("vanilla", "mixed-precision"))
    for layer, w in digital.weights.items():
        np.testing.assert_allclose(analogue.weights[layer][0], w[0], atol=1e-5 * w.abs().max())
