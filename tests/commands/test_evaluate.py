"""`pcmlib evaluate`: a kept run asked at any age; its JSON, its figure and its refusals."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typer
from runs import small
from typer.testing import CliRunner

from pcmlib.commands import output
from pcmlib.commands.evaluate import evaluate_command
from pcmlib.commands.train import read_samples, train_command
from pcmlib.training import TrainingRun, evaluate, train

apps = {}
for name, command in {"train": train_command, "evaluate": evaluate_command}.items():
    apps[name] = typer.Typer()
    apps[name].command()(command)


def run(name, *arguments):
    return CliRunner().invoke(apps[name], [*map(str, arguments)])


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "run.npz"
    train(small("mixed-precision", epochs=3, replicas=2)).save(path)
    return path


def test_a_run_is_kept_and_asked(kept, tmp_path):
    path, picture = tmp_path / "ages.json", tmp_path / "ages.png"
    options = ["--after", "0s, 1h,30d", "--compensation", "global", "--repeats", 2]
    result = run("evaluate", kept, *options, "--json", path, "--figure", picture)
    assert result.exit_code == 0, result.output
    first, *lines = result.output.splitlines()
    assert "drift compensation: global" in first
    assert [line.split(" after ")[1] for line in lines] == ["0 s", "1 h", "30 d"]
    ages = [0, 3600, 30 * 86400]
    found = evaluate(TrainingRun.load(kept), ages, compensation="global", repeats=2)
    assert json.loads(path.read_text()) == found.to_json()
    assert picture.stat().st_size > 1000


def test_the_figure_bears_the_scheme_s_name(kept, monkeypatch):
    drawn = []
    monkeypatch.setattr(output, "write_figure", lambda path, figure: drawn.append(figure))
    result = run("evaluate", kept, "--after", "0,1h", "--figure", "ages.png")
    assert result.exit_code == 0, result.output
    (text,) = drawn[0].axes[0].get_legend().get_texts()
    assert text.get_text() == "mixed precision"


def test_ages_are_told_in_order_and_once(kept):
    result = run("evaluate", kept, "--after", "1w,1h,0,60min,0s,7d")
    lines = result.output.splitlines()[1:]
    assert [line.split(" after ")[1] for line in lines] == ["0 s", "1 h", "7 d"]


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_a_run_comes_through_a_pipe(kept, name):
    command = [sys.executable, "-m", "pcmlib", "evaluate"]
    done = subprocess.run(
        [*command, name, "--after", "1h"], input=kept.read_bytes(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    expected = run("evaluate", kept, "--after", "1h").output
    assert done.stdout.decode() == expected


def test_standard_input_is_one_file(kept):
    for command, *names in (
        ("evaluate", "-", "--data", "-"),
        ("train", "--scheme", "sign", "--data", "-", "--device-file", "-"),
    ):
        result = run(command, *names)
        assert "= '-': must be standard input for one of them alone" in str(result.exception)


def test_samples_come_through_a_pipe(monkeypatch, tmp_path):
    inputs, targets = np.ones((2, 60, 5), bool), np.zeros((2, 60, 3))
    np.savez(tmp_path / "data.npz", inputs=inputs, targets=targets)
    with (tmp_path / "data.npz").open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        found = read_samples(Path("-"))
    assert np.array_equal(found["targets"], targets)


def test_a_reader_s_samples_are_trained_and_kept(tmp_path):
    draw = np.random.default_rng(0)
    inputs, targets = draw.random((2, 60, 5)) < 0.1, draw.normal(size=(2, 60, 3))
    late = np.arange(60) > 20
    np.savez(tmp_path / "data.npz", inputs=inputs, targets=targets, counts=late)
    options = ["--data", tmp_path / "data.npz", "--set", "n_rec=8", "--epochs", 2]
    result = run("train", "--scheme", "sign", *options, "--save", tmp_path / "run.npz")
    assert result.exit_code == 0, result.output
    kept = TrainingRun.load(tmp_path / "run.npz")
    assert np.array_equal(kept.inputs[0].numpy(), inputs)
    assert np.array_equal(kept.counts[0, 1].numpy(), late)
    assert (kept.config.n_in, kept.config.n_out, kept.config.epochs) == (5, 3, 2)
    other = {"inputs": draw.random((4, 80, 5)) < 0.1, "targets": np.zeros((4, 80, 3))}
    np.savez(tmp_path / "other.npz", **other)
    asked = [tmp_path / "run.npz", "--after", "1d", "--data", tmp_path / "other.npz", "--json", "-"]
    result = run("evaluate", *asked)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == evaluate(kept, 86400, **other).to_json()


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("n_in=7", "n_in = 7: must be left out, or 5 as --data has it"),
        ("n_out=2", "n_out = 2: must be left out, or 3 as --data has it"),
        ("steps=100", "steps = 100: must be left out, or 60 as --data has it"),
        ("samples=3", "samples = 3: must be left out, or 2 as --data has it"),
        ("fresh=True", "fresh = True: must be left out, or False as --data has it"),
        ("input_rate=20", "input_rate = 20.0: must be left out with --data"),
        ("n_in=5", None),
    ],
)
def test_what_samples_say_is_not_said_otherwise(setting, named, tmp_path):
    draw = np.random.default_rng(0)
    inputs, targets = draw.random((2, 60, 5)) < 0.1, draw.normal(size=(2, 60, 3))
    np.savez(tmp_path / "data.npz", inputs=inputs, targets=targets)
    told = ["--data", tmp_path / "data.npz", "--set", "n_rec=8", "--epochs", 1, "--set", setting]
    result = run("train", "--scheme", "sign", *told)
    assert (str(result.exception) if named else result.exception) == named
    np.savez(tmp_path / "data.npz", inputs=inputs, targets=np.array([0, 3]))
    if setting.startswith("n_out"):
        result = run("train", "--scheme", "sign", *told)
        assert "targets (least, greatest class) = (0, 3): must be 0 .. 1" in str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["no-such-file.npz"], "no-such-file.npz"),
        ([__file__], "must be a run as train --save or run.save(path) keeps it"),
        (["NUMBERS"], "something else, such as the numbers of train --json"),
        (["RUN", "--compensation", "each"], "--compensation = 'each'"),
        (["RUN", "--repeats", "0"], "repeats = 0"),
        (["RUN", "--json", "/no/such/folder/x.json"], "--json"),
    ],
)
def test_bad_input_is_named(kept, tmp_path, arguments, named):
    (tmp_path / "run.json").write_text('{"scheme": "sign"}')
    words = {"RUN": kept, "NUMBERS": tmp_path / "run.json"}
    result = run("evaluate", *(words.get(word, word) for word in arguments))
    assert result.exit_code != 0
    assert named in str(result.exception)


@pytest.mark.parametrize("content", [b"text", None])
def test_what_holds_no_samples_is_refused(tmp_path, content):
    path = tmp_path / "data.npz"
    path.write_bytes(content) if content else np.savez(path, x=np.zeros(3))
    result = run("train", "--scheme", "sign", "--data", path)
    assert "inputs, targets" in str(result.exception)
    assert "pickle" not in str(result.exception)
