"""The static form: drawings that keep the figure's geometry, and a page that a parser accepts."""

import json
import re
from html.parser import HTMLParser

import matplotlib as mpl
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from pcmlib.book.widgets import Choice, Slider, Toggle
from pcmlib.book.widgets.page import draw, page

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


def outline_of(path):
    """Points of a path of M, L and z."""
    return np.array(re.findall(r"[ML]\s*(\S+)\s+([^\sLMz]+)", path), float)


def paths_of(svg, part):
    return [
        p
        for tag in re.findall(r"<path[^>]*>", svg)
        if part in tag
        for p in re.findall(r' d="([^"]*)"', tag)
    ]


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
        [path] = paths_of(draw(figure, "name"), "#123456")
    axes = figure.axes[0]
    pixels = axes.transData.transform(points)
    expected = pixels * 72 / figure.dpi
    expected[:, 1] = 72 * figure.get_figheight() - expected[:, 1]
    np.testing.assert_allclose(outline_of(path), expected, atol=0.0051)


def test_a_drawing_takes_ink_and_paper_from_the_page_and_names_nothing_outside():
    figure, axes = plt.subplots(figsize=(4, 3))
    axes.plot([0, 1], [0, 1], "o-", label="line")
    axes.fill_between([0, 1], [0, 1], [1, 2], hatch="//")
    axes.imshow(np.eye(2), extent=(0, 1, 0, 1))
    axes.legend()
    before = dict(mpl.rcParams)
    svg = draw(figure, "name")
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


def test_markers_that_look_alike_say_so_once():
    style = {"ls": "none", "marker": "o", "color": "#123456"}
    few, many = (draw(curve([(x, 0) for x in range(n)], **style), "name") for n in (3, 60))
    assert many.count("<use ") == few.count("<use ") + 57 > 57
    uses = "".join(re.findall(r"<use [^>]*>", many))
    assert many.count("#123456") == few.count("#123456")
    assert "#123456" not in uses
    assert "#123456" in re.search(r"<g[^>]*style[^>]*><use", many.replace("> <", "><"))[0]


def test_a_group_that_is_redrawn_keeps_its_name_and_no_other_does():
    figure = curve([(0, 0), (1, 1)])
    figure.axes[0].lines[0].set_gid("live-0")
    svg = draw(figure, "name")
    assert re.findall(r'<g id="([^"]*)"', svg) == ["name-live-0"]


class Outline(HTMLParser):
    """Elements with attributes, text of labels, and whether every element is closed in order."""

    VOID = ("input", "wbr")

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


LIVE = {
    "function": "f",
    "module": "pcmlib.book.explorers.devices",
    "data": [],
    "artists": [{"x": "</"}],
}


def test_a_page_without_a_live_function_is_a_plain_figure():
    svg = draw(curve([(0, 0), (1, 1)]), "n")
    outline = Outline(page("name", "A < B", KNOBS, svg, None))
    assert not outline.all("script")
    assert not outline.all("input")
    assert "data-live" not in outline.all("figure")[0]
    [picture] = [attributes for attributes in outline.all("div") if "role" in attributes]
    assert (picture["role"], picture["aria-label"]) == ("img", "A < B")
    assert len(outline.all("svg")) == 1
    assert "conductance <G>: 1 µS; scheme: sign; noise: on" in "".join(outline.texts)


def test_knobs_on_a_page_are_labelled_native_controls_at_their_defaults():
    text = page("name", "caption", KNOBS, "<svg></svg>", LIVE)
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
    assert "data-live" in outline.all("figure")[0]


def test_what_the_script_needs_stands_in_the_page_and_cannot_end_it():
    text = page("name", "caption", KNOBS, "<svg></svg>", LIVE)
    [told] = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', text, re.DOTALL)
    told = json.loads(told)
    assert told["artists"] == LIVE["artists"]
    assert [knob["key"] for knob in told["knobs"]] == ["g", "scheme", "noise"]
    assert [knob["kind"] for knob in told["knobs"]] == ["slider", "choice", "toggle"]
