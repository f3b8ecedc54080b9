"""The built book in a real browser: no kernel, no network, every page and every knob alive."""

import json

import pytest
import yaml
from moving import move_all
from serving import ROOT, opened, served

TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
FILES = [TOC["root"], *(entry["file"] for part in TOC["parts"] for entry in part["chapters"])]
PAGES = [f"{file}.html" for file in FILES]
MAX_PAGE = 3_000_000  # bytes


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
def test_page_is_alive(browser, book, address, name, width, moved):
    with opened(browser, width) as page:
        page.goto(f"{address}/{name}", wait_until="networkidle")
        explorers = page.locator("figure.explorer").all()
        assert len(explorers) == cells_with_explorers(name)
        knobs = 0
        for explorer in explorers:
            grid = json.loads(explorer.get_attribute("data-grid"))
            knobs += move_all(explorer, together=grid)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (
            "the page is too wide"
        )
        assert page.faults == []
    text = (book / name).read_bytes()
    assert len(text) < MAX_PAGE
    assert b"application/vnd.jupyter.widget" not in text  # the page needs no widget manager
    moved.append((name, width, len(explorers), knobs))
