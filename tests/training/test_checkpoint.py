"""Checkpoints: exact, atomic, and clear about what is wrong with a file."""

import errno
import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from runs import assert_same, small, train_up_to_a_checkpoint

import pcmlib
from pcmlib.training import TrainConfig, archive, train

FILE = archive.CHECKPOINT


@pytest.mark.parametrize(
    ("scheme", "options"),
    [
        *((s, {}) for s in ("accumulator", "stochastic", "mixed-precision", "multi-mem")),
        ("mixed-precision", {"kept_on_pcm": True, "write_verify": True}),
    ],
)
def test_resuming_gives_the_uninterrupted_run(tmp_path, monkeypatch, scheme, options):
    config = small(scheme, epochs=6, replicas=2, **options)
    train_up_to_a_checkpoint(config, tmp_path, 4, monkeypatch)
    assert archive.load_checkpoint(tmp_path)[0]["epoch"] == 4
    whole, again = train(config), train(config, checkpoint=tmp_path, resume=True)
    assert_same(again, whole)
    assert archive.load_checkpoint(tmp_path)[0]["epoch"] == 6  # the end is kept too
    assert_same(train(config, checkpoint=tmp_path, resume=True), whole)
    assert again.seconds > 0


PROGRAM = """
import sys
from pcmlib.training import TrainConfig, train
config = TrainConfig.preset("mixed-precision", "reference", epochs=200, n_rec=30, steps=200)
train(config, checkpoint=sys.argv[1], checkpoint_every=2)
"""


def test_a_killed_run_resumes_to_the_bit(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)])
    deadline = time.monotonic() + 120
    while not (tmp_path / FILE).exists() and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    epoch = archive.load_checkpoint(tmp_path)[0]["epoch"]
    assert 0 < epoch < 200
    config = TrainConfig.preset("mixed-precision", "reference", epochs=200, n_rec=30, steps=200)
    assert_same(train(config, checkpoint=tmp_path, resume=True), train(config))


def test_there_must_be_something_to_resume(tmp_path):
    with pytest.raises(ValueError, match="no such file"):
        train(small("vanilla", epochs=1), checkpoint=tmp_path, resume=True)


@pytest.mark.parametrize("keep", [0, 10, 1000, -50])
def test_a_truncated_checkpoint_is_refused(tmp_path, keep):
    path = archive.save_checkpoint(tmp_path, {"epoch": 1}, {"x": torch.zeros(500)})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match="damaged"):
        archive.load_checkpoint(tmp_path)


def test_a_checkpoint_is_not_lost_to_a_run_that_was_to_go_on(tmp_path):
    config = small("sign", epochs=2)
    whole = train(config, checkpoint=tmp_path)
    with pytest.raises(ValueError, match=r"^checkpoint = .*a folder without a checkpoint"):
        train(config.replace(epochs=1), checkpoint=tmp_path)
    assert_same(train(config, checkpoint=tmp_path, resume=True), whole)


def test_another_runs_checkpoint_is_refused(tmp_path):
    train(small("vanilla", epochs=2), checkpoint=tmp_path, checkpoint_every=1)
    with pytest.raises(ValueError, match=r"lr_in = 0.5.*must be 0.003"):
        train(small("vanilla", epochs=2, lr_in=0.5), checkpoint=tmp_path, resume=True)


def rewrite(folder, arrays=None, **changes):
    """The checkpoint there, with other parts."""
    header, same = archive.load_checkpoint(folder)
    archive.save_checkpoint(folder, header | changes, same | (arrays or {}))


def test_an_older_versions_checkpoint_goes_on_where_its_run_is_the_same(tmp_path):
    """Fields that it lacks are at their defaults; another value of one is refused by version."""
    config = small("sign", epochs=3)
    whole = train(config, checkpoint=tmp_path, checkpoint_every=2)
    for new in ("gradient_limit", "write_verify", "kept_on_pcm", "constants"):
        fields = config.to_dict()
        del fields[new]
        rewrite(tmp_path, version="0.0.9", config=fields)
        assert_same(train(config, checkpoint=tmp_path, resume=True), whole)
    del fields["gradient_limit"]
    rewrite(tmp_path, version="0.0.9", config=fields)
    for name, value, stored in (("gradient_limit", 5.0, 100.0), ("scale", 1.0, 12.0)):
        message = f"{name} = {value}: must be {stored}, as in the checkpoint"
        message += f", of pcmlib 0.0.9; this is {pcmlib.__version__}"
        with pytest.raises(ValueError, match=f"^{message}$"):
            train(config.replace(**{name: value}), checkpoint=tmp_path, resume=True)


def test_what_another_version_has_beside_is_refused(tmp_path):
    config = small("sign", epochs=2)
    train(config, checkpoint=tmp_path)
    header, arrays = archive.load_checkpoint(tmp_path)
    assert header["version"] == pcmlib.__version__
    rewrite(tmp_path, version="9.9", config=config.to_dict() | {"colour": "red"})
    with pytest.raises(ValueError, match=r"field = 'colour': .*, of pcmlib 9\.9; this is"):
        train(config, checkpoint=tmp_path, resume=True)
    for part in ("state", "course"):
        without = {name: x for name, x in arrays[part].items() if name != "reads"}
        archive.save_checkpoint(tmp_path, header | {"version": "0.0.9"}, arrays | {part: without})
        with pytest.raises(ValueError, match=r"a network as here, of pcmlib 0\.0\.9; .*reads"):
            train(config, checkpoint=tmp_path, resume=True)


@pytest.mark.parametrize("where", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_the_last_good_checkpoint(tmp_path, monkeypatch, where):
    archive.save_checkpoint(tmp_path, {"epoch": 1}, {})

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if where == "write":
        monkeypatch.setattr(archive.np, "savez", full)
    elif where == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match=r"No space left.*last good checkpoint is still there"):
        archive.save_checkpoint(tmp_path, {"epoch": 2}, {})
    monkeypatch.undo()
    assert archive.load_checkpoint(tmp_path)[0]["epoch"] == 1
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
