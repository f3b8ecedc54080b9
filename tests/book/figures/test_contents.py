"""The text of a figure tells its data: other data, other text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcmlib.book.figures.style import panels

X, Y = np.arange(1.0, 10.0), np.linspace(2.0, 8.0, 9) ** 2
MAP = np.outer(X, Y)
KINDS = {
    "line": lambda axes, scale: axes.plot(X, scale * Y, label="a"),
    "marks": lambda axes, scale: axes.scatter(X, scale * Y),
    "band": lambda axes, scale: axes.fill_between(X, Y, scale * (Y + 1)),
    "segments": lambda axes, scale: axes.vlines(X, Y, scale * (Y + 1)),
    "stairs": lambda axes, scale: axes.stairs(scale * Y[1:], X),
    "bars": lambda axes, scale: axes.bar(X, scale * Y),
    "map": lambda axes, scale: axes.imshow(scale * MAP),
    "mesh": lambda axes, scale: axes.pcolormesh(scale * MAP),
}


def text(paint, scale=1.0):
    figure, (axes,) = panels()
    axes.set(ylabel="conductance\n(µS)", xlabel="time (s)")
    paint(axes, scale)
    return repr(figure)


def test_a_line_in_words():
    panel, line = text(KINDS["line"]).splitlines()
    assert panel == "conductance (µS) | time (s)"
    assert line == (
        "  Line2D 'a': x 9: 1 3 5 7 9 (mean 5, 1 to 9), y 9: 4 12.2 25 42.2 64 (mean 28.8, 4 to 64)"
    )


@pytest.mark.parametrize("kind", KINDS)
@given(scale=st.floats(0.2, 5.0).filter(lambda scale: abs(scale - 1) > 0.02))
def test_other_data_have_another_text(kind, scale):
    assert text(KINDS[kind], scale) != text(KINDS[kind])


def test_a_shifted_or_shuffled_curve_has_another_text():
    original = text(KINDS["line"])
    for y in (np.roll(Y, 1), Y[::-1]):
        assert text(lambda axes, _, y=y: axes.plot(X, y, label="a")) != original


def test_what_is_missing_is_not_counted():
    y = np.where(X > 3, Y, np.nan)
    assert "x 9: " in text(lambda axes, _: axes.plot(X, y))
    assert "y 6: " in text(lambda axes, _: axes.plot(X, y))
    assert "y 6: " in text(lambda axes, _: axes.plot(X, np.ma.masked_less(Y, 17)))
    assert "y 0" in text(lambda axes, _: axes.plot(X, 0 * X + np.nan))
