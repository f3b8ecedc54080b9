"""The first training after an installation: its kernels are compiled in two processes at once.

    this process     the way through the samples (`pass_over`), two thirds of the work
    a second one     drawing a task's samples, the network's start, the scheme's rule

Both keep what they compile, so that this process finds the other's in the cache. Without a second
core or a cache, and when the second process fails, all is compiled here, one after the other.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple, get_type_hints

import numba
import numpy as np
from numba import typeof, types

from pcmlib.base.kernels import is_kept
from pcmlib.network.epoch import pass_over
from pcmlib.network.start import make_state
from pcmlib.network.state import State
from pcmlib.schemes import SCHEMES
from pcmlib.schemes.kernels import SIGNATURE
from pcmlib.tasks import TASKS
from pcmlib.training.config import TrainConfig
from pcmlib.training.record import RUN, numbers

_PATIENCE = 60  # s, that the second process may still take when this one is done


def compile_kernels(config: TrainConfig) -> None:
    """Compile what a training needs, if it is not kept yet."""
    if pass_over.overloads or is_kept(pass_over, pass_over_types()):
        return
    with second_process(config.task, config.scheme):
        pass_over.compile(pass_over_types())


def pass_over_types() -> tuple[types.Type, ...]:
    """Of the arguments of `pass_over` in a training."""
    values, steps = np.empty((0, 0, 0), np.float32), np.empty((0, 0), np.float32)
    spikes, rule = np.empty((0, 0, 0), np.bool_), types.FunctionType(SIGNATURE)
    given = (
        empty(State), np.zeros(1, RUN)[0], np.empty(0, np.int64), 0, 0, 0, True, True, values,
        steps, values, spikes,
    )  # fmt: skip
    return *map(typeof, given), rule, rule


def empty(record: type[NamedTuple]) -> Any:
    """A record of arrays without elements, of the types and dimensions that it declares."""
    hints = get_type_hints(record).values()
    return record(*(np.empty((0,) * len(hint.dims), hint.dtypes[0]) for hint in hints))


@contextlib.contextmanager
def second_process(task: str, scheme: str) -> Iterator[None]:
    """One that runs `compile_start` beside what is done here, and is waited for."""
    call = f"from {__name__} import compile_start; compile_start({task!r}, {scheme!r})"
    if numba.get_num_threads() < 2 or not sys.executable:
        yield
        return
    quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    try:
        other = subprocess.Popen([sys.executable, "-c", call], **quiet)
    except OSError:  # no more processes
        yield
        return
    try:
        yield
        with contextlib.suppress(subprocess.TimeoutExpired):
            other.wait(_PATIENCE)
    finally:
        other.kill()
        other.wait()


def compile_start(task: str, scheme: str) -> None:
    """Compile what comes before the first trial, by the smallest network that there is.

    A scheme or a task of the reader's own is not known here.
    """
    config = TrainConfig(n_rec=1, n_in=1, steps=2, samples=1)
    if task != "arrays":
        TASKS[task](samples=1).generate([0])
    make_state(numbers(config)[0], np.uint64(0), np.zeros((1, 2, 1), np.bool_))
    if scheme in SCHEMES:
        SCHEMES[scheme].pointer  # noqa: B018 - compiled when it is asked for
