"""`pcmlib evaluate`: trained networks at a later age, from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from matplotlib.figure import Figure

from pcmlib.base.checks import require
from pcmlib.base.times import UNITS, in_seconds
from pcmlib.book.experiments.training import NAMES
from pcmlib.book.figures.age import plot_forgetting
from pcmlib.commands import output
from pcmlib.commands.train import read_samples
from pcmlib.training import Evaluation, TrainConfig, TrainingRun, evaluate


def evaluate_command(
    run: Annotated[Path, typer.Argument(help="A run saved by train --save; - is standard input.")],
    after: Annotated[
        str,
        typer.Option(
            help=f"Ages since the end of training: numbers with a unit ({', '.join(UNITS)}); told "
            "in order, each once."
        ),
    ] = "0s,1h,1d,30d,1y",
    compensation: Annotated[
        str, typer.Option(help="none or global: drift compensation before use, layer by layer.")
    ] = "none",
    repeats: Annotated[int, typer.Option(help="Trials per sample; a loss is their mean.")] = 1,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Samples to use instead of the run's: a NumPy archive as for train --data."
        ),
    ] = None,
    figure: output.FigureFile = None,
    json: output.JSONFile = None,
) -> None:
    """Loss of trained networks at any age, without learning.

    Of tasks with classes, accuracy too.
    """
    output.check_destinations({"the run": run, "--data": data}, figure=figure, json=json)
    ages = sorted(set(in_seconds("--after", after.split(","))))
    allowed = "none or global"
    require(compensation in ("none", "global"), "--compensation", compensation, allowed)
    chosen = None if compensation == "none" else compensation
    told = {"compensation": chosen, "repeats": repeats, **read_samples(data)}
    trained = TrainingRun.load(run)
    found = evaluate(trained, ages, **told)
    output.deliver(
        found.summary(),
        (json, lambda path: output.write_json(path, found.to_json())),
        (figure, lambda path: output.write_figure(path, _draw(trained.config, found))),
    )


def _draw(config: TrainConfig, found: Evaluation) -> Figure:
    """Under the scheme's name, in its colour, as the figure of the training."""
    classes = config.n_out if config.classes else None
    return plot_forgetting({NAMES[config.scheme]: found}, classes=classes)
