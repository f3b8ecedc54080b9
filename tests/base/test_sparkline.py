"""A small curve: every finite point at its place, nothing else, and valid XML."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pcmlib.base.sparkline import EDGE, HEIGHT, WIDTH, sparkline


def points(svg):
    lines = ET.fromstring(svg).findall("polyline")
    return [[tuple(map(float, p.split(","))) for p in line.get("points").split()] for line in lines]


def test_ends_and_middle_lie_where_they_should():
    ((a, b, c),) = points(sparkline(np.array([[100.0, 10.0, 1.0]]), "loss"))
    assert a == (EDGE, EDGE)
    assert b == (WIDTH / 2, HEIGHT / 2)
    assert c == (WIDTH - EDGE, HEIGHT - EDGE)


@given(hnp.arrays(float, st.tuples(st.integers(1, 3), st.integers(1, 9)), elements=st.floats()))
def test_whatever_the_numbers_the_picture_holds_those_that_it_can(y):
    svg = sparkline(y, "loss")
    with np.errstate(all="ignore"):
        drawn = np.isfinite(y) & (y > 0)
    assert bool(svg) == bool(drawn.any())
    if svg:
        found = points(svg)
        assert [len(line) for line in found] == [n for n in drawn.sum(1) if n]
        flat = np.array([p for line in found for p in line])
        assert (flat >= 0).all()
        assert (flat <= (WIDTH, HEIGHT)).all()


def test_the_ends_are_said():
    (title,) = ET.fromstring(sparkline(np.array([[0.25, 0.0074]]), "loss")).findall("title")
    assert title.text == "loss: from 0.25 at most to 0.0074 at least, logarithmic"
    assert sparkline(np.full((1, 3), np.nan), "loss") == ""
    assert sparkline(np.array([[3.0]]), "loss").count("polyline") == 1


@pytest.mark.parametrize("text", ["svg", "role"])
def test_a_screen_reader_finds_a_picture_with_a_name(text):
    assert text in sparkline(np.ones((1, 2)), "loss")
