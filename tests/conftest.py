"""What every test has: shapes checked at each call of pcmlib, and reproducible property tests."""

import dataclasses
import os
import re
import shutil
import subprocess
from pathlib import Path

import jaxtyping
import matplotlib
import pytest
from filelock import FileLock
from hypothesis import settings
from typecheck import enforced

matplotlib.use("agg")

pytest_plugins = ["reported"]

# Before any test imports pcmlib: its annotations (jaxtyping's shapes among them) are then enforced.
# Modules with compiled loops are left out: Numba can't compile what the hook has wrapped.
jaxtyping.jaxtyped = enforced
_package = Path(__file__).parent.parent / "pcmlib"
jaxtyping.install_import_hook(
    [
        ".".join(("pcmlib", *path.relative_to(_package).with_suffix("").parts))
        for path in sorted(_package.rglob("[!_]*.py"))
        if not re.search(
            r"\bnjit\b|register_jitable|base\.kernels import|pcmlib\.book\.live import",
            path.read_text(),
        )
    ],
    "typecheck.typecheck",
)

# The same examples on every run; no deadline, since the first call of a kernel compiles it.
settings.register_profile("pcmlib", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("pcmlib")


@pytest.fixture(scope="session")
def alone(tmp_path_factory):
    """A lock among the processes that share the tests out: for what one of them does for all."""
    return FileLock(tmp_path_factory.getbasetemp().parent / "alone.lock")


@pytest.fixture(scope="session")
def find(alone):
    """What a function finds; if nothing, it looks again after a Debian package is installed."""

    def find(look, package):
        with alone:
            if (found := look()) or not shutil.which("apt-get") or os.geteuid() != 0:
                return found
            environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
            for command in (["update"], ["install", "--yes", "--no-install-recommends", package]):
                subprocess.run(["apt-get", "-qq", *command], env=environment, check=False)
            return look()

    return find


@pytest.fixture
def untrained(monkeypatch):
    """The book's runs, which know what they were asked for, in no time."""
    from runs import made_up

    from pcmlib.book.experiments import training

    blank = made_up([[0.1, 0.1]] * 2)
    stored = lambda config: dataclasses.replace(blank, config=config)  # noqa: E731
    monkeypatch.setattr(training, "stored_train", stored)
