"""The command line: the numbers that it prints and writes, and what it refuses."""

import functools
import json
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import optuna
import pytest
import sqlalchemy.exc
import torch

import pcmlib
from pcmlib import __main__ as command


def run(monkeypatch, *arguments):
    """Run the command line in this process; its exit status."""
    monkeypatch.setattr(sys, "argv", ["pcmlib", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        command.main()
    return end.value.code or 0


@pytest.mark.parametrize(
    ("g_max", "mean", "std"), [(20, [2.06, 9.40], [1.52, 2.70]), (12, [2.06, 8.89], [1.52, 1.97])]
)
def test_replicate_5_writes_the_published_numbers(monkeypatch, tmp_path, g_max, mean, std):
    out = tmp_path / "5.json"
    code = run(monkeypatch, "replicate", 5, "--devices", 10000, "--g-max", g_max, "--json", out)
    content = json.loads(out.read_text())
    assert code == 0
    assert list(content) == ["pulse", "mean", "std"]
    assert content["pulse"] == list(range(1, 21))
    assert [content["mean"][i] for i in (0, 19)] == pytest.approx(mean, abs=0.1)
    assert [content["std"][i] for i in (0, 19)] == pytest.approx(std, abs=0.1)


def test_replicate_2_and_7_write_their_keys(monkeypatch, tmp_path):
    two, seven = tmp_path / "2.json", tmp_path / "7.json"
    assert run(monkeypatch, "replicate", 2, "--json", two) == 0
    assert run(monkeypatch, "replicate", 7, "--devices", 500, "--json", seven) == 0
    two, seven = json.loads(two.read_text()), json.loads(seven.read_text())
    assert list(two) == ["time", "conductance", "pulse_times"]
    assert len(two["pulse_times"]) == 20
    assert list(seven) == ["time", "mean"]


@pytest.mark.parametrize(("scheme", "usual"), [("multi-mem", True), ("upd-ready", False)])
def test_write_stats_refreshes_as_the_chapter_does_unless_told(scheme, usual, monkeypatch, capsys):
    printed = {}
    for option in ((), ("--refresh",), ("--no-refresh",)):
        options = ("write-stats", "--scheme", scheme, "--rows", 2, *option)
        assert run(monkeypatch, *options) == 0
        printed[option] = capsys.readouterr().out
    told, other = ("--refresh",), ("--no-refresh",)
    assert printed[()] == printed[told if usual else other] != printed[other if usual else told]


def test_write_stats_writes_maps_with_sources_as_rows(monkeypatch, tmp_path, capsys):
    out, figure = tmp_path / "w.json", tmp_path / "w.png"
    code = run(
        monkeypatch, "write-stats", "--scheme", "upd-ready", "--rows", 20, "--no-refresh",
        "--json", out, "--figure", figure,
    )  # fmt: skip
    content = json.loads(out.read_text())
    assert code == 0
    assert list(content) == ["source", "target", "mean", "std", "sets", "resets", "reads"]
    assert len(content["mean"]) == len(content["std"][0]) == 21
    assert content["source"][0] == content["target"][0] == -10
    # On the diagonal nothing is asked for: row -10 starts at -10 and stays.
    assert content["mean"][0][0] == pytest.approx(-9.9, abs=0.2)
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert "mean square error" in capsys.readouterr().out


def test_train_writes_the_keys_of_its_summary(monkeypatch, tmp_path):
    out = tmp_path / "t.json"
    code = run(
        monkeypatch, "train", "--scheme", "mixed-precision", "--preset", "reference",
        "--epochs", 2, "--replicas", 2, "--set", "n_rec=20", "--json", out,
    )  # fmt: skip
    content = json.loads(out.read_text())
    assert code == 0
    keys = ["scheme", "config", "loss", "rate_hz", "set_pulses", "reset_pulses", "reads", "seconds"]
    assert list(content) == keys
    assert [len(x) for x in content["loss"]] == [2, 2]
    assert content["config"]["n_rec"] == 20


def test_the_same_seed_writes_the_same_bytes(monkeypatch, tmp_path):
    files = [tmp_path / name for name in ("a.json", "b.json", "c.json")]
    for file, seed in zip(files, (3, 3, 4), strict=True):
        run(monkeypatch, "replicate", 5, "--devices", 200, "--seed", seed, "--json", file)
    a, b, c = (file.read_bytes() for file in files)
    assert a == b
    assert a != c


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["replicate", 3], "replicate: figure = 3: must be 2, 5 or 7"),
        (["replicate", 5, "--devices", 0], "devices = 0: must be a whole number, at least 2"),
        (["replicate", 2, "--devices", 7], "devices = 7: must be 1 for Fig. 2"),
        (["replicate", 5, "--g-max", -3], "g_max = -3.0: must be a finite number above 0"),
        (["replicate", 5, "--g-max", "nan"], "g_max = nan: must be a finite number"),
        (["replicate", 5, "--seed", -1], "seed = -1: must be a whole number, at least 0"),
        (["write-stats", "--scheme", "multi-mem", "--pairs", 0], "pairs = 0: must be"),
        (["write-stats", "--scheme", "multimem"], "multimem"),
        (["write-stats"], "--scheme"),
        (["train", "--scheme", "sgd"], "scheme = 'sgd': must be one of vanilla"),
        (["train", "--scheme", "vanilla", "--perf-bits", 4], "bits = 4: must be None"),
        (["train", "--scheme", "sign", "--perf-bits", 17], "bits = 17: must be"),
        (
            ["train", "--scheme", "sign", "--set", "lr=1"],
            "--set: field = 'lr': must be one of scheme, epochs",
        ),
        (["train", "--scheme", "sign", "--set", "lr_ni=1"], "; did you mean lr_in?"),
        (
            ["train", "--scheme", "sign", "--set", "tau_rec"],
            "--set = 'tau_rec': must be field=value",
        ),
        (["train", "--scheme", "sign", "--set", "tau_rec=-1"], "tau_rec = -1.0: must be"),
        (["replicate", 5, "--json", "no/such/folder/f.json"], "a file in a folder that exists"),
        (["replicate", 5, "--figure", "f.txt"], "a file name that ends in .png, .svg, .pdf"),
    ],
)
def test_bad_input_is_one_clear_line_and_status_2(monkeypatch, capsys, arguments, words):
    assert run(monkeypatch, *arguments) == 2
    error = capsys.readouterr().err
    assert words in error
    assert "Traceback" not in error


def test_an_interrupt_is_said(tmp_path):
    """Of a training under way."""
    words = ["train", "--scheme", "vanilla", "--epochs", "100000", "--set", "n_rec=4"]
    command = [sys.executable, "-u", "-m", "pcmlib", *words, "--checkpoint", tmp_path]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # What a shell puts into the background ignores SIGINT, and so do all that it starts.
    heed = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, preexec_fn=heed, **pipes) as process:
        try:
            while not any(tmp_path.iterdir()):
                assert process.poll() is None
                time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=120) == ("", "pcmlib: interrupted\n")
            assert process.returncode == 130
        finally:
            process.kill()


def test_the_module_runs_without_a_warning():
    command = [sys.executable, "-W", "error", "-m", "pcmlib", "replicate", "5", "--devices", "100"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.count("±") == 20
    assert done.stderr == ""


class Unreachable(optuna.exceptions.StorageInternalError):
    """No database there."""


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (MemoryError(), "MemoryError: "),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "RuntimeError: Default"),
        (torch.OutOfMemoryError("CUDA out of memory."), "OutOfMemoryError: CUDA out of memory."),
        (Unreachable("no such host\n(see the manual)"), "Unreachable: no such host\n"),
        (sqlalchemy.exc.NoSuchModuleError("no plugin: foo"), "NoSuchModuleError: no plugin: foo"),
    ],
)
def test_what_the_world_refuses_is_one_line_and_status_2(monkeypatch, capsys, error, line):
    def fail():
        raise error

    monkeypatch.setattr(command, "app", fail)
    assert run(monkeypatch) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(f"pcmlib: {line}")
    assert printed.count("\n") == 1


@pytest.mark.parametrize("error", [TypeError("x"), KeyError("x"), RuntimeError("x"), IndexError()])
def test_a_fault_of_the_code_is_a_traceback(monkeypatch, error):
    def fail():
        raise error

    monkeypatch.setattr(command, "app", fail)
    with pytest.raises(type(error)):
        command.main()


LOADED = """
import sys
import tomllib
from pathlib import Path
from pcmlib.__main__ import main
try:
    main()
finally:
    print(sorted({"torch", "numba", "numpy", "matplotlib", "optuna"} & set(sys.modules)))
"""


@pytest.mark.parametrize("words", ["--help", "--version", "", "no-such-command"])
def test_what_computes_nothing_imports_no_library_that_does(words):
    command_line = [sys.executable, "-W", "error", "-c", LOADED, *words.split()]
    done = subprocess.run(command_line, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"
    shown = done.stdout + done.stderr
    assert "Traceback" not in shown
    if words == "--version":
        assert done.stdout.startswith(f"pcmlib {pcmlib.__version__}\n")
    elif "no" in words:
        assert "No such command" in shown
    else:
        assert all(name in shown for name in command.COMMANDS)


@pytest.mark.parametrize("name", command.COMMANDS)
def test_a_command_is_summed_up_as_it_says_itself(name):
    assert command.load(name).help.splitlines()[0] == command.COMMANDS[name]


def test_the_package_has_one_version():
    root = Path(__file__).resolve().parents[2]
    assert f"\nversion: {pcmlib.__version__}\n" in (root / "CITATION.cff").read_text()
    project = tomllib.loads((root / "pyproject.toml").read_text())
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "pcmlib.__version__"}
