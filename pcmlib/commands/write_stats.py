"""`pcmlib write-stats`: the WRITE statistics of programming a crossbar."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from pcmlib.base.checks import require
from pcmlib.book.experiments.crossbars import SCHEMES, TOLERANCE, write_statistics
from pcmlib.book.figures.crossbars import plot_write_statistics
from pcmlib.commands import output


def write_stats_command(
    scheme: Annotated[str, typer.Option(help=f"One of {', '.join(SCHEMES)}.")],
    pairs: Annotated[int, typer.Option(help="N, differential pairs per synapse.")] = 1,
    rows: Annotated[int, typer.Option(help="Synapses per source and target: rows x rows.")] = 100,
    tolerance: Annotated[
        float | None, typer.Option(help=f"Tolerance of write-verify, µS; default: {TOLERANCE}.")
    ] = None,
    seed: output.Seed = 0,
    refresh: Annotated[
        bool | None,
        typer.Option(
            "--refresh/--no-refresh",
            help="Refresh saturated synapses at the end; default: only with multi-mem.",
            show_default=False,
        ),
    ] = None,
    figure: output.FigureFile = None,
    json: output.JSONFile = None,
) -> None:
    """Statistics of programming from every source to every target conductance."""
    output.check_destinations(figure=figure, json=json)
    useless = tolerance is not None and scheme != "write-verify"
    require(not useless, "--tolerance", tolerance, f"left out: {scheme} verifies nothing")
    tolerance = TOLERANCE if tolerance is None else tolerance
    run = write_statistics(
        scheme, pairs=pairs, rows=rows, refresh=refresh, tolerance=tolerance, seed=seed
    )
    data = asdict(run)
    summary = f"mean square error {run.error:.2f} µS², mean sd {run.spread:.2f} µS"
    summary += f"\na synapse: {run.sets:.2f} SETs, {run.resets:.2f} RESETs, {run.reads:.2f} reads"
    output.deliver(
        summary,
        (json, lambda path: output.write_json(path, data)),
        (figure, lambda path: output.write_figure(path, plot_write_statistics(run))),
    )
