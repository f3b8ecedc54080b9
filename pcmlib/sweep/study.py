"""The candidates of a search, in a storage that outlives a process and that several may share.

A candidate in training belongs to a worker, which gives a sign of life every few seconds. If the
signs stop, the worker is dead, and another takes over its candidate. So a study can be stopped at
any moment and resumed: no candidate is tried twice, the starting point is always among them, and
as many candidates get a loss as were asked for.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial, wraps
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from pcmlib.sweep.space import Params
from pcmlib.sweep.storage import PATIENCE, open_storage, persist

BEAT = 5.0  # s between two signs of life
GRACE = 60.0  # s without one, after which a worker is taken for dead
_GONE = "gone"  # the last sign of a worker that could still give one


def open_study(
    scheme: str, storage: str | Path | None, seed: int = 0, **fixed: Any
) -> optuna.Study:
    """The study of a scheme and memory; one that goes on does not draw its first numbers again."""
    name = "-".join([scheme, *(f"{key}={value}" for key, value in sorted(fixed.items()))])
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    options = {"study_name": name, "storage": open_storage(storage), "load_if_exists": True}
    study = persist(partial(optuna.create_study, **options), PATIENCE)
    if begun := len(study.trials):
        seed = int(np.random.SeedSequence([seed, begun]).generate_state(1)[0])
    study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=16, constant_liar=True)
    return study


def _lasting(method: Callable[..., Any]) -> Callable[..., Any]:
    """Of `Candidates`: tried again where the storage is away for a while."""

    @wraps(method)
    def tried(self: Candidates, *args: Any) -> Any:
        # Nobody could give a sign of life meanwhile.
        return persist(partial(method, self, *args), PATIENCE, lambda: self._since.clear())

    return tried


class Candidates:
    """What one worker takes from a study of `most` candidates in `space`, and tells it.

    The study begins with the candidate `start`.
    """

    def __init__(
        self,
        study: optuna.Study,
        space: Mapping[str, tuple[float, float]],
        most: int,
        start: Params,
    ) -> None:
        self.study, self.space, self.most, self.start = study, space, most, start
        self._worker = uuid.uuid4().hex
        self._since: dict[tuple[Any, ...], float] = {}  # when a running trial's last sign was new

    @_lasting
    def told(self) -> list[FrozenTrial]:
        """All that have a loss, whoever trained them."""
        return self.study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])

    @_lasting
    def take(self, count: int) -> dict[int, Params]:
        """Up to `count` candidates to train, by number: what dead workers left, then new ones."""
        taken = {}
        for trial in self._left()[:count]:
            if trial.params.keys() == self.space.keys():
                taken[trial.number] = self._claim(trial.number, trial.params)
            else:  # its worker died before it had drawn them all
                self._drop(trial.number)
        if self.start not in [_wanted(trial) for trial in self._trials(TrialState.WAITING)]:
            self.study.enqueue_trial(self.start)
        while len(taken) < count and len(self._trials()) < self.most:
            trial = self.study.ask()
            try:
                params = {
                    name: trial.suggest_float(name, *limits, log=True)
                    for name, limits in self.space.items()
                }
            except UpdateFinishedTrialError:  # SQLite gave it to two, and the other has finished
                continue
            # Of workers who ask at the same time, the last one sees what others did, and yields.
            others = [other for other in self._trials() if other.number != trial.number]
            older = sum(other.number < trial.number for other in others)
            if older < self.most and params not in [other.params for other in others]:
                taken[trial.number] = self._claim(trial.number, params)
            else:
                self._drop(trial.number)
        return taken

    @_lasting
    def tell(self, losses: Mapping[int, float]) -> None:
        """Losses by number; those of a candidate that somebody else has told are left out."""
        for number, loss in losses.items():
            with suppress(UpdateFinishedTrialError):
                self.study.tell(number, loss, skip_if_finished=True)

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Give signs of life, and at the end the sign that there will be no more."""
        done = threading.Event()

        def beat() -> None:
            count = 0
            while not done.wait(BEAT if count else 0):
                count += 1
                with suppress(Exception):  # a storage that is busy: the next sign will do
                    self.study.set_user_attr(self._worker, count)

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            with suppress(Exception):  # as above: without it, this worker is dead after a while
                self.study.set_user_attr(self._worker, _GONE)

    def _left(self) -> list[FrozenTrial]:
        """Running trials whose workers are dead, or that this one lost with a connection."""
        signs, now = self.study.user_attrs, time.monotonic()
        running = self.study.get_trials(deepcopy=False, states=[TrialState.RUNNING])
        since, left = {}, []
        for trial in running:
            worker = signs.get(f"trial {trial.number}")
            sign = (trial.number, worker, signs.get(worker))
            since[sign] = self._since.get(sign, now)
            if worker == self._worker or sign[2] == _GONE or now - since[sign] >= GRACE:
                left.append(trial)
        self._since = since
        return left

    def _trials(self, *more: TrialState) -> list[FrozenTrial]:
        """Those in training, those told, and those in `more` states."""
        states = [TrialState.RUNNING, TrialState.COMPLETE, *more]
        return self.study.get_trials(deepcopy=False, states=states)

    def _claim(self, number: int, params: Params) -> Params:
        self.study.set_user_attr(f"trial {number}", self._worker)
        return params

    def _drop(self, number: int) -> None:
        with suppress(UpdateFinishedTrialError):
            self.study.tell(number, state=TrialState.FAIL, skip_if_finished=True)


def _wanted(trial: FrozenTrial) -> Params:
    """Its parameters, also where they are not yet drawn but told in advance."""
    return trial.system_attrs.get("fixed_params", trial.params)
