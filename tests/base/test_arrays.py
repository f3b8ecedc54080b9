"""Views into flat arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from pcmlib.base.arrays import part


@njit
def as_two(flat, first, n, m):
    return part(flat, first, (n, m))


@njit
def as_four(flat, first, a, b, c, d):
    return part(flat, first, (a, b, c, d))


@given(st.integers(0, 5), st.integers(0, 4), st.integers(1, 6))
def test_a_part_is_a_slice_in_another_shape(first, n, m):
    flat = np.arange(40, dtype=np.float32)
    np.testing.assert_array_equal(as_two(flat, first, n, m), flat[first:][: n * m].reshape(n, m))


@pytest.mark.parametrize("dtype", [np.bool_, np.int32, np.float64])
def test_it_is_a_view_that_keeps_its_memory(dtype):
    flat = np.zeros(30, dtype)
    view = as_four(flat, 2, 2, 1, 3, 4)
    view[1, 0, 2, 3] = 1
    assert flat.nonzero()[0].tolist() == [2 + 23]
    assert view.strides == tuple(k * flat.itemsize for k in (12, 12, 4, 1))
    del flat
    assert view.sum() == 1
