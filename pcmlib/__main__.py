"""The command line: `pcmlib replicate 2|5|7`, `write-stats`, `train`, `tune`; JSON out."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from matplotlib.figure import Figure

from pcmlib import crossbar_experiments, crossbar_plots, experiments, plots
from pcmlib.checks import require
from pcmlib.crossbar_experiments import WriteStatistics
from pcmlib.device import PCMParameters
from pcmlib.output import check_destinations, write_figure, write_json
from pcmlib.train_command import train_command
from pcmlib.tune_command import tune_command

app = typer.Typer(
    help="PCM devices, crossbars, and spiking networks trained on them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Seed = Annotated[int, typer.Option(help="Seed: the same one gives the same numbers.")]
FigureFile = Annotated[Path | None, typer.Option("--figure", help="Save the figure here.")]
JSONFile = Annotated[Path | None, typer.Option("--json", help="Save the numbers here.")]


class WriteScheme(StrEnum):
    """The schemes whose WRITE statistics can be drawn."""

    multi_mem = "multi-mem"
    upd_ready = "upd-ready"


@app.command()
def replicate(
    figure_number: Annotated[
        int, typer.Argument(metavar="2|5|7", help="Figure of Nandakumar et al. 2018.")
    ],
    devices: Annotated[
        int | None, typer.Option(help="Devices: 10,000 unless told; Fig. 2 shows one.")
    ] = None,
    g_max: Annotated[float, typer.Option(help="Upper limit of the conductance, in µS.")] = 20.0,
    seed: Seed = 0,
    figure: FigureFile = None,
    json: JSONFile = None,
) -> None:
    """Reproduce a figure of the device paper from the model."""
    replications = {2: _figure_2, 5: _figure_5, 7: _figure_7}
    require(figure_number in replications, "replicate: figure", figure_number, "2, 5 or 7")
    check_destinations(figure, json)
    parameters = PCMParameters(g_max=g_max)
    data, drawn, summary = replications[figure_number](parameters, devices, seed)
    _deliver(data, drawn, summary, figure, json)


def _figure_2(parameters: PCMParameters, devices: int | None, seed: int):
    require(devices in (None, 1), "devices", devices, "1 for Fig. 2, which follows one device")
    (run,) = experiments.staircase(parameters, seed=seed)
    data = {
        "time": run.time,
        "conductance": run.conductance,
        "pulse_times": run.pulse_times,
    }
    summary = (
        f"{len(run.pulse_times)} SET pulses in 0-800 s; last reading {run.conductance[-1]:.2f} µS"
    )
    return data, plots.plot_staircase([run]), summary


def _figure_5(parameters: PCMParameters, devices: int | None, seed: int):
    run = experiments.pulse_statistics(parameters, devices=_count(devices), seed=seed)
    rows = zip(run.pulse, run.mean, run.std, strict=True)
    summary = "\n".join(f"pulse {k:2d}: {mean:5.2f} ± {sd:4.2f} µS" for k, mean, sd in rows)
    exact = experiments.exact_moments(parameters)
    data = {"pulse": run.pulse, "mean": run.mean, "std": run.std}
    return data, plots.plot_pulse_statistics(run, exact), summary


def _figure_7(parameters: PCMParameters, devices: int | None, seed: int):
    run = experiments.array_drift(parameters, devices=_count(devices), seed=seed)
    shown = [int(np.searchsorted(run.time, t)) for t in (6, 11, 96, 299)]
    summary = "\n".join(f"t = {run.time[i]:3.0f} s: {run.mean[i]:5.2f} µS" for i in shown)
    drawn = plots.plot_array_drift({f"Gmax {parameters.g_max:g} µS, band: ± sd": run}, ylim=(0, 21))
    return {"time": run.time, "mean": run.mean}, drawn, summary


def _count(devices: int | None) -> int:
    return 10_000 if devices is None else devices


@app.command()
def write_stats(
    scheme: Annotated[WriteScheme, typer.Option(help="How a synapse is programmed.")],
    pairs: Annotated[int, typer.Option(help="N, differential pairs a synapse.")] = 1,
    rows: Annotated[int, typer.Option(help="Synapses of a cell: rows x rows.")] = 100,
    seed: Seed = 0,
    refresh: Annotated[bool, typer.Option(help="Refresh saturated synapses at the end.")] = True,
    figure: FigureFile = None,
    json: JSONFile = None,
) -> None:
    """WRITE statistics of programming, from every source to every target conductance."""
    check_destinations(figure, json)
    run: WriteStatistics = crossbar_experiments.write_statistics(
        scheme.value, pairs=pairs, rows=rows, refresh=refresh, seed=seed
    )
    data = {"source": run.source, "target": run.target, "mean": run.mean, "std": run.std}
    summary = f"mean square error {run.error:.2f} µS², mean sd {run.spread:.2f} µS"
    _deliver(data, crossbar_plots.plot_write_statistics(run), summary, figure, json)


app.command("train")(train_command)
app.command("tune")(tune_command)


def _deliver(
    data: dict[str, Any], drawn: Figure, summary: str, figure: Path | None, json: Path | None
) -> None:
    print(summary)
    if figure is not None:
        write_figure(figure, drawn)
    if json is not None:
        write_json(json, {key: np.asarray(value).tolist() for key, value in data.items()})


def main() -> None:
    """Run the command line; a bad value is one line on stderr and exit status 2."""
    try:
        app()
    except (ValueError, OSError) as error:
        print(f"pcmlib: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
