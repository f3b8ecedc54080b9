"""The pseudo-derivative, over tensors and compiled."""

import numba
import numpy as np
import torch

from pcmlib import eprop


def test_the_pseudo_derivative_is_a_triangle():
    v = np.array([-1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0], np.float32)
    expected = np.array([0, 0, 0.15, 0.3, 0.15, 0, 0], np.float32)
    in_torch = eprop.pseudo_derivative(torch.from_numpy(v), torch.tensor(2.0), 0.3)
    np.testing.assert_allclose(in_torch, expected, rtol=1e-6)
    theta, gamma = np.float32(2), np.float32(0.3)
    compiled = numba.vectorize(lambda v: eprop.pseudo_derivative(v, theta, gamma))(v)
    np.testing.assert_allclose(compiled, expected, rtol=1e-6)
    assert compiled.dtype == np.float32
