"""The command line: `pcmlib replicate 2|5|7`, `write-stats`, `train`, `tune`; JSON out."""

from __future__ import annotations

import io
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

import pcmlib
from pcmlib.commands.once import Once

COMMANDS = {
    "replicate": "Reproduce a figure of the device paper from the model.",
    "write-stats": "Statistics of programming, from every source to every target conductance.",
    "train": "Train spiking networks with one weight-update scheme.",
    "tune": "Search for a scheme's hyperparameters, on networks that no report shows.",
}
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


class Later(TyperCommand):
    """A command that is imported when it is called: what it needs takes seconds."""

    def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any) -> Any:
        return load(self.name).make_context(info_name, args, parent, **extra)


def load(name: str) -> TyperCommand:
    """One of `COMMANDS`, which lies in a module of its name."""
    module = name.replace("-", "_")
    function = getattr(import_module(f"pcmlib.commands.{module}"), f"{module}_command")
    alone = typer.Typer(add_completion=False)
    alone.command(name, cls=Once)(function)
    return typer.main.get_command(alone)


for _name, _summary in COMMANDS.items():
    app.command(_name, cls=Later, help=_summary)(lambda: None)


def _show_version(asked: bool) -> None:
    if asked:
        print(f"pcmlib {pcmlib.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, help="Show the version and exit.")
    ] = False,
) -> None:
    """PCM devices, crossbars, and spiking networks trained on them."""


def main() -> None:
    """Run the command line; a bad value is one line on stderr and exit status 2.

    A character that the terminal has no code for, such as µ, is printed as ?.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        app()
    except (ValueError, OSError) as error:
        print(f"pcmlib: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
