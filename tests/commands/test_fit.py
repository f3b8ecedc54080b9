"""`pcmlib fit`: a table in, constants out, and a training with them."""

import json
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from pcmlib.__main__ import app
from pcmlib.commands.fit import fit_command, parse_constant
from pcmlib.commands.train import train_command
from pcmlib.device import PCMParameters, simulate_reads
from pcmlib.device.known import pulse_ratio
from pcmlib.training import TrainConfig, TrainingRun

apps = {}
for name, command in {"fit": fit_command, "train": train_command}.items():
    apps[name] = typer.Typer()
    apps[name].command()(command)


def run(name, *arguments):
    return CliRunner().invoke(apps[name], [*map(str, arguments)])


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("reads") / "reads.csv"
    device = PCMParameters(g_max=25.0, c1=2.0, A1=2.5)
    reads = simulate_reads(device, devices=30, pulses=6, delays=(38.6,), late=(3860.0,), seed=1)
    columns = (reads.device, reads.pulse, reads.time, reads.conductance)
    rows = zip(*(x.tolist() for x in columns), strict=True)
    path.write_text(
        "device,pulse,time,conductance\n" + "\n".join(f"{a},{b},{c},{d}" for a, b, c, d in rows)
    )
    return path


def test_a_fit_s_constants_train_a_network(table, tmp_path):
    path, picture = tmp_path / "device.json", tmp_path / "device.png"
    options = ["--fix", "g_max=25", "--fix", "a=2.6", "--no-simpler"]
    result = run("fit", table, *options, "--json", path, "--figure", picture)
    assert result.exit_code == 0, result.output
    assert "g_max =       25   as given" in result.output
    assert result.output.startswith("30 devices, 240 reads: ")
    assert " µS, 38.6 s to 1.072 h after the last pulse\n" in result.output
    assert picture.stat().st_size > 1000
    found = json.loads(path.read_text())
    assert {"constants", "standard_errors", "unidentified"} <= found.keys()
    device = PCMParameters(**found["constants"])
    assert (device.g_max, device.a) == (25.0, 2.6)

    small = ["--scheme", "sign", "--epochs", 1, "--set", "n_rec=5", "--set", "steps=50"]
    kept = tmp_path / "run.npz"
    result = run("train", *small, "--device-file", path, "--save", kept)
    assert result.exit_code == 0, result.output
    assert TrainingRun.load(kept).config.parameters == device

    result = run("train", *small, "--device-file", path, "--set", "g_max=20")
    assert "g_max = 20: must be left out, or 25.0 as --device-file" in str(result.exception)


def test_what_is_set_is_of_the_file_s_devices(tmp_path):
    """20 µS is beyond the usual devices, within these; the rest of the set goes with their SET."""
    path, kept, numbers = (tmp_path / name for name in ("device.json", "run.npz", "run.json"))
    device = PCMParameters(g_max=25.0, c1=2.0, A1=2.5)
    path.write_text(json.dumps({"constants": vars(device)}))
    told = ["--scheme", "sign", "--epochs", 1, "--set", "n_rec=5", "--set", "steps=50"]
    told += ["--set", "conductance=20", "--set", "g_max=25", "--device-file", path]
    result = run("train", *told, "--save", kept, "--json", numbers)
    assert result.exit_code == 0, result.output
    config = TrainingRun.load(kept).config
    assert (config.parameters, config.conductance) == (device, 20.0)
    assert config.scale == TrainConfig.preset("sign").suited_to(device).scale
    ratio = f"{pulse_ratio(device):.2f}"
    assert f"\ndevices: {path}, g_max 25 µS, mean SET {ratio} of the usual" in result.output
    assert json.loads(numbers.read_text())["device_file"] == str(path)
    result = run("train", *told[:-6], "--set", "conductance=26", "--device-file", path)
    assert "conductance = 26.0: must be at most g_max = 25.0 µS" in str(result.exception)


def test_what_is_set_need_not_fit_the_devices_before_it_is_set():
    device = PCMParameters(g_max=11.0)
    config = TrainConfig("sign", conductance=11.9)
    with pytest.raises(ValueError, match="conductance"):
        config.suited_to(device)
    assert config.suited_to(device, conductance=1.0).conductance == 1.0


def test_a_read_that_spoils_a_fit_is_named(table, tmp_path):
    """One read in 240, of 400 µS: the verdict is that of no PCM, and it is told on what it rests"""
    lines = table.read_text().splitlines()
    device, pulse, time, _ = lines[99].split(",")
    lines[99] = f"{device},{pulse},{time},400"
    spoiled, path = tmp_path / "spoiled.csv", tmp_path / "device.json"
    spoiled.write_text("\n".join(lines))
    result = run("fit", spoiled, "--fix", "a=2.6", "--no-simpler", "--json", path)
    assert result.exit_code == 0, result.output
    assert "these devices are not PCM of this model:\n" in result.output
    assert "1 read is too unlikely under this model to be chance:\n" in result.output
    where = f"line 100 (device {device}, pulse {pulse}, {float(time):g} s)"
    assert f"  {where}: 400 µS, expected " in result.output
    rests = "the verdict rests on it: without it, no check distinguishes these devices from the"
    assert rests in result.output
    found = json.loads(path.read_text())
    assert found["findings"]
    assert found["findings_without_outliers"] == []
    (one,) = found["outliers"]
    assert (one["place"], one["device"], one["pulse"]) == ("line 100", device, int(pulse))
    assert (one["time"], one["conductance"]) == (float(time), 400.0)
    assert one["p"] < 1e-6
    assert 0 < one["expected"] + one["expected_sd"] < 30
    result = run("fit", spoiled, "--fix", "g_max=25", "--no-simpler")
    assert "25: must be at least the 400 µS that was read (line 100)" in str(result.exception)


def test_a_whole_device_is_a_run_s_constants():
    device = PCMParameters(g_max=25.0, m1=-0.05, nu_bounds=(0.0, 0.2), read_noise=0.5)
    config = TrainConfig("sign", constants=device)
    assert config.parameters == device
    assert (config.g_max, config.read_noise) == (25.0, 0.5)
    assert dict(config.constants) == {"m1": -0.05, "nu_bounds": (0.0, 0.2)}
    assert TrainConfig("sign", constants=PCMParameters()) == TrainConfig("sign")
    assert TrainConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "must be JSON with the object constants"),
        ("[1]", "must be JSON with the object constants"),
        ('{"constants": {"m9": 1}}', "constants = 'm9': must be one of"),
        ('{"constants": {"g_tiny": 1}}', "constants = 'g_tiny': must be one of"),
        ('{"constants": {"g_max": "12"}}', "g_max = '12': must be a finite number"),
    ],
)
def test_other_device_files_are_refused(content, message, tmp_path):
    path = tmp_path / "device.json"
    path.write_text(content)
    result = run("train", "--scheme", "vanilla", "--device-file", path)
    assert "left out: vanilla trains digital weights" in str(result.exception)
    result = run("train", "--scheme", "sign", "--device-file", path)
    assert isinstance(result.exception, ValueError)
    assert message in str(result.exception)


def test_a_device_that_is_no_pcm_is_said_so_again(tmp_path):
    path = tmp_path / "device.json"
    path.write_text('{"constants": {}, "is_pcm": false}')
    small = ["--scheme", "sign", "--epochs", 1, "--set", "n_rec=5", "--set", "steps=50"]
    result = run("train", *small, "--device-file", path)
    assert result.exit_code == 0, result.output
    assert f"by its fit, the devices of {path} are not PCM of this model" in result.stderr
    path.write_text('{"constants": {}, "is_pcm": true}')
    assert run("train", *small, "--device-file", path).stderr == ""


@pytest.mark.parametrize("setting", ["a", "=1", "a=", "a=x", "a=nan", "a=True", "a=1;2"])
def test_other_constants_are_refused(setting):
    with pytest.raises(ValueError, match="--fix"):
        parse_constant(setting)
    assert parse_constant("a=2") == ("a", 2)
    assert parse_constant("nu_bounds=(0, 0.1)") == ("nu_bounds", (0, 0.1))


@pytest.mark.parametrize("name", ["fit", "replicate", "tune", "write-stats", "train"])
def test_a_seed_is_a_count_to_every_command(name):
    words = {"fit": ["reads.csv"], "replicate": ["5"]}.get(name, ["--scheme", "sign"])
    result = CliRunner().invoke(app, [name, *words, "--seed", "-1"])
    assert "--seed = -1: must be a whole number, at least 0" in str(result.exception)


def test_a_bad_table_is_one_line_on_stderr(table, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text(table.read_text().replace("3860.0", "0", 1))
    done = subprocess.run(
        [sys.executable, "-m", "pcmlib", "fit", bad], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "pcmlib: bad.csv, line 9, time = '0': must be s since the last pulse" in done.stderr


def test_what_comes_through_a_pipe(table, tmp_path):
    """A table into fit, its JSON into train; an error names standard input."""
    command, pipe = [sys.executable, "-m", "pcmlib"], {"capture_output": True, "check": False}
    bad = table.read_bytes().replace(b"3860.0", b"0", 1)
    done = subprocess.run([*command, "fit", "-"], input=bad, **pipe)
    assert done.returncode == 2
    assert b"pcmlib: <stdin>, line 9, time = '0': must be s since the last pulse" in done.stderr
    fit = [*command, "fit", "-", "--no-simpler", "--fix", "a=2.6", "--json", "-"]
    done = subprocess.run(fit, input=table.read_bytes(), **pipe)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["reads"] == 240
    small = ["--scheme", "sign", "--epochs", "1", "--set", "n_rec=5", "--set", "steps=50"]
    train = [*command, "train", *small, "--device-file", "-", "--save", tmp_path / "run.npz"]
    taken = subprocess.run(train, input=done.stdout, **pipe)
    assert taken.returncode == 0, taken.stderr
    device = PCMParameters(**json.loads(done.stdout)["constants"])
    assert TrainingRun.load(tmp_path / "run.npz").config.parameters == device
