"""Sphinx extension: the script by which pages compute, on every page that holds a live function,
and those by which explorers can be cited, and the laboratory's and the bench's forms work.

It takes half a minute to compile (`pcmlib.book.live.webassembly`) and is kept, so it is begun
beside the reading of the pages.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

NAME = "live.js"
MARK = "data-live"  # what needs the script says so
_FORM = ("address.js", "files.js", "panel.js", "form.js")
SCRIPTS = {
    'class="explorer"': ("address.js", "files.js", "cite.js"),
    "data-laboratory": (
        *_FORM,
        "run_form.js",
        "training_run.js",
        "kept_runs.js",
        "training_figures.js",
        "laboratory.js",
    ),
    "data-bench": (*_FORM, "table.js", "bench.js"),
}
"""What else a page loads, by what it holds."""


def begin(app: Sphinx) -> None:
    """Compile while pages are read: in a process, since Sphinx forks to read them, and a fork keeps
    the locks that another thread holds at that moment, but not the thread that would open them."""
    folder = Path(app.outdir, "_static")
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pcmlib.book.live.page", folder / NAME]
    app.live_script = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def finish(app: Sphinx, env: Any) -> None:
    """The script is where the pages look for it, or the build says why not."""
    _, said = app.live_script.communicate()
    if app.live_script.returncode != 0:
        raise RuntimeError(f"{NAME} could not be made:\n{said}")


def stop(app: Sphinx, error: Exception | None) -> None:
    """Of a build that failed."""
    with app.live_script as process:
        process.kill()


def load(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Let a page with a live function load the script, and after it what else it needs."""
    body = context.get("body", "")
    if MARK in body:
        app.add_js_file(NAME, loading_method="defer")
    for mark, scripts in SCRIPTS.items():
        for name in scripts if mark in body else ():
            app.add_js_file(name, loading_method="defer", priority=900)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("builder-inited", begin)
    app.connect("env-updated", finish)
    app.connect("build-finished", stop)
    app.connect("html-page-context", load)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
