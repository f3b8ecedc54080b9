"""Checkpoints: the archive of a run that is not at its end, in a folder that one replaces."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pcmlib.training import archive

NAME = "checkpoint.npz"


def save(directory: str | Path, header: Mapping[str, Any], arrays: archive.Arrays) -> Path:
    """Write directory/checkpoint.npz (`pcmlib.training.archive`).

    The file is replaced in one step, after the new one is on the disk: whenever the process is
    killed, or the disk is full, the last good checkpoint is still there.

    Raises:
        OSError: naming the file, when it cannot be written.
    """
    directory = Path(directory)
    path = directory / NAME
    try:
        directory.mkdir(parents=True, exist_ok=True)
        archive.write(path, header, arrays, compressed=False)
        _sync_directory(directory)
    except OSError as error:
        kept = "; the last good checkpoint is still there" if path.exists() else ""
        raise OSError(f"could not write the checkpoint {path}: {error}{kept}") from error
    return path


def exists(directory: str | Path) -> bool:
    """Whether there is a checkpoint in a directory."""
    return (Path(directory) / NAME).exists()


def load(directory: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and arrays that `save` wrote.

    Raises:
        ValueError: naming the file, when there is none, or it is cut short, or something else.
    """
    path = Path(directory) / NAME
    if not path.is_file():
        raise ValueError(f"checkpoint = {str(path)!r}: there is no such file to resume from")
    try:
        return archive.read(path)
    except ValueError as error:
        raise ValueError(f"checkpoint = {error}") from error


def _sync_directory(directory: Path) -> None:
    """Make the renaming last through a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
