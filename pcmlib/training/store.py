"""Training runs that are computed once: a store outside the repository, addressed by content.

    key = SHA-256 of everything that a run depends on:
          configuration, pcmlib's own code, versions of the libraries, processor

Whoever asks for a run gets the stored one if its key is there, and otherwise trains it and leaves
it there for the next. An edit to the code that trains changes every key, so that no old run is ever
taken for a new one; an edit to a comment, or to a figure, changes none.
"""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import json
import os
import platform
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
import torch
from filelock import FileLock
from platformdirs import user_cache_path

from pcmlib.base.files import share, written_whole
from pcmlib.training.config import TrainConfig
from pcmlib.training.run import TrainingRun, train

FORMAT = "pcmlib-run-2"  # to be changed with what a file holds
KEPT_DAYS = 30  # since a run was last used
_PACKAGE = Path(__file__).parent.parent
_ROOT = "training.run"
# A preset reaches a run through its configuration alone; the package's face only hands names on.
_NO_MATTER = {"training", "training.presets", "base.progress"}


def stored_train(
    config: TrainConfig,
    *,
    device: str | torch.device = "cpu",
    progress: bool | None = None,
    folder: str | Path | None = None,
) -> TrainingRun:
    """`train`, but only where the store has no such run; equal to it to the bit.

    A file that is damaged is computed again. Of several processes that ask for the same run, one
    trains and the others wait for it. Several people may share a store: what can be read is read,
    and a warning names the folder where a run cannot be read, locked or kept.

    Args:
        config: the run.
        device: torch device of the networks.
        progress: as in `train`.
        folder: of the store; None: see `store_folder`.

    Raises:
        ValueError: for a value out of range.
    """
    folder = Path(folder) if folder is not None else store_folder()
    path = folder / f"{run_key(config, device)}.npz"
    run = load_run(path)
    if run is None:
        with _locked(path):
            run = load_run(path)  # another process may have left it meanwhile
            if run is None:
                run = train(config, device=device, progress=progress)
                _keep(run, path)
    return run


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Alone with a run, among the processes that may lock it."""
    with ExitStack() as stack:
        lock = path.with_suffix(".lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            writers = path.parent.stat().st_mode & 0o022
            stack.enter_context(FileLock(lock, mode=0o644 | writers))
            share(lock, writable=True)
        except OSError as error:
            _warn(path, "no lock, and others may train the same run meanwhile", error)
        yield


def _keep(run: TrainingRun, path: Path) -> None:
    """Leave it for the next, if that can be done: the run itself is good."""
    try:
        save_run(run, path)
    except OSError as error:  # such as a full disk, or a folder that others own
        _warn(path, "a run could not be kept, and will be trained again", error)
    _forget_unused(path.parent)


def _warn(path: Path, what: str, error: OSError) -> None:
    message = f"store of runs {path.parent}: {what} ({error.strerror or error})"
    warnings.warn(message, stacklevel=4)


def store_folder() -> Path:
    """$PCMLIB_STORE, or else a folder in the user's cache."""
    chosen = os.environ.get("PCMLIB_STORE")
    return Path(chosen) if chosen else user_cache_path("pcmlib") / "runs"


# The key


def run_key(config: TrainConfig, device: str | torch.device = "cpu") -> str:
    """A name that two runs share only if they are the same to the bit."""
    content = {
        "config": config.to_dict(),
        "code": source_hash(),
        "machine": _machine(torch.device(device).type),
        "format": FORMAT,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def source_hash(package: Path = _PACKAGE) -> str:
    """Of the modules that training imports, as Python reads them: without comments and layout."""
    modules = {name: _parse(_file(name, package)) for name in training_modules(package)}
    code = "\n".join(f"{name}: {ast.dump(tree)}" for name, tree in sorted(modules.items()))
    return hashlib.sha256(code.encode()).hexdigest()


def training_modules(package: Path = _PACKAGE) -> set[str]:
    """Modules of pcmlib that ``training.run`` imports, itself and those that they import too."""
    found: set[str] = set()
    waiting = [_ROOT]
    while waiting:
        name = waiting.pop()
        if name not in found | _NO_MATTER and _file(name, package).is_file():
            found.add(name)
            waiting += _imports(_parse(_file(name, package)))
    return found


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


def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def _machine(device: str) -> list[str]:
    """Libraries, and the processor that code is compiled for: both decide the last bits."""
    versions = [platform.python_version(), torch.__version__, np.__version__, numba.__version__]
    processor = [platform.machine(), llvm.get_host_cpu_name()]
    features = llvm.get_host_cpu_features().flatten()
    gpu = [torch.cuda.get_device_name()] if device == "cuda" else []
    return [device, *versions, *processor, features, *gpu]


# Files: NumPy archives, whose parts carry checksums; read without pickle


def save_run(run: TrainingRun, path: Path) -> None:
    """Write `run` whole or not at all, for all who may write to its folder."""
    arrays: dict[str, np.ndarray] = {}
    shapes: dict[str, list[int]] = {}
    for name, tensor in _tensors(run).items():
        arrays[name] = tensor.detach().cpu().numpy()
        if tensor.dtype == torch.bool:  # spikes: eight to a byte
            shapes[name] = list(tensor.shape)
            arrays[name] = np.packbits(arrays[name])
    header = {"config": run.config.to_dict(), "seconds": run.seconds, "shapes": shapes}
    with written_whole(path, shared=True) as file:
        np.savez_compressed(file, header=np.array(json.dumps(header)), **arrays)


def load_run(path: Path) -> TrainingRun | None:
    """What `save_run` wrote; None where there is no file, a damaged one, or one kept from us."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    except OSError as error:
        _warn(path, "a run in it could not be read", error)
        return None
    try:
        with file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        header = json.loads(str(arrays.pop("header")))
        for name, shape in header["shapes"].items():
            bits = np.unpackbits(arrays[name], count=int(np.prod(shape)))
            arrays[name] = bits.astype(bool).reshape(shape)
        run = _assemble(header, arrays)
    except Exception:  # of a damaged file, zipfile, zlib, NumPy and its tokenizer raise all sorts
        return None
    with suppress(OSError):  # for _forget_unused; not ours: then the time of reading has to do
        os.utime(path)
    return run


def _tensors(run: TrainingRun) -> dict[str, torch.Tensor]:
    """All tensors of a run; those in a dictionary as ``field.key``."""
    found: dict[str, torch.Tensor] = {}
    for field in dataclasses.fields(run):
        value = getattr(run, field.name)
        if isinstance(value, torch.Tensor):
            found[field.name] = value
        elif isinstance(value, dict):
            found |= {f"{field.name}.{key}": tensor for key, tensor in value.items()}
    return found


def _assemble(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> TrainingRun:
    values: dict[str, Any] = {"weights": {}, "conductances": {}, "wear": {}}
    for name, array in arrays.items():
        field, _, key = name.partition(".")
        tensor = torch.from_numpy(array)
        if key:
            values[field][key] = tensor
        else:
            values[field] = tensor
    config = TrainConfig.from_dict(header["config"])
    return TrainingRun(config=config, seconds=header["seconds"], **values)


def _forget_unused(folder: Path) -> None:
    """Delete runs that nobody asked for in a long time: those of code long edited."""
    for path in folder.glob("*.npz"):
        try:
            used = max(path.stat().st_mtime, path.stat().st_atime)
            if used < time.time() - KEPT_DAYS * 86400:
                path.unlink()
                path.with_suffix(".lock").unlink(missing_ok=True)
        except OSError:  # another process was faster, or it is another user's
            continue
