"""The laboratory's forms say what pcmlib takes: every field, its limits, every set."""

import json
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcmlib import PCMParameters, TrainConfig
from pcmlib.device.record import ENDS, NAMES
from pcmlib.training.presets import EVIDENCE_SETS, PRESETS
from pcmlib.training.record import RUN, TRIAL

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))
import laboratory  # noqa: E402
from form_labels import LABELS  # noqa: E402

USUAL = {"low": None, "above": False, "high": None, "none": False, "multiple": 1}  # as form.js


def told(html):
    """What a page holds for its script."""
    found = json.loads(re.search(r'class="lab-told">(.*?)</script>', html, re.DOTALL)[1])
    found["fields"] = {name: {**USUAL, **one} for name, one in found["fields"].items()}
    return found


RUNS, DEVICES = told(laboratory.laboratory()), told(laboratory.bench())


def test_every_number_of_a_run_has_its_field():
    by_other_means = {"scheme", "task", "bits", "on_crossbar", "classes"}
    # the frequencies of the targets, and their limits, are for steps of 1 ms; a page draws sums,
    # and the usual trials of evidence
    fixed = {"dt", "reads", *TRIAL}
    assert set(RUNS["fields"]) == set(RUN.names) - by_other_means - fixed
    assert RUNS["record"]["names"] == list(RUN.names)
    assert set(DEVICES["fields"]) == {*NAMES, "devices", "seed", "wait"}
    for page in (laboratory.laboratory(), laboratory.bench()):
        for name in told(page)["fields"]:
            assert len(re.findall(rf'<input [^>]*name="{name}"', page)) == 1


def test_every_field_has_a_label_and_a_meaning_for_people():
    for page in (laboratory.laboratory(), laboratory.bench()):
        fields = re.findall(
            r'<div class="lab-field"><label><span>(.+?) <code>(\w+)</code></span><input [^>]*>'
            r"</label><small>(.+?)</small></div>",
            page,
        )
        assert sorted(name for _, name, _ in fields) == sorted(told(page)["fields"])
        texts = [text for text, _, _ in fields]
        assert len(set(texts)) == len(texts)  # two fields of one name could not be told apart
        for text, name, meaning in fields:
            field = told(page)["fields"][name]
            assert text[0].isupper(), name
            assert (field["kind"] == "bool") == meaning.startswith("ticked: "), name
            assert field["none"] == ("empty: " in meaning), name
    assert set(LABELS) == {*RUNS["fields"], *DEVICES["fields"]}


def allowed(field):
    """Values that a page takes."""
    if field["kind"] == "bool":
        return st.booleans()
    low, high = field["low"], field["high"]
    if field["kind"] == "int":
        values = st.integers(low, high if high is not None else 10**6)
    else:
        values = st.floats(low if low is not None else -50, high if high is not None else 50)
        values = values.filter(lambda x: x == 0 or abs(x) >= 2**-126)  # the page looks at float32
        values = values.filter(lambda x: x > low) if field["above"] else values
    return st.none() | values if field["none"] else values


def ordered(state):
    """As a page demands of two fields at once."""
    pairs = [e for e in RUNS["ordered"] if e[0] in state and e[1] in state]
    return all(state[a] < state[b] or (equal and state[a] == state[b]) for a, b, equal in pairs)


def bounds_in_order(state):
    ends = (zip(pair, sorted(state[end] for end in pair), strict=True) for pair in ENDS.values())
    return {name: value for pair in ends for name, value in pair}


def test_only_a_scheme_that_keeps_something_may_keep_it_on_pcm():
    on_crossbar = set(RUNS["schemes"]) - set(RUNS["digital"])
    may = {name for name in on_crossbar if RUNS["needs"][name].get("kept_on_pcm", {}) is not None}
    assert may == {"mixed-precision"}
    assert {name for name in RUNS["sets"] if "kept_on_pcm" in RUNS["sets"][name]} == may
    for name in may:
        TrainConfig(scheme=name, kept_on_pcm=True)
    names = {n for needed in RUNS["needs"].values() for n in needed} | {*RUNS["on_pcm"]}
    assert names <= set(RUNS["fields"])


@settings(max_examples=150, deadline=None)
@given(
    st.fixed_dictionaries({n: allowed(f) for n, f in RUNS["fields"].items()})
    .map(lambda state: state | {"adaptive": min(state["adaptive"], state["n_rec"])})
    .map(lambda state: state | bounds_in_order(state))
    .filter(ordered)
)
def test_what_the_page_takes_python_takes(state):
    constants = {n: state.pop(n) for n in RUNS["constants"]}
    for name, ends in ENDS.items():
        constants[name] = tuple(constants.pop(end) for end in ends)
    TrainConfig(scheme="mixed-precision", constants=tuple(constants.items()), **state)


@pytest.mark.parametrize("name", RUNS["fields"])
def test_what_python_refuses_the_page_refuses(name):
    field = RUNS["fields"][name]
    if field["kind"] == "bool":
        return
    least, usual = field["low"], TrainConfig(scheme="mixed-precision")
    if least is not None:
        wrong = least if field["above"] else least - 1
        constants = {name: wrong}
        for pair, (low, high) in ENDS.items():
            if name in (low, high):
                constants = {pair: (-1.0, 1.0) if name == low else (-2.0, wrong)}
        change = (
            {"constants": tuple(constants.items())} if name in RUNS["constants"] else {name: wrong}
        )
        with pytest.raises(ValueError, match=r"must be"):
            usual.replace(**change)
    elif name in NAMES:
        PCMParameters(**{name: -1e6})


def test_trials_of_evidence_take_what_python_takes():
    told = RUNS["evidence"]
    assert set(told["sets"]) == {"all", *EVIDENCE_SETS}
    for scheme in EVIDENCE_SETS:
        own = told["sets"]["all"] | told["sets"][scheme]
        expected = TrainConfig.preset(scheme, task="evidence")
        assert TrainConfig(scheme=scheme, task="evidence", **own) == expected
        for name, field in told["fields"].items():
            least, step = field["low"], field.get("multiple", 1)
            expected.replace(**{name: least})
            expected.replace(**{name: least + 57 * step})
            for wrong in {least - step, least + step - 1} - {least}:
                with pytest.raises(ValueError, match=name):
                    expected.replace(**{name: wrong})


def test_the_sets_are_the_tuned_ones():
    usual = TrainConfig()
    assert RUNS["config"] == json.loads(json.dumps(usual.to_dict()))
    found = 0
    for scheme, memories in RUNS["sets"].items():
        for memory, found_set in memories.items():
            own = memories[found_set] if isinstance(found_set, str) else found_set
            changes = {memory: True} if memory in RUNS["switches"] else {}
            if memory.endswith(" pairs"):
                changes = {"pairs": int(memory.removesuffix(" pairs"))}
            elif memory.isdigit():
                changes = {"bits": int(memory)}
            expected = TrainConfig.preset(scheme, **changes)
            assert usual.replace(scheme=scheme, **{"bits": changes.get("bits")}, **own) == expected
            found += 1
    assert found >= len(PRESETS["tuned"])
    assert RUNS["schemes"] == list(RUNS["sets"])
