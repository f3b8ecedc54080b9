"""`pcmlib train`: a training run from the command line."""

from __future__ import annotations

import ast
import json as json_library
import sys
import zipfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from matplotlib.figure import Figure

from pcmlib.base.checks import require, require_known
from pcmlib.book.experiments.training import NAMES
from pcmlib.book.figures.training import plot_learning
from pcmlib.commands import output
from pcmlib.device import PCMParameters
from pcmlib.device.known import pulse_ratio
from pcmlib.schemes import SCHEMES
from pcmlib.training import PulseCounts, TrainConfig, TrainingRun, train
from pcmlib.training.archive import opened
from pcmlib.training.config import IN_SIEMENS
from pcmlib.training.presets import PRESETS
from pcmlib.training.samples import are_classes, as_samples, sized

SAID_BY_SAMPLES = ("task", "task_settings", "fresh", "samples", "steps", "n_in", "n_out")
DRAWN = ("pattern", "evidence")  # of `pcmlib.tasks.TASKS`, those that need no arrays


def train_command(
    scheme: Annotated[str, typer.Option(help=f"One of {', '.join(SCHEMES)}.")],
    preset: Annotated[
        str | None,
        typer.Option(help="tuned or reference; default: the tuned set, where there is one."),
    ] = None,
    pairs: Annotated[int | None, typer.Option(help="N, differential pairs per synapse.")] = None,
    bits: Annotated[
        int | None,
        typer.Option("--perf-bits", help="Performance mode: an ideal memory with this many bits."),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the samples; default: 250, or 100 for evidence.")
    ] = None,
    replicas: Annotated[int, typer.Option(help="Networks that train side by side.")] = 1,
    seed: Annotated[
        int,
        typer.Option(
            callback=output.check_seed,
            help="Seed of the first network; each further network adds 1.",
        ),
    ] = 0,
    task: Annotated[
        str, typer.Option(help=f"{' or '.join(DRAWN)}; --data takes your own samples.")
    ] = "pattern",
    batch: Annotated[
        int | None, typer.Option(help="Samples per weight update; their gradients are summed.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    constants: Annotated[
        Path | None,
        typer.Option(
            "--device-file",
            help="Constants of your own devices: the JSON of pcmlib fit; - is standard input. What "
            "the set has in µS goes with their mean SET; what --set says stays as it is.",
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="FIELD=VALUE",
            help="Any other field of TrainConfig; may be repeated.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Your own samples: a NumPy archive with inputs, targets and, if not all steps "
            "count, counts; - is standard input. Their sizes are the run's steps, samples, "
            "n_in and n_out."
        ),
    ] = None,
    figure: output.FigureFile = None,
    json: output.JSONFile = None,
    save: Annotated[
        Path | None,
        typer.Option(help="Save the run here, for `pcmlib evaluate`; - is standard output."),
    ] = None,
    pulses: Annotated[
        Path | None,
        typer.Option(
            help="Count each device's pulses in each epoch into this NumPy archive: set_in, "
            "set_rec, set_out and reset_... [epoch, network, side (0: G+, 1: G-), pair, "
            "presynaptic, postsynaptic]."
        ),
    ] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="Folder for checkpoints.")] = None,
    checkpoint_every: Annotated[
        int | None, typer.Option(help="Epochs between two checkpoints; default: 10.")
    ] = None,
    resume: Annotated[
        bool, typer.Option(help="Continue from the checkpoint in that folder.")
    ] = False,
) -> None:
    """Train spiking networks with one weight-update scheme."""
    inputs = {"--data": data, "--device-file": constants}
    output.check_destinations(inputs, figure=figure, json=json, save=save, pulses=pulses)
    require(preset in (None, *PRESETS), "--preset", preset, f"one of {', '.join(PRESETS)}")
    alone = checkpoint is None and checkpoint_every is not None
    require(not alone, "--checkpoint-every", checkpoint_every, "left out without --checkpoint")
    require(task in DRAWN, "--task", task, f"one of {', '.join(DRAWN)}")
    require(data is None or task == "pattern", "--task", task, "left out with --data")
    digital = scheme in SCHEMES and not SCHEMES[scheme].on_crossbar
    for option, path in {"--device-file": constants, "--pulses": pulses}.items():
        allowed = f"left out: {scheme} trains digital weights"
        require(path is None or not digital, option, str(path), allowed)
    named = {"pairs": pairs, "bits": bits, "epochs": epochs, "batch": batch}
    changes = {name: value for name, value in named.items() if value is not None}
    changes |= {"replicas": replicas, "seed": seed, **dict(map(parse_setting, set_ or ()))}
    config = _configured(scheme, preset, {"task": task} | changes, constants)
    samples = read_samples(data)
    if samples:
        _require_own_sizes(config, samples, changes)
    counts = None if pulses is None else PulseCounts()
    run = train(
        config,
        **samples,
        device=device,
        checkpoint=checkpoint,
        checkpoint_every=10 if checkpoint_every is None else checkpoint_every,
        resume=resume,
        pulses=counts,
    )

    summary, numbers = run.summary(), run.to_json()
    if constants is not None:
        summary += f"\ndevices: {constants}, g_max {config.g_max:g} µS, "
        summary += f"mean SET {pulse_ratio(config.parameters):.2f} of the usual"
        numbers["device_file"] = str(constants)
    output.deliver(
        summary,
        (json, lambda path: output.write_json(path, numbers)),
        (save, run.save),
        (pulses, lambda path: counts.save(path)),
        (figure, lambda path: output.write_figure(path, _draw(run))),
    )


def _configured(
    scheme: str, preset: str | None, changes: dict[str, Any], constants: Path | None
) -> TrainConfig:
    """The run that the command line says; what that says in µS is of the file's devices."""
    if constants is None:
        return TrainConfig.preset(scheme, preset, **changes)
    device = read_device(constants)
    said = changes.get("g_max", device.g_max)
    allowed = f"left out, or {device.g_max} as --device-file has it"
    require(said == device.g_max, "g_max", said, allowed)
    absolute = {name: x for name, x in changes.items() if name in IN_SIEMENS}
    others = {n: x for n, x in changes.items() if n not in absolute and n != "g_max"}
    return TrainConfig.preset(scheme, preset, **others).suited_to(device, **absolute)


def read_device(file: Path) -> PCMParameters:
    """The device that the JSON of `pcmlib fit` holds."""
    allowed = "JSON with the object constants, as pcmlib fit --json leaves it"
    try:
        stdin = str(file) == "-"
        content = json_library.loads(sys.stdin.read() if stdin else file.read_text("utf8"))
    except ValueError:
        content = None
    whole = isinstance(content, dict) and isinstance(content.get("constants"), dict)
    require(whole, "--device-file", str(file), allowed)
    if content.get("is_pcm") is False:
        message = f"by its fit, the devices of {file} are not PCM of this model"
        print(f"pcmlib: {message}", file=sys.stderr)
    for name in content["constants"]:
        require_known("--device-file: constants", name, vars(PCMParameters()))
    return PCMParameters(**content["constants"])


def read_samples(file: Path | None) -> dict[str, np.ndarray]:
    """The arrays of a NumPy archive, as `train` takes them."""
    if file is None:
        return {}
    try:
        with opened(file) as content, np.load(content, allow_pickle=False) as archive:
            arrays = dict(archive)
    except (ValueError, zipfile.BadZipFile, TypeError, AttributeError, EOFError) as error:
        message = "must be a NumPy archive with the arrays inputs, targets"
        raise ValueError(f"--data = {str(file)!r}: {message}") from error
    known = {"inputs", "targets"} <= arrays.keys() <= {"inputs", "targets", "counts"}
    require(known, "--data: arrays", ", ".join(arrays), "inputs, targets, and counts or not")
    return arrays


def _require_own_sizes(
    config: TrainConfig, samples: dict[str, np.ndarray], changes: dict[str, Any]
) -> None:
    """Require that what was said of a run is what its samples say, such as their sizes."""
    require("input_rate" not in changes, "input_rate", config.input_rate, "left out with --data")
    names = [name for name in SAID_BY_SAMPLES if name in changes]
    if names:
        found = as_samples(samples["inputs"], samples["targets"], config, samples.get("counts"))
        own = sized(config, found, are_classes(samples["targets"]))
        for name in names:
            value, said = getattr(config, name), getattr(own, name)
            require(value == said, name, value, f"left out, or {said!r} as --data has it")


def _draw(run: TrainingRun) -> Figure:
    """Learning curves, with limits for what can be drawn of a run that diverged."""
    loss = run.loss.double()
    loss = loss[loss.isfinite() & (loss > 0)]
    limits = (loss.min().item() / 1.5, loss.max().item() * 1.5) if loss.numel() else (0.01, 1.0)
    return plot_learning({NAMES[run.config.scheme]: run}, ylim=limits, window=1)


def parse_setting(setting: str) -> tuple[str, Any]:
    """("lr_in", 0.1) from "lr_in=0.1"; commas make a tuple, one value per replica.

    Raises:
        ValueError: for anything but a known field, = and a Python number, bool, None or tuple.
    """
    require_known("--set: field", setting.partition("=")[0], vars(TrainConfig()))
    allowed = "a number, True, False, None or a tuple of numbers"
    name, value = assignment("--set", setting, "field=value, such as lr_in=0.1", allowed)
    return name, (value,) if name == "snapshots" and isinstance(value, int) else value


def assignment(option: str, setting: str, form: str, allowed: str) -> tuple[str, Any]:
    """Name and value of "name=value", as an option's argument has to be."""
    name, equals, text = setting.partition("=")
    require(bool(name and equals), option, setting, form)
    try:
        return name, ast.literal_eval(text.strip())
    except (ValueError, SyntaxError):
        require(False, f"{option} {name}", text, allowed)
