"""`pcmlib fit`: the model's constants from a table of reads, from the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pcmlib.base.checks import is_number, require
from pcmlib.book.figures.fit import plot_fit
from pcmlib.commands import output
from pcmlib.commands.train import assignment
from pcmlib.device import fit_device


def fit_command(
    table: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.csv",
            help="Reads, one per row: device (any label), pulse (SETs since RESET), time (s since "
            "the last pulse; may be missing), conductance (µS); - is standard input.",
        ),
    ],
    fix: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="A known constant, such as g_max=25; may be repeated."
        ),
    ] = None,
    simpler: Annotated[bool, typer.Option(help="Compare with simpler laws.")] = True,
    seed: output.Seed = 0,
    figure: output.FigureFile = None,
    json: output.JSONFile = None,
) -> None:
    """Fit the model's constants to measurements of your own devices.

    train --device-file takes the JSON. What a tuned set has in µS, such as what one SET is taken to
    add (assumed_pulse), where devices start (conductance) and what a weight of 1 is (scale), then
    goes with the mean SET of your devices.
    """
    output.check_destinations({"the table": table}, figure=figure, json=json)
    known = dict(map(parse_constant, fix or ()))
    reads = sys.stdin if str(table) == "-" else table
    found = fit_device(reads, fix=known, simpler=simpler, seed=seed)
    output.deliver(
        found.summary(),
        (json, lambda path: output.write_json(path, found.to_json())),
        (figure, lambda path: output.write_figure(path, plot_fit(found))),
    )


def parse_constant(setting: str) -> tuple[str, Any]:
    """("g_max", 25.0) from "g_max=25"; a pair in brackets for bounds, as of nu.

    Raises:
        ValueError: for anything but a name, = and a number.
    """
    name, value = assignment("--fix", setting, "name=value, such as g_max=25", "a number")
    pair = isinstance(value, tuple) and all(map(is_number, value))
    require(pair or is_number(value), f"--fix {name}", value, "a number")
    return name, value
