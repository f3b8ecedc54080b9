"""Storages: what they refuse in one line, that races are harmless, and that an outage passes."""

import random
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

import optuna
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from optuna.exceptions import StorageInternalError
from sqlalchemy import Engine, event, make_url
from sqlalchemy.exc import OperationalError

from pcmlib.sweep import Budget, search, storage, study, tune
from pcmlib.sweep.space import search_space, start
from pcmlib.sweep.storage import persist, reported
from pcmlib.sweep.study import open_study

BUDGET = Budget(
    trials=20, first_epochs=1, epochs=2, finalists=2, networks=1, generations=1, changes=1
)


def constant(config):
    """In place of training."""
    loss = torch.ones(config.replicas)
    return SimpleNamespace(final_loss=lambda _: loss, rate_hz=torch.full((len(loss), 1), 10.0))


def refused(error, place):
    """The one line of the `error` that opening `place` meets."""
    with pytest.raises(error) as caught, reported(place):
        open_study("sign", place)
    (line,) = str(caught.value).splitlines()
    return line


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_postgresql_url_as_a_reader_types_it(scheme, new_database):
    url = new_database().replace("postgresql", scheme)
    open_study("sign", url).set_user_attr("mark", 1)
    assert open_study("sign", url).user_attrs == {"mark": 1}


def test_a_missing_driver_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    line = refused(ValueError, "postgresql://reader:geheim@localhost/studies")
    assert "missing here (psycopg)" in line
    assert 'pip install "pcmlib[postgresql]"' in line


def test_what_cannot_be_reached_is_named(new_database, tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "_OPENING", 0.0)
    database = make_url(new_database())
    wrong = database.set(password="geheim").render_as_string(hide_password=False)
    absent = database.set(database="absent").render_as_string(hide_password=False)
    (other := tmp_path / "other.db").write_text("no database")
    for place, reason in {
        "postgresql://reader:geheim@127.0.0.1:1/studies": "Connection refused",
        wrong: "password authentication failed",
        absent: 'database "absent" does not exist',
        f"sqlite:///{tmp_path}/absent/s.db": "unable to open database file",
        f"sqlite:///{other}": "file is not a database",
        str(tmp_path / "absent" / "s.journal"): "No such file or directory",
    }.items():
        line = refused(OSError, place)
        assert reason in line
        assert not any(secret in line for secret in ("geheim", database.password))


def test_what_is_no_storage_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "_OPENING", 0.0)
    (other := tmp_path / "other.journal").write_text('{"some": "JSON"}\n')
    open_study("sign", f"sqlite:///{tmp_path}/old.db")
    with sqlite3.connect(tmp_path / "old.db") as tables:
        tables.execute("UPDATE alembic_version SET version_num = 'v0.9.0.a'")
    tables.close()
    for place, reason in {
        "redis://localhost/1": "must be of a kind that SQLAlchemy knows",
        "postgresql:/localhost/studies": "must be a file, or a database URL",
        str(other): "must be a journal of Optuna's",
        f"sqlite:///{tmp_path}/old.db": "must be one with the tables of this version of Optuna",
    }.items():
        assert reason in refused(ValueError, place)


SIGNS = st.text("@:/?#[]%&=+ \\x.", max_size=3)


@example("/", "?", "", "postgresql://")
@given(SIGNS, SIGNS, SIGNS, st.sampled_from(["postgresql://", "postgresql:/", "postgresql:"]))
def test_no_password_is_shown(before, within, after, scheme):
    """Whatever is in it, escaped or not, and wherever the parser would split the URL."""
    password = f"{before}geheim{within}geheim{after}"
    for url in (
        f"{scheme}{before}reader:{password}@127.0.0.1:1/studies",
        f"{scheme}127.0.0.1:1/studies?user=reader&password={password}",
    ):
        assert "geheim" not in refused((ValueError, OSError), url)


def test_a_password_that_a_driver_names_is_hidden():
    error = OperationalError("SELECT", {}, RuntimeError("no such user:\n reader, geheim, gehe1m"))
    url = "postgresql://reader:geheim@localhost/studies?sslpassword=0&sslpassword=gehe1m"
    with pytest.raises(OSError, match=r"no such user: reader, \*\*\*, \*\*\*$"), reported(url):
        raise error


def test_a_failure_is_tried_again_however_long_it_took():
    """As making a database's tables does, where the machine is busy."""
    calls = []

    def slow_to_fail():
        calls.append(time.monotonic())
        if len(calls) == 1:
            time.sleep(0.3)
            raise OperationalError("CREATE", {}, RuntimeError("another was first"))
        return "made"

    assert persist(slow_to_fail, 0.1) == "made"


OPENER = """
import sys
from pcmlib.sweep.space import search_space, start
from pcmlib.sweep.storage import persist, reported
from pcmlib.sweep.study import open_study

for line in sys.stdin:
    open_study("sign", line.strip())
    print("open", flush=True)
"""


@pytest.mark.parametrize("kind", ["journal", "sqlite", "postgresql"])
def test_workers_open_an_empty_storage_at_once(kind, new_storage):
    """Of ten databases, most are made by two at the same time."""
    command = [sys.executable, "-c", OPENER]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as one, subprocess.Popen(command, **pipes) as other:
        for place in (new_storage(kind) for _ in range(10)):
            for process in (one, other):
                process.stdin.write(f"{place}\n")
                process.stdin.flush()
            assert [process.stdout.readline() for process in (one, other)] == ["open\n"] * 2
        one.stdin.close()
        other.stdin.close()


@pytest.fixture
def hurry(monkeypatch):
    # One thread: a sign of life would meet the failure and hide it, or hold another connection,
    # which SQLAlchemy then leaves open.
    monkeypatch.setattr(study, "BEAT", 100.0)
    monkeypatch.setattr(study, "GRACE", 1.0)
    monkeypatch.setattr(search, "_PAUSE", 0.05)
    monkeypatch.setattr(storage, "_PAUSE", 0.01)


@pytest.fixture
def disconnect(administer):
    """End the connections to a database, or one of them."""

    def end(url, which="true"):
        name = make_url(url).database
        administer(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{name}' AND {which}"
        )

    return end


@contextmanager
def before_each_statement(act):
    """Call `act` with the connection of every statement that is about to be sent."""

    def listener(connection, *_):
        act(connection.connection.driver_connection)

    event.listen(Engine, "before_cursor_execute", listener)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", listener)


@pytest.mark.usefixtures("hurry")
def test_connections_that_are_cut_while_candidates_train(new_database, disconnect, monkeypatch):
    """They are made anew, before anything can fail: nothing is tried twice."""
    monkeypatch.setattr(study, "persist", lambda call, *_: call())
    url = new_database()
    run = lambda config: disconnect(url) or constant(config)  # noqa: E731
    assert len(tune("sign", budget=BUDGET, storage=url, run=run)["trials"]) == BUDGET.trials


@pytest.mark.usefixtures("hurry")
def test_connections_that_are_cut_at_any_statement(new_database, disconnect):
    """Before one in 200: what was lost with them is taken up, and nothing is trained twice."""
    url, rng, cut, trained = new_database(), random.Random(0), [], []
    end = time.monotonic() + 100

    def run(config):
        trained.append(config.replicas)
        return constant(config)

    def act(connection):
        assert time.monotonic() < end, "something is waited for that nobody trains"
        if rng.random() < 0.005:
            cut.append(connection)
            disconnect(url, f"pid = {connection.info.backend_pid}")

    with before_each_statement(act):
        record = tune("sign", budget=BUDGET, storage=url, run=run)
    assert len(cut) > 5
    assert len(record["trials"]) == BUDGET.trials
    assert sum(trained[:-3:2]) == BUDGET.trials


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize("patience", [100.0, 0.3])
def test_an_outage(patience, new_database, administer, disconnect, monkeypatch):
    """Of 1.5 s: a worker waits, or ends with one line, and the search can go on."""
    monkeypatch.setattr(study, "PATIENCE", patience)
    url, name = (url := new_database()), make_url(url).database
    begun = []

    def run(config):
        if not begun:
            begun.append(threading.Timer(1.5, allow))
            administer(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            disconnect(url)
            begun[0].start()
        return constant(config)

    def allow():
        administer(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    if patience < 1:
        with pytest.raises(OSError, match="not currently accepting connections"):
            tune("sign", budget=BUDGET, storage=url, run=run)
        begun[0].join()
    record = tune("sign", budget=BUDGET, storage=url, run=run)
    assert len(record["trials"]) == BUDGET.trials


@pytest.mark.usefixtures("hurry")
def test_after_an_outage_no_worker_is_taken_for_dead(tmp_path, monkeypatch):
    """None could give a sign of life meanwhile; one that gives none afterwards is."""
    space = search_space("sign")
    quiet, other = (
        study.Candidates(open_study("sign", tmp_path / "s.journal"), space, 9, start("sign", {}))
        for _ in range(2)
    )
    mine = quiet.take(2)
    other.tell(dict.fromkeys(other.take(1), 0.0))
    read, end = optuna.Study.get_trials, time.monotonic() + 1.5 * study.GRACE

    def get_trials(*args, **options):
        if time.monotonic() < end:
            raise StorageInternalError
        return read(*args, **options)

    monkeypatch.setattr(optuna.Study, "get_trials", get_trials)
    after = other.take(2)
    assert time.monotonic() > end
    assert not after.keys() & mine.keys()
    other.tell(dict.fromkeys(after, 0.0))
    time.sleep(study.GRACE)
    assert other.take(2) == mine
