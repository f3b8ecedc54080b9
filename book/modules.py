"""Sphinx extension: the package reference lists every module, a module after those it imports.

The page says ``<!-- modules -->`` where they go.
"""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

from sphinx.application import Sphinx

PACKAGE = Path(__file__).resolve().parent.parent / "pcmlib"
PLACE = "<!-- modules -->"
SECTION = """\
## {name}

```{{eval-rst}}
.. automodule:: pcmlib.{name}
   :members:
```
"""


def imports(source: str) -> set[str]:
    """Return the package's modules that `source` imports when it is itself imported."""
    found: set[str] = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and node.module == "pcmlib":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pcmlib."):
            found.add(node.module.removeprefix("pcmlib."))
    return found


def in_order(package: Path = PACKAGE) -> list[str]:
    """Return the modules' names from the bottom up."""
    graph = {
        path.stem: sorted(imports(path.read_text(encoding="utf8")))
        for path in sorted(package.glob("[!_]*.py"))
    }
    return list(TopologicalSorter(graph).static_order())


def insert(app: Sphinx, page: str, source: list[str]) -> None:
    """Put the sections in their place, as Sphinx reads a page."""
    if PLACE in source[0]:
        sections = "\n".join(SECTION.format(name=name) for name in in_order())
        source[0] = source[0].replace(PLACE, sections)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("source-read", insert)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
