"""A rule, compiled into a loop over the synapses of one layer, and handed to compiled code.

All loops take and return the same types, whatever their rule. So a network's kernels take one as an
argument (`Pointer`): a reader's own rule is compiled in a second, without the network around it.

`chance` and the sides' means stand in the loop, so that the compiler leaves out what a rule does
not look at.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import typeof, types
from numba.core.errors import NumbaError
from numba.extending import register_jitable

from pcmlib.base import rng
from pcmlib.base.kernels import kernel
from pcmlib.schemes.rules import Settings


@functools.lru_cache(maxsize=64)
def decider(rule: Callable, resets: bool) -> Callable:
    """What the rule says of each synapse of a crossbar.

        decide(scheme, gradient, kept, G, exists, s, key, draw, most, counts, reset) -> holds

    Arrays [n_pre, n_post], G [2, N, n_pre, n_post]; `kept` is brought up to date; counts [2, n_pre,
    n_post] (int32) and, if the rule asks for RESETs, reset (bool, the same shape) are filled in.
    Counts hold if all are whole and from 0 to `most`. `scheme` serves those that stand for several.
    """
    law = register_jitable(rule)
    flags = register_jitable(_flags if resets else _no_flags)

    @kernel(nogil=True, error_model="numpy")
    def decide(scheme, gradient, kept, G, exists, s, key, draw, most, counts, reset):
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
                decision = law(gradient[i, j], kept[i, j], chance, plus, minus, s)
                kept[i, j] = decision[2]
                up, down = np.float32(decision[0]), np.float32(decision[1])
                holds &= (up >= 0) & (up <= most) & (down >= 0) & (down <= most)
                counts[0, i, j] = np.int32(up * exists[i, j])
                counts[1, i, j] = np.int32(down * exists[i, j])
                holds &= (np.floor(up) == up) & (np.floor(down) == down)
                flags(decision, exists[i, j] > 0, reset, i, j)
        return holds

    return decide


@functools.lru_cache(maxsize=64)
def descender(rule: Callable, resets: bool) -> Callable:
    """The same for digital weights, which stand in G [1, 1, n_pre, n_post] and change at once:

    w <- clip(w + up - down, -1, 1)
    """
    law = register_jitable(rule)

    @kernel(nogil=True, error_model="numpy")
    def descend(scheme, gradient, kept, G, exists, s, key, draw, most, counts, reset):
        one = np.float32(1)
        for i in range(gradient.shape[0]):
            for j in range(gradient.shape[1]):
                chance = rng.uniform_at(key, draw, i, j)
                w = G[0, 0, i, j]
                decision = law(gradient[i, j], kept[i, j], chance, w, np.float32(0), s)
                kept[i, j] = decision[2]
                w += np.float32(decision[0]) - np.float32(decision[1])
                G[0, 0, i, j] = min(max(w, -one), one) * exists[i, j]
        return True

    return descend


def _flags(decision, exists, reset, i, j):
    reset[0, i, j], reset[1, i, j] = decision[3] and exists, decision[4] and exists


def _no_flags(decision, exists, reset, i, j):
    """The rule asks for no RESET."""


def either(kernels: list[Callable], first: int = 0) -> Callable:
    """One function for several of the above, which `scheme` chooses from."""
    head, rest = kernels[0], either(kernels[1:], first + 1) if kernels[1:] else None
    if rest is None:
        return head

    @kernel(nogil=True, error_model="numpy")
    def decide(scheme, gradient, kept, G, exists, s, key, draw, most, counts, reset):
        if scheme == first:
            return head(scheme, gradient, kept, G, exists, s, key, draw, most, counts, reset)
        return rest(scheme, gradient, kept, G, exists, s, key, draw, most, counts, reset)

    return decide


def _example() -> tuple[Any, ...]:
    """Arguments of `decide`, of one synapse."""
    one, sides = np.ones((1, 1), np.float32), np.ones((2, 1, 1), np.int32)
    s = Settings(*(np.float32(1) for _ in Settings._fields))._replace(reach=1.0)
    G, reset = np.ones((2, 1, 1, 1), np.float32), np.zeros((2, 1, 1), np.bool_)
    return 0, one, one.copy(), G, one, s, np.uint64(0), 0, one[0, 0], sides, reset


SIGNATURE = types.boolean(*map(typeof, _example()))


class Pointer(types.WrapperAddressProtocol):
    """The address of a compiled `decide`: all of them have one type, that of SIGNATURE."""

    _numba_type_ = types.FunctionType(SIGNATURE)  # which Numba would make anew at each call

    def __init__(self, decide: Callable) -> None:
        self._decide = decide  # which must live as long
        decide.compile(SIGNATURE.args)
        code = decide.get_compile_result(SIGNATURE)
        self._address = code.library.get_pointer_to_function(code.fndesc.llvm_cfunc_wrapper_name)

    def __wrapper_address__(self) -> int:
        return self._address

    def signature(self) -> Any:
        return SIGNATURE


def check(decide: Callable) -> None:
    """Compile and call one of the above on one synapse.

    Raises:
        ValueError: when Numba cannot compile it, with what Numba says.
    """
    try:
        decide(*_example())
    except NumbaError as error:
        text = str(error).strip()
        raise ValueError(f"rule: must be one that Numba compiles; it says: {text}") from error
