"""Names in annotations exist: a linter that lets jaxtyping's shapes pass does not see those."""

import ast
import builtins
import importlib
import pkgutil
from pathlib import Path

import pytest

import pcmlib

MODULES = [m.name for m in pkgutil.walk_packages(pcmlib.__path__, "pcmlib.")]


@pytest.mark.parametrize("name", [n for n in MODULES if not n.endswith("__main__")])
def test_every_name_in_an_annotation_is_imported(name):
    module = importlib.import_module(name)
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    imported = {
        a.asname or a.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) for a in n.names
    }  # also for type checkers alone
    known = vars(module).keys() | vars(builtins).keys() | imported
    written = [
        getattr(n, field, None) for n in ast.walk(tree) for field in ("annotation", "returns")
    ]
    used = {x.id for a in written if a for x in ast.walk(a) if isinstance(x, ast.Name)}
    assert used <= known
