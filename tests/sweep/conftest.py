"""A real PostgreSQL server on loopback, with a new database for each test that asks for one."""

import os
import shutil
import socket
import subprocess
import tempfile
from itertools import count
from pathlib import Path

import psycopg
import pytest
import sqlalchemy

PASSWORD = "geh/eim:"  # with characters that mean something in a URL
NUMBERS = count()  # of what the tests make


def find_programs() -> Path | None:
    """The folder of PostgreSQL's programs."""
    for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return path.parent
    path = shutil.which("initdb")
    return Path(path).parent if path else None


@pytest.fixture(scope="session")
def server(find):
    """The URL of a running server, without a database."""
    programs = find(find_programs, "postgresql")
    if programs is None:
        pytest.skip("no PostgreSQL here, and none can be installed: no server was tried")
    # Root must not run a server; the data lie where another user may look.
    user = "nobody" if os.geteuid() == 0 else None
    with socket.socket() as free, tempfile.TemporaryDirectory() as folder:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        (secret := Path(folder, "password")).write_text(PASSWORD)
        for path in (folder, secret):
            shutil.chown(path, user or os.geteuid())

        def run(program, *arguments):
            command = [programs / program, "--pgdata", f"{folder}/data", *arguments]
            subprocess.run(command, user=user, cwd=folder, stdout=subprocess.DEVNULL, check=True)

        locked = ["--auth=scram-sha-256", "--username=reader", f"--pwfile={secret}"]
        run("initdb", *locked, "--no-sync")
        options = f"-h 127.0.0.1 -p {port} -c unix_socket_directories= -c fsync=off"
        run("pg_ctl", "start", "--wait", "--silent", f"--log={folder}/log", "--options", options)
        yield f"postgresql://reader:{PASSWORD}@127.0.0.1:{port}"
        run("pg_ctl", "stop", "--wait", "--mode=immediate")


@pytest.fixture(scope="session")
def administer(server):
    """Run a statement on the server, as its administrator; the rows of its answer."""
    host, port = server.rpartition("@")[2].split(":")
    access = {"host": host, "port": port, "user": "reader", "password": PASSWORD}
    with psycopg.connect(dbname="postgres", autocommit=True, **access) as connection:
        yield lambda statement: connection.execute(statement)


def pytest_collection_modifyitems(items):
    """SQLAlchemy 2.0 drops a connection that its server cut without closing it, as psycopg says."""
    if sqlalchemy.__version__ < "2.1":
        ignored = pytest.mark.filterwarnings("ignore:.*was deleted while still open")
        for item in items:
            item.add_marker(ignored)


@pytest.fixture
def new_database(server, administer):
    """Make an empty database; its URL."""

    def make():
        name = f"study_{next(NUMBERS)}"
        administer(f"CREATE DATABASE {name}")
        return f"{server}/{name}"

    return make


@pytest.fixture
def new_storage(request, tmp_path):
    """Name an empty place for studies: a "journal", "sqlite" or "postgresql"."""

    def make(kind):
        if kind == "postgresql":  # the server starts when the first test asks for one
            return request.getfixturevalue("new_database")()
        path = tmp_path / f"study_{next(NUMBERS)}"
        return f"sqlite:///{path}.db" if kind == "sqlite" else f"{path}.journal"

    return make


@pytest.fixture(params=["journal", "sqlite", "postgresql"])
def storage(request, new_storage):
    """An empty place for studies, of each kind in turn."""
    return new_storage(request.param)
