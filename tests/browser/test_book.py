"""The built book in a real browser: no kernel, no network, every page and every knob alive."""

import importlib
import json
import pkgutil
import re
import sys

import numpy as np
import pytest
import yaml
from axe import tried
from moving import State, computed, move_all, move_two, settled, timed
from serving import ROOT, opened, served

sys.path.insert(0, str(ROOT / "book"))
import modules

from pcmlib.book import explorers
from pcmlib.book.live.function import FUNCTIONS, Chosen

for found in pkgutil.iter_modules(explorers.__path__):  # FUNCTIONS holds those of what is imported
    importlib.import_module(f"{explorers.__name__}.{found.name}")

TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
FILES = [TOC["root"], *(entry["file"] for part in TOC["parts"] for entry in part["chapters"])]
CHAPTERS = [f"{file}.html" for file in FILES if (ROOT / f"{file}.ipynb").exists()]
REFERENCE = [f"{modules.PAGES}/{part}.html" for part in modules.in_order()]
INDICES = ["genindex.html", "py-modindex.html", "search.html"]
PAGES = [*(f"{file}.html" for file in FILES), *REFERENCE, *INDICES]
MAX_PAGE = 3_000_000  # bytes
MAX_REFERENCE = 250_000  # bytes: a page of the package reference
# What stands out of the screen, unless it can be scrolled to: the page clips it.
CUT_OFF = """() => {
  const scrolls = (e) => /auto|scroll/.test(getComputedStyle(e).overflowX);
  const reached = (e) => scrolls(e) || (!e.matches(".bd-article") && reached(e.parentElement));
  return [...document.querySelectorAll(".bd-article *:not(mjx-container *)")]
    .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !reached(e))
    .map((e) => e.outerHTML.slice(0, 200));
}"""
LEGIBLE = 0.79  # of a picture's natural size, at which its letters are 13 px high


@pytest.fixture(scope="module")
def address(book):
    with served(book) as address:
        yield address


def cells_with_explorers(page):
    """How many explorers the page's notebook makes: so many the built page must hold."""
    path = (ROOT / page).with_suffix(".ipynb")
    if not path.exists():
        return 0
    code = [c for c in json.loads(path.read_text())["cells"] if c["cell_type"] == "code"]
    return sum("\nexplorer(" in "\n" + "".join(cell["source"]) for cell in code)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", PAGES)
def test_page_is_alive(browser, book, address, name, width, record_property):
    with opened(browser, width) as page:
        page.goto(f"{address}/{name}", wait_until="networkidle")
        explorers = page.locator("figure.explorer").all()
        assert len(explorers) == cells_with_explorers(name)
        knobs = 0
        for explorer in explorers:
            knobs += move_all(explorer)
            if width == 1280:
                as_in_python(*computed(explorer))
                record_property("times", timed(explorer))
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (
            "the page is too wide"
        )
        assert page.evaluate(CUT_OFF) == []
        assert page.faults == []
        rules, violations = tried(page)  # which fetches style sheets from where they are not, too
        record_property("axe", (name, rules, len(violations)))
        assert violations == []
    text = (book / name).read_bytes()
    assert len(text) < MAX_PAGE
    assert b"application/vnd.jupyter.widget" not in text  # the page needs no widget manager
    how = f"at {width} px, each by mouse and by keyboard"
    record_property("moved", (how, len(explorers), knobs))


def test_an_input_without_a_label_is_found(browser, address):
    with opened(browser) as page:
        page.goto(f"{address}/{TOC['root']}.html")
        page.evaluate("document.querySelector('article').append(document.createElement('input'))")
        _, violations = tried(page)
        assert [text.split(": ")[:3] for text in violations] == [
            [theme, "label", "<input>"] for theme in ("light", "dark")
        ]


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_computes_from_disk(browser, book, name, record_property):
    """Opened as a file, where a browser lets a page read no other: the numbers are Python's."""
    knobs = 0
    with opened(browser) as page:
        page.goto((book / name).as_uri())
        explorers = page.locator("figure.explorer").all()
        assert len(explorers) == cells_with_explorers(name)
        for explorer in explorers:
            before = State.of(explorer)
            knobs += move_two(explorer)
            settled(explorer, before)
            as_in_python(*computed(explorer))
        assert page.faults == []
    record_property("moved", ("from disk, by keyboard", len(explorers), knobs))


EPOCHS_ALIKE = {"target": 10**6, "mean": 3, "right": 20}
"""Of what a trained network gives: how many numbers are the same in a browser."""


def as_in_python(name, knobs, outputs, ms):
    """A page's numbers are this checkout's, at the knobs' ends, where `move_all` leaves them.

    Training is chaotic: a last bit (a browser fuses no product with a sum) becomes another spike.
    So of trained networks only the task and the first epochs are the same.
    """
    function = FUNCTIONS[name]
    for key, values in function(**knobs).items():
        same = EPOCHS_ALIKE.get(key) if isinstance(function, Chosen) else values.size
        if same is not None:
            first = min(same, values.size)
            bound = {"rtol": 1e-3, "atol": 2e-3 if name == "product_noise" else 2e-5}
            found, expected = outputs[key].ravel()[:first], values.ravel()[:first]
            np.testing.assert_allclose(found, expected, err_msg=f"{name} {key}", **bound)


def pictures(page):
    """The page's static figures, each drawn and in view."""
    for picture in page.locator(".cell_output figure:not(.explorer) img").all():
        picture.scroll_into_view_if_needed()
        page.wait_for_function("image => image.complete", arg=picture.element_handle())
        yield picture


@pytest.mark.parametrize("name", CHAPTERS)
def test_figures_are_legible_on_a_phone(browser, address, name):
    """None is a thumbnail; what is wider than the screen scrolls in its frame, by keyboard too."""
    with opened(browser, 390) as page:
        page.goto(f"{address}/{name}", wait_until="networkidle")
        found = list(pictures(page))
        assert found
        for picture in found:
            natural = picture.evaluate("image => image.naturalWidth") / 2  # drawn for fine screens
            box = picture.bounding_box()
            assert box["width"] >= LEGIBLE * natural
            shape = picture.evaluate("image => image.naturalHeight / image.naturalWidth")
            assert box["height"] == pytest.approx(shape * box["width"], abs=2)
            frame = picture.locator("xpath=ancestor::div[@class='frame']")
            edges = frame.bounding_box()
            assert edges["x"] >= 0
            assert edges["x"] + edges["width"] <= 390
            if box["width"] > edges["width"]:
                assert frame.get_attribute("role") == "region"
                assert frame.get_attribute("aria-label")
                frame.focus()
                page.keyboard.press("ArrowRight")
                page.wait_for_function("frame => frame.scrollLeft > 0", arg=frame.element_handle())
        assert page.faults == []


def test_figures_are_whole_and_no_stop_for_the_keyboard_on_a_wide_screen(browser, address):
    with opened(browser, 1280) as page:
        page.goto(f"{address}/{CHAPTERS[0]}", wait_until="networkidle")
        for picture in pictures(page):
            frame = picture.locator("xpath=ancestor::div[@class='frame']")
            assert frame.evaluate("frame => frame.scrollWidth - frame.clientWidth") == 0
            assert frame.get_attribute("tabindex") is None
            assert frame.get_attribute("role") is None


@pytest.mark.parametrize("width", [1280, 390])
def test_gallery_leads_to_every_chapter(browser, address, width):
    with opened(browser, width) as page:
        page.goto(f"{address}/{TOC['root']}.html", wait_until="networkidle")
        cards = page.locator(".gallery a").all()
        assert [card.get_attribute("href") for card in cards] == CHAPTERS
        for card in cards:
            assert "?" in card.locator("span").inner_text()
            picture = card.locator("img")
            picture.scroll_into_view_if_needed()
            assert len(picture.get_attribute("alt")) > 10
            assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
            inside, around = picture.bounding_box(), card.bounding_box()
            assert inside["width"] <= around["width"]
            assert page.request.get(f"{address}/{card.get_attribute('href')}").ok
        assert page.faults == []


def test_package_reference_holds_every_module_once(book):
    pages = {name: (book / name).read_text() for name in REFERENCE}
    assert max(len(text) for text in pages.values()) < MAX_REFERENCE
    found = [m for text in pages.values() for m in re.findall(r'id="module-pcmlib\.(.*?)"', text)]
    parts = modules.in_order()
    assert sorted(found) == sorted({*parts, *(name for part in parts.values() for name in part)})


def test_status_page_tells_a_row_a_figure_without_javascript(browser, address):
    """First the verdict and one row a figure; the numbers unfold by the browser's own means."""
    compared = sum(
        "compare(" in "".join(cell["source"])
        for name in CHAPTERS
        for cell in json.loads((ROOT / name).with_suffix(".ipynb").read_text())["cells"]
    )
    with opened(browser, 390, java_script_enabled=False) as page:
        page.goto(f"{address}/notebooks/pages/status.html")
        first = page.locator("table.reproduction-status").first
        names = [cell.inner_text() for cell in first.locator("tbody tr td:first-child").all()]
        assert len(names) == len(set(names)) >= compared
        assert page.locator(".bd-article details > summary").all_inner_texts() == names
        rows = first.locator("tbody tr").count()
        assert page.locator("table.reproduction-status tbody tr:visible").count() == rows
        page.locator(".bd-article details > summary").first.click()
        assert page.locator("table.reproduction-status tbody tr:visible").count() > rows
