"""Training runs that are computed once: a store outside the repository, addressed by content.

    key = SHA-256 of everything that a run depends on:
          configuration, pcmlib's own code, versions of the libraries, processor

Whoever asks for a run gets the stored one if its key is there, and otherwise trains it and leaves
it there for the next. An edit to the code that trains changes every key, so that no old run is ever
taken for a new one; an edit to a comment, or to a figure, changes none.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import uuid
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import llvmlite.binding as llvm
import torch
from filelock import FileLock

from pcmlib.base import source
from pcmlib.base.files import cache_folders, share
from pcmlib.schemes import SCHEMES
from pcmlib.training.archive import FORMAT
from pcmlib.training.config import TrainConfig
from pcmlib.training.results import TrainingRun
from pcmlib.training.run import train

_CODE = "training.run"  # and all that it imports
_THIS_PROCESS = f"edited while it ran: process {uuid.uuid4()}"  # shares no run with another


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
    and a warning names the folder where a run cannot be read, locked or kept. A run by a reader's
    own scheme, whose code has no name, is trained each time.

    Args:
        config: the run.
        device: torch device of the networks.
        progress: as in `train`.
        folder: of the store; None: see `store_folder`.

    Raises:
        ValueError: for a value out of range.
        OSError: where there is no folder; before any training.
    """
    if not SCHEMES[config.scheme].built_in:
        return train(config, device=device, progress=progress)
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
        run.save(path, shared=True)
    except OSError as error:  # such as a full disk, or a folder that others own
        _warn(path, "a run could not be kept, and will be trained again", error)
    source.forget_unused(path.parent, "*.npz", kept_bytes=math.inf)


def _warn(path: Path, what: str, error: OSError) -> None:
    message = f"store of runs {path.parent}: {what} ({error.strerror or error})"
    warnings.warn(message, stacklevel=4)


def store_folder() -> Path:
    """$PCMLIB_STORE, or else a folder in the user's cache, or of temporary files without a home.

    Raises:
        OSError: where there is none of them.
    """
    if chosen := os.environ.get("PCMLIB_STORE"):
        return Path(chosen)
    for folder in cache_folders(create=True):
        return folder / "runs"
    raise OSError("no folder to keep runs in: no home, no temporary folder; set PCMLIB_STORE")


# The key


def run_key(config: TrainConfig, device: str | torch.device = "cpu") -> str:
    """A name that two runs share only if they are the same to the bit."""
    content = {
        "config": config.to_dict(),
        "code": source.loaded_hash(_CODE) or _THIS_PROCESS,
        "machine": [*source.machine(), *_torch(torch.device(device).type)],
        "format": FORMAT,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _torch(device: str) -> list[str]:
    """What torch computes with: the processor itself, whatever Numba is told to compile for."""
    processor = [llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()]
    capability = torch.backends.cpu.get_cpu_capability()
    gpu = [torch.cuda.get_device_name()] if device == "cuda" else []
    return [device, torch.__version__, *processor, capability, *gpu]


def load_run(path: Path) -> TrainingRun | None:
    """A run in the store; None where there is no file, a damaged one, or one kept from us."""
    try:
        run = TrainingRun.load(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        _warn(path, "a run in it could not be read", error)
        return None
    except ValueError:  # damaged
        return None
    with suppress(OSError):  # for forget_unused; not ours: then the time of reading has to do
        os.utime(path)
    return run
