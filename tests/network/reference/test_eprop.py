"""e-prop: the cheap form against the causal one, and both against back-propagation through time."""

import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pcmlib.network import reference
from pcmlib.network.reference import (
    DigitalSynapses,
    Neurons,
    Regularisation,
    angle,
    bptt_gradients,
    run_trial,
)


def problem(seed, *, R=2, T=120, n_in=6, n_rec=7, n_out=2, recurrence=1.0, **neurons):
    """A random network that spikes, in double precision."""
    g = torch.Generator().manual_seed(seed)
    normal = lambda *shape: torch.randn(shape, generator=g, dtype=torch.float64)  # noqa: E731
    w_in, w_rec, w_out = normal(R, n_in, n_rec), normal(R, n_rec, n_rec), normal(R, n_rec, n_out)
    w_out = 1e-4 * w_out
    w_rec = recurrence * 0.5 * w_rec * ~torch.eye(n_rec, dtype=torch.bool)
    x = torch.rand(R, T, n_in, generator=g) < 0.15
    p = Neurons(threshold=torch.linspace(0.6, 1.0, R, dtype=torch.float64), **neurons)
    trial = run_trial(x, *(DigitalSynapses(w) for w in (w_in, w_rec, w_out)), n_rec, n_out, p)
    return (
        x,
        trial,
        0.05 * normal(R, T, n_out),
        0.05 * normal(R, n_rec, n_out),
        (w_in, w_rec, w_out),
        p,
    )


def half_squares(target):
    return lambda y: ((y - target) ** 2).sum() / 2


def relative(a, b):
    return ((a - b).norm() / b.norm()).item()


REG = Regularisation(torch.tensor([0.02, 0.0]).double(), torch.tensor([12.0, 30.0]).double())
OFF = Regularisation(torch.zeros(2).double(), torch.zeros(2).double())


KINDS = {
    "LIF": {},
    "ALIF": {"adaptive": 7, "beta": torch.tensor([0.4, 1.5]).double(), "tau_adapt": 0.05},
    "both, resting": {"adaptive": 3, "beta": 0.7, "tau_adapt": 0.5, "refractory": 4},
}


@settings(max_examples=40)
@given(
    st.integers(0, 2**31), st.integers(2, 60), st.integers(1, 6), st.integers(1, 3), st.data()
)  # fmt: skip
def test_the_factorised_gradient_is_the_causal_one(seed, T, n_rec, n_out, data):
    """With any share of neurons that adapt, weakly or strongly, and any refractory time."""
    neurons = {
        "adaptive": data.draw(st.integers(0, n_rec)),
        "beta": data.draw(st.sampled_from([0.0, 0.1, 3.0])),
        "tau_adapt": data.draw(st.sampled_from([5e-3, 2.0])),
        "refractory": data.draw(st.integers(0, 8)),
    }
    x, trial, target, B, _, p = problem(seed, T=T, n_rec=n_rec, n_out=n_out, **neurons)
    fast = reference.gradients(x, trial, trial.y - target, B, REG, p)
    plain = reference.causal_gradients(x, trial, trial.y - target, B, REG, p)
    for a, b in zip(fast, plain, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_without_recurrence_and_with_symmetric_feedback_it_is_bptt(kind):
    x, trial, target, _, weights, p = problem(3, recurrence=0.0, **kind)
    assert trial.z.float().mean() > 0.01
    mine = reference.gradients(x, trial, trial.y - target, weights[2], OFF, p)
    theirs = bptt_gradients(x, half_squares(target), *weights, p)
    assert relative(mine.w_in, theirs.w_in) < 1e-12
    assert relative(mine.w_out, theirs.w_out) < 1e-12
    if kind:  # and a synapse's hand in the threshold counts
        plain = dataclasses.replace(p, beta=0.0)
        less = reference.gradients(x, trial, trial.y - target, weights[2], OFF, plain)
        assert relative(less.w_in, theirs.w_in) > 0.05


def test_with_recurrence_the_angle_to_bptt_is_neither_zero_nor_right():
    x, trial, target, _, weights, p = problem(4, n_rec=20, T=100, recurrence=0.4)
    mine = reference.gradients(x, trial, trial.y - target, weights[2], OFF, p)
    degrees = angle(mine, bptt_gradients(x, half_squares(target), *weights, p))
    assert (degrees["out"] < 0.01).all()  # exact: nothing follows the readout
    for layer in ("in", "rec"):
        assert (degrees[layer] > 1).all()
        assert (degrees[layer] < 85).all()


def test_the_readouts_gradient_is_the_losss_derivative():
    """Output weights do not feed back: finite differences of E are an oracle."""
    x, trial, target, B, weights, p = problem(5, T=40)
    g = reference.gradients(x, trial, trial.y - target, B, OFF, p).w_out
    step = 1e-5

    def E(w_out):
        y = torch.zeros_like(trial.y)
        for t in range(y.shape[1] - 1):
            y[:, t + 1] = p.kappa * y[:, t] + (trial.z[:, t + 1, None].double() @ w_out)[:, 0]
        return ((y - target) ** 2).sum((1, 2)) / 2

    nudge = torch.zeros_like(weights[2])
    nudge[:, 3, 1] = step
    slope = (E(weights[2] + nudge) - E(weights[2] - nudge)) / (2 * step)
    expected = g[:, 3, 1]
    assert (expected.abs() > 1e-4).all()
    torch.testing.assert_close(slope, expected, rtol=1e-6, atol=1e-6)


def test_regularisation_pushes_towards_the_target_rate():
    """With no error, only the rate term is left: too slow a neuron gets negative gradients."""
    x, trial, _, B, _, p = problem(6)
    slow = Regularisation(torch.full((2,), 0.1).double(), torch.full((2,), 1e4).double())
    g = reference.gradients(x, trial, 0 * trial.y, B, slow, p)
    assert (g.w_in <= 0).all()
    assert (g.w_in < 0).any()
    assert (g.w_out == 0).all()


def test_gradients_are_clipped_where_asked_and_the_diagonal_is_empty():
    x, trial, target, B, _, p = problem(7)
    free = reference.gradients(x, trial, -1e6 * target, B, REG, p)
    assert free.w_in.abs().max() > 100
    for gradients in (reference.gradients, reference.causal_gradients):
        g = gradients(x, trial, -1e6 * target, B, REG, p, limit=100)
        torch.testing.assert_close(g.w_in, free.w_in.clamp(-100, 100))
    assert (g.w_rec.diagonal(dim1=1, dim2=2) == 0).all()


def test_firing_rate_is_in_hertz():
    z = torch.zeros(1, 500, 2, dtype=torch.bool)
    z[0, ::50, 1] = True  # 10 spikes in 0.5 s
    rate = reference.firing_rate(z, Neurons(threshold=torch.tensor([1.0]), dt=1e-3))
    assert rate[0].tolist() == pytest.approx([0, 20])
