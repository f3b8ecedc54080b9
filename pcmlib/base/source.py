"""What two results share if they are the same to the bit: the code behind them, and the machine.

Whatever is kept on disk (a compiled loop, a training run) is kept under a name made of both, so
that nothing old is ever taken for something new. Code is hashed as Python reads it, without
comments and layout: an edit that changes no result keeps every name.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import platform
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import llvmlite
import numba
import numpy as np
from numba.core.registry import cpu_target

KEPT_DAYS = 30  # since a file was last used
KEPT_BYTES = 2**29  # of files that `forget_unused` looks after together, unless told otherwise
PACKAGE = Path(__file__).parent.parent
# These hand names on, show things or name results: no result depends on them.
NO_MATTER = {
    "training", "training.presets", "training.evaluation", "device.fit", "base.progress",
    "base.source",
}  # fmt: skip
# Settings of Numba that change the code that it makes, beside the processor's.
_SETTINGS = (
    "OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "BOUNDSCHECK", "DISABLE_JIT", "DISABLE_INTEL_SVML",
    "DEBUGINFO_DEFAULT", "LLVM_REFPRUNE_PASS",
)  # fmt: skip


def source_hash(roots: Iterable[str], package: Path = PACKAGE) -> str:
    """Of the modules `roots` ("device.laws") and all of the package that they import."""
    files = {name: _file(name, package) for name in sorted(modules(roots, package))}
    code = "\n".join(f"{name}: {_read(path, _stamp(path))[0]}" for name, path in files.items())
    return hashlib.sha256(code.encode()).hexdigest()


def loaded_hash(*roots: str) -> str | None:
    """`source_hash` of the code that this process runs.

    None if nobody can tell: a file was edited since the process began, or there are no files.
    """
    try:
        code, names = _hash_once(roots)
        edited = any(
            _stamp(_file(name, PACKAGE)) != _AT_START[_file(name, PACKAGE)] for name in names
        )
    except (OSError, KeyError):  # gone, or new
        return None
    return None if edited else code


def modules(roots: Iterable[str], package: Path = PACKAGE) -> set[str]:
    """Modules of pcmlib that `roots` import, themselves and those that they import too."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in found | NO_MATTER and _file(name, package).is_file():
            found.add(name)
            path = _file(name, package)
            waiting += _read(path, _stamp(path))[1]
    return found


@cache
def machine() -> list[str]:
    """Libraries that compile, and the processor that they compile for: both decide the last bits.

    The processor is the one that Numba takes, NUMBA_CPU_NAME and NUMBA_CPU_FEATURES heeded.
    """
    versions = [platform.python_version(), np.__version__, numba.__version__, llvmlite.__version__]
    settings = [f"{name}={getattr(numba.config, name, None)}" for name in _SETTINGS]
    return [*versions, *settings, *cpu_target.target_context.codegen().magic_tuple()]


def forget_unused(folder: Path, pattern: str, kept_bytes: float = KEPT_BYTES) -> None:
    """Delete what nobody used in a long time, files of code long edited, and what is too much.

    A file's date is that of its last use: whoever reads one sets it, if it is theirs.
    """
    files = []
    for path in folder.glob(pattern):
        with contextlib.suppress(OSError):  # another process was faster
            found = path.stat()
            files.append((max(found.st_mtime, found.st_atime), found.st_size, path))
    total = 0
    for used, size, path in sorted(files, reverse=True):
        total += size
        if used < time.time() - KEPT_DAYS * 86400 or total > kept_bytes:
            with contextlib.suppress(OSError):  # another user's
                path.unlink(missing_ok=True)
                path.with_suffix(".lock").unlink(missing_ok=True)


@cache
def _hash_once(roots: tuple[str, ...]) -> tuple[str, set[str]]:
    for name in roots:
        _file(name, PACKAGE).stat()
    return source_hash(roots), modules(roots)


def _file(name: str, package: Path) -> Path:
    """Of a module "crossbar" or "device.laws", or of a package "device"."""
    path = package.joinpath(*name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _imports(tree: ast.Module) -> Iterable[str]:
    """Names that may be modules of pcmlib: "device" and "device.laws" after an import of either."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names = [module, *(f"{module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            if name.startswith("pcmlib."):
                parts = name.split(".")[1:]
                yield from (".".join(parts[: k + 1]) for k in range(len(parts)))


@cache
def _read(path: Path, stamp: tuple[int, int]) -> tuple[str, list[str]]:
    """The code of a file that has that stamp, and what it imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return ast.dump(tree), list(_imports(tree))


def _stamp(path: Path) -> tuple[int, int]:
    return path.stat().st_mtime_ns, path.stat().st_size


_AT_START = {path: _stamp(path) for path in PACKAGE.rglob("*.py")}
