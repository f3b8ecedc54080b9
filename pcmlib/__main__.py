"""The command line: `pcmlib replicate`, `write-stats`, `train`, `evaluate`, `fit`, `tune`;
JSON out."""

from __future__ import annotations

import io
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

import pcmlib

COMMANDS = {
    "replicate": "Reproduce a figure of the device paper from the model.",
    "write-stats": "Statistics of programming from every source to every target conductance.",
    "train": "Train spiking networks with one weight-update scheme.",
    "evaluate": "Loss of trained networks at any age, without learning.",
    "fit": "Fit the model's constants to measurements of your own devices.",
    "tune": "Search for a scheme's hyperparameters, on networks that the book does not report.",
}
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


class Once(TyperCommand):
    """A command that does not choose between two values for the same thing.

    An option that may be repeated, such as --set, names what it says: each name is given once. An
    option that says a field of `TrainConfig` has its name, so that --set finds it.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As Typer does; ValueError where a value is given again."""
        values, _, given = self.make_parser(ctx).parse_args(list(args))
        said: dict[
            str, list[str]
        ] = {}  # by what it is of: the words that say it, as they are typed
        for param in given:
            if not getattr(param, "multiple", False):
                said.setdefault(param.name, []).append(param.opts[0])
        for param in dict.fromkeys(param for param in given if getattr(param, "multiple", False)):
            for setting in values[param.name]:
                name = setting.partition("=")[0]
                said.setdefault(name, []).append(f"{param.opts[0]} {name}")
        for words in said.values():
            if len(words) > 1:
                typed = " and ".join(dict.fromkeys(words))
                raise ValueError(f"{typed}: given {len(words)} times, must be given once")
        return super().parse_args(ctx, args)


class Later(TyperCommand):
    """A command that is imported only when it is called, since its imports take seconds."""

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
    """Run the command line; what is refused gives one line on stderr and exit status 2.

    A character that the terminal cannot show, such as µ, is printed as ?.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        app()
    except Exception as error:
        if not _is_refusal(error):
            raise
        known = isinstance(error, ValueError | OSError)
        text = str(error) if known else f"{type(error).__name__}: {error}".split("\n")[0]
        print(f"pcmlib: {text}", file=sys.stderr)
        sys.exit(2)
    except SystemExit as end:
        if end.code == 130:  # Ctrl-C, of which typer says nothing
            print("pcmlib: interrupted", file=sys.stderr)
        raise


def _is_refusal(error: Exception) -> bool:
    """Whether a value, a file, a database or the memory is at fault, and not the code."""
    if isinstance(error, ValueError | OSError | MemoryError):
        return True
    libraries = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    full = any(words in str(error) for words in ("allocate memory", "out of memory"))  # torch's
    return not libraries.isdisjoint({"optuna", "sqlalchemy"}) or (
        isinstance(error, RuntimeError) and full
    )


if __name__ == "__main__":
    main()
