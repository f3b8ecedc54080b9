"""An explorer can be cited: its state in the address; link, picture and numbers to take away."""

import csv
import io
import itertools
import re
import xml.etree.ElementTree as ET
from urllib.parse import parse_qsl, urlsplit

import live
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from moving import computed
from PIL import Image
from serving import ROOT, opened, served
from test_address import COUNTING, OF_EVERY_OBJECT, REFUSING

from pcmlib.book.explorers import crossbars, devices
from pcmlib.book.live.page import script
from pcmlib.book.widgets import Choice, Slider, Steps, Toggle, explorer

HEAD = (
    '<!DOCTYPE html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<link rel="icon" href="data:,"><link rel="stylesheet" href="book.css"><title>Cited</title>'
)
USUAL = {"interval": 38.6, "g_max": 20, "write_noise": 1, "read_noise": 1, "drift": 1}
MOVED = {"interval": 37.4, "g_max": 12.0, "write_noise": 1.05, "read_noise": 0, "drift": 1}
WRITE = {"staircase.interval": "37.4", "staircase.g_max": "12", "staircase.write_noise": "1.05",
         "staircase.read_noise": "0"}  # fmt: skip
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A page with three explorers, one function twice, and knobs of each kind."""
    cells = {
        "interval": Steps([5, 10, 20, 38.6, 80], 38.6, "time between pulses", "s"),
        "g_max": Slider(4, 20, 2, 20, "upper limit", "µS"),
        "write_noise": Slider(0, 2, 0.5, 1, "write noise"),
        "read_noise": Slider(0, 2, 0.5, 1, "read noise"),
        "drift": Slider(0, 2, 0.5, 1, "drift"),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PCMLIB_BOOK", "1")
        maps = explorer(
            crossbars.write_statistics,
            caption="Maps <of> WRITE statistics.",
            scheme=Choice(crossbars.SCHEMES, "multi-mem", "scheme"),
            pairs=Steps([1, 2, 4, 8], 4, "pairs N"),
            pulse_count=Choice(crossbars.PULSE_COUNTS, "constant", "pulse count"),
            refresh=Toggle(True, "refresh"),
            assumed_pulse=Steps([0.5, 0.75, 1.0, 1.5], 0.75, "assumed step", "µS"),
        )
        first = explorer(devices.staircase, caption="Three cells.", **cells)
        again = explorer(devices.staircase, caption="The same.", **cells)
    folder = tmp_path_factory.mktemp("cited")
    (folder / "live.js").write_text(script(), encoding="utf-8")
    citing = live.SCRIPTS['class="explorer"']
    for name in ("book.css", *citing):
        (folder / name).write_text((ROOT / "book" / "static" / name).read_text("utf-8"), "utf-8")
    scripts = "".join(f"<script src='{name}' defer></script>" for name in ("live.js", *citing))
    body = "".join(each.html() for each in (maps, first, again))
    (folder / "index.html").write_text(f"{HEAD}{body}<h2 id=below>B</h2>{scripts}", "utf-8")
    return folder


@pytest.fixture(scope="module")
def site(folder):
    with served(folder) as address:
        yield f"{address}/index.html"


def figure_of(page, place=1):
    return page.locator("figure.explorer").nth(place)


def knobs_of(page, place=1):
    return figure_of(page, place).evaluate(
        "root => Object.fromEntries(root.knobs.map((knob) => [knob.key, knob.value]))"
    )


def stated(page):
    """The state in the page's address."""
    return dict(parse_qsl(urlsplit(page.url).fragment, keep_blank_values=True))


def reaches(page, state):
    """Wait for the address to have a state."""
    page.wait_for_function(
        "state => `${new URLSearchParams(state)}` === location.hash.slice(1)", arg=state
    )


def note(page, place=1):
    return figure_of(page, place).locator(".explorer-cite [role=status]").inner_text()


def saved(page, kind, place=1):
    """The file that a button gives."""
    with page.expect_download() as download:
        figure_of(page, place).get_by_role("button", name=kind).click()
    assert download.value.suggested_filename.endswith(f".{kind.lower()}")
    return download.value.path().read_bytes()


def linked(page, place=1):
    """The link that a button gives; here the clipboard is refused, so that the page shows it."""
    figure_of(page, place).get_by_role("button", name="link").click()
    field = figure_of(page, place).locator(".link-field")
    field.wait_for()
    assert field.evaluate("e => e === document.activeElement && e.selectionEnd === e.value.length")
    return field.input_value()


def test_the_address_has_the_knobs_of_all_explorers_and_a_reload_keeps_them(browser, site):
    with opened(browser) as page:
        page.goto(site)
        figure_of(page, 0).get_by_role("radio", name="write-verify").check()
        figure_of(page, 0).get_by_role("checkbox", name="refresh").uncheck()
        figure_of(page, 1).get_by_role("slider", name="upper limit").press("Home")
        figure_of(page, 2).get_by_role("slider", name="drift").press("End")
        state = {
            "write_statistics.scheme": "write-verify", "write_statistics.refresh": "off",
            "staircase.g_max": "4", "staircase-2.drift": "2",
        }  # fmt: skip
        reaches(page, state)
        page.reload()
        assert knobs_of(page, 0) | {"scheme": 2, "refresh": 0} == knobs_of(page, 0)
        assert knobs_of(page, 1) == USUAL | {"g_max": 4}
        assert knobs_of(page, 2) == USUAL | {"drift": 2}
        assert computed(figure_of(page, 2))[1] == USUAL | {"drift": 2}  # the figure is of them
        assert page.faults == []


def test_back_and_forward_undo_and_redo_a_knob_at_a_time(browser, site):
    with opened(browser) as page:
        page.goto(f"{site}#below")
        limit = figure_of(page).get_by_role("slider", name="upper limit")
        for _ in range(3):
            limit.press("ArrowLeft")
        reaches(page, {"staircase.g_max": "19.4"})
        figure_of(page).get_by_role("slider", name="drift").press("Home")
        reaches(page, {"staircase.g_max": "19.4", "staircase.drift": "0"})
        figure_of(page, 2).get_by_role("slider", name="drift").press("End")
        states = [USUAL, USUAL | {"g_max": 19.4}, USUAL | {"g_max": 19.4, "drift": 0}]
        reaches(page, {"staircase.g_max": "19.4", "staircase.drift": "0", "staircase-2.drift": "2"})
        shown = (
            "state => document.querySelectorAll('figure.explorer')[1].knobs"
            ".every((knob) => knob.value === state[knob.key])"
        )
        for step in (states[2], states[1], states[0]):
            page.evaluate("history.back()")
            page.wait_for_function(shown, arg=step)
        assert page.url.endswith("#below")
        for step in states[1:]:
            page.evaluate("history.forward()")
            page.wait_for_function(shown, arg=step)
        assert computed(figure_of(page))[1] == states[2]
        assert knobs_of(page, 2) == USUAL
        assert page.faults == []


BAD = {
    "staircase.interval=x": "must be a number from 5 to 80; ignored",
    "staircase.interval=": "must be a number from 5 to 80; ignored",
    "staircase.g_max=21": "must be a number from 4 to 20; ignored",
    "staircase.g_max=1e999": "must be a number from 4 to 20; ignored",
    "staircase.g_max=11.97": "taken as 12",
    "staircase.interval=37.3": "taken as 37.4",
    "staircase.colour=red": "no knob of this page; ignored",
}


@pytest.mark.parametrize("state", BAD)
def test_a_bad_value_is_ignored_and_said(browser, site, state):
    with opened(browser) as page:
        page.goto(f"{site}#staircase.drift=0.5&{state}")
        assert note(page).strip() == f"{state.replace('=', ' = ')}: {BAD[state]}"
        taken = {
            "staircase.g_max=11.97": {"g_max": 12},
            "staircase.interval=37.3": {"interval": 37.4},
        }
        assert knobs_of(page) == USUAL | {"drift": 0.5} | taken.get(state, {})
        figure_of(page).get_by_role("slider", name="drift").press("Home")
        assert note(page) == ""
        assert page.faults == []


def test_whatever_the_address_says_the_explorers_live(browser, site):
    with opened(browser) as page:
        page.goto(site)
        names = page.evaluate(OF_EVERY_OBJECT)
        letters = st.characters(exclude_categories=["Cs"])
        words = st.sampled_from([*names, "staircase", "write_statistics", "scheme", "g_max", "7"])
        keys = st.builds("{}.{}".format, words, words) | words | st.text(letters)

        @settings(max_examples=50, deadline=None)
        @given(st.dictionaries(keys, words | st.text(letters), min_size=1))
        def lives(state):
            page.evaluate(
                "state => { location.hash = new URLSearchParams(state) }", [*state.items()]
            )
            page.evaluate("() => new Promise((resolve) => setTimeout(resolve, 20))")
            assert page.evaluate(OF_EVERY_OBJECT) == names
            said = page.locator(".explorer-cite [role=status]").all_text_contents()
            in_vain = [one for one in state.items() if one != ("staircase.g_max", "7")]
            assert sum(text.count("; ignored\n") for text in said) >= len(in_vain)
            assert knobs_of(page)["drift"] == 1
            assert page.faults == []

        lives()


def curve(svg, gid):
    """The points [n, 2] of a line in a saved picture, in points."""
    [group] = [g for g in svg.iter(f"{SVG}g") if g.get("id", "").endswith(gid)]
    d = group.find(f"{SVG}path").get("d")
    return np.array([[float(x) for x in pair.split()] for pair in re.split("[ML]", d)[1:]])


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_picture_and_numbers_read_back_are_python_s(browser, folder, site, scheme):
    address = site if scheme == "http" else (folder / "index.html").as_uri()
    expected = devices.staircase(**MOVED)
    with opened(browser) as page:
        page.goto(f"{address}#{'&'.join(f'{k}={v}' for k, v in WRITE.items())}")
        text = saved(page, "CSV").decode()
        comments = [line[2:] for line in text.splitlines() if line.startswith("# ")]
        table = list(csv.reader(line for line in text.splitlines() if not line.startswith("# ")))
        svg = ET.fromstring(saved(page, "SVG"))
        artists = figure_of(page).evaluate("root => root.told.artists")
        picture = Image.open(io.BytesIO(saved(page, "PNG")))
        assert page.faults == []
    # the numbers
    wanted = {}
    for name, values in expected.items():
        rows = values.reshape(-1, values.shape[-1])
        places = [f"{name}{''.join(f'[{i}]' for i in at)}" for at in np.ndindex(values.shape[:-1])]
        wanted |= dict(zip(places, rows, strict=True))
    assert table[0] == list(wanted)
    columns = dict(zip(table[0], itertools.zip_longest(*table[1:]), strict=True))
    for name, values in wanted.items():
        found = np.array([float(x) if x else np.nan for x in columns[name]])[: len(values)]
        np.testing.assert_allclose(found, values, atol=1e-5, err_msg=name)
    # where they are from
    assert comments[0].startswith("Three cells. (time between pulses: 37.4 s; upper limit: 12 µS")
    assert dict(parse_qsl(urlsplit(comments[1]).fragment)) == WRITE | {"staircase.drift": "1"}
    statement, call = comments[2].split("; ")
    names = {}
    exec(statement, names)
    assert call == f"staircase.plot({', '.join(f'{k}={v:g}' for k, v in MOVED.items())})"
    assert isinstance(eval(call, names), Figure)
    # the picture
    assert comments[:2] == [svg.find(f"{SVG}title").text, svg.find(f"{SVG}desc").text]
    lines = [a for a in artists if a["kind"] == "line" and "stroke" in a]
    assert lines
    for artist in lines:
        left, right, bottom, top = artist["axes"]["box"]
        found = curve(svg, artist["gid"])
        for axis, low, high, points in (
            ("x", left, right, found[:, 0]),
            ("y", bottom, top, found[:, 1]),
        ):
            first, last, log = artist["axes"][axis]
            assert not log
            datum = artist["data"][axis]
            values = datum.get("values") or expected[datum["output"]][tuple(datum["index"])]
            at = low + (np.asarray(values, float) - first) / (last - first) * (high - low)
            np.testing.assert_allclose(points, at[np.isfinite(at)], atol=0.02)
    _, _, width, height = (float(x) for x in svg.get("viewBox").split())
    assert picture.size == (round(width * 300 / 72), round(height * 300 / 72))
    grey = np.asarray(picture.convert("L"), float)
    assert grey.max() == 255
    assert 0.01 < np.mean(grey < 128) < 0.5


def test_a_picture_in_a_file_is_black_on_white_in_a_dark_theme_too(browser, site):
    with opened(browser, color_scheme="dark") as page:
        page.goto(site)
        page.add_style_tag(
            content=":root {--pst-color-background: #102030; --pst-color-text-base: #d0e0f0}"
        )
        svg = saved(page, "SVG").decode()  # never moved: nothing is computed for it
        assert page.evaluate("document.querySelectorAll('figure.explorer')[1].live") is None
        assert not re.search(r"currentColor|var\(|#102030|#d0e0f0", svg)
        assert {"#000000", "#ffffff"} <= set(re.findall("#[0-9a-f]{6}", svg))


def test_a_link_brings_a_reader_to_the_figure_as_it_stands(browser, folder):
    address = (folder / "index.html").as_uri()
    with opened(browser) as page:
        page.add_init_script(REFUSING)
        page.goto(address)
        figure_of(page, 2).get_by_role("slider", name="drift").press("End")
        figure_of(page).get_by_role("slider", name="upper limit").press("Home")
        link = linked(page, 2)
        page.goto("about:blank")
        page.goto(link)
        assert knobs_of(page, 2) == USUAL | {"drift": 2}
        assert knobs_of(page) == USUAL
        page.wait_for_function("scrollY > 100")
        assert page.faults == []
    with opened(browser, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.goto(address)
        figure_of(page).get_by_role("button", name="link").press("Enter")
        page.wait_for_function("document.body.innerText.includes('Link copied')")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert dict(parse_qsl(urlsplit(copied).fragment)) == {
            f"staircase.{name}": f"{value:g}" for name, value in USUAL.items()
        }


def test_the_history_is_changed_seldom(browser, site):
    with opened(browser) as page:
        page.add_init_script(COUNTING + COUNTING_STEPS)
        page.goto(site)
        limit = figure_of(page).get_by_role("slider", name="upper limit")
        drift = figure_of(page).get_by_role("slider", name="drift")
        for _ in range(40):
            limit.press("ArrowLeft")
            drift.press("ArrowRight")
        reaches(page, {"staircase.g_max": "12", "staircase.drift": "2"})
        times = page.evaluate("calls")
        span = max(times) - min(times)
        assert len(times) <= 2 + span / 1000 * 100 / 30
        assert page.faults == []


COUNTING_STEPS = """
const push = history.pushState.bind(history);
history.pushState = (...state) => (calls.push(performance.now()), push(...state));
"""


def test_a_browser_without_workers_computes_in_the_page(browser, folder):
    with opened(browser) as page:
        page.add_init_script("delete window.Worker")
        page.goto((folder / "index.html").as_uri())
        figure_of(page).get_by_role("slider", name="upper limit").press("Home")
        _, knobs, outputs, _ = computed(figure_of(page))
        assert knobs == USUAL | {"g_max": 4}
        for name, values in devices.staircase(**knobs).items():
            np.testing.assert_allclose(outputs[name], values, atol=1e-5, err_msg=name)
        assert page.faults == []


def test_without_its_script_an_explorer_offers_nothing(browser, site):
    with opened(browser, java_script_enabled=False) as page:
        page.goto(site)
        assert page.get_by_role("button").count() == 0
