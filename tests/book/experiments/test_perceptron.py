"""The task of chapter 22, and what is learnt of it."""

import numpy as np
import pytest
import torch

from pcmlib.book.experiments import perceptron as p


def test_samples_have_their_classes_rates():
    """Each class's mean count against its own pattern, told from two draws of 10,000 samples."""
    one, two = (p.rate_patterns(3, 10_000, draw=draw) for draw in (0, 1))
    assert not torch.equal(one.x, two.x)
    for label in range(p.CLASSES):
        a, b = (s.x[s.y == label].mean(0) for s in (one, two))
        se = (p.MOST / p.STEPS / 1000) ** 0.5
        assert (a - b).abs().max() < 5 * 2**0.5 * se
        assert abs(a.mean() - p.MOST / 2) < 5 * p.MOST / 12**0.5 / p.CHANNELS**0.5
    assert not torch.equal(p.rate_patterns(4).x, p.rate_patterns(3).x)


def test_batches_show_each_sample_once_an_epoch():
    samples = p.Samples(torch.arange(50.0)[:, None], torch.arange(50))
    shown = [batch.y for batch in samples.batches(2, seed=1)]
    assert [len(y) for y in shown] == [20, 20, 10] * 2
    first, second = torch.cat(shown[:3]), torch.cat(shown[3:])
    assert torch.equal(first.sort().values, samples.y)
    assert not torch.equal(first, second)


def test_all_ways_learn_and_none_beats_digital_weights_by_much():
    found = p.accuracies(2, 2)
    assert list(found) == [p.DIGITAL, p.WRITTEN, *p.SETTINGS]
    for name, shares in found.items():
        assert shares.shape == (2,)
        assert (shares > 30).all(), name  # 10 by chance
        assert (shares <= found[p.DIGITAL] + 2).all(), name
    np.testing.assert_array_equal(p.accuracies(1, 2, ["sign"])["sign"], found["sign"][:1])


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="schemes"):
        p.accuracies(1, 1, ["vanilla"])
    with pytest.raises(ValueError, match="epochs"):
        p.accuracies(1, 0)
