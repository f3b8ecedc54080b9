"""Plain arithmetic: Python, torch and a compiled loop say the same, and a loop is vectorised."""

import math

import numpy as np
import pytest
import torch
from numba import njit

from pcmlib.base import arithmetic
from pcmlib.base.arithmetic import clip, exp, floor, log, maximum, minimum, power, trunc, where

# Every number with every other, NaN and infinities among them
NUMBERS = [math.nan, math.inf, -math.inf, 0.0, -0.5, 2.0, 2.5, 7.25, -3.0, 1e-3, 80.0, -1e6]
X, Y = (x.ravel() for x in np.meshgrid(NUMBERS, NUMBERS))

LAWS = {  # ours, and what Python's own arithmetic says
    "where": (
        lambda x, y: where(x > y, x, where(y > 0, y, 0)),
        lambda x, y: x if x > y else (y if y > 0 else 0.0),
    ),
    "floor": (lambda x, y: floor(x), lambda x, y: math.floor(x) if math.isfinite(x) else x),
    "trunc": (lambda x, y: trunc(x), lambda x, y: math.trunc(x) if math.isfinite(x) else x),
    "log": (
        lambda x, y: log(maximum(x, 2)),
        lambda x, y: x if x != x else math.log(max(x, 2)),
    ),
    "exp": (lambda x, y: exp(minimum(x, 5)), lambda x, y: x if x != x else math.exp(min(x, 5))),
    "power": (
        lambda x, y: power(maximum(x, 2), clip(y, 1, 3)),
        lambda x, y: math.nan if x != x or y != y else max(x, 2) ** min(max(y, 1), 3),
    ),
    "minimum": (
        lambda x, y: minimum(x, y),
        lambda x, y: math.nan if x != x or y != y else min(x, y),
    ),
    "maximum": (
        lambda x, y: maximum(x, y),
        lambda x, y: math.nan if x != x or y != y else max(x, y),
    ),
    "clip": (lambda x, y: clip(x, -1, 3), lambda x, y: x if x != x else min(max(x, -1), 3)),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", LAWS)
def test_all_readers_say_what_plain_python_says(name, dtype):
    law, plain = LAWS[name]
    compiled = njit(law)
    x, y = X.astype(dtype), Y.astype(dtype)
    expected = [plain(float(a), float(b)) for a, b in zip(x, y, strict=True)]
    read = {
        "arrays": law(x, y),
        "numbers": [law(a, b) for a, b in zip(x, y, strict=True)],
        "plain": [law(float(a), float(b)) for a, b in zip(x, y, strict=True)],
        "compiled": [compiled(a, b) for a, b in zip(x, y, strict=True)],
        "tensors": law(torch.from_numpy(x), torch.from_numpy(y)),
        "tensor, number": [law(torch.tensor(a), b) for a, b in zip(x, y, strict=True)],
        "number, tensor": [law(float(a), torch.tensor(b)) for a, b in zip(x, y, strict=True)],
    }
    tolerance = {"rtol": 2e-6 if name in ("log", "exp", "power") else 0}
    for reader, values in read.items():
        values = [float(value) for value in values]
        np.testing.assert_allclose(values, expected, **tolerance, err_msg=reader)
    assert read["arrays"].dtype == dtype
    assert read["tensors"].numpy().dtype == dtype
    assert str(compiled.nopython_signatures[0].return_type) == np.dtype(dtype).name
    assert all(isinstance(value, float) for value in read["plain"])


def test_numba_takes_logarithms_and_exponentials_of_all_floats():
    compiled_log, compiled_exp = njit(lambda x: log(x)), njit(lambda x: exp(x))
    x = np.geomspace(1e-37, 3e38, 1001, dtype=np.float32)
    found = [compiled_log(value) for value in x]
    np.testing.assert_allclose(found, np.log(x.astype(float)), rtol=2e-7, atol=1e-7)
    y = np.linspace(-87, 88, 1001, dtype=np.float32)
    found = [compiled_exp(value) for value in y]
    np.testing.assert_allclose(found, np.exp(y.astype(float)), rtol=2e-7)
    assert compiled_log(np.float32(0)) == -math.inf
    assert math.isnan(compiled_log(np.float32(-1)))


def test_a_number_beside_a_tensor_is_not_cast_to_its_type():
    assert minimum(torch.tensor([3]), 0.5).tolist() == [0.5]
    assert maximum(0.1, torch.tensor([0.0], dtype=torch.float64)).item() == 0.1
    assert where(torch.tensor([True, False]), np.float32(1), torch.zeros(2)).tolist() == [1, 0]
    assert minimum(np.array([0.5, 3.0]), torch.tensor([1, 2])).tolist() == [0.5, 2]
    assert where(np.array([True, False]), torch.ones(2), 0).tolist() == [1, 0]


@njit(fastmath=True, error_model="numpy")
def _loop(x, out, low, high):
    for i in range(x.shape[0]):
        out[i] = where(x[i] > low, floor(clip(x[i], low, high)), 0)


def test_a_loop_over_a_law_is_vectorised():
    x = np.linspace(-3, 9, 1000).astype(np.float32)
    out = np.empty_like(x)
    _loop(x, out, np.float32(0.5), np.float32(4.5))
    np.testing.assert_array_equal(out, np.where(x > 0.5, np.floor(np.clip(x, 0.5, 4.5)), 0))
    (code,) = _loop.inspect_llvm().values()
    assert "x float> @llvm.floor.v" in code  # several numbers at a time
    assert "fpext" not in code  # and none of them widened to a double


def test_every_function_here_is_tested():
    made_here = [value for value in vars(arithmetic).values() if callable(value)]
    names = {f.__name__ for f in made_here if f.__module__ == arithmetic.__name__}
    assert {name for name in names if not name.startswith("_")} == set(LAWS)
