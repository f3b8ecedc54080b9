"""Work on several things at once, one of them on each core: for kernels, which need no lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numba
import torch


class Cores:
    """As many threads as Numba has."""

    def __init__(self) -> None:
        self._pool_of = 0

    def map(self, work: Callable[[Any], Any], things: Iterable[Any]) -> list[Any]:
        """`work` on each thing, some at a time; what it returns, in their order.

        After Ctrl-C or a failure no new work is begun, and what is under way comes to its end.
        """
        things = list(things)
        if len(things) == 1 or numba.get_num_threads() == 1:
            return [work(thing) for thing in things]
        jobs = [self._pool.submit(work, thing) for thing in things]
        try:
            return [job.result() for job in jobs]
        finally:
            for job in jobs:
                job.cancel()
            for job in jobs:
                if not job.cancelled():
                    job.exception()

    @property
    def _pool(self) -> ThreadPoolExecutor:
        """Threads of this process; a forked child has none of its parent's."""
        if self._pool_of != os.getpid():
            self._threads = ThreadPoolExecutor(numba.get_num_threads())
            self._pool_of = os.getpid()
        return self._threads


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Keep torch to one thread meanwhile.

    Its operations here are small, and its idle threads would spin on the cores of the kernels.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
