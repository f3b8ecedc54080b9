"""Runs on disk, in one form: a NumPy archive, written whole or not at all, read without pickle.

A checkpoint is the archive of a run that is not at its end, in a folder that one replaces. An
archive holds a header (JSON: format, version, configuration, numbers) and arrays, each under its
name, with a checksum: "loss", or "state.G" for what lies in a dictionary. Booleans are packed.
"""

from __future__ import annotations

import errno
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from pcmlib import __version__
from pcmlib.base.checks import require
from pcmlib.base.files import written_whole

FORMAT = 3  # to be raised with what an archive holds
CHECKPOINT = "checkpoint.npz"
Arrays = Mapping[str, Tensor | Mapping[str, Tensor]]


def write(
    path: str | Path,
    header: Mapping[str, Any],
    arrays: Arrays,
    *,
    compressed: bool = True,
    shared: bool = False,
) -> None:
    """Write `header` (what JSON can hold) and `arrays`; shared: as of `written_whole`.

    Raises:
        OSError: when it cannot be written; an older file is still there.
    """
    require_folder(path)
    parts: dict[str, np.ndarray] = {}
    shapes: dict[str, list[int]] = {}
    for name, tensor in _flat(arrays):
        parts[name] = tensor.detach().cpu().numpy()
        if tensor.dtype == torch.bool:  # spikes: eight to a byte
            shapes[name] = list(tensor.shape)
            parts[name] = np.packbits(parts[name])
    known = {"format": FORMAT, "version": __version__, "arrays": sorted(parts), "shapes": shapes}
    save = np.savez_compressed if compressed else np.savez
    with written_whole(path, shared=shared) as file:
        save(file, header=np.array(json.dumps({**known, **header})), **parts)


def require_folder(path: str | Path) -> None:
    """Refuse, by its name, a folder that is not there to write a file into."""
    folder = Path(path).resolve().parent
    if not folder.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder to save in", str(folder))


def read(path: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and the arrays that `write` wrote; "-" is standard input.

    Raises:
        ValueError: for a damaged file, or one of another kind or format, which it names.
        OSError: where there is no such file, or it can't be read.
    """
    file = opened(path)  # what fails from here on is damage
    start = file.read(1)
    file.seek(0)
    try:
        with file, np.load(file, allow_pickle=False) as archive:
            parts = {name: archive[name] for name in archive.files}
        header = json.loads(str(parts.pop("header")))
        if sorted(parts) != header.pop("arrays"):  # a damaged list of parts hides some
            raise ValueError("parts")
        for name, shape in header.pop("shapes").items():
            bits = np.unpackbits(parts[name], count=int(np.prod(shape)))
            parts[name] = bits.astype(bool).reshape(shape)
    except Exception as error:  # zipfile, zlib, NumPy and its tokenizer raise all sorts
        message = f"{str(path)!r}: must be a run as train --save or run.save(path) keeps it; this "
        message += "one is damaged or something else"
        if start == b"{":
            message += ", such as the numbers of train --json"
        raise ValueError(f"{message} ({type(error).__name__})") from error
    known = f"{FORMAT}, the format of pcmlib {__version__}"
    require(header["format"] == FORMAT, f"{path}: format", header["format"], known + origin(header))
    arrays: dict[str, Any] = {}
    for name, part in parts.items():
        group, _, key = name.rpartition(".")
        (arrays.setdefault(group, {}) if group else arrays)[key] = torch.from_numpy(part)
    return header, arrays


def opened(path: str | Path) -> BinaryIO | io.BytesIO:
    """A file to read an archive from, in any order, be it a pipe; "-" is standard input."""
    if str(path) == "-":
        return io.BytesIO(sys.stdin.buffer.read())
    file = Path(path).open("rb")  # noqa: SIM115 - closed by whoever asked, or here
    if file.seekable():
        return file
    with file:  # a pipe
        return io.BytesIO(file.read())


def origin(header: Mapping[str, Any]) -> str:
    """Which version of pcmlib wrote a file, where that isn't this one."""
    version = header.get("version", "an older version")
    return "" if version == __version__ else f", of pcmlib {version}; this is {__version__}"


def _flat(arrays: Arrays) -> Iterator[tuple[str, Tensor]]:
    """Each array under its full name."""
    for name, value in arrays.items():
        if isinstance(value, Tensor):
            yield name, value
        else:
            yield from ((f"{name}.{key}", tensor) for key, tensor in value.items())


def save_checkpoint(directory: str | Path, header: Mapping[str, Any], arrays: Arrays) -> Path:
    """Write directory/checkpoint.npz.

    The file is replaced in one step, after the new one is on the disk: whenever the process is
    killed, or the disk is full, the last good checkpoint is still there.

    Raises:
        OSError: naming the file, when it cannot be written.
    """
    path = Path(directory) / CHECKPOINT
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, header, arrays, compressed=False)
        _sync_directory(path.parent)
    except OSError as error:
        kept = "; the last good checkpoint is still there" if path.exists() else ""
        raise OSError(f"could not write the checkpoint {path}: {error}{kept}") from error
    return path


def load_checkpoint(directory: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and arrays that `save_checkpoint` wrote.

    Raises:
        ValueError: naming the file, when there is none, or it is cut short, or something else.
    """
    path = Path(directory) / CHECKPOINT
    if not path.is_file():
        raise ValueError(f"checkpoint = {str(path)!r}: there is no such file to resume from")
    try:
        return read(path)
    except ValueError as error:
        raise ValueError(f"checkpoint = {error}") from error


def _sync_directory(directory: Path) -> None:
    """Make the renaming last through a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
