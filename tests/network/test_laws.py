"""The laws of a neuron, over tensors and compiled."""

import numba
import numpy as np
import torch

from pcmlib.network.laws import adaptation, membrane, pseudo_derivative, threshold


def test_the_pseudo_derivative_is_a_triangle():
    v = np.array([-1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0], np.float32)
    expected = np.array([0, 0, 0.15, 0.3, 0.15, 0, 0], np.float32)
    two = torch.tensor(2.0)
    in_torch = pseudo_derivative(torch.from_numpy(v), two, two, 0.3)
    np.testing.assert_allclose(in_torch, expected, rtol=1e-6)
    theta, gamma = np.float32(2), np.float32(0.3)
    compiled = numba.vectorize(lambda v: pseudo_derivative(v, theta, theta, gamma))(v)
    np.testing.assert_allclose(compiled, expected, rtol=1e-6)
    assert compiled.dtype == np.float32


def test_a_membrane_leaks_adds_up_and_is_lowered_by_its_spike():
    v, current = np.array([2.0, 2.0, -1.0], np.float32), np.array([0.5, 0.5, 0.25], np.float32)
    spiked, expected = np.array([False, True, False]), np.array([1.5, 0.25, -0.25], np.float32)
    half, theta = np.float32(0.5), np.float32(1.25)
    in_torch = membrane(
        torch.from_numpy(v), torch.from_numpy(current), torch.from_numpy(spiked), 0.5,
        torch.tensor(1.25),
    )  # fmt: skip
    np.testing.assert_array_equal(in_torch, expected)
    compiled = numba.vectorize(lambda v, i, z: membrane(v, i, z, half, theta))(v, current, spiked)
    np.testing.assert_array_equal(compiled, expected)
    assert compiled.dtype == np.float32


def test_the_triangle_stands_where_the_threshold_does_and_keeps_its_width():
    v = np.array([2.0, 3.0, 4.0, 5.0, 6.0, 7.0], np.float32)
    expected = np.array([0, 0, 0.15, 0.3, 0.15, 0], np.float32)
    five, theta, gamma = np.float32(5), np.float32(2), np.float32(0.3)
    in_torch = pseudo_derivative(torch.from_numpy(v), torch.tensor(5.0), torch.tensor(2.0), 0.3)
    np.testing.assert_allclose(in_torch, expected, rtol=1e-6)
    compiled = numba.vectorize(lambda v: pseudo_derivative(v, five, theta, gamma))(v)
    np.testing.assert_allclose(compiled, expected, rtol=1e-6)


def test_each_spike_raises_a_threshold_which_recovers():
    """Three spikes, b halving in each step: 0.5, 0.75, 0.875 of twice beta; then it falls."""
    b, half, beta, found = np.float32(0), np.float32(0.5), np.float32(2), []
    compiled = numba.njit(adaptation)
    for spiked in (True, True, True, False, False):
        assert adaptation(torch.tensor(b), torch.tensor(spiked), 0.5, 2.0) == compiled(
            b, spiked, half, beta
        )
        b = compiled(b, spiked, half, beta)
        found.append(float(b))
    assert found == [2, 3, 3.5, 1.75, 0.875]


def test_a_resting_neuron_neither_spikes_nor_learns():
    theta, b, gamma = np.float32(2), np.float32(1), np.float32(0.3)
    compiled = numba.njit(threshold)
    assert compiled(theta, b, False) == threshold(torch.tensor(2.0), torch.tensor(1.0), False) == 3
    never = compiled(theta, b, True)
    assert np.isinf(never)
    assert torch.isinf(threshold(torch.tensor(2.0), torch.tensor(1.0), True))
    assert numba.njit(pseudo_derivative)(np.float32(1e30), never, theta, gamma) == 0
    assert pseudo_derivative(torch.tensor(3.0), torch.tensor(never), torch.tensor(2.0), 0.3) == 0
