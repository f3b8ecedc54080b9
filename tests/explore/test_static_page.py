"""The static form: drawings that keep the figure's geometry, and a page that a parser accepts."""

import base64
import json
import re
import zlib
from html.parser import HTMLParser

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from pcmlib.explore import Choice, Slider, Toggle
from pcmlib.explore.static_page import _steps, draw, pack, page

KNOBS = {
    "g": Slider(0, 2, 1, 1, "conductance <G>", "µS"),
    "scheme": Choice(["sign", "sto&chastic"], "sign", "scheme"),
    "noise": Toggle(True, "noise"),
}


def curve(points, **style):
    figure = Figure(figsize=(4, 3))
    axes = figure.subplots()
    axes.plot(*np.asarray(points).T, **style)
    axes.set_xlabel("±")
    return figure


def absolute(path):
    """Points of a path of M, l and z: the steps summed up again."""
    points = []
    for command, x, y in re.findall(r"([Ml])(\S+) ([^lMz]+)", path):
        step = np.array([float(x), float(y)])
        points.append(step if command == "M" else points[-1] + step)
    return np.array(points)


@given(
    st.lists(
        st.tuples(st.integers(-1000, 1000), st.integers(-1000, 1000)),
        min_size=2,
        max_size=20,
        unique_by=lambda point: point[0],
    )
)
def test_a_drawn_curve_is_where_matplotlib_puts_it(points):
    with mpl.rc_context({"path.simplify": False}):
        figure = curve(points, color="#123456")
        lines = draw(figure, "name")
    [line] = [line for line in lines if "#123456" in line]
    [path] = re.findall(r' d="([^"]*)"', line)
    axes = figure.axes[0]
    pixels = axes.transData.transform(points)
    expected = pixels * 72 / figure.dpi
    expected[:, 1] = 72 * figure.get_figheight() - expected[:, 1]
    np.testing.assert_allclose(absolute(path), expected, atol=0.0051)


def test_glyphs_of_several_outlines_keep_their_shape():
    # The plus-minus sign is straight lines only, in several closed outlines.
    figure = curve([(0, 0), (1, 1)])
    figure.axes[0].set(xticks=[], yticks=[])
    [glyph] = [line for line in draw(figure, "name") if 'id="name-DejaVuSans-' in line]
    [path] = re.findall(r' d="([^"]*)"', glyph)
    outlines = [absolute(outline) for outline in path.split("z")[:-1]]
    assert [len(outline) for outline in outlines] == [13, 5]
    plus, minus = (np.ptp(outline, axis=0) for outline in outlines)
    assert plus[0] == minus[0]  # as wide as each other
    assert plus[1] > minus[1]
    assert outlines[1][:, 1].max() < outlines[0][:, 1].min()  # the minus stands below the plus


def test_a_drawing_takes_ink_and_paper_from_the_page_and_names_nothing_outside():
    figure, axes = plt.subplots(figsize=(4, 3))
    axes.plot([0, 1], [0, 1], "o-", label="line")
    axes.fill_between([0, 1], [0, 1], [1, 2], hatch="//")
    axes.imshow(np.eye(2), extent=(0, 1, 0, 1))
    axes.legend()
    before = dict(mpl.rcParams)
    svg = "\n".join(draw(figure, "name"))
    assert not plt.get_fignums()
    assert dict(mpl.rcParams) == before
    assert "currentColor" in svg
    assert "var(--explorer-paper)" in svg
    for foreign in ("#000000", "#ffffff", "<style", "http:", "<!--", "<?xml"):
        assert foreign not in svg
    ids = re.findall(r'\bid="([^"]*)"', svg)
    assert len(ids) == len(set(ids))
    used = re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', svg)
    assert used
    assert {first or second for first, second in used} <= set(ids)
    assert all(name.startswith("name-") for name in ids)


def test_the_same_figure_is_drawn_to_the_same_bytes():
    points = [(0, 0), (1, 2), (2, 1)]
    assert draw(curve(points), "name") == draw(curve(points), "name")
    assert draw(curve(points), "name") != draw(curve(points[::-1][:2]), "name")


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 9), st.integers(0, 9)),
        st.lists(st.sampled_from(["<g>", "</g>", '<path d="µ"/>', "<x/>"]), max_size=8),
        min_size=1,
    )
)
def test_packed_frames_come_back_as_they_were(frames):
    packet = json.loads(zlib.decompress(base64.b64decode(pack(frames, start=[1, 2]))))
    assert packet["start"] == [1, 2]
    unpacked = {
        tuple(map(int, key.split(","))): [packet["lines"][number] for number in numbers]
        for key, numbers in packet["frames"].items()
    }
    assert unpacked == frames


class Outline(HTMLParser):
    """Elements with attributes, text of labels, and whether every element is closed in order."""

    VOID = ("input",)

    def __init__(self, text):
        super().__init__()
        self.found, self.open, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "label" in self.open or "figcaption" in self.open:
            self.texts.append(data)

    def all(self, tag):
        return [attributes for found, attributes in self.found if found == tag]


def test_a_page_with_one_frame_is_a_plain_figure():
    outline = Outline(page("name", "A < B", KNOBS, {(1, 0, 1): draw(curve([(0, 0), (1, 1)]), "n")}))
    assert not outline.all("script")
    assert not outline.all("input")
    [picture] = [attributes for attributes in outline.all("div") if "role" in attributes]
    assert (picture["role"], picture["aria-label"]) == ("img", "A < B")
    assert len(outline.all("svg")) == 1
    assert "conductance <G>: 1 µS; scheme: sign; noise: on" in "".join(outline.texts)


def test_knobs_on_a_page_are_labelled_native_controls_at_their_defaults():
    frames = {(1, 0, 1): ["<svg>", "</svg>"], (0, 0, 1): ["<svg>", "<g/>", "</svg>"]}
    text = page("name", "caption", KNOBS, frames)
    outline = Outline(text)
    slider, first, second, toggle = outline.all("input")
    assert slider["type"] == "range"
    assert (slider["min"], slider["max"], slider["value"]) == ("0", "2", "1")
    assert slider["aria-valuetext"] == "1 µS"
    assert first["type"] == second["type"] == "radio"
    assert first["name"] == second["name"] == "name-scheme"
    assert ("checked" in first, "checked" in second) == (True, False)
    assert toggle["type"] == "checkbox"
    assert "checked" in toggle
    assert len(outline.all("label")) == 4  # the slider's, the toggle's, and one for each option
    [form] = outline.all("form")
    assert form["autocomplete"] == "off"  # else a reload keeps positions that the figure has not
    assert "hidden" in form  # shown by the script, without which no knob works
    assert "http" not in text
    assert outline.texts[:2] == ["conductance <G>", "1 µS"]


@pytest.mark.parametrize(
    ("grid", "rule"),
    [
        ((), "One knob at a time: moving one"),
        (("g", "noise"), "One knob at a time (conductance &lt;G&gt; and noise move together)"),
        (("g", "scheme", "noise"), None),
    ],
)
def test_the_page_says_what_becomes_of_the_other_knobs(grid, rule):
    frames = {(1, 0, 1): ["<svg/>"], (0, 0, 1): ["<svg/>"]}
    text = page("name", "caption", KNOBS, frames, grid)
    assert ("One knob at a time" in text) == (rule is not None)
    assert rule is None or rule in text


def test_a_closed_outline_leaves_the_pen_where_it_began():
    # In SVG, a step after z starts from the point of the last M.
    assert _steps("M 1 1 L 2 1 L 2 4 z L 3 3.005") == "M1 1l1 0l0 3zl2 2"
