"""A study that is stopped at any moment goes on: nothing twice, the start among them, all told."""

import json
import math
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import optuna
import pytest
import torch

from pcmlib.sweep import Budget, search, study, tune
from pcmlib.sweep.space import search_space, start

BUDGET = Budget(
    trials=20, first_epochs=1, epochs=2, finalists=2, networks=1, generations=1, changes=1
)
ROUND_1 = ["short", "long"] * 3  # of 8, 8 and 4 candidates


def smooth(config):
    loss = torch.tensor([math.sin(1e3 * x) + 1 for x in config.each("threshold")])
    return SimpleNamespace(final_loss=lambda _: loss, rate_hz=torch.full((len(loss), 1), 10.0))


def check(trials):
    """The record's candidates of round 1."""
    points = [tuple(value for name, value in trial.items() if name != "loss") for trial in trials]
    assert len(points) == len(set(points)) == BUDGET.trials
    assert start("sign", {}) in [
        {name: value for name, value in trial.items() if name != "loss"} for trial in trials
    ]


def hurry(patch=setattr):
    """Notice within a second that signs of life stay away."""
    patch(study, "BEAT", 0.1)
    patch(study, "GRACE", 1.0)
    patch(search, "_PAUSE", 0.05)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    hurry(monkeypatch.setattr)


def test_stopped_by_an_error_in_each_batch_in_turn(storage):
    """Of one study, once in each half of each batch."""
    for last in range(len(ROUND_1)):
        calls = []

        def run(config, last=last, calls=calls):
            calls.append(config)
            if len(calls) > last % 2:
                raise KeyboardInterrupt
            return smooth(config)

        with pytest.raises(KeyboardInterrupt):
            tune("sign", budget=BUDGET, storage=storage, run=run)
    check(tune("sign", budget=BUDGET, storage=storage, run=smooth)["trials"])


PROGRAM = """
import os, signal, sys
import test_study
from pcmlib.sweep import tune

storage, seed, most = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
calls = []
def run(config):
    calls.append(config)
    if len(calls) > most:
        os.kill(os.getpid(), signal.SIGKILL)
    return test_study.smooth(config)

test_study.hurry()
print("ready", flush=True)
input()
tune("sign", budget=test_study.BUDGET, storage=storage, seed=seed, run=run)
"""


@contextmanager
def worker(storage, seed=0, most=1000):
    """A process that is ready to `go`, and that dies in its training number `most` + 1."""
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, storage, str(seed), str(most)],
        env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout.readline() == b"ready\n"
        yield process
        process.kill()


def go(*workers):
    """Let them begin at once, and wait; their exit codes."""
    for process in workers:
        process.stdin.write(b"\n")
        process.stdin.flush()
    return [process.wait(100) for process in workers]


@pytest.mark.parametrize(
    ("storage", "batch"),
    [("journal", 0), ("journal", 2), ("sqlite", 1), ("postgresql", 1)],
    indirect=["storage"],
)
def test_killed_in_a_batch(storage, batch):
    """So that nothing in the process can tidy up."""
    with worker(storage, most=2 * batch) as killed:
        assert go(killed) == [-signal.SIGKILL]
    trained = []
    run = lambda config: trained.append(config.replicas) or smooth(config)  # noqa: E731
    check(tune("sign", budget=BUDGET, storage=storage, run=run)["trials"])
    assert sum(trained[:-3:2]) >= BUDGET.trials - 8 * batch  # a killed batch is trained again


def test_two_begin_at_once_and_one_is_killed(storage):
    """The other trains what that one left, and ends, on a storage that both found empty."""
    with worker(storage, seed=1) as survivor, worker(storage, seed=2, most=1) as killed:
        assert go(survivor, killed) == [0, -signal.SIGKILL]
    trained = []
    run = lambda config: trained.append(config) or smooth(config)  # noqa: E731
    check(tune("sign", budget=BUDGET, storage=storage, run=run)["trials"])
    assert len(trained) == 3  # rounds 2 and 3: nothing of round 1 is missing


def test_killed_before_a_candidate_was_drawn(tmp_path):
    """The start among them: it is queued again, and the budget is kept."""
    for drawn in (0, 1):
        stopped = study.open_study("sign", tmp_path / "s.journal")
        stopped.enqueue_trial(start("sign", {}))
        trial = stopped.ask()
        if drawn:
            trial.suggest_float("threshold", *search_space("sign")["threshold"], log=True)
    check(tune("sign", budget=BUDGET, storage=tmp_path / "s.journal", run=smooth)["trials"])


def test_a_candidate_that_another_ends_while_it_is_drawn_is_left(storage, monkeypatch):
    """A database may give a queued candidate to two workers."""
    opened = study.open_study("sign", storage)
    draw, ended = optuna.Trial.suggest_float, []

    def late(trial, *args, **options):
        if not ended:
            ended.append(trial.number)
            opened.tell(trial.number, 0.5)
        return draw(trial, *args, **options)

    monkeypatch.setattr(optuna.Trial, "suggest_float", late)
    taken = study.Candidates(opened, search_space("sign"), BUDGET.trials, start("sign", {})).take(3)
    assert len(taken) == 3
    assert not taken.keys() & set(ended)


def test_workers_of_one_seed_share_a_study(storage):
    """They draw the same numbers: of what both draw, one trains each, and none goes over."""
    found, errors = [], []
    gate = threading.Barrier(3)

    def work():
        try:
            opened = study.open_study("sign", storage)
            mine = study.Candidates(opened, search_space("sign"), BUDGET.trials, start("sign", {}))
            gate.wait()
            with mine.alive():
                while len(mine.told()) < BUDGET.trials:
                    taken = mine.take(3)
                    mine.tell({number: params["threshold"] for number, params in taken.items()})
            found.append(sorted(trial.number for trial in mine.told()))
        except Exception as error:
            errors.append(error)

    study.open_study("sign", storage)
    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    assert errors == []
    assert found[0] == found[1] == found[2]
    told = study.open_study("sign", storage).get_trials(deepcopy=False)
    told = [trial.params for trial in told if trial.number in found[0]]
    check([{**params, "loss": 0.0} for params in told])


def test_what_a_live_worker_trains_is_left_to_it(tmp_path):
    """For as long as it gives signs of life; a loss that comes after all is not told twice."""
    slow, other = (
        study.Candidates(
            study.open_study("sign", tmp_path / "s.journal", seed),
            search_space("sign"),
            4,
            start("sign", {}),
        )
        for seed in (0, 1)
    )
    with slow.alive():
        mine = slow.take(2)
        for _ in range(30):
            assert not mine.keys() & other.take(2).keys()
            threading.Event().wait(0.05)
    left = other.take(2)
    assert left == mine
    other.tell(dict.fromkeys(left, 1.0))
    slow.tell(dict.fromkeys(mine, 2.0))
    assert {trial.value for trial in slow.told()} == {1.0}


def test_a_record_is_json(tmp_path):
    record = tune("sign", budget=BUDGET, run=smooth)
    search.write_record(record, tmp_path / "r.json")
    assert json.loads((tmp_path / "r.json").read_text()) == record
