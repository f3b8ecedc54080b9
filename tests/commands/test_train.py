"""`pcmlib train`: its JSON, its settings and its refusals."""

import json
import math

import numpy as np
import pytest
import typer
from runs import SUMMARY
from typer.testing import CliRunner

from pcmlib.book.experiments.training import silent_loss
from pcmlib.book.figures.training import plot_learning
from pcmlib.commands.train import parse_setting, train_command
from pcmlib.training import TrainConfig, TrainingRun, train

app = typer.Typer()
app.command()(train_command)
SMALL = ["--set", "n_rec=10", "--set", "n_in=12", "--set", "steps=60", "--epochs", "3"]


def run(*arguments):
    return CliRunner().invoke(app, [*arguments, *SMALL])


def test_the_json_holds_the_run(tmp_path):
    path, picture = tmp_path / "run.json", tmp_path / "run.png"
    result = run(
        "--scheme", "mixed-precision", "--preset", "reference", "--replicas", "2", "--seed", "4",
        "--set", "scale=20", "--json", str(path), "--figure", str(picture),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    written = json.loads(path.read_text())
    assert tuple(written) == SUMMARY
    config = TrainConfig.from_dict(written["config"])
    assert (config.scale, config.seed, config.replicas) == (20, 4, 2)
    assert written["loss"] == train(config).to_json()["loss"]
    assert picture.stat().st_size > 1000


def test_evidence_is_told_with_its_accuracy(tmp_path):
    path = tmp_path / "run.json"
    sizes = {"n_rec": 8, "adaptive": 4, "steps": 600, "samples": 4, "n_in": 8}
    arguments = [word for name, n in sizes.items() for word in ("--set", f"{name}={n}")]
    arguments += ["--set", "task_settings=(('cues', 3),)", "--batch", "2", "--epochs", "2"]
    arguments += ["--scheme", "vanilla", "--task", "evidence", "--json", str(path)]
    arguments += ["--figure", str(tmp_path / "run.png"), "--save", str(tmp_path / "run.npz")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    written = json.loads(path.read_text())
    assert len(written["accuracy"][0]) == 2
    assert written["config"]["batch"] == 2
    assert "accuracy" in result.output
    kept = TrainingRun.load(tmp_path / "run.npz")
    assert plot_learning({"vanilla": kept}).axes[0].get_ylabel() == "cross-entropy (nats)"
    assert silent_loss(kept) == pytest.approx(math.log(2))


def test_pulses_of_each_device_go_into_an_archive(tmp_path):
    path = tmp_path / "pulses.npz"
    told = ["--set", "stop_level=0", "--json", str(tmp_path / "run.json")]
    result = run("--scheme", "sign", "--pulses", str(path), *told)
    assert result.exit_code == 0, result.output
    written = json.loads((tmp_path / "run.json").read_text())
    with np.load(path) as archive:
        assert archive["set_in"].shape == (3, 1, 2, 1, 12, 10)
        given = sum(archive[f"set_{name}"].sum(dtype=int) for name in ("in", "rec", "out"))
    assert given == written["set_pulses"][0] > 0


def test_performance_mode_and_pairs():
    result = run("--scheme", "multi-mem", "--perf-bits", "4", "--pairs", "2")
    assert result.exit_code == 0, result.output
    assert "SET" in result.output


def test_resuming(tmp_path):
    config = ["--scheme", "vanilla", "--checkpoint", str(tmp_path), "--epochs", "12"]
    arguments = [*SMALL[:-2], *config]
    first = CliRunner().invoke(app, arguments)
    again = CliRunner().invoke(app, [*arguments, "--resume"])
    assert first.exit_code == again.exit_code == 0
    assert first.output.splitlines()[0] == again.output.splitlines()[0]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--scheme", "adam"], "scheme"),
        (["--scheme", "vanilla", "--perf-bits", "4"], "bits"),
        (["--scheme", "vanilla", "--pulses", "p.npz"], "--pulses = 'p.npz'"),
        (["--scheme", "vanilla", "--task", "arrays"], "--task = 'arrays'"),
        (["--scheme", "sign", "--task", "evidence", "--preset", "reference"], "reference set"),
        (["--scheme", "accumulator", "--task", "evidence"], "known set"),
        (["--scheme", "sign", "--perf-bits", "17"], "bits"),
        (["--scheme", "sign", "--preset", "best"], "--preset = 'best'"),
        (["--scheme", "sign", "--device", "gpu"], "device = 'gpu': must be cpu or cuda"),
        (["--scheme", "sign", "--device", "xpu"], "device = 'xpu'"),
        (["--scheme", "sign", "--json", "/proc/x.json"], "--json = '/proc/x.json'"),
        (["--scheme", "sign", "--checkpoint-every", "5"], "--checkpoint-every = 5"),
        (["--scheme", "sign", "--checkpoint", "x", "--checkpoint-every", "0"], "checkpoint_every"),
        (["--scheme", "sign", "--set", "colour=3"], "--set"),
        (["--scheme", "sign", "--set", "scale"], "--set"),
        (["--scheme", "sign", "--set", "scale=many"], "--set scale"),
        (["--scheme", "sign", "--set", "scale=-1"], "scale"),
        (["--scheme", "sign", "--json", "/no/such/folder/x.json"], "--json"),
    ],
)
def test_bad_input_is_named(arguments, named):
    result = run(*arguments)
    assert isinstance(result.exception, ValueError)
    assert named in str(result.exception)


def test_settings():
    assert parse_setting("scale=20") == ("scale", 20.0)
    assert parse_setting("lr_in=1e-5,2") == ("lr_in", (1e-5, 2.0))
    assert parse_setting("recurrence=False") == ("recurrence", False)
    assert parse_setting("bits=4") == ("bits", 4)
    assert isinstance(parse_setting("bits=4")[1], int)
    assert parse_setting("snapshots=3") == ("snapshots", (3,))
