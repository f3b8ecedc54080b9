"""What a command leaves: files, checked before any work, and then a summary on the terminal."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import typer
from matplotlib.figure import Figure

from pcmlib.base.checks import require, require_count
from pcmlib.base.files import for_json, is_stdout, is_stream, written_whole


def check_seed(seed: int) -> int:
    """Refuse a seed by its option's name, before any work."""
    require_count("--seed", seed, at_least=0, at_most=2**62)
    return seed


Seed = Annotated[
    int, typer.Option(callback=check_seed, help="Seed: the same seed gives the same numbers.")
]
FigureFile = Annotated[
    Path | None, typer.Option("--figure", help="Save the figure here; - is standard output.")
]
JSONFile = Annotated[
    Path | None,
    typer.Option(
        "--json",
        help="Save the numbers here, with null for one that is not finite; - is standard output.",
    ),
]

FIGURE_TYPES = (".png", ".svg", ".pdf")
Write = Callable[[Path], None]


def check_destinations(
    inputs: Mapping[str, Path | None] = MappingProxyType({}), **files: Path | None
) -> None:
    """Refuse a destination, by its option's name, that could not be written, or that is among the
    inputs (what they are called: file), before the work."""
    given = {name: path for name, path in inputs.items() if path is not None}
    piped = [name for name, path in given.items() if str(path) == "-"]
    one = " and ".join(piped)
    require(len(piped) < 2, one, "-", "standard input for one of them alone")
    places = {path.resolve(): name for name, path in given.items() if str(path) != "-"}
    for name, path in files.items():
        if path is None:
            continue
        allowed = "a file in a folder that exists and can be written, a pipe or a device"
        require(_can_be_written(path), f"--{name}", str(path), allowed)
        if name == "figure":
            allowed = f"a file name that ends in {', '.join(FIGURE_TYPES)}"
            fits = is_stream(path) or path.suffix.lower() in FIGURE_TYPES
            require(fits, "--figure", str(path), allowed)
        place = Path("-") if is_stdout(path) else path.resolve()
        allowed = f"another file than that of {places.get(place)}"
        require(place not in places, f"--{name}", str(path), allowed)
        places[place] = f"--{name}"


def _can_be_written(path: Path) -> bool:
    if is_stream(path):
        return sys.stdout is not None if is_stdout(path) else os.access(path, os.W_OK)
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
    """Write `figure` in the format that the file's name ends in; into a stream, as PNG."""
    kind = "png" if is_stream(path) else path.suffix[1:].lower()
    with written_whole(path) as file:
        figure.savefig(file, dpi=200, facecolor="white", format=kind)


def deliver(summary: str, *files: tuple[Path | None, Write]) -> None:
    """Write the files, each for itself, then print the summary.

    Whatever keeps one file from being made, the others are written and the summary is printed: on
    standard error where standard output is one of the files.

    Args:
        summary: lines for the terminal.
        files: a destination, None where none is asked for, and the function that writes to it.

    Raises:
        Exception: the first that a file met, at the end.
    """
    failures = []
    asked = [(path, write) for path, write in files if path is not None]
    for path, write in asked:
        try:
            with _while_it_is_read(path):
                write(path)
        except Exception as error:
            error.add_note(f"while {path} was written")
            failures.append(error)
    _say(summary, taken=any(is_stdout(path) for path, _ in asked))
    for error in failures[1:]:
        print(f"pcmlib: {error}", file=sys.stderr)
    if failures:
        raise failures[0]


def _say(text: str, taken: bool = False) -> None:
    """Print; on standard error where standard output is taken."""
    with _while_it_is_read(Path("-")):
        print(text, flush=True, file=sys.stderr if taken else sys.stdout)


@contextmanager
def _while_it_is_read(path: Path) -> Iterator[None]:
    """Where whoever read standard output has gone, such as `head`, there is nobody to tell."""
    try:
        yield
    except BrokenPipeError:
        if not is_stdout(path):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
