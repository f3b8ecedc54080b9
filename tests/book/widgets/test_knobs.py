"""Knobs: every one is a row of values with texts and the position of its default."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcmlib.book.widgets import Choice, Slider, Steps, Toggle


@given(
    lo=st.integers(-50, 50),
    count=st.integers(1, 40),
    step=st.sampled_from([0.001, 0.01, 0.1, 0.25, 1, 5]),
    at=st.integers(0, 40),
)
def test_a_slider_steps_evenly_and_finds_its_default(lo, count, step, at):
    at = min(at, count)
    knob = Slider(lo, lo + count * step, step, float(f"{lo + at * step:.9g}"), "conductance", "µS")
    assert len(knob.values) == len(knob.texts) == count + 1
    assert knob.start == at
    assert knob.values == pytest.approx([lo + i * step for i in range(count + 1)])
    assert all(text.endswith(" µS") for text in knob.texts)


def test_values_are_what_an_author_would_write():
    assert Slider(0, 0.3, 0.1, 0.3, "x").values == (0, 0.1, 0.2, 0.3)
    assert Slider(1, 4, 1, 2, "pairs").values == (1, 2, 3, 4)
    assert all(isinstance(value, int) for value in Slider(1, 4, 1, 2, "pairs").values)
    assert Steps([1e-5, 1e-4, 1e-3], 1e-4, "rate").texts == ("1e-05", "0.0001", "0.001")
    assert list(map(type, Steps([5, 38.6], 5, "interval").values)) == [float, float]
    assert list(map(type, Steps([1, 8], 8, "pairs").values)) == [int, int]
    assert Choice(["sign", "vanilla"], "vanilla", "scheme").start == 1
    toggle = Toggle(True, "noise")
    assert (toggle.values, toggle.texts, toggle.start) == ((False, True), ("off", "on"), 1)


def test_on_a_page_a_slider_runs_finer_than_its_steps_unless_they_are_whole():
    assert Slider(0, 1, 0.5, 0.5, "x").track == (0, 1, 0.05, 0.5)
    assert Slider(1, 24, 1, 12, "candidates").track == (1, 24, 1, 12)
    assert Steps([1, 2, 8], 2, "pairs").track == (0, 2, 0.05, 1)
    assert Steps([1, 2, 8], 2, "pairs").describe()["values"] == [1, 2, 8]


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Slider(0, 1, 0.3, 0, "x"), "hi"),
        (lambda: Slider(1, 0, 0.5, 1, "x"), "hi"),
        (lambda: Slider(0, 1, 0, 0, "x"), "step"),
        (lambda: Slider(0, float("inf"), 1, 0, "x"), "hi"),
        (lambda: Slider(0, 1, 0.5, 0.4, "x"), "default"),
        (lambda: Slider(0, 1, 0.5, 0.5, ""), "label"),
        (lambda: Steps([1, 1], 1, "x"), "steps"),
        (lambda: Steps([1], 1, "x"), "values"),
        (lambda: Steps([1, 2], 3, "x"), "default"),
        (lambda: Choice(["a"], "a", "x"), "values"),
        (lambda: Choice(["a", "b"], "c", "x"), "default"),
        (lambda: Toggle(True, ""), "label"),
    ],
)
def test_a_bad_knob_is_refused_by_name(make, name):
    with pytest.raises(ValueError, match=f"^{name} = "):
        make()
