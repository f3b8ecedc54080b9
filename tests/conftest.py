"""What every test has: shapes checked at each call of pcmlib, and reproducible property tests."""

import dataclasses
import re
from pathlib import Path

import jaxtyping
import matplotlib
import pytest
from hypothesis import settings
from typecheck import enforced

matplotlib.use("agg")

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


@pytest.fixture
def untrained(monkeypatch):
    """The book's runs, which know what they were asked for, in no time."""
    from runs import made_up

    from pcmlib.book.experiments import training

    blank = made_up([[0.1, 0.1]] * 2)
    stored = lambda config: dataclasses.replace(blank, config=config)  # noqa: E731
    monkeypatch.setattr(training, "stored_train", stored)
