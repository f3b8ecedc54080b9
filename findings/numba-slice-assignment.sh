#!/usr/bin/env bash
# Guess: `out[:] = x` and the two loops that say the same take Numba about as long to compile, since
# both are a copy of one 2-D array onto another.
# Seen (Numba 0.68.0, llvmlite 0.50.0, Python 3.11): 3.6 s against 0.1 s of CPU time, some thirty
# times as long. Both give the same numbers. What is compiled beside the copy is its error: where the
# shapes do not fit, the message tells both, and that takes Numba's strings (`join`, `format`) with
# it, whether or not an error can ever be raised. A package whose compiled functions say `out[:] = x`
# in a few places pays that in each of them; with the loops, or `np.copyto`-like helpers of one's own,
# the first call comes seconds earlier.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet numba==0.68.0 numpy==2.4.6
cat > "$folder/compile.py" <<'PY'
import sys
import time

import numba
import numpy as np


@numba.njit
def slices(x, out):
    out[:] = x


@numba.njit
def loops(x, out):
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[i, j] = x[i, j]


@numba.njit
def warm_up(x):  # what every first compilation in a process pays
    return x[0, 0] + x.shape[1]


x, out = np.arange(6, dtype=np.float32).reshape(2, 3), np.zeros((2, 3), np.float32)
warm_up(x)
copy = {"slices": slices, "loops": loops}[sys.argv[1]]
start = time.process_time()
copy(x, out)
taken = time.process_time() - start
assert (out == x).all()
print(taken)
PY
least() { for _ in 1 2 3; do "$folder/venv/bin/python" "$folder/compile.py" "$1"; done | sort -g | head -n 1; }
slices=$(least slices)
loops=$(least loops)
echo "out[:] = x: $slices s; two loops: $loops s of CPU time to compile"
python3 - "$slices" "$loops" <<'PY'
import sys

slices, loops = map(float, sys.argv[1:])
assert slices > 4 * loops, "no longer so: the slice compiles about as fast"
PY
