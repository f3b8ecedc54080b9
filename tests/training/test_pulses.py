"""Pulses by device and epoch add up to all that a run tells of its pulses."""

import numpy as np
import pytest
import torch
from runs import assert_same, small

from pcmlib.base import memory
from pcmlib.training import PulseCounts, train

LAYERS = {"in", "rec", "out"}


@pytest.fixture(scope="module")
def counted():
    config = small("mixed-precision", epochs=4, replicas=2, pairs=2, kept_on_pcm=True)
    pulses = PulseCounts()
    return train(config, pulses=pulses), pulses


def test_pulses_of_devices_and_epochs_are_those_of_the_run(counted):
    run, pulses = counted
    c = run.config
    assert set(pulses.set) == set(pulses.reset) == LAYERS | {f"kept {n}" for n in LAYERS}
    assert pulses.set["rec"].shape == (c.epochs, c.replicas, 2, 2, c.n_rec, c.n_rec)
    for counts, total in ((pulses.set, run.set_pulses), (pulses.reset, run.reset_pulses)):
        each = sum(x.sum((2, 3, 4, 5), dtype=np.int64) for x in counts.values())
        assert (each > 0).any()
        np.testing.assert_array_equal(each.cumsum(0).T, total)
    for name, worn in run.wear.items():
        np.testing.assert_array_equal(pulses.set[name].sum(0, dtype=np.int64), worn)


def test_a_count_belongs_to_its_epoch_and_network(counted):
    """A shorter run has the same first epochs; replica 1 alone the same pulses."""
    run, pulses = counted
    short = PulseCounts()
    train(run.config.replace(epochs=2), pulses=short)
    alone = PulseCounts()
    train(run.config.replica(1), pulses=alone)
    for name, counts in pulses.set.items():
        np.testing.assert_array_equal(short.set[name], counts[:2])
        np.testing.assert_array_equal(alone.set[name], counts[:, 1:])


def test_counting_changes_nothing(counted):
    assert_same(train(counted[0].config), counted[0])


def test_the_archive_holds_the_counts(counted, tmp_path):
    _, pulses = counted
    pulses.save(tmp_path / "pulses.npz")
    with np.load(tmp_path / "pulses.npz") as archive:
        assert len(archive.files) == 12
        for name, counts in pulses.reset.items():
            found = archive[f"reset_{name.replace(' ', '_')}"]
            assert found.dtype == np.uint16
            np.testing.assert_array_equal(found, counts)


def test_what_cannot_be_counted_is_refused_before_any_work(tmp_path, monkeypatch):
    config = small("sign", epochs=2)
    with pytest.raises(ValueError, match="None with resume"):
        train(config, pulses=PulseCounts(), checkpoint=tmp_path, resume=True)
    with pytest.raises(ValueError, match="vanilla trains digital weights"):
        train(small("vanilla"), pulses=PulseCounts())
    monkeypatch.setattr(memory, "available", lambda: 1e7)
    train(config.replace(epochs=1))
    with pytest.raises(ValueError, match=r"pulses = 'of 5000 epochs and 1 networks': must be less"):
        train(config.replace(epochs=5000), pulses=PulseCounts())


def test_counts_are_wide_enough():
    pulses = PulseCounts()
    pulses.begin(small("sign", epochs=1, samples=7))
    assert pulses.set["in"].dtype == np.int32
    assert torch.iinfo(torch.int32).max > 7 * 10_000
