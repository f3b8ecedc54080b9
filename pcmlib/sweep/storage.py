"""Where a search keeps its candidates: in memory, in a journal file, or in a database.

Optuna's storages, for workers that start together and that survive a storage that is unreachable
for a while. A database's error is reported in one line, without any password.
"""

from __future__ import annotations

import math
import re
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from sqlalchemy import URL, create_engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

PATIENCE = 300.0  # s for which a worker goes on trying to reach its storage
_OPENING = 10.0  # s, likewise, while others may be making the tables of a new database
_PAUSE = 0.5  # s between two tries
_FAILURES = (SQLAlchemyError, StorageInternalError)
_POSTGRESQL = "postgresql+psycopg"  # with the driver that the extra brings along


def open_storage(storage: str | Path | None) -> BaseStorage:
    """Open a database URL or a journal file, which machines may share; None: memory.

    Raises:
        ValueError: for a URL that cannot be read or whose driver is missing, or another file.
        OSError: for a file that cannot be opened; of a database see `reported`.
    """
    if storage is None:
        return InMemoryStorage()
    if url := _read_url(storage):
        return _open_database(url)
    try:
        return JournalStorage(JournalFileBackend(str(storage)))
    except (ValueError, LookupError, TypeError):
        raise _refusal(str(storage), "a journal of Optuna's, or a new file") from None


def _open_database(url: URL) -> BaseStorage:
    """Connect, and make the tables unless another worker does."""
    try:
        engine = create_engine(url)
        engine.connect().close()  # apart, to fail at once: what fails below may be a race
        engine.dispose()
        text = url.render_as_string(hide_password=False)
        # A connection that was cut while a candidate trained is replaced.
        options = {"pool_pre_ping": True}
        storage = persist(lambda: RDBStorage(text, engine_kwargs=options), _OPENING)
        weakref.finalize(storage, storage.engine.dispose)
        return storage
    except NoSuchModuleError:
        allowed = "of a kind that SQLAlchemy knows, such as postgresql:// or sqlite:///"
    except ImportError as error:
        extra = ': pip install "pcmlib[postgresql]"' if url.drivername == _POSTGRESQL else ""
        allowed = f"used with its driver, which is missing here ({error.name or error}){extra}"
    except RuntimeError as error:
        allowed = f"one with the tables of this version of Optuna. {error}"
    raise _refusal(_shown(url), allowed)


def persist(call: Callable[[], Any], seconds: float, failed: Callable[[], Any] = int) -> Any:
    """What `call` returns, tried again for some `seconds` from its first failure on.

    After each failure `failed` is called.
    """
    end = math.inf
    while True:
        try:
            return call()
        except _FAILURES:
            failed()
            if time.monotonic() > end:
                raise
            end = min(end, time.monotonic() + seconds)
            time.sleep(_PAUSE)


@contextmanager
def reported(storage: str | Path | None) -> Iterator[None]:
    """Raise what a database refuses as an OSError of one line."""
    try:
        yield
    except _FAILURES as error:
        cause = error.__cause__ if isinstance(error, StorageInternalError) else error
        reason = " ".join(str(getattr(cause, "orig", cause)).split())
        if url := _read_url(storage):
            options = url.normalized_query
            secrets = [url.password, *(s for key in options if "pass" in key for s in options[key])]
            for secret in filter(None, secrets):
                reason = reason.replace(str(secret), "***")
            raise OSError(f"storage = {_shown(url)!r}: {reason}") from None
        raise


def _read_url(storage: str | Path | None) -> URL | None:
    """The parts of a database URL; None for a file.

    Refused is any @ but one before a ?: the parser would take some of the password for a host or a
    database, which messages show.
    """
    text, url = str(storage), None
    if storage is None or not re.match(r"[\w+]{2,}:", text):  # one letter is a drive
        return None
    with suppress(ArgumentError, ValueError):
        url = make_url(text)
    front, _, options = text.partition("?")
    clear = url and "@" not in options and front.count("@") == (url.username is not None)
    if url is None or not (clear or url.drivername == "sqlite"):
        example = "postgresql://USER:PASSWORD@HOST/DATABASE"
        escapes = "a password's @ and ? are written %40 and %3F"
        raise ValueError(f"storage: must be a file, or a database URL like {example}; {escapes}")
    if url.drivername in ("postgres", "postgresql"):  # which driver that means differs
        url = url.set(drivername=_POSTGRESQL)
    return url


def _shown(url: URL) -> str:
    """Without user, password and options."""
    host, port = url.host, url.port
    return str(URL.create(url.drivername, host=host, port=port, database=url.database))


def _refusal(storage: str, allowed: str) -> ValueError:
    return ValueError(f"storage = {storage!r}: must be {allowed}")
