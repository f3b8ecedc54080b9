"""Sphinx extension: the script by which pages compute, on every page that holds a live function.

It takes a minute to compile (`pcmlib.live.webassembly`) and is kept, so it is begun beside the
reading of the pages.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from pcmlib.live.page import script

NAME = "live.js"
MARK = "data-live"  # what needs the script says so


def begin(app: Sphinx) -> None:
    """Compile while pages are read."""
    app.live_script = ThreadPoolExecutor(1).submit(script)


def write(app: Sphinx, env: Any) -> None:
    """Put the script where the pages look for it."""
    folder = Path(app.outdir, "_static")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NAME).write_text(app.live_script.result(), encoding="utf-8")


def load(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Let a page with a live function load the script."""
    if MARK in context.get("body", ""):
        app.add_js_file(NAME, loading_method="defer")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("builder-inited", begin)
    app.connect("env-updated", write)
    app.connect("html-page-context", load)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
