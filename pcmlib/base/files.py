"""Folders to keep things in, files that are written whole or not at all, numbers as JSON can hold
them."""

from __future__ import annotations

import math
import os
import stat
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from platformdirs import user_cache_path


def cache_folders(create: bool = False) -> Iterator[Path]:
    """Where pcmlib may keep things: in the user's cache, then in private among temporary files.

    There is neither without a home and a temporary folder; either may be full, or only be read.

    Args:
        create: the private one, if need be; anyone could make it with other rights.
    """
    user = user_cache_path("pcmlib")
    if user.is_absolute():  # it isn't where there is no home
        yield user
    with suppress(OSError):  # no such folder
        private = Path(tempfile.gettempdir()) / f"pcmlib-{getattr(os, 'getuid', str)()}"
        if create:
            private.mkdir(mode=0o700, exist_ok=True)
        found = private.lstat()  # what others can write there would be run
        ours = not hasattr(os, "getuid") or (
            found.st_uid == os.getuid() and stat.S_IMODE(found.st_mode) & 0o077 == 0
        )
        if stat.S_ISDIR(found.st_mode) and ours:
            yield private


@contextmanager
def written_whole(path: str | Path, *, shared: bool = False) -> Iterator[BinaryIO]:
    """A file to write into, which takes the place of `path` once it is on the disk.

    It lies beside the file that a symbolic link leads to, so that renaming it crosses no file
    system, and it has the rights that any new file gets there. A stream is written as it is.

    Args:
        path: of the file, or of a stream (`is_stream`).
        shared: see `share`.

    Raises:
        OSError: when it cannot be written; the old file is still there.
    """
    if is_stream(path):
        with _opened(path) as stream:
            yield stream
        return
    target = Path(path).resolve()
    aside = target.with_name(f"{uuid.uuid4().hex}.part")
    try:
        with _beside(aside, path) as file:
            if shared:
                share(aside)
            yield file
            file.flush()
            os.fsync(file.fileno())
        aside.replace(target)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def _beside(aside: Path, path: str | Path) -> BinaryIO:
    """The file to write to; where there can be none, the error names the user's own path."""
    try:
        return aside.open("xb")
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from None


def is_stream(path: str | Path) -> bool:
    """Whether it is standard output, a character device or a named pipe: no file to replace."""
    mode = 0
    with suppress(OSError):  # there is none yet
        mode = Path(path).stat().st_mode
    return is_stdout(path) or stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)


def is_stdout(path: str | Path) -> bool:
    """Whether it is standard output: by the name "-", or because both are the same file."""
    with suppress(OSError):
        return str(path) == "-" or os.path.samestat(Path(path).stat(), os.fstat(1))
    return False


@contextmanager
def _opened(stream: str | Path) -> Iterator[BinaryIO]:
    if not is_stdout(stream):
        with Path(stream).open("wb") as file:
            yield file
    else:
        sys.stdout.flush()  # what was printed comes first
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()


def share(path: Path, *, writable: bool = False) -> None:
    """Let whoever may write to a folder read our file in it, and write to it where asked for."""
    folder = path.parent.stat()
    writers = folder.st_mode & 0o022  # group, others
    with suppress(OSError):  # not ours, or the folder's group is not ours
        if writers:
            os.chown(path, -1, folder.st_gid)
            path.chmod(path.stat().st_mode | writers << 1 | (writers if writable else 0))


def for_json(value: Any) -> Any:
    """`value` in dicts, lists and numbers; None (null in JSON) for NaN and the infinities."""
    if isinstance(value, Mapping):
        return {key: for_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [for_json(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return for_json(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value
