"""The benchmark's problems are NEST's: the first trial's spikes, and the first loss, as pinned.

And where NEST is installed, every spike of twenty updates: the same rules of learning in double
precision. The first two steps of each trial are silent, since NEST misses the last learning signal
of an input whose first spike of the next trial falls in its second step.
"""

import dataclasses
import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from pcmlib.network.reference import (
    DigitalSynapses,
    Neurons,
    Regularisation,
    gradients,
    judge,
    run_trial,
)

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


C_REG, F0, DT = 300.0, 0.01, 1e-3  # 1 each, spikes a step, s
NO_FILTER = 1e-9  # s, a time constant with which kappa is 0


def neurons(name):
    constants = {"tau_rec": beside_nest.TAU[name], "tau_out": beside_nest.TAU[name]}
    theta = beside_nest.THETA[name]
    if name == "classification":
        beta = 1.7 * (1 - math.exp(-1 / 2000)) / (1 - math.exp(-1 / 20))
        constants |= {"adaptive": 50, "beta": beta, "tau_adapt": 2.0, "refractory": 5}
    return Neurons(torch.tensor([theta]).double(), gamma=0.3 / theta, **constants)


def rasters(name, updates):
    """Spikes [T, N] of each trial here, while the network learns as NEST's does."""
    problem, T, p = problems.draw(name, updates, silent=2), problems.STEPS[name], neurons(name)
    classes, leak = name == "classification", p.alpha
    enters = (1.0, 1.0, 1 - leak) if classes else (1 - leak,) * 3
    weights = [torch.from_numpy(problem[key]).double() for key in ("w_in", "w_rec", "w_out")]
    B = torch.from_numpy(problem["feedback"]).double()[None]
    counts = torch.ones(1, T).double()
    counts[:, : T - problems.RECALL] = 0.0 if classes else 1.0
    none, unfiltered = torch.zeros(1).double(), dataclasses.replace(p, tau_out=NO_FILTER)
    rates = Regularisation(none + C_REG * DT / T, none + F0 / DT)
    m, v, no_diagonal = [0.0] * 3, [0.0] * 3, 1 - torch.eye(problems.N).double()
    for n in range(updates):
        x = np.roll(problem["inputs"][n if classes else 0], -1, axis=0)
        x, target = torch.from_numpy(x)[None], problem["targets"]
        target = np.eye(2)[[target[n]] * T] if classes else target[0]
        layers = [DigitalSynapses((c * w)[None]) for c, w in zip(enters, weights, strict=True)]
        trial = run_trial(x, *layers, problems.N, B.shape[2], p)
        yield trial.z[0].numpy()
        error = judge(trial.y, torch.from_numpy(target)[None].double(), counts, classes).error
        by_error = gradients(x, trial, error, B, Regularisation(none, none), p)
        by_rate = gradients(x, trial, 0 * error, B, rates, unfiltered)
        for k in range(3):
            g = (1 - p.kappa) * by_error[k][0] + (by_rate[k][0] if k < 2 else 0)
            if classes:  # Adam, of a mean over the steps that count
                g = g / problems.RECALL
                m[k], v[k] = 0.9 * m[k] + 0.1 * g, 0.999 * v[k] + 0.001 * g**2
                rate = 5e-3 * math.sqrt(1 - 0.999 ** (n + 1)) / (1 - 0.9 ** (n + 1))
                change = rate * m[k] / (v[k].sqrt() + 1e-8)
            else:
                change = 1e-4 * (enters[k] if k < 2 else 1) * g
            weights[k] = weights[k] - change * (no_diagonal if k == 1 else 1)


@pytest.mark.filterwarnings("ignore")  # NEST's own
@pytest.mark.parametrize("name", problems.KNOWN)
def test_every_spike_of_twenty_updates_is_nests(name):
    pytest.importorskip("nest", reason="in the extra `interop`")
    import in_nest

    in_nest.nest.verbosity = in_nest.nest.VerbosityLevel.ERROR
    theirs = in_nest.raster(name, 20, silent=2)
    assert theirs.sum() > 20_000
    for n, mine in enumerate(rasters(name, 20)):
        different = int((mine != theirs[n]).sum())
        assert different == 0, f"update {n}: {different} of {mine.size} entries"
