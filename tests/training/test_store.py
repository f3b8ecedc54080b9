"""The store of training runs: nothing computed twice, nothing old or damaged taken for a run."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import torch

import pcmlib
from pcmlib.base import files, source
from pcmlib.training import TrainConfig, archive, store, train

SMALL = TrainConfig.preset(
    "mixed-precision", "reference", epochs=2, replicas=2, steps=60, n_in=7, n_rec=9, scale=(9.0, 11)
)
PACKAGE = Path(pcmlib.__file__).parent


@pytest.fixture
def trained(monkeypatch):
    """The configurations that the store had trained."""
    calls = []

    def counted(config, **options):
        calls.append(config)
        return train(config, **options)

    monkeypatch.setattr(store, "train", counted)
    return calls


@pytest.mark.parametrize(
    "config", [SMALL, TrainConfig(epochs=1, steps=30), SMALL.replace(constants=(("nu", 0.1),))]
)
def test_computes_once_and_returns_the_same_bits(config, trained, tmp_path):
    first = store.stored_train(config, folder=tmp_path)
    second = store.stored_train(config, folder=tmp_path)
    assert trained == [config]
    assert first == second
    assert not list(tmp_path.glob("*.part"))


def test_folder_is_taken_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("PCMLIB_STORE", str(tmp_path / "runs"))
    store.stored_train(SMALL.replace(epochs=1))
    assert len(list((tmp_path / "runs").glob("*.npz"))) == 1
    monkeypatch.delenv("PCMLIB_STORE")
    assert store.store_folder().parts[-2:] == ("pcmlib", "runs")


def test_without_a_home_the_store_is_a_private_temporary_folder(monkeypatch, tmp_path):
    """A user cache that is relative, as of a user whom no list knows, is no folder."""
    monkeypatch.delenv("PCMLIB_STORE", raising=False)
    monkeypatch.setattr(files, "user_cache_path", lambda name: Path("~/.cache") / name)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = store.store_folder()
    assert folder.is_relative_to(tmp_path)
    assert folder.parent.stat().st_mode & 0o777 == 0o700
    folder.parent.chmod(0o777)  # what others may write is not taken
    with pytest.raises(OSError, match="PCMLIB_STORE"):
        store.store_folder()


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"epochs": 3}, {"scale": (9.0, 11.5)}, {"constants": (("nu", 0.0),)}]
)
def test_another_configuration_has_another_key(change):
    assert store.run_key(SMALL.replace(**change)) != store.run_key(SMALL)
    assert store.run_key(SMALL.replace()) == store.run_key(SMALL)


def test_key_depends_on_the_libraries_and_the_processor(monkeypatch):
    before = store.run_key(SMALL)
    for module in (store.torch, source.np, source.numba, source.llvmlite):
        with monkeypatch.context() as patch:
            patch.setattr(module, "__version__", "99")
            source.machine.cache_clear()
            assert store.run_key(SMALL) != before
    with monkeypatch.context() as patch:
        patch.setattr(store.llvm, "get_host_cpu_name", lambda: "another")
        assert store.run_key(SMALL) != before
    source.machine.cache_clear()
    assert store.run_key(SMALL) == before


@pytest.mark.parametrize(
    "module", ["device.laws", "device", "base.rng", "network.trial", "schemes", "training.config"]
)
def test_an_edit_to_code_that_trains_changes_the_key(module, tmp_path):
    package = Path(shutil.copytree(PACKAGE, tmp_path / "pcmlib"))
    before = source.source_hash([store._CODE], package)
    assert before == source.loaded_hash(store._CODE)
    path = source._file(module, package)
    text = path.read_text()
    path.write_text("# a comment\n" + text.replace("\n\n\n", "\n\n\n\n", 1))
    assert source.source_hash([store._CODE], package) == before
    path.write_text(text + "\nanother = 1\n")
    assert source.source_hash([store._CODE], package) != before


@pytest.mark.parametrize(
    "module", ["book.figures.style", "training.presets", "base.progress", "training.store"]
)
def test_an_edit_to_other_code_does_not(module, tmp_path):
    package = Path(shutil.copytree(PACKAGE, tmp_path / "pcmlib"))
    path = source._file(module, package)
    path.write_text(path.read_text() + "\nanother = 1\n")
    assert source.source_hash([store._CODE], package) == source.loaded_hash(store._CODE)


def test_every_module_that_training_loads_is_hashed():
    """Against Python's own account of what it imported."""
    code = "import sys, pcmlib.training.run; print(*(m for m in sys.modules if m[:7] == 'pcmlib.'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.removeprefix("pcmlib.") for name in done.stdout.split()}
    loaded = {name for name in loaded if not name.startswith("device.fit.")}  # as their package
    assert loaded - source.NO_MATTER <= source.modules([store._CODE])


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_computed_again(part, trained, tmp_path):
    first = store.stored_train(SMALL, folder=tmp_path)
    (path,) = tmp_path.glob("*.npz")
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    second = store.stored_train(SMALL, folder=tmp_path)
    assert trained == [SMALL, SMALL]
    assert torch.equal(first.loss, second.loss)
    assert second == store.stored_train(SMALL, folder=tmp_path)
    assert len(trained) == 2


def test_a_flipped_bit_is_noticed_or_harmless(tmp_path):
    """Anywhere: the parts carry checksums; what lies between them, such as dates, is not read."""
    first = store.stored_train(SMALL, folder=tmp_path)
    (path,) = tmp_path.glob("*.npz")
    content = path.read_bytes()
    noticed = 0
    for place in range(0, len(content), 101):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        run = store.load_run(path)
        noticed += run is None
        if run is not None:
            assert run == first
    assert noticed > len(content) / 101 / 2


def test_a_full_disk_costs_the_file_and_not_the_run(monkeypatch, tmp_path):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive.np, "savez_compressed", full)
    with pytest.warns(UserWarning, match=f"{tmp_path}: a run could not be kept.*No space left"):
        run = store.stored_train(SMALL, folder=tmp_path)
    assert run.loss.shape == (2, 2)
    assert not list(tmp_path.glob("*.npz")) + list(tmp_path.glob("*.part"))


def test_processes_that_ask_at_once_train_once(tmp_path):
    """Two processes start together; the second finds what the first has made."""
    code = (
        "import sys; from pcmlib.training import TrainConfig, store\n"
        "trained = []; train = store.train\n"
        "store.train = lambda config, **o: (trained.append(1), train(config, **o))[1]\n"
        "config = TrainConfig(epochs=20, steps=50, n_in=5, n_rec=5)\n"
        "run = store.stored_train(config, folder=sys.argv[1])\n"
        "print(len(trained), run.loss.sum().item().hex())\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [process.communicate()[0].split() for process in both]
    assert sorted(trained for trained, _ in answers) == ["0", "1"]
    assert answers[0][1] == answers[1][1]


def test_forgets_runs_that_nobody_used_in_a_month(tmp_path):
    old, new = tmp_path / "old.npz", tmp_path / "new.npz"
    for path in (old, new):
        path.touch()
    age = source.KEPT_DAYS * 86400 + 60
    store.os.utime(old, (old.stat().st_atime - age, old.stat().st_mtime - age))
    store.stored_train(SMALL, folder=tmp_path)
    assert not old.exists()
    assert new.exists()
    assert len(list(tmp_path.glob("*.npz"))) == 2


# A store that several people share. Root may do everything, so that it becomes somebody else first.

SOMEBODY = """
import dataclasses, json, os, sys, tempfile, warnings
from runs import made_up
from pcmlib.training import TrainConfig, store

folder, user, umask = sys.argv[1], int(sys.argv[2]), int(sys.argv[3], 8)
config, trained = TrainConfig(epochs=2, n_in=3, n_rec=4), []
store.train = lambda config, **_: trained.append(1) or made_up([[0.5, 0.25]])
key = store.run_key(config)
store.run_key = lambda *_: key  # the user who is to come need not be able to read the sources
with tempfile.TemporaryDirectory() as aside:
    for _ in range(2):  # keep and load, so that all is imported that will be
        store.stored_train(config, folder=aside)
trained.clear()
if os.getuid() == 0:
    os.setgroups([4321])
    os.setgid(user)
    os.setuid(user)
os.umask(umask)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    run = store.stored_train(config, folder=folder)
print(json.dumps([run.loss.tolist(), len(trained), [str(w.message) for w in caught]]))
"""
ROOT = os.getuid() == 0


def somebody(folder, user, umask="022"):
    """What a user gets from a store: the times that it trained, and the warnings."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
    }
    command = [sys.executable, "-c", SOMEBODY, str(folder), str(user), umask]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    loss, trained, warned = json.loads(done.stdout)
    assert loss == [[0.5, 0.25]]
    return trained, warned


@pytest.fixture
def shared():
    """A folder of the group 4321, which its members may write to."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "store"
        folder.mkdir()
        if ROOT:
            os.chown(folder, 7000, 4321)
        Path(name).chmod(0o755)
        yield folder
        folder.chmod(0o755)


@pytest.mark.parametrize(("mode", "umask"), [(0o770, "077"), (0o2775, "022")])
def test_what_one_of_a_group_trained_the_others_get(shared, mode, umask):
    shared.chmod(mode)
    assert somebody(shared, 7001, umask) == (1, [])
    assert somebody(shared, 7002, umask) == (0, [])
    (run,), (lock,) = shared.glob("*.npz"), shared.glob("*.lock")
    assert run.stat().st_mode & 0o060 == 0o040
    assert lock.stat().st_mode & 0o060 == 0o060
    run.write_bytes(b"damaged")
    assert somebody(shared, 7002, umask) == (1, [])  # and locks with the first one's file
    assert somebody(shared, 7001, umask) == (0, [])


def test_a_store_that_one_may_only_read_gives_what_it_holds(shared):
    assert somebody(shared, 7000) == (1, [])
    (path,) = shared.glob("*.npz")
    for part in shared.iterdir():
        part.chmod(0o444)
    shared.chmod(0o555)
    assert somebody(shared, 7001) == (0, [])
    shared.chmod(0o755)
    path.unlink()
    shared.chmod(0o555)
    trained, warned = somebody(shared, 7001)
    assert trained == 1
    assert len(warned) == 2
    assert all(f"store of runs {shared}:" in message for message in warned)
    assert "no lock" in warned[0]
    assert "could not be kept" in warned[1]


def test_a_run_that_one_may_not_read_is_trained_and_said_so(shared):
    shared.chmod(0o2770)
    assert somebody(shared, 7001) == (1, [])
    (path,) = shared.glob("*.npz")
    path.chmod(0o000)
    trained, (warning, *_) = somebody(shared, 7002)
    assert trained == 1
    assert f"store of runs {shared}: a run in it could not be read" in warning
    assert somebody(shared, 7001) == (0, [])  # it has been replaced


def test_a_folder_that_cannot_be_made_costs_no_run(trained, tmp_path):
    (tmp_path / "file").touch()
    with pytest.warns(UserWarning, match="store of runs .*file"):
        run = store.stored_train(SMALL, folder=tmp_path / "file" / "runs")
    assert run.loss.shape == (2, 2)


def test_a_run_of_others_that_is_read_is_not_forgotten(tmp_path):
    """Only its owner may date it; reading it leaves a date too."""
    path = tmp_path / "old.npz"
    path.touch()
    age = source.KEPT_DAYS * 86400 + 60
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age))
    source.forget_unused(tmp_path, "*.npz")
    assert path.exists()
