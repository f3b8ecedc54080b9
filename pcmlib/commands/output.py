"""What a command leaves: files, checked before any work, and then a summary on the terminal."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from matplotlib.figure import Figure

from pcmlib.base.checks import require
from pcmlib.base.files import for_json, written_whole

Seed = Annotated[int, typer.Option(help="Seed: the same one gives the same numbers.")]
FigureFile = Annotated[Path | None, typer.Option("--figure", help="Save the figure here.")]
JSONFile = Annotated[
    Path | None,
    typer.Option("--json", help="Save the numbers here; null is one that is not finite."),
]

FIGURE_TYPES = (".png", ".svg", ".pdf")
Write = Callable[[Path], None]


def check_destinations(figure: Path | None, json: Path | None) -> None:
    """Refuse a destination that could not be written, before the work is done."""
    if figure is not None:
        allowed = f"a file name that ends in {', '.join(FIGURE_TYPES)}"
        require(figure.suffix.lower() in FIGURE_TYPES, "--figure", str(figure), allowed)
        require(figure != json, "--json", str(json), "another file than the figure's")
    for name, path in (("--figure", figure), ("--json", json)):
        if path is not None:
            allowed = "a file in a folder that exists and can be written"
            require(_can_be_written(path), name, str(path), allowed)


def _can_be_written(path: Path) -> bool:
    try:
        path = path.resolve()  # a RuntimeError: a link that leads back to itself
        tempfile.TemporaryFile(dir=path.parent).close()
        return not path.exists() or (path.is_file() and os.access(path, os.W_OK))
    except (OSError, RuntimeError):
        return False


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write `content` as JSON, which has no word for NaN and infinity: they are null."""
    with written_whole(path) as file:
        file.write((json.dumps(for_json(content), allow_nan=False) + "\n").encode())


def write_figure(path: Path, figure: Figure) -> None:
    """Write `figure` in the format that the file's name ends in."""
    with written_whole(path) as file:
        figure.savefig(file, dpi=200, facecolor="white", format=path.suffix[1:].lower())


def deliver(summary: str, *files: tuple[Path | None, Write]) -> None:
    """Write the files, each for itself, then print the summary.

    Whatever keeps one file from being made, the others are written and the summary is printed.

    Args:
        summary: lines for the terminal.
        files: a destination, None where none is asked for, and the function that writes to it.

    Raises:
        Exception: the first that a file met, at the end.
    """
    failures = []
    for path, write in files:
        if path is not None:
            try:
                write(path)
            except Exception as error:
                error.add_note(f"while {path} was written")
                failures.append(error)
    _say(summary)
    for error in failures[1:]:
        print(f"pcmlib: {error}", file=sys.stderr)
    if failures:
        raise failures[0]


def _say(text: str) -> None:
    """Print; where whoever read has gone, such as `head`, there is nobody to tell."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
