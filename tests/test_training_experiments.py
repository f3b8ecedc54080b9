"""Statistics against exact results, and runs against hand-made ones."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pcmlib import training_experiments as te
from pcmlib.training import TrainConfig, TrainingRun

POSITIVE = st.lists(st.floats(0.01, 10), min_size=2, max_size=8)


def made_up(loss, set_pulses=None, reset_pulses=None, **changes):
    """A run with this loss [R, E] and these pulses, and nothing else of interest."""
    loss = torch.tensor(loss, dtype=torch.float32)
    R, E = loss.shape
    config = TrainConfig(epochs=E, replicas=R, n_in=3, n_rec=4, **changes)
    none = torch.zeros(R, E, dtype=torch.int64)
    targets = torch.full((R, 3, 5, 1), 0.5)
    return TrainingRun(
        config=config,
        loss=loss,
        rate_hz=torch.full((R, E), 10.0),
        set_pulses=none if set_pulses is None else torch.tensor(set_pulses),
        reset_pulses=none if reset_pulses is None else torch.tensor(reset_pulses),
        inputs=torch.zeros(R, 3, 5, 3, dtype=torch.bool),
        targets=targets,
        snapshots=torch.zeros(len(config.snapshot_epochs), R, 3, 5, 1),
        spikes=torch.zeros(R, 3, 5, 4, dtype=torch.bool),
        weights={},
        conductances={"in": torch.tensor([10.0, 1.0]).view(1, 2, 1, 1, 1).repeat(R, 1, 1, 3, 4)},
        wear={},
        seconds=1.0,
    )


def test_the_interval_covers_as_often_as_it_says():
    """400 samples of 8 normal numbers: the mean lies in 95 % of intervals, less what the small
    sample costs (a percentile interval is as wide as a normal one, not as Student's: 91 %)."""
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(400):
        found = te.bootstrap(rng.normal(3, 1, 8), resamples=500)
        hits += found.low <= 3 <= found.high
    # t with 7 degrees of freedom inside 1.96: 0.909; standard error 0.0144.
    assert hits / 400 == pytest.approx(0.909, abs=4 * 0.0144)


@given(POSITIVE, st.floats(0.1, 10))
def test_the_interval_moves_and_scales_with_its_data(values, factor):
    plain = te.bootstrap(values, resamples=100)
    moved = te.bootstrap([factor * v + 1 for v in values], resamples=100)
    assert plain.low <= plain.value <= plain.high
    assert moved.value == pytest.approx(factor * np.mean(values) + 1)
    assert moved.low == pytest.approx(factor * plain.low + 1)


@given(POSITIVE, st.floats(0.1, 10))
def test_a_constant_ratio_is_found_without_spread(values, factor):
    found = te.ratio(factor * np.array(values), np.array(values))
    assert (found.low, found.value, found.high) == pytest.approx((factor,) * 3)


@pytest.mark.parametrize("n", [1, 3, 8])
def test_signs_that_agree_are_as_rare_as_two_in_2_to_the_n(n):
    assert te.sign_flip_test(np.arange(1.0, n + 1)) == 2 / 2**n


def test_the_sign_flip_test_counts_by_hand():
    # |sum| of 1, 2, -4 is 1; of all eight choices of signs: 7 5 3 1 1 3 5 7, each at least 1
    assert te.sign_flip_test([1, 2, -4]) == 1
    assert te.sign_flip_test([1, 2, 4]) == 0.25
    assert te.sign_flip_test([-1, 2, 4]) == 0.5


def test_schemes_are_compared_network_by_network():
    easy_and_hard = np.array([[0.01] * 20, [0.1] * 20, [0.2] * 20])
    first, second = made_up(easy_and_hard), made_up(2 * easy_and_hard)
    found = te.versus(first, second)
    assert (found.ratio.low, found.ratio.high) == pytest.approx((2, 2))
    assert (found.p, found.better) == (0.25, 3)


def test_every_effect_is_switched_off_and_nothing_else():
    plain = TrainConfig(scheme="mixed-precision")
    for effect in te.EFFECTS:
        config = plain.replace(**te.without(effect))
        back = {name: getattr(plain, name) for name in te.without(effect)}
        assert config != plain
        assert config.replace(**back) == plain
    p = plain.replace(**te.without("saturation")).parameters
    # mu = m1 G + c1 + A1 P, wherever G and P are
    for G, P in itertools.product((0.1, 5.0, 50.0), (1.0, 0.1)):
        assert p.m1 * G + p.c1 + p.A1 * P == 0.75


@pytest.fixture
def untrained(monkeypatch):
    """Runs that know what they were asked for, in no time."""
    blank = made_up([[0.1], [0.1]])
    stored = lambda config: dataclasses.replace(blank, config=config)  # noqa: E731
    monkeypatch.setattr(te, "stored_train", stored)


@pytest.mark.usefixtures("untrained")
def test_ablations_name_what_they_leave_on():
    found = {k: run.config for k, run in te.ablations("sign", networks=2, epochs=3).items()}
    assert len(found) == 2 + 2 * len(te.EFFECTS)
    only = found["only drift"]
    assert (only.drift, only.write_noise, only.read_noise) == (1, 0, 0)
    assert only.symmetric_devices
    assert found["none of them"] == only.replace(drift=0.0)
    assert found["full model"].epochs == 3


@pytest.mark.usefixtures("untrained")
def test_layers_that_are_told_not_to_learn_do_not():
    runs = te.learning_ablations("vanilla", networks=2)
    found = {name: run.config for name, run in runs.items()}
    assert found["all layers learn"].replicas == 2
    assert not found["only output learns"].learn_in
    assert not found["no recurrent synapses"].recurrence


def test_cost_by_hand():
    run = made_up(
        [[0.4, 0.2, 0.1], [0.4, 0.4, 0.4]],
        set_pulses=[[10, 20, 30], [1, 2, 3]],
        reset_pulses=[[0, 0, 2], [0, 0, 0]],
    )
    energy = te.Energy(set_pulse=1e-12, reset_pulse=50e-12)
    assert energy.of(run) == pytest.approx(1e-12 * np.array([[10, 20, 130], [1, 2, 3]]))
    assert list(te.pulses_to_reach(run, 0.25, window=1)) == [20, math.inf]
    assert list(te.pulses_to_reach(run, 0.35, window=2)) == [20, math.inf]
    assert te.synapses(run.config) == 3 * 4 + 4 * 3 + 4
    assert te.silent_loss(run) == 0.25
    assert te.share_above(run) == 1
    assert te.share_above(run, 10.5) == 0
    assert "| a | 0.317 (" in te.markdown_table({"a": run})


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.integers(1, 9))
def test_smoothing_is_a_mean_of_what_came_before(values, window):
    smooth = te.smoothed(np.array([values]), window)[0]
    for e, value in enumerate(smooth):
        assert value == pytest.approx(np.mean(values[max(0, e + 1 - window) : e + 1]), abs=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: te.bootstrap([1.0]), "values"),
        (lambda: te.bootstrap([1.0, math.nan]), "values"),
        (lambda: te.bootstrap([1.0, 2.0], level=0.0), "level = 0.0"),
        (lambda: te.ratio(np.array([1.0, 2.0]), np.array([1.0, 0.0])), "(a, b)"),
        (lambda: te.without("rain"), "effects = 'rain'"),
        (lambda: te.pulses_to_reach(made_up([[1.0, 1.0]]), 0.0), "loss = 0.0"),
        (lambda: te.smoothed(np.ones((1, 3)), 0), "window = 0"),
        (lambda: te.sign_flip_test(np.ones(17)), "difference"),
    ],
)
def test_bad_input_is_refused_by_name(call, words):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the words are checked below
        call()
    assert words in str(error.value)
