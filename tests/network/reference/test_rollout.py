"""The network: a trajectory computed by hand, and constants that are refused."""

import math

import pytest
import torch

from pcmlib.network.reference import DigitalSynapses, Neurons, lif_step, run_trial


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
    new_v, new_z = lif_step(v, z, torch.full((2, 1), 1.25), p)
    torch.testing.assert_close(new_v, torch.tensor([[1.25], [-0.75]]))
    assert new_z.tolist() == [[True], [False]]


def test_time_constants():
    p = neurons(tau_rec=30e-3, tau_out=60e-3, dt=1e-3)
    assert p.alpha == pytest.approx(0.9672161)
    assert p.kappa == pytest.approx(0.9834715)


@pytest.mark.parametrize("field", ["tau_rec", "tau_out", "dt", "gamma"])
def test_negative_constants_are_named(field):
    with pytest.raises(ValueError, match=field):
        neurons(**{field: -1.0})


def test_a_threshold_of_zero_is_named():
    with pytest.raises(ValueError, match="threshold"):
        neurons(threshold=torch.tensor([0.1, 0.0]))
