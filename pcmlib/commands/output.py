"""What a command leaves: files, checked before any work and written whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from matplotlib.figure import Figure

from pcmlib.base.checks import require

Seed = Annotated[int, typer.Option(help="Seed: the same one gives the same numbers.")]
FigureFile = Annotated[Path | None, typer.Option("--figure", help="Save the figure here.")]
JSONFile = Annotated[Path | None, typer.Option("--json", help="Save the numbers here.")]

FIGURE_TYPES = (".png", ".svg", ".pdf")


def check_destinations(figure: Path | None, json: Path | None) -> None:
    """Refuse a destination that could not be written, before the work is done."""
    if figure is not None:
        allowed = f"a file name that ends in {', '.join(FIGURE_TYPES)}"
        require(figure.suffix.lower() in FIGURE_TYPES, "--figure", str(figure), allowed)
    for name, path in (("--figure", figure), ("--json", json)):
        if path is not None:
            allowed = "a file in a folder that exists and can be written"
            try:
                tempfile.TemporaryFile(dir=path.resolve().parent).close()
            except OSError:
                require(False, name, str(path), allowed)
            require(not path.is_dir(), name, str(path), allowed)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write `content` as JSON; NaN and infinity, which JSON has no words for, are refused."""
    _write_whole(path, (json.dumps(content, allow_nan=False) + "\n").encode())


def write_figure(path: Path, figure: Figure) -> None:
    """Write `figure` in the format that the file's name ends in."""
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / f"figure{path.suffix.lower()}"
        figure.savefig(drawn, dpi=200, facecolor="white")
        _write_whole(path, drawn.read_bytes())


def deliver(
    data: dict[str, Any], drawn: Figure, summary: str, figure: Path | None, json: Path | None
) -> None:
    """Print the summary, and write the figure and the numbers where they were asked for."""
    print(summary)
    if figure is not None:
        write_figure(figure, drawn)
    if json is not None:
        write_json(json, {key: np.asarray(value).tolist() for key, value in data.items()})


def _write_whole(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.resolve().parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
