"""The record of a run: what it refuses, and that it survives JSON."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from typecheck import unchecked

from pcmlib.device import PCMParameters
from pcmlib.schemes import SCHEMES
from pcmlib.tasks import EvidenceTask, PatternTask
from pcmlib.training import TrainConfig
from pcmlib.training.presets import EVIDENCE_STUDIES, PRESETS


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scheme", "adam"), ("epochs", 0), ("replicas", 0), ("seed", -1), ("n_rec", 0),
        ("n_in", 0), ("input_rate", -50.0), ("tau_rec", -0.03), ("tau_out", 0.0), ("dt", 0.0),
        ("gamma", -0.3), ("adaptive", 101), ("adaptive", -1), ("beta", -0.1), ("tau_adapt", 0.0),
        ("refractory", -1), ("threshold", 0.0), ("seed", (1, 2)), ("lr_in", -1e-5),
        ("lr_decay", 1.5), ("epochs", 10**12), ("task", "chess"),
        ("task_settings", {"cues": 3}), ("batch", 0), ("fresh", 1),
        ("quantum", 0.0), ("scale", -1.0), ("pairs", 0), ("bits", 0), ("bits", 17),
        ("read_noise", -1.0), ("conductance", 13.0), ("refresh_period", 0), ("period", 0.0),
        ("target_rate", float("nan")), ("lr_rec", (1e-5, 2e-5)), ("snapshots", (400,)),
        ("constants", (("m9", 1.0),)), ("nu_slope", "much"), ("gradient_limit", 0.0),
    ],
)  # fmt: skip
def test_bad_values_are_named(field, value):
    scheme = {"scheme": "multi-mem"} if field != "scheme" else {}
    fields = {"constants": ((field, value),)} if field == "nu_slope" else {field: value}
    with pytest.raises(ValueError, match=field), unchecked():
        TrainConfig(**scheme, **fields)


@pytest.mark.parametrize(
    "change",
    [
        {"bits": 4},
        {"pairs": 2},
        {"refresh_period": 10},
        {"write_verify": True},
        {"kept_on_pcm": True},
    ],
)
@pytest.mark.parametrize("scheme", ["vanilla", "accumulator"])
def test_digital_weights_have_no_crossbar(scheme, change):
    with pytest.raises(ValueError, match=next(iter(change))):
        TrainConfig(scheme=scheme, **change)


@pytest.mark.parametrize("scheme", [name for name in SCHEMES if SCHEMES[name].on_crossbar])
def test_a_second_crossbar_is_for_what_a_scheme_keeps(scheme):
    if scheme == "mixed-precision":
        assert TrainConfig(scheme=scheme, kept_on_pcm=True).kept_on_pcm
    else:
        with pytest.raises(ValueError, match=r"kept_on_pcm = True: must be False, because"):
            TrainConfig(scheme=scheme, kept_on_pcm=True)


@pytest.mark.parametrize("kind", PRESETS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_presets_are_valid_and_survive_json(scheme, kind):
    if kind == "reference" or scheme in PRESETS[kind]:
        config = TrainConfig.preset(scheme, kind, epochs=2, replicas=2, lr_in=(1e-5, 2e-5))
        plain = json.loads(json.dumps(config.to_dict()))
        assert TrainConfig.from_dict(plain) == config
        assert config.scheme == scheme


@pytest.mark.parametrize("scheme", [s for s in SCHEMES if s != "accumulator"])
def test_evidence_has_sets_of_its_own(scheme):
    """At the task's full length, whatever version of it the study was made on."""
    config, best = (
        TrainConfig.preset(scheme, task="evidence", samples=32),
        EVIDENCE_STUDIES[scheme]["best"],
    )
    assert (config.task, config.steps, config.n_in, config.adaptive) == ("evidence", 2250, 40, 50)
    assert (config.task_settings, config.samples, config.scheme) == ((), 32, scheme)
    assert config.threshold == (0.6 if scheme == "vanilla" else best["threshold"])
    assert config.pairs == (4 if scheme == "multi-mem" else 1)
    assert config == TrainConfig.preset(scheme, "tuned", task="evidence", samples=32)


def test_what_is_not_tuned_for_evidence_is_named():
    for scheme, kind in (("accumulator", None), ("vanilla", "reference")):
        with pytest.raises(ValueError, match=f"scheme = '{scheme}': must be one with a"):
            TrainConfig.preset(scheme, kind, task="evidence")


def test_the_readmes_set_is_the_references():
    c = TrainConfig.preset("mixed-precision", "reference")
    assert (c.scale, c.threshold, c.quantum) == (11.825031103, 0.192523576, 0.125)


def test_a_preset_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="kind"):
        TrainConfig.preset("vanilla", "best")
    with pytest.raises(ValueError, match="scheme"):
        TrainConfig.preset("adam")


def test_a_number_of_pairs_may_have_a_set_of_its_own(monkeypatch):
    monkeypatch.setitem(PRESETS["tuned"], "multi-mem/8-pairs", {"scale": 77.0, "pairs": 8})
    assert TrainConfig.preset("multi-mem", pairs=8).scale == 77.0
    assert TrainConfig.preset("multi-mem", pairs=4).scale != 77.0
    assert TrainConfig.preset("multi-mem", pairs=8, bits=4).scale != 77.0


def test_a_memory_on_pcm_may_have_a_set_of_its_own():
    """The first of: an accumulator on PCM, write-verify, a number of pairs."""
    kept = TrainConfig.preset("mixed-precision", kept_on_pcm=True)
    assert kept.kept_on_pcm
    assert kept.prob_scale != TrainConfig.preset("mixed-precision").prob_scale
    both = TrainConfig.preset("mixed-precision", kept_on_pcm=True, write_verify=True, pairs=8)
    assert both == kept.replace(write_verify=True, pairs=8)
    assert TrainConfig.preset("multi-mem", write_verify=True).pairs == 1
    assert TrainConfig.preset("multi-mem", write_verify=True, pairs=8).tolerance == 2.099
    usual = TrainConfig.preset("sign")
    assert TrainConfig.preset("sign", write_verify=True) == usual.replace(write_verify=True)
    digital = TrainConfig.preset("mixed-precision", bits=8)
    ideal = TrainConfig.preset("mixed-precision", bits=8, kept_on_pcm=True)
    assert ideal == digital.replace(kept_on_pcm=True)


def test_a_set_serves_other_resolutions_with_smaller_pulses(monkeypatch):
    """At 6 bits a pulse is a quarter of one at 4 bits, so whatever is counted in pulses is too."""
    found = {"quantum": 0.04, "scale": 20.0, "assumed_pulse": 0.75, "prob_scale": 1.0}
    monkeypatch.setitem(PRESETS["tuned"], "mixed-precision/4-bit", found)
    at = {b: TrainConfig.preset("mixed-precision", "tuned", bits=b) for b in (4, 6)}
    assert (at[4].quantum, at[4].assumed_pulse, at[4].prob_scale) == (0.04, 0.75, 1.0)
    assert (at[6].quantum, at[6].assumed_pulse, at[6].prob_scale) == (0.01, 0.1875, 0.25)
    assert at[6].scale == at[4].scale == 20
    native = {"quantum": 0.5, "assumed_pulse": 12 / 2**8}
    monkeypatch.setitem(PRESETS["tuned"], "mixed-precision/8-bit", native)
    assert TrainConfig.preset("mixed-precision", bits=7).quantum == 1.0
    assert TrainConfig.preset("mixed-precision").bits is None


@pytest.mark.parametrize("scheme", [name for name in SCHEMES if SCHEMES[name].on_crossbar])
def test_at_every_resolution_the_assumed_pulse_is_the_memorys_own(scheme):
    for bits in range(1, 17):
        config = TrainConfig.preset(scheme, "tuned", bits=bits)
        assert config.assumed_pulse == config.parameters.set_step == 12 / 2**bits


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


def test_a_constant_that_is_a_field_of_its_own_says_how_to_give_it():
    for name, value in {"g_max": 25.0, "drift": 0.0}.items():
        allowed = f"so write {name}={value} beside constants; or give all at once, constants=PCM"
        with pytest.raises(ValueError, match=f"^constants: {name} = {value}: must be .*{allowed}"):
            TrainConfig(scheme="sign", constants={"m1": 0.0, name: value})
    with pytest.raises(ValueError, match=r"constants = 'nu_spred': .*; did you mean nu_spread\?"):
        TrainConfig(scheme="sign", constants={"nu_spred": 0.01})


# Whatever a user of NumPy or torch writes, the record is the plain one

R = 3
OTHER_FIELDS = {  # those whose values are no numbers, or are several
    "scheme": ["sign"],
    "task": ["pattern"],
    "task_settings": [(("frequencies", (1.0, 2.0)),)],
    "reads": ["each"],
    "seed": [3, (4, 0, 4)],
    "snapshots": [(0, 2), (), None],
    "constants": [(("a", 2.5), ("m1", 0.5), ("nu_bounds", (0.0, 0.5)))],
    "nu_bounds": [(0.0, 0.5)],
    "nu_spread_bounds": [(0.0, 0.5)],
    "frequencies": [(1.0, 2.0)],
}
FORMS = [
    lambda x: x,
    list,
    np.array,
    torch.tensor,
    lambda x: [np.array(v) for v in x],
    lambda x: tuple(torch.tensor(v) for v in x),
]


def same(a, b):
    """Equal, and of the same plain types in every part."""
    if type(a) is tuple and type(b) is tuple:
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b and type(a) in (int, float, bool, str, type(None))


def forms_of(field):
    """Pairs of a plain value and a form of it, for one field."""
    kind = str(field.type)
    if field.name in OTHER_FIELDS:
        for value in OTHER_FIELDS[field.name]:
            pairs = field.name in ("constants", "task_settings")
            listed = isinstance(value, tuple) and value and not pairs
            forms = FORMS if listed else [lambda x: x]
            yield from ((value, form(value)) for form in forms)
    elif "bool" in kind:
        yield from ((True, form(True)) for form in (bool, np.bool_, np.array, torch.tensor))
    elif "int" in kind:
        k = {"n_in": 4, "n_out": 2}.get(field.name, 3)
        numbers = [number(k) for number in (int, np.int32, np.int64, np.uint8)]
        yield from ((k, n) for n in [*numbers, *map(np.array, numbers), torch.tensor(k)])
    else:
        x = 2**-7 if field.name == "dt" else 0.5
        numbers = [number(x) for number in (float, np.float32, np.float64, np.longdouble)]
        yield from ((x, n) for n in [*numbers, *map(np.array, numbers), torch.tensor(x)])
        yield from [] if field.name == "dt" else [(1.0, 1)]
    if kind == "Each":
        yield from (((0.5, 0.25, 1.0), form((0.5, 0.25, 1.0))) for form in FORMS)


@pytest.mark.parametrize(
    ("record", "field"),
    [
        (record, field)
        for record in (TrainConfig, PCMParameters, PatternTask, EvidenceTask)
        for field in dataclasses.fields(record)
        if field.name != "replicas"
    ],
)
def test_every_field_is_plain_whatever_it_was_made_from(record, field):
    base = {
        TrainConfig: {"scheme": "mixed-precision", "replicas": R},
        EvidenceTask: {"cues": 1, "cue": 1, "pause": 0, "recall": 1},
    }.get(record, {})
    forms = list(forms_of(field))
    if field.name == "task_settings":
        (value, _), *_ = forms
        forms = [(value, v) for v in (value, dict(value), {"frequencies": np.array([1.0, 2.0])})]
    if field.name == "constants":
        (value, _), *_ = forms
        extended = dict(value) | {"a": np.float32(2.5), "nu_bounds": np.array([0.0, 0.5])}
        forms = [(value, v) for v in (value, dict(value), value[::-1], list(value), extended)]
    for value, form in forms:
        expected = record(**{**base, field.name: value})
        with unchecked():
            found = record(**{**base, field.name: form})
        assert found == expected
        assert same(getattr(found, field.name), value), form
        if record is TrainConfig:
            written = json.dumps(found.to_dict())
            assert written == json.dumps(expected.to_dict())
            assert TrainConfig.from_dict(json.loads(written)) == expected


@pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(TrainConfig)])
@pytest.mark.parametrize(
    "value",
    [object(), {"a": object()}, "2x", [[1.0]], 1j, np.array([]), {1, 2}, 10**400, float("nan")],
)
def test_what_no_field_takes_is_refused_by_name(field, value):
    if field == "snapshots" and isinstance(value, np.ndarray):
        return  # no epochs
    if field in ("constants", "task_settings") and isinstance(value, np.ndarray):
        return  # none
    with pytest.raises(ValueError, match=rf"^(a|{field})\b.* must be"), unchecked():
        TrainConfig(**{"scheme": "sign", field: value})


FLOATS = [
    (record, field.name)
    for record in (TrainConfig, PCMParameters, PatternTask, EvidenceTask)
    for field in dataclasses.fields(record)
    if "float" in str(field.type) or str(field.type) == "Each"
    if field.name not in ("constants",)
]


@pytest.mark.parametrize(("record", "name"), FLOATS)
@given(
    st.one_of(st.floats(min_value=3.41e38), st.floats(0, 1.17e-38, exclude_min=True)),
    st.sampled_from([-1, 1]),
)
def test_what_float32_does_not_hold_is_refused(record, name, size, sign):
    """Compiled code would take it for infinite, or for 0."""
    listed = name in ("nu_bounds", "nu_spread_bounds", "frequencies")
    with pytest.raises(ValueError, match=rf"^{name} = .*: must be"):
        record(**{name: (sign * size, sign * size) if listed else sign * size})


def test_a_constant_that_float32_does_not_hold_is_refused_by_its_name():
    for value in (1e39, -1e-46):
        with pytest.raises(ValueError, match=r"^c1 = .*: must be 0 or, without its sign, from"):
            TrainConfig(scheme="sign", constants={"c1": value})
    assert TrainConfig(scheme="sign", constants={"c1": 1e-37}, lr_in=3e38, stop_level=0.0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("constants", [("m1", 0.0), ("m1", 0.1)]), ("constants", {"nu_bounds": (0.5, 0.1)}),
        ("constants", {"nu_bounds": 0.5}), ("constants", "m1"), ("snapshots", 5),
        ("snapshots", (5, 5)), ("snapshots", (5, 0)), ("lr_in", np.ones((3, 1))),
        ("lr_in", torch.ones(2)), ("epochs", np.float64(3.0)), ("recurrence", np.int64(1)),
    ],
)  # fmt: skip
def test_what_is_not_meant_is_refused_by_name(field, value):
    name = "nu_bounds" if "nu_bounds" in str(value) else field
    with pytest.raises(ValueError, match=rf"^{name}\b.* must be"), unchecked():
        TrainConfig(**{"scheme": "sign", "replicas": R, field: value})
