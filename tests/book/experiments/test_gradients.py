"""Shares of gradients against cases that can be worked out by hand."""

import numpy as np
import pytest
import torch

from pcmlib.book.experiments import gradients as ge
from pcmlib.training import TrainConfig

SMALL = TrainConfig(n_in=20, n_rec=15, steps=100, samples=2, replicas=2, epochs=4, threshold=0.1)


def given(monkeypatch, gradients):
    """Networks whose gradient is the same for all layers: gradients[update], a number or [2, 3]."""

    def learning(network, updates):
        for update in updates:
            g = torch.as_tensor(gradients[update]).expand(network.config.replicas, 2, 3)
            yield dict.fromkeys(ge.LAYERS, g.float())

    monkeypatch.setattr(ge, "learning", learning)


def test_what_agrees_stays_and_what_alternates_goes(monkeypatch):
    given(monkeypatch, [5.0, 1.0, 2.0, 3.0, 4.0])
    assert (ge.remaining_gradient(SMALL, (1, 4), after=1).share["in"] == 1).all()
    given(monkeypatch, [5.0, 1.0, -1.0, 1.0, -2.0])
    left = ge.remaining_gradient(SMALL, (1, 2, 3, 4), after=1).share["out"]
    assert left[:, 0] == pytest.approx([1, 0, 1 / 3, 1 / 5])


def test_random_directions_leave_one_over_the_root_of_n(monkeypatch):
    """Normal gradients: E|sum of n| / (n E|g|) = 1/sqrt(n). 16 updates of 6,000 synapses: the
    sd of |x| over its mean is 0.756, so the standard error is about 0.25 * 0.756 / sqrt(6000)."""
    generator = torch.Generator().manual_seed(1)
    numbers = torch.randn(16, 2, 60, 50, generator=generator)
    monkeypatch.setattr(ge, "learning", lambda *_: (dict.fromkeys(ge.LAYERS, g) for g in numbers))
    left = ge.remaining_gradient(SMALL, (16,), after=0).share["rec"]
    assert left.mean() == pytest.approx(0.25, abs=4 * 0.25 * 0.756 / np.sqrt(6000))


def test_only_whole_pulses_are_written(monkeypatch):
    given(monkeypatch, [[[1.0, 0.2, 0.0], [-0.75, 0.1, 0.0]]] * 3)
    config = SMALL.replace(lr_in=0.075, lr_rec=0.075, lr_out=0.075, scale=10.0)
    # wanted: 1, 0.2, 0.75 and 0.1 pulses of 0.75 µS
    share = ge.written_share(config, (1, 2, 5, 10), updates=3)
    assert share[:, 0] == pytest.approx(np.array([1, 1.5, 1.8, 2]) / 2.05, rel=1e-5)


def test_real_networks_lie_between_nothing_and_all():
    left = ge.remaining_gradient(SMALL, (1, 2, 6), after=2)
    for share in left.share.values():
        assert share.shape == (3, 2)
        assert share[0] == pytest.approx(1, abs=1e-5)
        assert ((share > 0) & (share < 1.00001)).all()
        assert share[-1].mean() < 0.99
    share = ge.written_share(SMALL.replace(scale=1000.0, lr_in=1e-3), (1, 4, 16), updates=4)
    assert (np.diff(share, axis=0) > 0).all()
    assert ((share > 0) & (share < 1)).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ge.remaining_gradient(SMALL, (3, 1)), "windows"),
        (lambda: ge.remaining_gradient(SMALL, ()), "windows"),
        (lambda: ge.remaining_gradient(SMALL, (0, 1)), "windows = 0"),
        (lambda: ge.written_share(SMALL, (0,)), "pairs = 0"),
        (lambda: ge.written_share(SMALL, updates=0), "updates = 0"),
    ],
)
def test_bad_input_is_refused_by_name(call, words):
    with pytest.raises(ValueError, match=words):
        call()
