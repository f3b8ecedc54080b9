"""The command line: `pcmlib replicate 2|5|7`, `write-stats`, `train`, `tune`; JSON out."""

from __future__ import annotations

import io
import sys

import typer

from pcmlib.commands.replicate import replicate_command
from pcmlib.commands.train import train_command
from pcmlib.commands.tune import tune_command
from pcmlib.commands.write_stats import write_stats_command

app = typer.Typer(
    help="PCM devices, crossbars, and spiking networks trained on them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("replicate")(replicate_command)
app.command("write-stats")(write_stats_command)
app.command("train")(train_command)
app.command("tune")(tune_command)


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
