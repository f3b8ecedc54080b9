"""Sphinx extension: read pages on several cores, for which Jupyter Book has no option.

To read a chapter is to execute it, and much of that (drawing, reading runs) runs on one
core. Runs that two chapters share are still trained once: the second waits at the store's lock.
"""

import os

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

# They do not say whether they allow it: one numbers sections once all pages are read, the other
# acts only where LaTeX is written.
SAFE = ("sphinx_multitoc_numbering", "sphinx_jupyterbook_latex")


def declare(app: Sphinx, config: Config) -> None:
    """Speak for the extensions that do not."""
    for name in SAFE:
        extension = app.extensions[name]
        extension.parallel_read_safe = extension.parallel_write_safe = True


def deal(app: Sphinx, env: BuildEnvironment, pages: list[str]) -> None:
    """Deal the pages out in turn: Sphinx gives each process neighbours, and the costly chapters are
    neighbours."""
    pages[:] = [page for start in range(app.parallel) for page in pages[start :: app.parallel]]


def announce(app: Sphinx, page: str, source: list[str]) -> None:
    """Say what is being read: a process keeps Sphinx's own messages until all its pages are."""
    print(f"reading {page}", flush=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    app.parallel = min(cores, 4)  # a chapter's process takes most of a gigabyte
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # else idle threads spin on another page's core
    app.connect("config-inited", declare)
    app.connect("env-before-read-docs", deal)
    app.connect("source-read", announce)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
