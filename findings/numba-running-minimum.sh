#!/usr/bin/env bash
# Guess: with fastmath=True, `low = min(low, x[i])` over float32 is vectorised as `total += x[i]` is,
# since no order of the comparisons, NaN or sign of zero has to be kept.
# Seen (Numba 0.68.0, llvmlite 0.50.0, Python 3.11): it is not, nor is `np.minimum(low, x[i])`. The code
# has no vector of any kind, and the minimum takes whatever else its loop holds with it: a sum beside
# it is scalar, too. The same minimum of int32 is vectorised, and so is a count of
# the elements below a limit (`count += np.int32(x[i] < limit)`), which is what such a minimum often is
# for. LLVM's loop vectoriser says "value that could not be identified as reduction is used outside the
# loop": it knows the minimum of floats by its intrinsics, and Numba writes a comparison and a branch.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet numba==0.68.0 numpy==2.4.6
cat > "$folder/reductions.py" <<'PY'
import re

import numba
import numpy as np


def total(x):
    s = x.dtype.type(0)
    for i in range(x.size):
        s += x[i]
    return s


def least(x):
    low = x[0]
    for i in range(x.size):
        low = min(low, x[i])
    return low


def least_by_numpy(x):
    low = x[0]
    for i in range(x.size):
        low = np.minimum(low, x[i])
    return low


def total_and_least(x):
    s, low = x.dtype.type(0), x[0]
    for i in range(x.size):
        s += x[i]
        low = min(low, x[i])
    return s + low


def count(x):
    n = np.int32(0)
    for i in range(x.size):
        n += np.int32(x[i] < 0)
    return n


def vectors(function, x):
    compiled = numba.njit(fastmath=True, error_model="numpy")(function)
    assert abs(compiled(x) - function(x)) < 1e-3
    (ir,) = compiled.inspect_llvm().values()
    return sorted(set(re.findall(r"<\d+ x (?:float|i32)>", ir)))


x = np.linspace(-1, 1, 1000).astype(np.float32)
whole = np.arange(-500, 500, dtype=np.int32)
found = {f.__name__: vectors(f, x) for f in (total, count, least, least_by_numpy, total_and_least)}
found["least, of int32"] = vectors(least, whole)
for name, kinds in found.items():
    print(f"{name}: {', '.join(kinds) or 'no vectors'}")
for name in ("total", "count", "least, of int32"):
    assert found[name], f"{name}: no longer vectorised"
for name in ("least", "least_by_numpy", "total_and_least"):
    assert not found[name], f"{name}: vectorised now"
PY
"$folder/venv/bin/python" "$folder/reductions.py"
