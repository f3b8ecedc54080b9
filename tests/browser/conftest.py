"""A real browser, a server on loopback, and the built book.

Every other host is refused, so that whatever a page would fetch from elsewhere fails the test.
"""

import shutil
import subprocess
import sys

import pytest
from playwright.sync_api import sync_playwright
from serving import ROOT

sys.path.insert(0, str(ROOT / "book"))
import laboratory
import live
import pdf

from pcmlib.book.live.page import script

SITE = ROOT / "_build" / "html"


@pytest.fixture(scope="session")
def chromium(find):
    """The path of a Chromium; where none can be installed, its tests are skipped."""
    path = find(pdf.chromium, pdf.CHROMIUMS[0]) or find(pdf.chromium, pdf.CHROMIUMS[1])
    if path is None:
        pytest.skip(
            "no Chromium here, and none can be installed: pages were not tried in a browser"
        )
    return path


# Not for the session: Playwright keeps an event loop in this thread, and other tests run their own.
@pytest.fixture(scope="module")
def browser(chromium):
    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield running
        running.close()


def sources():
    """Files that the book is made from."""
    for pattern in ("notebooks/**/*", "pcmlib/**/*", "book/**/*", "*.yml", "*.md", "*.bib"):
        for path in ROOT.glob(pattern):
            hidden = any(part.startswith(".") for part in path.relative_to(ROOT).parts)
            if path.is_file() and path.suffix != ".pyc" and not hidden:  # such as ruff's cache
                yield path


@pytest.fixture(scope="session")
def book(alone):
    """The built book; built now where it is missing or older than its sources."""
    index = SITE / "index.html"
    with alone:
        if not index.exists() or index.stat().st_mtime < max(p.stat().st_mtime for p in sources()):
            done = subprocess.run(["make", "book"], cwd=ROOT, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    return SITE


HEAD = (
    '<!DOCTYPE html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<link rel="icon" href="data:,"><link rel="stylesheet" href="laboratory.css"><title>Lab</title>'
)


@pytest.fixture(scope="session")
def laboratories(tmp_path_factory):
    """A folder with the laboratory and the bench as the book has them, without the book around."""
    folder = tmp_path_factory.mktemp("laboratories")
    (folder / "live.js").write_text(script(), encoding="utf-8")
    for path in (ROOT / "book" / "static").glob("*.[jc]s*"):
        shutil.copy(path, folder)
    for name, body in (("laboratory", laboratory.laboratory()), ("bench", laboratory.bench())):
        names = ["live.js", *live.SCRIPTS[f"data-{name}"]]
        scripts = "".join(f"<script src='{file}' defer></script>" for file in names)
        (folder / f"{name}.html").write_text(f"{HEAD}{body}{scripts}", encoding="utf-8")
    return folder
