"""A rule, compiled into a loop over the synapses of one layer of one network.

`chance` and the sides' means stand in the loop, so that the compiler leaves out what a rule does
not look at.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numba.core.errors import NumbaError
from numba.extending import register_jitable

from pcmlib.base import rng
from pcmlib.base.kernels import kernel
from pcmlib.schemes.rules import Settings


@functools.lru_cache(maxsize=64)
def decider(rule: Callable, resets: bool) -> Callable:
    """decide(gradient, kept, G, exists, s, key, draw, most, counts, reset) -> whether counts hold

    What the rule says of each synapse of a crossbar. Arrays [n_pre, n_post], G [2, N, n_pre,
    n_post]; `kept` is brought up to date, counts [2, n_pre, n_post] (int32) and, if the rule asks
    for RESETs, reset (bool, the same shape) are filled in. Counts hold if all are from 0 to `most`.
    """
    law = register_jitable(rule)
    flags = register_jitable(_flags if resets else _no_flags)

    @kernel(nogil=True, error_model="numpy")
    def decide(gradient, kept, G, exists, s, key, draw, most, counts, reset):
        n_pre, n_post = gradient.shape
        holds = True
        for i in range(n_pre):
            for j in range(n_post):
                plus = minus = np.float32(0)
                for n in range(G.shape[1]):
                    plus += G[0, n, i, j]
                    minus += G[1, n, i, j]
                chance = rng.uniform_at(key, draw, i, j)
                plus, minus = plus / s.pairs, minus / s.pairs
                said = law(gradient[i, j], kept[i, j], chance, plus, minus, s)
                kept[i, j] = said[2]
                up, down = np.float32(said[0]), np.float32(said[1])
                holds &= (up >= 0) & (up <= most) & (down >= 0) & (down <= most)
                counts[0, i, j] = np.int32(up * exists[i, j])
                counts[1, i, j] = np.int32(down * exists[i, j])
                flags(said, exists[i, j] > 0, reset, i, j)
        return holds

    return decide


@functools.lru_cache(maxsize=64)
def descender(rule: Callable, resets: bool) -> Callable:
    """descend(gradient, kept, weights, exists, s, key, draw): the same for digital weights.

    w <- clip(w + up - down, -1, 1)
    """
    law = register_jitable(rule)

    @kernel(nogil=True, error_model="numpy")
    def descend(gradient, kept, weights, exists, s, key, draw):
        one = np.float32(1)
        for i in range(gradient.shape[0]):
            for j in range(gradient.shape[1]):
                chance = rng.uniform_at(key, draw, i, j)
                w = weights[i, j]
                said = law(gradient[i, j], kept[i, j], chance, w, np.float32(0), s)
                kept[i, j] = said[2]
                w += np.float32(said[0]) - np.float32(said[1])
                weights[i, j] = min(max(w, -one), one) * exists[i, j]

    return descend


def _flags(said, exists, reset, i, j):
    reset[0, i, j], reset[1, i, j] = said[3] and exists, said[4] and exists


def _no_flags(said, exists, reset, i, j):
    """The rule asks for no RESET."""


def check(compiled: Callable, on_crossbar: bool) -> None:
    """Compile and call a kernel of the above on one synapse.

    Raises:
        ValueError: when Numba cannot compile it, with what Numba says.
    """
    one, side = np.ones((1, 1), np.float32), np.ones((2, 1, 1), np.int32)
    s = Settings(*(np.float32(1) for _ in Settings._fields))
    key = np.uint64(0)
    try:
        if on_crossbar:
            G = np.ones((2, 1, 1, 1), np.float32)
            reset = side.astype(np.bool_)
            compiled(one, one.copy(), G, one, s, key, 0, one[0, 0], side, reset)
        else:
            compiled(one, one.copy(), one.copy(), one, s, key, 0)
    except NumbaError as error:
        text = str(error).strip()
        raise ValueError(f"rule: must be one that Numba compiles; it says: {text}") from error
