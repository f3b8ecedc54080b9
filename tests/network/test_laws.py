"""The laws of a neuron, over tensors and compiled."""

import numba
import numpy as np
import torch

from pcmlib.network.laws import membrane, pseudo_derivative


def test_the_pseudo_derivative_is_a_triangle():
    v = np.array([-1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0], np.float32)
    expected = np.array([0, 0, 0.15, 0.3, 0.15, 0, 0], np.float32)
    in_torch = pseudo_derivative(torch.from_numpy(v), torch.tensor(2.0), 0.3)
    np.testing.assert_allclose(in_torch, expected, rtol=1e-6)
    theta, gamma = np.float32(2), np.float32(0.3)
    compiled = numba.vectorize(lambda v: pseudo_derivative(v, theta, gamma))(v)
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
