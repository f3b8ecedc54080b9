"""What a command leaves: each file for itself, whole; then the summary, on any terminal."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from runs import made_up

from pcmlib import __main__ as command
from pcmlib.commands import output, train, tune
from pcmlib.sweep import write_record

REPLICATE = [sys.executable, "-m", "pcmlib", "replicate", "5", "--devices", "200"]


def strict(path):
    """JSON as the standard has it: without NaN and Infinity."""
    return json.loads(path.read_text(), parse_constant=lambda word: pytest.fail(word))


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["pcmlib", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        command.main()
    return end.value.code or 0


@pytest.mark.parametrize("encoding", ["gbk", "ascii"])
def test_a_terminal_without_the_character_prints_another(encoding, tmp_path):
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    done = subprocess.run(
        [*REPLICATE, "--json", tmp_path / "g.json"], capture_output=True, env=environment
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"pulse") == 20
    assert len(strict(tmp_path / "g.json")["mean"]) == 20


def test_a_closed_pipe_is_silence(tmp_path):
    """The reader is gone before anything is printed."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*REPLICATE, "--json", tmp_path / "g.json"], stdout=writing, stderr=subprocess.PIPE
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(strict(tmp_path / "g.json")["mean"]) == 20


@pytest.mark.parametrize("loss", [[[1.0, np.nan, np.inf]], [[np.nan] * 3], [[0.0, -np.inf, 1e38]]])
def test_a_run_that_diverged_is_delivered(monkeypatch, tmp_path, capsys, loss):
    """null in the JSON; a figure of what is finite."""
    monkeypatch.setattr(train, "train", lambda *_, **__: made_up(loss))
    paths = tmp_path / "d.json", tmp_path / "d.png"
    code = run(
        monkeypatch, "train", "--scheme", "vanilla", "--json", paths[0], "--figure", paths[1]
    )
    assert code == 0
    plain = [None if not np.isfinite(x) else pytest.approx(x) for x in loss[0]]
    assert strict(paths[0])["loss"] == [plain]
    assert paths[1].read_bytes().startswith(b"\x89PNG")
    assert "loss" in capsys.readouterr().out


def test_all_that_has_arrays_is_plain_json(tmp_path):
    content = {"a": np.array([1.0, np.nan]), "b": [{"c": (np.float32(np.inf), 2)}], "d": None}
    output.write_json(tmp_path / "a.json", content)
    assert strict(tmp_path / "a.json") == {"a": [1.0, None], "b": [{"c": [None, 2]}], "d": None}
    write_record({"trials": [{"loss": np.inf}], "x": np.nan}, tmp_path / "r.json")
    assert strict(tmp_path / "r.json") == {"trials": [{"loss": None}], "x": None}


@pytest.mark.parametrize("fails", ["json", "figure", "both"])
def test_a_file_that_fails_loses_neither_the_other_nor_the_summary(
    monkeypatch, tmp_path, capsys, fails
):
    """A full disk at the end: an error and a status, and no half of a file."""

    def full(path, *_):
        raise OSError(28, "No space left on device", str(path))

    for name in ["json", "figure"]:
        if fails in (name, "both"):
            monkeypatch.setattr(output, f"write_{name}", full)
    monkeypatch.setattr(train, "train", lambda *_, **__: made_up([[1.0, 0.5]]))
    arguments = ["--json", tmp_path / "f.json", "--figure", tmp_path / "f.png"]
    assert run(monkeypatch, "train", "--scheme", "vanilla", *arguments) != 0
    printed = capsys.readouterr()
    left = {"json": ["f.png"], "figure": ["f.json"], "both": []}[fails]
    assert [path.name for path in tmp_path.iterdir()] == left
    assert "loss 0.5000 (of the last epoch)" in printed.out
    assert printed.err.count("No space left") == (2 if fails == "both" else 1)


def test_a_figure_that_cannot_be_drawn_leaves_the_numbers(monkeypatch, tmp_path):
    def broken(*_, **__):
        raise RuntimeError("no such font")

    monkeypatch.setattr(train, "_draw", broken)
    monkeypatch.setattr(train, "train", lambda *_, **__: made_up([[1.0, 0.5]]))
    arguments = ["--json", tmp_path / "f.json", "--figure", tmp_path / "f.png"]
    monkeypatch.setattr(
        sys, "argv", ["pcmlib", "train", "--scheme", "vanilla", *map(str, arguments)]
    )
    with pytest.raises(RuntimeError, match="no such font"):
        command.main()
    assert strict(tmp_path / "f.json")["loss"] == [[1.0, 0.5]]
    assert [path.name for path in tmp_path.iterdir()] == ["f.json"]


WRITERS = {
    "json": (lambda path: output.write_json(path, {"new": 1})),
    "png": (lambda path: output.write_figure(path, Figure())),
    "record": (lambda path: write_record({"new": 1}, path)),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_a_symbolic_link_is_followed(tmp_path, kind):
    """Also onto another file system, where there is one to try."""
    memory = Path("/dev/shm")
    elsewhere = memory if os.access(memory, os.W_OK) else tmp_path
    target = elsewhere / f"pcmlib-{os.getpid()}.{kind}"
    link = tmp_path / f"link.{kind}"
    link.symlink_to(target)
    try:
        output.check_destinations(json=link)
        WRITERS[kind](link)
        WRITERS[kind](link)
        assert link.is_symlink()
        assert target.stat().st_size > 5
        assert [path.name for path in tmp_path.iterdir()] == [link.name]
    finally:
        target.unlink(missing_ok=True)


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("where", ["fsync", "replace"])
def test_an_interrupted_write_leaves_the_old_file(monkeypatch, tmp_path, kind, where):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    path = tmp_path / f"f.{kind}"
    path.write_text("old")
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync" if where == "fsync" else "pathlib.Path.replace", full)
        with pytest.raises(OSError, match="No space"):
            WRITERS[kind](path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("umask", [0o022, 0o002, 0o077])
def test_a_file_has_the_rights_that_the_umask_leaves(tmp_path, umask):
    before = os.umask(umask)
    try:
        for kind, write in WRITERS.items():
            write(tmp_path / f"f.{kind}")
            assert (tmp_path / f"f.{kind}").stat().st_mode & 0o777 == 0o666 & ~umask
    finally:
        os.umask(before)


def test_a_destination_that_cannot_be_is_refused_before_the_work(tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    long = tmp_path / ("x" * 300)
    with socket.socket(socket.AF_UNIX) as nobody:
        nobody.bind(str(tmp_path / "socket"))
    for path in (loop, long, tmp_path, tmp_path / "no" / "f", tmp_path / "socket"):
        with pytest.raises(ValueError, match="--json"):
            output.check_destinations(json=path)
    twice = [(tmp_path / "f.png", tmp_path / "." / "f.png"), (Path("-"), Path("-"))]
    for figure, json_file in [*twice, (Path("-"), Path("/dev/stdout"))]:
        with pytest.raises(ValueError, match="another file than that of --figure"):
            output.check_destinations(figure=figure, json=json_file)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["fit", "FILE", "--json", "FILE"], "--json = .* that of the table"),
        (["train", "--scheme", "sign", "--device-file", "FILE", "--json", "FILE"], "--device-file"),
        (["train", "--scheme", "sign", "--data", "FILE", "--save", "FILE"], "--save = .*--data"),
        (
            ["train", "--scheme", "sign", "--data", "FILE", "--pulses", "FILE"],
            "--pulses = .*--data",
        ),
        (["evaluate", "FILE", "--json", "FILE"], "--json = .* that of the run"),
    ],
)
def test_a_command_does_not_write_over_what_it_reads(
    monkeypatch, capsys, arguments, named, tmp_path
):
    path, link = tmp_path / "mine", tmp_path / "link"
    path.write_text("mine")
    link.symlink_to(path)
    for other in (path, link):  # the last place is that of the destination
        words = [str(path) if word == "FILE" else word for word in arguments]
        words[-1] = str(other)
        assert run(monkeypatch, *words) == 2
        assert re.search(named, capsys.readouterr().err)
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("option", "name", "piped"),
    [
        ("--json", "-", True),
        ("--json", "/dev/stdout", False),
        ("--figure", "/dev/fd/1", True),
        ("--figure", "-", False),
    ],
)
def test_standard_output_is_left_to_what_is_written_there(tmp_path, option, name, piped):
    """And the summary comes on standard error; no file is replaced, or has that name."""
    with (tmp_path / "out").open("w+b") as file:
        out = subprocess.PIPE if piped else file
        command = [*REPLICATE, option, name]
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, cwd=tmp_path, check=True)
        file.seek(0)
        written = done.stdout if piped else file.read()
    if option == "--json":
        assert list(json.loads(written)) == ["pulse", "mean", "std"]
    else:
        assert written.startswith(b"\x89PNG")
        assert written.endswith(b"IEND\xaeB`\x82")
    assert done.stderr.decode().count("µS") == 20
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_a_pipe_and_a_device_are_written_as_they_are(tmp_path):
    pipe, got = tmp_path / "pipe", tmp_path / "got"
    os.mkfifo(pipe)
    with got.open("wb") as file:
        reader = subprocess.Popen(["cat", pipe], stdout=file)
    done = subprocess.run([*REPLICATE, "--json", pipe, "--figure", os.devnull], capture_output=True)
    assert reader.wait(timeout=60) == 0
    assert (done.returncode, done.stdout.decode().count("µS"), done.stderr) == (0, 20, b"")
    assert len(strict(got)["mean"]) == 20
    assert pipe.is_fifo()
    assert Path(os.devnull).is_char_device()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["got", "pipe"]


def test_a_device_that_takes_nothing_loses_no_summary():
    done = subprocess.run([*REPLICATE, "--json", "/dev/full"], capture_output=True)
    assert (done.returncode, done.stdout.decode().count("µS")) == (2, 20)
    assert b"No space left" in done.stderr


def test_numbers_for_a_reader_who_has_gone_are_silence():
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*REPLICATE, "--json", "-"], stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert done.returncode == 0
    assert done.stderr.decode().count("µS") == len(done.stderr.splitlines()) == 20


def test_the_record_of_a_search_comes_before_its_summary(monkeypatch, tmp_path, capsys):
    record = {"budget": {"updates": 9}, "last": [{"loss": None}], "best": {"lr_in": 1e-3}}
    monkeypatch.setattr(tune, "tune", lambda *_, **__: record)
    monkeypatch.setattr(output, "_say", lambda text, **_: print(text, (tmp_path / "r").exists()))
    assert run(monkeypatch, "tune", "--scheme", "sign", "--json", tmp_path / "r") == 0
    assert strict(tmp_path / "r") == record
    assert "True" in capsys.readouterr().out
