"""Sphinx extension: MathJax from a Python package, so that no page loads it from another host.

Of MathJax's components, those that a page needs: TeX with all its extensions, SVG output with its
font (which also works on pages opened from disk), and MathML for screen readers.
"""

from importlib.metadata import distribution
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.fileutil import copy_asset_file

LOADED = ["core", "input/tex-full", "output/svg", "a11y/assistive-mml"]
COPIED = ["startup", "output/svg/fonts/tex", *LOADED]


def copy_mathjax(app: Sphinx, exception: Exception | None) -> None:
    """Copy the components beside the pages once these are written."""
    if exception is None:
        package = distribution("sphinx-mathjax-offline")
        for component in COPIED:
            source = package.locate_file(f"sphinx-mathjax-offline/static/mathjax/{component}.js")
            target = Path(app.outdir, "_static", "mathjax", f"{component}.js")
            target.parent.mkdir(parents=True, exist_ok=True)
            copy_asset_file(str(source), str(target))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.config.mathjax_path = "mathjax/startup.js"
    app.config.mathjax3_config = {
        "loader": {"load": LOADED},
        "svg": {"fontCache": "global"},
    }
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
