"""Figures, formulas and text stand out in each theme, with forced colours and in print."""

import io
import shutil
from pathlib import Path

import numpy as np
import pydata_sphinx_theme
import pytest
import sphinx_book_theme
from laboratory import bench
from live import SCRIPTS
from PIL import Image
from serving import ROOT, opened, served

from pcmlib.book.explorers import devices
from pcmlib.book.widgets import Steps, explorer

STYLES = [
    Path(pydata_sphinx_theme.__file__).parent
    / "theme/pydata_sphinx_theme/static/styles/pydata-sphinx-theme.css",
    Path(sphinx_book_theme.__file__).parent
    / "theme/sphinx_book_theme/static/styles/sphinx-book-theme.css",
    *(ROOT / "book" / "static" / name for name in ("book.css", "laboratory.css")),
]
# As MathJax draws it
FORMULA = (
    '<div class="math"><mjx-container display="true"><svg width="60" height="20" role="img" '
    'stroke="currentColor" fill="currentColor" stroke-width="0">'
    '<path d="M5 5h50v4h-50zM5 12h50v4h-50z"/></svg>'
    "</mjx-container></div>"
)
PLACES = {
    "text": "main > p",
    "formula": "mjx-container svg",
    "code": "pre.lab-call",
    "labels of the bench": ".lab-panels svg text",
    "axes of the bench": ".lab-panels svg path[stroke=currentColor]",
    "labels of an explorer": ".explorer-picture svg use",
    "field": "textarea",
    "button": "[data-does=clear]",
}
PRINTED = [
    "text",
    "formula",
    "labels of the bench",
    "axes of the bench",
    "labels of an explorer",
]
FIGURES = {"bench": ".lab-panels svg", "explorer": ".explorer-picture svg"}
READABLE = 4.5  # WCAG's least contrast of text


@pytest.fixture(scope="module")
def site(laboratories, tmp_path_factory):
    """A page of the book's theme with the bench, an explorer, a formula and text."""
    folder = tmp_path_factory.mktemp("themes")
    shutil.copytree(laboratories, folder, dirs_exist_ok=True)
    for style in STYLES:
        shutil.copy(style, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PCMLIB_BOOK", "1")
        cells = explorer(
            devices.staircase,
            caption="Three cells.",
            interval=Steps([5, 10, 20, 38.6, 80], 38.6, "time between pulses", "s"),
            g_max=Steps([8, 20], 20, "upper limit", "µS"),
            write_noise=Steps([0, 1], 1, "write noise"),
            read_noise=Steps([0, 1], 1, "read noise"),
            drift=Steps([0, 1], 1, "drift"),
        )
    names = ["live.js", *SCRIPTS["data-bench"], "print.js"]
    links = "".join(f'<link rel="stylesheet" href="{style.name}">' for style in STYLES)
    scripts = "".join(f"<script src='{name}' defer></script>" for name in names)
    for theme in ("light", "dark"):
        (folder / f"{theme}.html").write_text(
            f'<!DOCTYPE html><html data-theme="{theme}" data-mode="{theme}"><meta charset="utf-8">'
            f'<link rel="icon" href="data:,">{links}<title>Themes</title><body><main '
            f'class="bd-article bd-content"><p>Some text.</p>{FORMULA}{bench()}{cells.html()}'
            f"</main>{scripts}",
            encoding="utf-8",
        )
    with served(folder) as address:
        yield address


def luminance(pixels):
    """WCAG's relative luminance of sRGB pixels [..., 3]."""
    c = pixels / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


BOXES = """places => Object.fromEntries(Object.entries(places).map(([place, selector]) =>
  [place, [...document.querySelectorAll(selector)].slice(0, 30)
    .map((e) => e.getBoundingClientRect())
    .map(({ x, y, width, height }) => [x + scrollX, y + scrollY, width, height])]))"""


def seen(page, places):
    """{place: luminances of the pixels of each of its elements}; a thin line has its neighbours."""
    picture = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    bright = luminance(np.asarray(picture).astype(float))
    return {
        place: [
            bright[int(y) : int(y + height + 2), int(x) : int(x + width + 2)]
            for x, y, width, height in boxes
            if min(width, height) > 2
        ]
        for place, boxes in page.evaluate(BOXES, places).items()
    }


def stands_out(part):
    """Whether ink and paper differ enough for text."""
    return (part.max() + 0.05) / (part.min() + 0.05) >= READABLE


def opened_in(page, site, theme):
    page.goto(f"{site}/{theme}.html", wait_until="networkidle")
    page.get_by_role("img", name="devices: 5").wait_for()


@pytest.mark.parametrize("forced", ["none", "active"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("system", ["light", "dark"])
def test_everything_stands_out_on_a_screen(browser, site, system, theme, forced):
    with opened(browser, color_scheme=system, forced_colors=forced, device_scale_factor=1) as page:
        opened_in(page, site, theme)
        for place, parts in seen(page, PLACES).items():
            assert parts, place
            assert all(map(stands_out, parts)), place
        dark = (system if forced == "active" else theme) == "dark"
        for place, parts in seen(page, FIGURES).items():
            assert (np.median(parts[0]) < 0.1) == dark, place  # the paper
        assert page.faults == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_print_is_dark_on_white(browser, site, theme):
    with opened(browser, color_scheme=theme) as page:
        opened_in(page, site, theme)
        page.emulate_media(media="print")
        page.wait_for_function("document.documentElement.dataset.theme === 'light'")
        for place, parts in seen(page, {name: PLACES[name] for name in PRINTED}).items():
            assert parts, place
            assert all(map(stands_out, parts)), place
            assert min(part.max() for part in parts) > 0.9, place  # white paper
        page.emulate_media(media="screen")
        back = "theme => document.documentElement.dataset.theme === theme"
        page.wait_for_function(back, arg=theme)
        for event, expected in (("beforeprint", "light"), ("afterprint", theme)):
            page.evaluate("name => dispatchEvent(new Event(name))", event)
            assert page.evaluate("document.documentElement.dataset.theme") == expected
