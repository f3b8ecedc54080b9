"""Runs on disk: what is written comes back, what is no run is refused, no code in it is run."""

import json
import os
import re

import numpy as np
import pytest
import torch
from runs import small

import pcmlib
from pcmlib.schemes import SCHEMES
from pcmlib.training import PulseCounts, TrainingRun, archive, train


@pytest.mark.parametrize("compressed", [True, False])
def test_what_is_written_comes_back(tmp_path, compressed):
    arrays = {
        "x": torch.randn(3, 4, generator=torch.manual_seed(0)),
        "spikes": torch.rand(5, 7, generator=torch.manual_seed(1)) < 0.5,
        "state": {"tp": torch.arange(4.0).double(), "none": torch.zeros(2, 0)},
    }
    archive.write(tmp_path / "a", {"number": 0.1, "list": [1, 2]}, arrays, compressed=compressed)
    header, found = archive.read(tmp_path / "a")
    assert (header["number"], header["list"]) == (0.1, [1, 2])
    assert found.keys() == arrays.keys()
    for name, values in {**arrays, **arrays["state"]}.items():
        same = found["state"][name] if name in arrays["state"] else found[name]
        if name != "state":
            assert same.dtype == values.dtype
            assert torch.equal(same, values)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_run_is_kept_to_the_bit(tmp_path, scheme):
    """And answers what the one answers that was not kept."""
    run = train(small(scheme, epochs=2, replicas=2, seed=(3, 2**60)))
    run.save(tmp_path / "run.npz")
    again = TrainingRun.load(tmp_path / "run.npz")
    assert again == run
    assert (again.seconds, again.config) == (run.seconds, run.config)
    assert torch.equal(again.predict(after=1e5), run.predict(after=1e5))
    for name, values in run.weights.items():
        assert torch.equal(again.weights[name], values)


def test_a_flipped_bit_in_the_list_of_parts_is_noticed_or_harmless(tmp_path):
    """It has no checksum, and a part that is not listed is not missed by NumPy."""
    path, arrays = tmp_path / "a", {"x": torch.ones(3), "state": {"G": torch.zeros(2)}}
    archive.write(path, {}, arrays)
    content = path.read_bytes()
    noticed, places = 0, range(content.index(b"PK\x01\x02"), len(content))
    for place in places:
        for bit in range(8):
            damaged = bytearray(content)
            damaged[place] ^= 1 << bit
            path.write_bytes(damaged)
            try:
                _, found = archive.read(path)
            except ValueError:
                noticed += 1
            else:
                assert found.keys() == arrays.keys()
                assert torch.equal(found["x"], arrays["x"])
                assert torch.equal(found["state"]["G"], arrays["state"]["G"])
    assert noticed > 2 * len(places)


def test_another_format_says_which_version_it_needs(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    with monkeypatch.context() as patch:
        patch.setattr(archive, "FORMAT", 99)
        patch.setattr(archive, "__version__", "9.0")
        archive.write(path, {}, {})
    with pytest.raises(ValueError, match=r"format = 99: .*of pcmlib 9\.0; this is") as error:
        TrainingRun.load(path)
    assert pcmlib.__version__ in str(error.value)


def test_an_older_version_s_run_has_new_fields_at_their_defaults(tmp_path):
    """A configuration without a field that came later opens."""
    run, path = train(small("sign", epochs=1)), tmp_path / "run.npz"
    run.save(path)
    header, arrays = archive.read(path)
    del header["config"]["reads"]
    archive.write(path, header | {"version": "0.0.9"}, arrays)
    assert TrainingRun.load(path) == run


@pytest.mark.parametrize("content", [b"", b"loss,1", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_run_is_refused_by_name(tmp_path, content):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"notes\.txt.*must be a run as train --save"):
        TrainingRun.load(path)
    with pytest.raises(FileNotFoundError):
        TrainingRun.load(tmp_path / "nothing.npz")


def test_a_checkpoint_is_no_finished_run(tmp_path):
    config = small("sign", epochs=2)
    train(config, checkpoint=tmp_path)
    with pytest.raises(ValueError, match="must be a finished run"):
        TrainingRun.load(tmp_path / "checkpoint.npz")


def test_code_in_a_file_is_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "trapped"),))

    path = tmp_path / "run.npz"
    header = np.array(json.dumps({"format": archive.FORMAT, "arrays": ["x"], "shapes": {}}))
    np.savez(path, header=header, x=np.array([Trap()], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="damaged or something else"):
        TrainingRun.load(path)
    assert not (tmp_path / "trapped").exists()


def test_a_folder_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "none" / "x.npz"
    message = f"there is no such folder to save in: {str(path.parent)!r}"
    with pytest.raises(FileNotFoundError, match=re.escape(message)):
        archive.write(path, {}, {})
    with pytest.raises(FileNotFoundError, match=re.escape(message)):
        PulseCounts().save(path)
