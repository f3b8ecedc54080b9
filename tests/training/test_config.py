"""The record of a run: what it refuses, and that it survives JSON."""

import json

import pytest

from pcmlib.schemes import SCHEMES
from pcmlib.training import TrainConfig
from pcmlib.training.presets import PRESETS


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scheme", "adam"), ("epochs", 0), ("replicas", 0), ("seed", -1), ("n_rec", 0),
        ("n_in", 0), ("input_rate", -50.0), ("tau_rec", -0.03), ("tau_out", 0.0), ("dt", 0.0),
        ("gamma", -0.3), ("threshold", 0.0), ("seed", (1, 2)), ("lr_in", -1e-5), ("lr_decay", 1.5),
        ("epochs", 10**12),
        ("quantum", 0.0), ("scale", -1.0), ("pairs", 0), ("bits", 0), ("bits", 17),
        ("read_noise", -1.0), ("conductance", 13.0), ("refresh_period", 0), ("period", 0.0),
        ("target_rate", float("nan")), ("lr_rec", (1e-5, 2e-5)), ("snapshots", (400,)),
        ("constants", (("m9", 1.0),)), ("constants", (("nu_slope", 0.01),)),
    ],
)  # fmt: skip
def test_bad_values_are_named(field, value):
    scheme = {"scheme": "multi-mem"} if field != "scheme" else {}
    with pytest.raises(ValueError, match=field):
        TrainConfig(**{**scheme, field: value})


@pytest.mark.parametrize("change", [{"bits": 4}, {"pairs": 2}, {"refresh_period": 10}])
@pytest.mark.parametrize("scheme", ["vanilla", "accumulator"])
def test_digital_weights_have_no_crossbar(scheme, change):
    with pytest.raises(ValueError, match=next(iter(change))):
        TrainConfig(scheme=scheme, **change)


@pytest.mark.parametrize("kind", PRESETS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_presets_are_valid_and_survive_json(scheme, kind):
    if kind == "reference" or scheme in PRESETS[kind]:
        config = TrainConfig.preset(scheme, kind, epochs=2, replicas=2, lr_in=(1e-5, 2e-5))
        plain = json.loads(json.dumps(config.to_dict()))
        assert TrainConfig.from_dict(plain) == config
        assert config.scheme == scheme


def test_the_readmes_set_is_the_references():
    c = TrainConfig.preset("mixed-precision", "reference")
    assert (c.scale, c.threshold, c.quantum) == (11.825031103, 0.192523576, 0.125)


def test_a_preset_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="kind"):
        TrainConfig.preset("vanilla", "best")
    with pytest.raises(ValueError, match="scheme"):
        TrainConfig.preset("adam")


def test_a_set_serves_other_resolutions_with_smaller_pulses(monkeypatch):
    """At 6 bits a pulse is a quarter of one at 4 bits, so whatever is counted in pulses is too."""
    found = {"quantum": 0.04, "scale": 20.0}
    monkeypatch.setitem(PRESETS["tuned"], "mixed-precision/4-bit", found)
    at = {b: TrainConfig.preset("mixed-precision", "tuned", bits=b) for b in (4, 6)}
    assert (at[4].quantum, at[4].assumed_pulse, at[4].prob_scale) == (0.04, 0.75, 1.0)
    assert (at[6].quantum, at[6].assumed_pulse, at[6].prob_scale) == (0.01, 0.1875, 0.25)
    assert at[6].scale == at[4].scale == 20
    for bits, config in at.items():
        assert config.assumed_pulse == config.parameters.set_step == 12 / 2**bits
    monkeypatch.setitem(PRESETS["tuned"], "mixed-precision/8-bit", {"quantum": 0.5})
    assert TrainConfig.preset("mixed-precision", bits=7).quantum == 1.0
    assert TrainConfig.preset("mixed-precision").bits is None


def test_seeds_may_be_named_one_by_one():
    config = TrainConfig(replicas=3, seed=(7, 1, 7))
    assert config.seeds == [7, 1, 7]
    assert config.replica(1) == TrainConfig(seed=1)
    assert TrainConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_a_replicas_own_run():
    config = TrainConfig(replicas=3, seed=5, lr_in=(1.0, 2.0, 3.0))
    own = config.replica(2)
    assert (own.replicas, own.seed, own.lr_in, own.lr_rec) == (1, 7, 3.0, 5e-5)
    with pytest.raises(ValueError, match="r = 3"):
        config.replica(3)


def test_constants_reach_the_device():
    config = TrainConfig(scheme="sign", bits=3, g_max=20.0, constants=(("m1", 0.0),))
    assert (config.parameters.m1, config.parameters.g_max, config.parameters.bits) == (0, 20, 3)
