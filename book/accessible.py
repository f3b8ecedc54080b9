"""Sphinx extension: names and roles that the theme and docutils leave out, or have out of date.

tests/browser/test_book.py tries every page by axe-core, the field's checker of accessibility.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

FOLD = re.compile(r"(<a [^>]*>([^<]*)</a>\s*<details[^>]*>\s*)<summary>")


def name_folds(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """An arrow in the sidebar says which pages it unfolds."""
    navigation = context.get("generate_toctree_html")

    def named(kind: str, *args: Any, **options: Any) -> Any:
        found = navigation(kind, *args, **options)
        if kind == "raw":  # a tree, for the theme's own use
            return found
        return FOLD.sub(r'\1<summary aria-label="Pages of \2">', str(found))

    if navigation:
        context["generate_toctree_html"] = named


def open_citation(writer: HTML5Translator, citation: nodes.citation) -> None:
    """An entry of a list, of which docutils says that it is one: its own role is deprecated."""
    HTML5Translator.visit_citation(writer, citation)
    writer.body[-1] = writer.body[-1].replace('role="doc-biblioentry"', 'role="listitem"')


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_node(
        nodes.citation, override=True, html=(open_citation, HTML5Translator.depart_citation)
    )
    app.connect("html-page-context", name_folds, priority=900)  # after the theme's
    return {"parallel_read_safe": True, "parallel_write_safe": True}
