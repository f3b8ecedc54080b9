"""Work on several things at once, one of them on each core: for kernels, which need no lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cache
from typing import Any

import numba
import torch


def on_cores(work: Callable[[Any], Any], things: Iterable[Any]) -> list[Any]:
    """`work` on each thing, as many at a time as Numba has threads; what it returns, in order.

    After Ctrl-C or a failure no new work is begun, and what is under way comes to its end.
    """
    things, threads = list(things), numba.get_num_threads()
    if len(things) == 1 or threads == 1:
        return [work(thing) for thing in things]
    jobs = [_threads(os.getpid(), threads).submit(work, thing) for thing in things]
    try:
        return [job.result() for job in jobs]
    finally:
        for job in jobs:
            job.cancel()
        wait(jobs)


@cache
def _threads(process: int, count: int) -> ThreadPoolExecutor:
    """Threads of one process; a forked child has none of its parent's."""
    return ThreadPoolExecutor(count)


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
