#!/usr/bin/env bash
# Numba 0.68.1: a name for an index, in two branches of an inlined function, makes each call of it
# count the references to all of its arrays.
#
# Guess: a function that only reads and writes elements of its arguments, and that LLVM takes into
# its caller (forceinline), leaves no count of references behind; Numba prunes those that cancel.
# And whether an index has a name, i = index[s], or stands in brackets makes no difference.
# Seen: with rows[index[s], j] no count is left. With i = index[s] before the same loop, in a while
# and in the if after it, the caller's optimised code holds a call of NRT_incref and of NRT_decref
# for every array, each an atomic operation, in the loop around: 31 ns a call in place of 8, for rows
# of four numbers. Pruning works within a block and between a block and its exits; a name that two
# branches set parts the counts further. The option _nrt=False of the inner function (not documented;
# such a function may not make or return arrays) is rid of them, by 4 times in all.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet numba==0.68.1 numpy==2.4.6
"$folder/env/bin/python" - <<'PYTHON'
import re
import time

import numpy as np
from numba import njit


def in_brackets(total, rows, index, s, last):
    while s + 1 < last:
        for j in range(rows.shape[1]):
            total[j] += rows[index[s], j] + rows[index[s + 1], j]
        s += 2
    if s < last:
        for j in range(rows.shape[1]):
            total[j] += rows[index[s], j]


def with_a_name(total, rows, index, s, last):
    while s + 1 < last:
        i = index[s]
        for j in range(rows.shape[1]):
            total[j] += rows[i, j] + rows[index[s + 1], j]
        s += 2
    if s < last:
        i = index[s]
        for j in range(rows.shape[1]):
            total[j] += rows[i, j]


def measure(function, **options):
    """Nanoseconds a call, and the counts of references in the caller's loop."""
    add = njit(forceinline=True, **options)(function)

    @njit
    def run(total, rows, index, first):
        for t in range(len(first) - 1):
            add(total, rows, index, first[t], first[t + 1])

    run(total, rows, index, first)
    taken = []
    for _ in range(15):
        begun = time.perf_counter()
        run(total, rows, index, first)
        taken.append(time.perf_counter() - begun)
    code = next(iter(run.inspect_llvm().values()))
    body = re.search(r"^define [^\n]*run[^\n]*\{\n(.*?)^\}", code, re.M | re.S).group(1)
    assert not re.search(r"call[^\n]*(in_brackets|with_a_name)", body), "not inlined"
    return 1e9 * min(taken) / (len(first) - 1), len(re.findall(r"call[^\n]*NRT_incref", body))


rng = np.random.default_rng(0)
first = np.concatenate([[0], np.cumsum(rng.poisson(1, 100_000))])
index = rng.integers(0, 100, first[-1])
rows, total = rng.random((100, 4), np.float32), np.zeros(4, np.float32)

plain, none = measure(in_brackets)
named, counted = measure(with_a_name)
freed, left = measure(with_a_name, _nrt=False)
print(f"in brackets {plain:.1f} ns, {none} counts; with a name {named:.1f} ns, {counted} counts;")
print(f"with a name and _nrt=False {freed:.1f} ns, {left} counts")
assert none == 0 and left == 0
assert counted >= 3
assert named > 1.7 * plain and named > 1.7 * freed
PYTHON
