"""Checkpoints that are whole or not there: written aside, flushed, renamed; read without pickle."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from pcmlib import __version__
from pcmlib.base.files import written_whole

FORMAT = "pcmlib-checkpoint-1"
_NAME = "checkpoint.pt"


def save(directory: str | Path, content: dict[str, Any]) -> Path:
    """Write `content` (numbers, strings, lists, dicts, tensors) to directory/checkpoint.pt.

    The file is replaced in one step, after the new one is on the disk: whenever the process is
    killed, or the disk is full, the last good checkpoint is still there.

    Raises:
        OSError: naming the file, when it cannot be written.
    """
    directory = Path(directory)
    path = directory / _NAME
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as file:
            torch.save({"format": FORMAT, "version": __version__, **content}, file)
        _sync_directory(directory)
    except (OSError, RuntimeError) as error:  # torch reports a failed write as a RuntimeError
        kept = "; the last good checkpoint is still there" if path.exists() else ""
        raise OSError(f"could not write the checkpoint {path}: {error}{kept}") from error
    return path


def exists(directory: str | Path) -> bool:
    """Whether there is a checkpoint in a directory."""
    return (Path(directory) / _NAME).exists()


def load(directory: str | Path) -> dict[str, Any]:
    """Read what `save` wrote.

    Raises:
        ValueError: naming the file, when there is none, or it is cut short, or something else.
    """
    path = Path(directory) / _NAME
    if not path.is_file():
        raise ValueError(f"checkpoint = {str(path)!r}: there is no such file to resume from")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a file that is not what it should be
        message = f"checkpoint = {str(path)!r}: must be a whole checkpoint; this one is damaged"
        raise ValueError(f"{message} or something else ({type(error).__name__})") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"checkpoint = {str(path)!r}: must be of the format {FORMAT}")
    return content


def origin(content: dict[str, Any]) -> str:
    """Which version of pcmlib wrote a checkpoint, where that isn't this one."""
    version = content.get("version", "an older version")
    return "" if version == __version__ else f", of pcmlib {version}; this is {__version__}"


def _sync_directory(directory: Path) -> None:
    """Make the renaming last through a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
