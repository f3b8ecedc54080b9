"""What is wider than a phone scrolls in its box, by keyboard too, and fades where it goes on."""

import io
import sys

import numpy as np
import pytest
from PIL import Image
from serving import ROOT, opened, served
from sphinx.application import Sphinx

sys.path.insert(0, str(ROOT / "book"))

WIDTH, HEIGHT, PINNED = 720, 300, 0.19
# As MathJax draws it, after the page
EQUATION = """() => {
  document.querySelector("div.math").innerHTML = '<mjx-container display="true" ' +
    'style="display: block"><svg width="600" height="40"><rect width="600" height="40"/></svg>' +
    "</mjx-container>";
}"""
FADES = """box => ["--fade-left", "--fade-right"].map((name) =>
  parseFloat(getComputedStyle(box).getPropertyValue(name)))"""
PAGE = """
A page
======

.. figure:: columns.png
   :width: {width}px
   :class: pinned-19

   Its last column stays.

.. raw:: html

   <div class="math"></div>
   <div class="pst-scrollable-table-container" style="overflow-x: auto"><table>{cells}</table></div>
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("out")
    columns = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    columns[:, int(WIDTH * (1 - PINNED)) :] = [0, 114, 178]  # of one colour, the rest of another
    columns[:, : int(WIDTH * (1 - PINNED))] = [213, 94, 0]
    Image.fromarray(columns).save(source / "columns.png")
    cells = "<td style='padding: 2em'>cell</td>" * 12
    (source / "index.rst").write_text(PAGE.format(width=WIDTH, cells=cells))
    settings = {
        "extensions": ["figures"], "html_static_path": [str(ROOT / "book" / "static")],
        "html_css_files": ["book.css"], "html_theme": "basic", "html_favicon": "columns.png",
    }  # fmt: skip
    app = Sphinx(source, None, out, out / "trees", "html", settings, status=None)
    app.build()
    page = (out / "index.html").read_text()
    head = '<meta name="viewport" content="width=device-width">'
    page = page.replace('<div class="body"', '<div class="body bd-article"')
    (out / "index.html").write_text(page.replace("<head>", f"<head>{head}"))
    with served(out) as address:
        yield f"{address}/index.html"


BOXES = {
    "figure": ".frame",
    "equation": "div.math",
    "table": ".pst-scrollable-table-container",
}


@pytest.mark.parametrize("name", BOXES)
def test_it_fades_where_it_goes_on_and_takes_part_in_the_keyboard_s_order(browser, site, name):
    with opened(browser, 390) as page:
        page.goto(site)
        page.evaluate(EQUATION)
        box = page.locator(BOXES[name])
        page.wait_for_function("box => box.tabIndex === 0", arg=box.element_handle())
        assert box.get_attribute("role") == "region"
        assert box.get_attribute("aria-label").endswith("scrolls sideways")
        hidden = box.evaluate("box => box.scrollWidth - box.clientWidth")
        assert hidden > 50
        for at, (left, right) in ((0, (0, 48)), (0.5, (48, 48)), (1, (48, 0))):
            box.evaluate("(box, at) => { box.scrollLeft = at }", round(at * hidden))
            page.wait_for_function(
                f"([box, wanted]) => `${{({FADES})(box)}}` === `${{wanted}}`",
                arg=[box.element_handle(), [left, right]],
            )
        assert "gradient" in box.evaluate("box => getComputedStyle(box).maskImage")
        assert page.faults == []


def test_on_a_wide_screen_nothing_fades(browser, site):
    with opened(browser, 1600) as page:
        page.goto(site)
        page.evaluate(EQUATION)
        for selector in (BOXES["figure"], BOXES["equation"]):
            box = page.locator(selector)
            assert box.evaluate(FADES) == [0, 0]
            assert box.get_attribute("tabindex") is None


@pytest.mark.parametrize("at", [0, 0.5, 1])
def test_a_pinned_column_stays_in_view(browser, site, at):
    with opened(browser, 390) as page:
        page.goto(site)
        frame = page.locator(".frame")
        picture = frame.locator("img").first.bounding_box()["width"]
        assert picture == pytest.approx(0.8 * WIDTH)
        frame.evaluate(
            "(box, at) => { box.scrollLeft = at * (box.scrollWidth - box.clientWidth) }", at
        )
        box = frame.bounding_box()
        shot = frame.screenshot()
        pixels = np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), int)
        middle = pixels[pixels.shape[0] // 2]
        blue = np.flatnonzero(np.abs(middle - [0, 114, 178]).sum(-1) < 30)
        assert len(blue) == pytest.approx(PINNED * picture, abs=3)
        assert blue[-1] >= box["width"] - 2  # at the right edge, and in one piece
        assert blue[-1] - blue[0] == len(blue) - 1
        assert page.locator(".frame img[alt='']").count() == 1  # named once to a screen reader


def test_where_a_figure_fits_a_pinned_column_lies_on_itself(browser, site):
    with opened(browser, 1600) as page:
        page.goto(site)
        whole, copy = (image.bounding_box() for image in page.locator(".frame img").all())
        assert copy == pytest.approx(whole, abs=0.6)
