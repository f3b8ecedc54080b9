"""A run as a record of numbers. That a browser trains it to the same figures: tests/browser."""

import numpy as np
import pytest

from pcmlib.book.explorers.small_evidence import memory_on_pcm, train_evidence, where_memory_is
from pcmlib.book.explorers.whole_run import AGES, BINS, train_run
from pcmlib.schemes import SCHEMES
from pcmlib.training import TrainConfig, evaluate, train
from pcmlib.training.presets import EVIDENCE
from pcmlib.training.record import RUN, config_of, numbers

SHORT = {
    "task": "evidence", "steps": 300, "adaptive": 15, "batch": 2, "samples": 6,
    "task_settings": {"cues": 3, "cue": 40, "pause": 10, "recall": 60},
}  # fmt: skip


@pytest.mark.parametrize(
    "config",
    [
        *(TrainConfig.preset(scheme, seed=3) for scheme in SCHEMES),
        TrainConfig.preset("sign", bits=4),
        TrainConfig(**EVIDENCE),
        TrainConfig(**EVIDENCE | {"steps": 600, "task_settings": {"cues": 3, "noise_rate": 2.5}}),
        TrainConfig(
            scheme="multi-mem", pairs=3, refresh_period=7, gradient_limit=None, drift=0.5,
            constants=tuple({"nu_slope": 0.02, "nu_bounds": (0.01, 0.09), "m1": -0.1}.items()),
            symmetric_feedback=True, learn_rec=False, batch=2, adaptive=7, refractory=4,
        ),
    ],
    ids=lambda config: config.scheme,
)  # fmt: skip
def test_a_run_comes_back_from_its_numbers(config):
    assert config_of(numbers(config)[0]) == config


def test_a_record_is_one_replica_s():
    config = TrainConfig(replicas=3, seed=(5, 9, 2), threshold=(0.1, 0.2, 0.3))
    assert config_of(numbers(config, 1)[0]) == config.replica(1)
    assert numbers(config, 2)["seed"] == [2]


def test_every_field_is_a_number():
    assert {kind for kind, _ in RUN.fields.values()} == {np.dtype(float)}
    assert "replicas" not in RUN.names  # of one network


@pytest.mark.parametrize(
    ("scheme", "options"),
    [
        *((scheme, {}) for scheme in SCHEMES),
        ("vanilla", {"batch": 2, "adaptive": 10, "beta": 0.02, "refractory": 3}),
        ("vanilla", {"fresh": True}),
        ("vanilla", SHORT),
        ("mixed-precision", SHORT),
        ("mixed-precision", SHORT | {"bits": 6, "fresh": False}),
        ("multi-mem", SHORT | {"constants": {"nu_slope": 0.01, "nu_spread": 0.02}}),
        ("multi-mem", {"write_verify": True}),
        ("mixed-precision", {"kept_on_pcm": True}),
        ("mixed-precision", {
            "kept_on_pcm": True, "pairs": 2, "write_verify": True, "constants": {"nu_spread": 0.01}
        }),
    ],
)  # fmt: skip
def test_it_is_the_run_that_train_makes(scheme, options):
    """And what it answers later. But for last bits of the noise, of which each of the two has its
    own copy: with tuned sets, which do not make much of them, and without PCM in the first epochs.
    """
    sizes = {"n_rec": 30, "n_in": 40, "samples": 2, "epochs": 8}
    config = TrainConfig.preset(scheme, **sizes | options, seed=7)
    if config.on_crossbar:
        config = config.replace(refresh_period=3)
    run, shape = train(config), (config.samples, config.steps, config.n_out)
    curves = loss, accuracy, rate_hz, *counts = np.zeros((6, config.epochs), np.float32)
    targets, outputs = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    spikes = np.zeros((config.steps, config.n_rec), np.float32)
    bars = np.zeros((3, 2, BINS), np.float32)
    aged = np.zeros((2, 1 + len(AGES), 2), np.float32)
    assert train_run(numbers(config)[0], False, *curves, targets, outputs, spikes, bars, aged)
    np.testing.assert_array_equal(targets, run.targets[0])
    for mine, theirs in zip(counts, (run.set_pulses, run.reset_pulses, run.reads), strict=True):
        np.testing.assert_array_equal(mine, theirs[0])
    np.testing.assert_allclose(rate_hz, run.rate_hz[0], rtol=1e-4)
    np.testing.assert_allclose(loss, run.loss[0], rtol=1e-4)
    np.testing.assert_array_equal(accuracy, run.accuracy[0])
    for mine, compensation in zip(aged, (None, "global"), strict=True):
        later = evaluate(run, (0, *AGES), compensation=compensation)
        np.testing.assert_allclose(mine[:, 0], later.loss[:, 0], rtol=1e-3)
        np.testing.assert_array_equal(mine[:, 1], later.accuracy[:, 0])
    assert (spikes != run.spikes[0, 0].numpy()).mean() < 1e-3
    assert np.abs(outputs - run.outputs[0].numpy()).max() <= 1e-2 * np.abs(outputs).max()


def test_an_age_below_the_time_between_updates_is_left_out():
    config = TrainConfig.preset("sign", n_rec=10, n_in=20, epochs=2, samples=1, period=100.0)
    curves, spikes = np.zeros((6, 2), np.float32), np.zeros((config.steps, 10), np.float32)
    trials = np.zeros((2, 1, config.steps, 1), np.float32)
    bars, aged = np.zeros((3, 2, BINS), np.float32), np.full((2, 6, 2), np.nan, np.float32)
    assert train_run(numbers(config)[0], False, *curves, *trials, spikes, bars, aged)
    assert np.isnan(aged[..., 0]).all(0).tolist() == [False, True, *[False] * 4]


@pytest.mark.parametrize(
    ("function", "knobs"),
    [
        (where_memory_is, {"adaptive": 10, "tau_adapt": 0.5, "recurrence": 0}),
        (memory_on_pcm, {"scheme": 0, "learning": 1.5, "noise": 0}),
    ],
)
def test_a_small_network_that_remembers_is_trained_as_train_does(function, knobs):
    """On fresh trials in each epoch: correct answers, and pulses."""
    wanted = function(**knobs)
    right, share, sets = np.zeros(60, np.float32), *np.zeros((2, 1), np.float32)
    train_evidence(function.chosen(**knobs), right, share, sets)
    np.testing.assert_allclose(right, wanted["right"], atol=1e-3)
    assert share == pytest.approx(wanted["share"], abs=1e-3)
    assert sets == pytest.approx(wanted["sets"], rel=1e-3)
