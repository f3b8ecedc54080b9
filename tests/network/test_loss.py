"""The losses: compiled, in torch, and by automatic differentiation."""

import numba
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pcmlib.network import loss, reference
from pcmlib.network.laws import log_probability


@numba.njit
def _judge(y, target, counts, classes, error):
    return loss.judge(y, target, counts, classes, error)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**31), st.integers(1, 30), st.integers(1, 4), st.sampled_from([0, 1, 2]),
    st.sampled_from([1e-3, 1.0, 40.0]),
)  # fmt: skip
def test_the_error_is_the_losss_derivative(seed, T, n_out, classes, size):
    """Of sums over the steps that count; what is reported are means over them."""
    random = np.random.default_rng(seed)
    y = (size * random.standard_normal((T, n_out))).astype(np.float32)
    target = random.standard_normal((T, n_out)).astype(np.float32)
    right = np.full(T, random.integers(n_out)) if classes == 1 else random.integers(n_out, size=T)
    if classes:
        target[:] = np.eye(n_out)[right]
    counts = (random.random(T) < 0.6).astype(np.float32)
    counts[random.integers(T)] = 1
    m, error = torch.from_numpy(counts).double()[:, None], np.empty_like(y)
    mean, hit = _judge(y, target, counts, classes > 0, error)

    outputs = torch.from_numpy(y).double().requires_grad_()
    wanted = torch.from_numpy(target).double()
    log_p = outputs - outputs.logsumexp(1, keepdim=True)
    E = -(m * wanted * log_p).sum() if classes else (m * (outputs - wanted) ** 2).sum() / 2
    (exact,) = torch.autograd.grad(E, outputs)
    np.testing.assert_allclose(error, exact, rtol=1e-5, atol=2e-6)
    told = E.item() / m.sum() if classes else 2 * E.item() / (m.sum() * n_out)
    assert mean == pytest.approx(told.item(), rel=1e-5, abs=1e-6)
    counted, best = counts > 0, (m.numpy() * y).sum(0).argmax()
    if len(np.unique(right[counted])) == 1:
        agrees = float(best == right[counted][0])
    else:
        agrees = (y.argmax(1) == right)[counted].mean()
    assert hit == pytest.approx(agrees) if classes else np.isnan(hit)

    told = [torch.from_numpy(x).double()[None] for x in (y, target, counts)]
    theirs = reference.judge(*told, classes > 0)
    np.testing.assert_allclose(theirs.error[0], exact, rtol=1e-12, atol=1e-12)
    assert theirs.loss.item() == pytest.approx(mean, rel=1e-5, abs=1e-6)
    np.testing.assert_allclose(theirs.accuracy.item(), hit)


def test_a_network_that_knows_nothing_loses_the_logarithm_of_the_classes():
    y, target = np.zeros((5, 4), np.float32), np.eye(4, dtype=np.float32)[[1] * 5]
    mean, _ = _judge(y, target, np.ones(5, np.float32), True, np.empty_like(y))
    assert mean == pytest.approx(np.log(4), rel=1e-6)


def test_a_class_is_named_by_the_sum_over_the_steps_that_count():
    """The first class is ahead at most steps, the second by more, and the third where none do."""
    y = np.array([[1, 0, 9], [1, 0, 0], [1, 5, 0]], np.float32)
    counts = np.array([0, 1, 1], np.float32)
    for k in range(3):
        target = np.eye(3, dtype=np.float32)[[k] * 3]
        assert _judge(y, target, counts, True, np.empty_like(y))[1] == (k == 1)


def test_shares_of_large_outputs_do_not_overflow():
    y = np.float32(1e4)
    assert (
        numba.njit(log_probability)(y, y, np.float32(1))
        == log_probability(y, y, np.float32(1))
        == 0
    )
    assert log_probability(torch.tensor(-1e4), 1e4, torch.tensor(1.0)) == -2e4
