"""Counter-based standard normals for the compiled loops: any number, at any place, in any order.

A counter-based generator has no state: the n-th number is a hash of n. So a loop can run on any
number of threads, replicas can be computed together or alone, and the bits stay the same.

    counter, key --Philox4x32-10--> four 32-bit words --Box-Muller--> four normals

Noise of devices is numbered by row: each row of the last axis has a counter, and in an array one of
more than BLOCK devices a counter for each block. Entries of the first axis may have keys of their
own.

Sources: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11,
doi:10.1145/2063384.2063405 (Philox); Box and Muller (1958). Every loop here is free of branches, so
that LLVM vectorises it: a normal costs 1 ns on one core, a quarter of what torch.randn takes.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from jaxtyping import Float, UInt64
from numba import config, get_num_threads, prange, set_num_threads
from numba.extending import register_jitable
from torch import Tensor

from pcmlib.base.arrays import part
from pcmlib.base.elementary import cos_sin_pi, log32
from pcmlib.base.kernels import FAST, kernel

# Of Numba's thread pools, take the one whose idle threads sleep. OpenMP's spin: where another
# process has the core, they keep their own partner from finishing a kernel of a millisecond.
if "NUMBA_THREADING_LAYER" not in os.environ:
    config.THREADING_LAYER = "workqueue"
_POOL = threading.RLock()  # that pool serves one caller at a time, and aborts the process at two


def _after_fork() -> None:
    """In a forked child, such as a worker of multiprocessing: what threads of the parent held.

    Torch would wait for ever for its parent's threads, which a child has not; Numba starts its own.
    """
    global _POOL
    _POOL = threading.RLock()
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_after_fork)

BLOCK = 1024  # normals that are drawn together; small enough to stay in the L1 cache
_UNIFORM = np.uint32(0xFFFFFFFF)  # a block of counters that no normal uses
_DERIVED = np.uint32(0xFFFFFFFF)  # a draw that nothing else uses

_ROUNDS = 10
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint32(0x9E3779B9), np.uint32(0xBB67AE85)
_32 = np.uint64(32)
_F = np.float32
_BELOW_ONE = _F(1 - 2**-24)


def keys(seed: int | Sequence[int]) -> UInt64[np.ndarray, " rows"]:
    """One 64-bit Philox key a row, from one seed or a sequence of them, each in 0 .. 2^63 - 1."""
    seeds = np.atleast_1d(np.asarray(seed))
    if seeds.ndim != 1 or seeds.dtype.kind not in "iu" or (seeds < 0).any():
        raise ValueError(f"seed = {seed!r}: must be a whole number, at least 0, or a list of them")
    return seeds.astype(np.uint64)


def streams(use: int, seeds: Sequence[int]) -> UInt64[np.ndarray, " rows"]:
    """A key for each seed in this `use` of it, unrelated to the keys of its other uses."""
    return np.array([derive(key, use) for key in keys(seeds)], np.uint64)


def in_rows(shape: Sequence[int], keys: int) -> tuple[int, int, int]:
    """Keys, rows of each, and devices in a row, of an array of this shape."""
    each = math.prod(shape) // keys
    n = min(shape[-1], each)  # with a key for each device of a row, each is one
    return keys, each // max(n, 1), n


def normal(
    shape: tuple[int, ...], key: UInt64[np.ndarray, " rows"], draw: int
) -> Float[Tensor, "..."]:
    """Standard normals in `shape`: number `draw` of the streams that belong to `key`.

    With several keys the first axis of `shape` has one entry a key, and what entry r holds depends
    on key[r] alone.
    """
    out = torch.empty(shape, dtype=torch.float32)
    with cores_for(out.numel()):
        _fill_rows(out.view(in_rows(shape, len(key))).numpy(), key, draw)
    return out


def uniform(
    shape: tuple[int, ...],
    key: UInt64[np.ndarray, " rows"],
    draw: int,
    device: str | torch.device = "cpu",
) -> Float[Tensor, "..."]:
    """Numbers from the uniform distribution in (0, 1), of the same streams in the same way."""
    out = np.empty((len(key), int(np.prod(shape)) // len(key)), np.float32)
    with cores_for(out.size):
        _fill_uniform(out, key, draw)
    return torch.from_numpy(out).view(shape).to(device)


@contextmanager
def cores_for(size: int) -> Iterator[None]:
    """All cores for a compiled loop over `size` numbers; one core for a small loop.

    To wake the others costs up to a millisecond, more than a small loop takes. Every call of a
    kernel that runs in parallel stands in such a block: it also keeps Python's threads apart.
    """
    with _POOL:
        threads = get_num_threads()
        set_num_threads(threads if size > 32 * BLOCK else 1)
        try:
            yield
        finally:
            set_num_threads(threads)


@register_jitable
def blocks(shape):
    """Blocks of the rows of an array [keys, rows, n]: each row's last may be shorter."""
    return shape[0] * shape[1] * ((shape[2] + BLOCK - 1) // BLOCK)


@kernel(inline="always")
def block(number, shape):
    """Key of a block by its number, its counter, and the place and number of its devices."""
    in_row = (shape[2] + BLOCK - 1) // BLOCK
    r, counter = number // (shape[1] * in_row), number % (shape[1] * in_row)
    row, first = number // in_row, number % in_row * BLOCK
    return r, counter, row * shape[2] + first, min(BLOCK, shape[2] - first)


@kernel(inner=True, error_model="numpy")
def fill_block(number, out, key, draw):
    """Fill block `number` of `out` [keys, rows, n] with what `normal` gives."""
    r, counter, first, size = block(number, out.shape)
    xi, values = np.empty(lanes(size), np.float32), part(out, first, (size,))
    fill_normal(xi, key[r], draw, counter, 0)
    for j in range(size):
        values[j] = xi[j]


@kernel(parallel=True, error_model="numpy")
def _fill_rows(out, key, draw):
    for number in prange(blocks(out.shape)):
        fill_block(number, out, key, draw)


@kernel(parallel=True, error_model="numpy")
def _fill_uniform(out, key, draw):
    for r in prange(out.shape[0]):
        for i in range(out.shape[1]):
            out[r, i] = uniform_at(key[r], draw, 0, i)


@kernel(error_model="numpy")
def derive(key, use):
    """The key of this `use` of a key: one of `streams`."""
    zero, k0, k1 = np.uint32(0), np.uint32(key), np.uint32(np.uint64(key) >> _32)
    w0, w1, _, _ = philox(np.uint32(use), zero, zero, _DERIVED, k0, k1)
    return np.uint64(w0) << _32 | np.uint64(w1)


@kernel(inner=True, error_model="numpy")
def fill_flat(out, key, draw):
    """Fill `out` [n] with what `normal` gives for one key, on one core."""
    xi = np.empty(BLOCK, np.float32)
    for block in range((out.size + BLOCK - 1) // BLOCK):
        fill_normal(xi, key, draw, block, 0)
        first = block * BLOCK
        for i in range(min(BLOCK, out.size - first)):
            out[first + i] = xi[i]


@kernel(inline="always")
def uniform_at(key, draw, row, i):
    """A number from the uniform distribution in (0, 1), of these indices alone."""
    k0, k1 = np.uint32(key), np.uint32(np.uint64(key) >> _32)
    word, _, _, _ = philox(np.uint32(i), np.uint32(row), _UNIFORM, np.uint32(draw), k0, k1)
    return _unit(word)


@kernel(inner=True, borrows=True, fastmath=FAST, error_model="numpy")
def fill_normal(out, key, draw, block, pulse):
    """Fill `out` (float32, length a multiple of 4) with standard normals.

    They are a function of the key (64 bits) and of three indices (32 bits each): `draw`, `block`
    and `pulse` are names for a counter's words; a caller counts in them whatever it counts.
    """
    k0, k1 = np.uint32(key), np.uint32(np.uint64(key) >> _32)
    c1, c2, c3 = np.uint32(pulse), np.uint32(block), np.uint32(draw)
    q = out.shape[0] // 4
    for i in range(q):
        w0, w1, w2, w3 = philox(np.uint32(i), c1, c2, c3, k0, k1)
        out[i], out[q + i] = _unit(w0), _unit(w1)
        out[2 * q + i], out[3 * q + i] = _half_turns(w2), _half_turns(w3)
    for i in range(2 * q):
        radius = np.sqrt(_F(-2) * log32(out[i]))
        cos, sin = cos_sin_pi(out[2 * q + i])
        out[i], out[2 * q + i] = radius * cos, radius * sin


@register_jitable
def lanes(n):
    """How many normals are drawn for a row of n devices: a multiple of 4."""
    return (n + 3) // 4 * 4


@kernel(inline="always")
def philox(c0, c1, c2, c3, k0, k1):
    """Philox4x32-10: four 32-bit words from a counter of four words and a key of two."""
    for _ in range(_ROUNDS):
        p0, p1 = _M0 * np.uint64(c0), _M1 * np.uint64(c2)
        c0, c1, c2, c3 = (
            np.uint32(np.uint32(p1 >> _32) ^ c1 ^ k0),
            np.uint32(p1),
            np.uint32(np.uint32(p0 >> _32) ^ c3 ^ k1),
            np.uint32(p0),
        )
        k0, k1 = np.uint32(k0 + _W0), np.uint32(k1 + _W1)
    return c0, c1, c2, c3


@kernel(inline="always")
def _unit(word):
    """A word as a number in (0, 1): the upper 24 bits, at the middle of their interval.

    In the upper half a float32 has no room for that middle, and the last would be rounded to 1.
    """
    return min((_F(np.int32(word >> np.uint32(8))) + _F(0.5)) * _F(2**-24), _BELOW_ONE)


@kernel(inline="always")
def _half_turns(word):
    """A word as an angle in [-1, 1] half turns."""
    return _F(np.int32(word)) * _F(2**-31)
