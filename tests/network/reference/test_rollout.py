"""The network: a trajectory computed by hand, and constants that are refused."""

import dataclasses
import functools
import math

import pytest
import torch

from pcmlib.network.reference import DigitalSynapses, Neurons, State, run_trial, step


def neurons(**changes):
    return Neurons(**{"threshold": torch.tensor([1.0]), **changes})


def halving():
    """Neurons whose membrane halves in each step, and whose readout quarters."""
    return neurons(tau_rec=1e-3 / math.log(2), tau_out=1e-3 / math.log(4), dt=1e-3)


def test_a_trajectory_by_hand():
    # Two neurons; the input drives the first with 1.5, each spike of it the second with 1.25.
    weights = ([[1.5, 0.0]], [[0.0, 1.25], [0.0, 0.0]], [[1.0], [-2.0]])
    layers = [DigitalSynapses(torch.tensor([w])) for w in weights]
    x = torch.tensor([[[True], [True], [False], [False], [False], [False]]])
    trial = run_trial(x, *layers, 2, 1, halving())
    # v0: 0; 1.5 (spike); 0.75 + 1.5 - 1 = 1.25 (spike); 0.625 - 1 = -0.375; -0.1875; -0.09375
    # v1: 0; 0; 1.25 (spike); 0.625 + 1.25 - 1 = 0.875; 0.4375; 0.21875
    v = torch.tensor(
        [[0, 0], [1.5, 0], [1.25, 1.25], [-0.375, 0.875], [-0.1875, 0.4375], [-0.09375, 0.21875]]
    )
    z = torch.tensor([[0, 0], [1, 0], [1, 1], [0, 0], [0, 0], [0, 0]]).bool()
    y = torch.tensor([0, 1.0, 0.25 + 1 - 2, -0.1875, -0.046875, -0.01171875])
    torch.testing.assert_close(trial.v[0], v, rtol=0, atol=1e-6)
    assert torch.equal(trial.z[0], z)
    torch.testing.assert_close(trial.y[0, :, 0], y, rtol=0, atol=1e-6)


def test_a_step_is_the_equation_for_every_replica():
    p = Neurons(threshold=torch.tensor([1.0, 3.0]), tau_rec=1e-3 / math.log(2))
    v, z = torch.full((2, 1), 2.0), torch.ones(2, 1, dtype=torch.bool)
    after = step(State.first(1, p)._replace(v=v, z=z), torch.full((2, 1), 1.25), p)
    torch.testing.assert_close(after.v, torch.tensor([[1.25], [-0.75]]))
    assert after.z.tolist() == [[True], [False]]


def test_adaptation_and_rest_by_hand():
    """Three neurons under a constant current of 2: LIF, then two that adapt, b halving.

    v halves in each step and falls by 1 after a spike. LIF: 2, 2, 2 ... With beta = 1.5: b is 0 at
    the first spike, then 1.5 (2 > 2.5: no spike), 0.75 (3 > 1.75: a spike), 0.375 + 1.5 ...
    """
    half = 1e-3 / math.log(2)
    p = neurons(tau_rec=half, tau_adapt=half, adaptive=2, beta=1.5)
    layers = [torch.full((1, 1, 3), 2.0), torch.zeros(1, 3, 3), torch.zeros(1, 3, 1)]
    x = torch.ones(1, 6, 1, dtype=torch.bool)
    trial = run_trial(x, *map(DigitalSynapses, layers), 3, 1, p)
    assert trial.z[0, :, 0].tolist() == [False, True, True, True, True, True]
    near = functools.partial(pytest.approx, rel=1e-6)
    for n in (1, 2):
        assert trial.v[0, :, n].tolist() == near([0, 2, 2, 3, 2.5, 3.25])
        assert trial.threshold[0, :, n].tolist() == near([1, 1, 2.5, 1.75, 2.875, 1.9375])
        assert trial.z[0, :, n].tolist() == [False, True, False, True, False, True]
    rest = run_trial(x, *map(DigitalSynapses, layers), 3, 1, dataclasses.replace(p, refractory=3))
    assert rest.z[0, :, 0].tolist() == [False, True, False, False, True, False]
    assert torch.isinf(rest.threshold[0]).all(1).tolist() == [False, False, True, True, False, True]
    assert rest.v[0, :, 0].tolist() == near([0, 2, 2, 3, 3.5, 2.75])


def test_time_constants():
    p = neurons(tau_rec=30e-3, tau_out=60e-3, dt=1e-3)
    assert p.alpha == pytest.approx(0.9672161)
    assert p.kappa == pytest.approx(0.9834715)


@pytest.mark.parametrize(
    "field", ["tau_rec", "tau_out", "tau_adapt", "dt", "gamma", "beta", "adaptive", "refractory"]
)
def test_negative_constants_are_named(field):
    with pytest.raises(ValueError, match=field):
        neurons(**{field: -1 if field in ("adaptive", "refractory") else -1.0})


def test_a_threshold_of_zero_is_named():
    with pytest.raises(ValueError, match="threshold"):
        neurons(threshold=torch.tensor([0.1, 0.0]))
