"""The store of training runs: nothing computed twice, nothing old or damaged taken for a run."""

import dataclasses
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import pcmlib
from pcmlib.base import source
from pcmlib.training import TrainConfig, store, train

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


def same(one, other):
    """Two runs are equal to the bit, in every field."""
    for field in dataclasses.fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, torch.Tensor):
            assert a.dtype == b.dtype
            assert torch.equal(a, b), field.name
        elif isinstance(a, dict):
            assert a.keys() == b.keys()
            assert all(torch.equal(a[key], b[key]) for key in a), field.name
        else:
            assert a == b, field.name


@pytest.mark.parametrize(
    "config", [SMALL, TrainConfig(epochs=1, steps=30), SMALL.replace(constants=(("nu", 0.1),))]
)
def test_computes_once_and_returns_the_same_bits(config, trained, tmp_path):
    first = store.stored_train(config, folder=tmp_path)
    second = store.stored_train(config, folder=tmp_path)
    assert trained == [config]
    same(first, second)
    assert not list(tmp_path.glob("*.part"))


def test_folder_is_taken_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("PCMLIB_STORE", str(tmp_path / "runs"))
    store.stored_train(SMALL.replace(epochs=1))
    assert len(list((tmp_path / "runs").glob("*.npz"))) == 1
    monkeypatch.delenv("PCMLIB_STORE")
    assert store.store_folder().parts[-2:] == ("pcmlib", "runs")


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
    "module", ["device.laws", "device", "base.rng", "srnn.compiled", "schemes", "training.config"]
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
    "module", ["plots.style", "training.presets", "base.progress", "training.store"]
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
    same(second, store.stored_train(SMALL, folder=tmp_path))
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
            same(run, first)
    assert noticed > len(content) / 101 / 2


def test_a_full_disk_costs_the_file_and_not_the_run(monkeypatch, tmp_path):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.np, "savez_compressed", full)
    with pytest.warns(UserWarning, match="No space left"):
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
