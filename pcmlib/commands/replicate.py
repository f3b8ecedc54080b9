"""`pcmlib replicate 2|5|7`: a figure of the device paper from the model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
import typer
from matplotlib.figure import Figure

from pcmlib.base.checks import require
from pcmlib.book.experiments import devices as experiments
from pcmlib.book.figures import devices as plots
from pcmlib.commands import output
from pcmlib.device import PCMParameters

# Numbers for JSON, what draws the figure, and lines for the terminal
Replication = tuple[dict[str, Any], Callable[[], Figure], str]


def replicate_command(
    figure_number: Annotated[
        int, typer.Argument(metavar="2|5|7", help="Figure of Nandakumar et al. 2018.")
    ],
    devices: Annotated[
        int | None, typer.Option(help="Devices; default: 10,000. Fig. 2 shows one.")
    ] = None,
    g_max: Annotated[float, typer.Option(help="Upper limit of the conductance, in µS.")] = 20.0,
    seed: output.Seed = 0,
    figure: output.FigureFile = None,
    json: output.JSONFile = None,
) -> None:
    """Reproduce a figure of the device paper from the model."""
    replications = {2: _figure_2, 5: _figure_5, 7: _figure_7}
    require(figure_number in replications, "replicate: figure", figure_number, "2, 5 or 7")
    output.check_destinations(figure=figure, json=json)
    parameters = PCMParameters(g_max=g_max)
    data, draw, summary = replications[figure_number](parameters, devices, seed)
    output.deliver(
        summary,
        (json, lambda path: output.write_json(path, data)),
        (figure, lambda path: output.write_figure(path, draw())),
    )


def _figure_2(parameters: PCMParameters, devices: int | None, seed: int) -> Replication:
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
    return data, lambda: plots.plot_staircase([run]), summary


def _figure_5(parameters: PCMParameters, devices: int | None, seed: int) -> Replication:
    run = experiments.pulse_statistics(parameters, devices=_count(devices), seed=seed)
    rows = zip(run.pulse, run.mean, run.std, strict=True)
    summary = "\n".join(f"pulse {k:2d}: {mean:5.2f} ± {sd:4.2f} µS" for k, mean, sd in rows)
    draw = lambda: plots.plot_pulse_statistics(run, experiments.exact_moments(parameters))  # noqa: E731
    data = {"pulse": run.pulse, "mean": run.mean, "std": run.std}
    return data, draw, summary


def _figure_7(parameters: PCMParameters, devices: int | None, seed: int) -> Replication:
    run = experiments.array_drift(parameters, devices=_count(devices), seed=seed)
    reads = [int(np.searchsorted(run.time, t)) for t in (6, 11, 96, 299)]
    summary = "\n".join(f"t = {run.time[i]:3.0f} s: {run.mean[i]:5.2f} µS" for i in reads)
    shown = {f"Gmax {parameters.g_max:g} µS, band: ± sd": run}
    draw = lambda: plots.plot_array_drift(shown, ylim=(0, 21))  # noqa: E731
    return {"time": run.time, "mean": run.mean}, draw, summary


def _count(devices: int | None) -> int:
    return 10_000 if devices is None else devices
