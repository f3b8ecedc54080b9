"""Small runs: what the knobs change, and what is made of the networks' curves."""

from pathlib import Path

import nbformat
import numpy as np
import pytest

from pcmlib.book.experiments.ablations import EFFECTS, without
from pcmlib.book.experiments.networks import trial_traces
from pcmlib.book.experiments.statistics import smoothed
from pcmlib.book.explorers import network
from pcmlib.book.explorers import training as demos
from pcmlib.book.explorers.small_runs import SMALL, sets, summarise
from pcmlib.book.live.function import Chosen
from pcmlib.training import TrainConfig
from pcmlib.training.record import config_of

RUNS = [value for value in vars(demos).values() if isinstance(value, Chosen)]


def changed(function, **knobs):
    """The configuration that the knobs make."""
    return config_of(function.chosen(**function.checked(knobs)))


@pytest.mark.parametrize("function", RUNS, ids=lambda f: f.name)
def test_the_chapters_set_is_what_the_knobs_say_at_their_defaults(function):
    ones = {name: 1.0 for name in function.knobs}
    own = {"n_rec": 50.0, "pairs": 4.0} | dict.fromkeys(("scheme", "memory"), 0.0)
    config = changed(function, **{n: own.get(n, x) for n, x in ones.items()})
    assert config == TrainConfig.preset(config.scheme, **SMALL)


@pytest.mark.parametrize("effect", EFFECTS)
def test_an_effect_is_switched_off_as_in_the_ablations(effect):
    knobs = dict.fromkeys(demos.effects.knobs, 1.0) | {effect.replace(" ", "_"): 0.0}
    expected = TrainConfig.preset("mixed-precision", **SMALL, **without(effect))
    assert changed(demos.effects, **knobs) == expected


def test_factors_and_choices():
    config = changed(demos.mixed_precision, quantum=2, learning=3, scale=0.5, noise=0)
    usual = TrainConfig.preset("mixed-precision", **SMALL)
    assert config.quantum == 2 * usual.quantum
    assert config.lr_rec == 3 * usual.lr_rec
    assert config.scale == 0.5 * usual.scale
    assert (config.write_noise, config.read_noise, config.drift) == (0, 0, 0)
    for place, bits in enumerate(demos.MEMORIES.values()):
        config = changed(demos.schemes, scheme=1, memory=place)
        assert config == TrainConfig.preset("stochastic", bits=bits, **SMALL)
    assert len(sets("sign", "stochastic", memories=(None, 4))) == 4


def test_curves_are_smoothed_means_and_ranges():
    rng = np.random.default_rng(0)
    loss, rate = rng.random((2, 3, 12), np.float32)
    low, mean, high, output, final, hertz = (np.zeros(n, np.float32) for n in (12, 12, 12, 3, 1, 1))
    output[:] = [-5, 0.5, 7]
    summarise(loss, rate, low, mean, high, output, final, hertz)
    expected = smoothed(loss.astype(float))
    np.testing.assert_allclose(mean, expected.mean(0), rtol=1e-6)
    np.testing.assert_allclose([low, high], [expected.min(0), expected.max(0)], rtol=1e-6)
    np.testing.assert_array_equal(output, [-2, 0.5, 2])
    np.testing.assert_allclose([final, hertz], [[mean[-1]], [rate[:, -1].mean()]], rtol=1e-6)


def test_the_trial_is_that_of_the_traces():
    knobs = {"threshold": 0.25, "tau_rec": 20.0, "gamma": 0.4}
    found = network.trial(**knobs)
    config = TrainConfig(threshold=0.25, tau_rec=0.02, gamma=0.4)
    traces = trial_traces(config, post=network.NEURON)
    np.testing.assert_allclose(found["v"], traces.v[:401], atol=1e-6)
    np.testing.assert_allclose(found["gradient"], traces.gradient[:401], atol=1e-4)
    fired = np.isfinite(found["fired"])
    np.testing.assert_array_equal(fired, traces.spikes[:401, network.NEURON])
    network.trial.draw(**found)


def parameters_of(chapter):
    (path,) = Path(__file__).parents[3].glob(f"notebooks/{chapter}_*.ipynb")
    for cell in nbformat.read(path, as_version=4).cells:
        if "parameters" in cell.metadata.get("tags", []):
            exec(cell.source, found := {})
            return found
    raise AssertionError("no parameters")


def test_the_explorer_opens_with_the_figure_s_neuron_and_shows_its_argument():
    """At its defaults the neuron spikes, its learning signal changes sign, the gradient turns."""
    threshold = parameters_of("07")["threshold"]
    traces = trial_traces(TrainConfig(threshold=threshold))
    assert traces.post == network.NEURON
    usual = TrainConfig()
    found = network.trial(threshold=threshold, tau_rec=1000 * usual.tau_rec, gamma=usual.gamma)
    assert np.isfinite(found["fired"]).sum() >= 3
    *axes, below = network.trial.draw(**found).axes
    for panel in (*axes, below):
        curve, (low, high) = panel.lines[0].get_ydata(), panel.get_ylim()
        assert np.ptp(curve) > 0.2 * (high - low), panel.get_ylabel()
        assert low <= curve.min() <= curve.max() <= high
    for name in ("signal", "gradient"):
        assert found[name].min() < -0.1 * found[name].max() < 0, name
