"""`pcmlib write-stats`: the WRITE statistics of programming a crossbar."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from pcmlib.commands.output import (
    FigureFile,
    JSONFile,
    Seed,
    check_destinations,
    deliver,
    write_figure,
    write_json,
)
from pcmlib.experiments.crossbars import TOLERANCE, write_statistics
from pcmlib.plots.crossbars import plot_write_statistics


class WriteScheme(StrEnum):
    """The schemes whose WRITE statistics can be drawn."""

    multi_mem = "multi-mem"
    upd_ready = "upd-ready"
    write_verify = "write-verify"


def write_stats_command(
    scheme: Annotated[WriteScheme, typer.Option(help="How a synapse is programmed.")],
    pairs: Annotated[int, typer.Option(help="N, differential pairs a synapse.")] = 1,
    rows: Annotated[int, typer.Option(help="Synapses of a cell: rows x rows.")] = 100,
    tolerance: Annotated[float, typer.Option(help="Of write-verify, µS.")] = TOLERANCE,
    seed: Seed = 0,
    refresh: Annotated[bool, typer.Option(help="Refresh saturated synapses at the end.")] = True,
    figure: FigureFile = None,
    json: JSONFile = None,
) -> None:
    """WRITE statistics of programming, from every source to every target conductance."""
    check_destinations(figure, json)
    run = write_statistics(
        scheme.value, pairs=pairs, rows=rows, refresh=refresh, tolerance=tolerance, seed=seed
    )
    data = asdict(run)
    summary = f"mean square error {run.error:.2f} µS², mean sd {run.spread:.2f} µS"
    summary += f"\na synapse: {run.sets:.2f} SETs, {run.resets:.2f} RESETs, {run.reads:.2f} reads"
    deliver(
        summary,
        (json, lambda path: write_json(path, data)),
        (figure, lambda path: write_figure(path, plot_write_statistics(run))),
    )
