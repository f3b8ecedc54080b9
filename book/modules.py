"""Sphinx extension: the package reference lists every module, after those that it imports.

The page says ``<!-- modules -->`` where they go.
"""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

from sphinx.application import Sphinx

PACKAGE = Path(__file__).resolve().parent.parent / "pcmlib"
PLACE = "<!-- modules -->"
PART = """\
## {name}

```{{eval-rst}}
.. automodule:: pcmlib.{name}
```
"""
MODULE = """\
{level} {name}

```{{eval-rst}}
.. automodule:: pcmlib.{name}
   :members:
```
"""


def imports(source: str) -> set[str]:
    """Return what may be modules of the package, such as "device" and "device.laws", that `source`
    imports when it is itself imported."""
    found: set[str] = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names = {module, *(f"{module}.{alias.name}" for alias in node.names)}
            found |= {n.removeprefix("pcmlib.") for n in names if n.startswith("pcmlib.")}
    return found


def in_order(package: Path = PACKAGE) -> dict[str, list[str]]:
    """Return the package's folders and lone files with their modules, from the bottom up."""
    needs = {
        ".".join(path.relative_to(package).with_suffix("").parts): imports(
            path.read_text(encoding="utf8")
        )
        for path in sorted(package.rglob("[!_]*.py"))
    }
    parts: dict[str, set[str]] = {}
    for name, found in needs.items():
        part = name.split(".")[0]
        parts.setdefault(part, set()).update({n.split(".")[0] for n in found} - {part})
    return {
        part: [
            name
            for name in TopologicalSorter({n: sorted(needs[n]) for n in needs}).static_order()
            if name in needs and name.split(".")[0] == part
        ]
        for part in TopologicalSorter({p: sorted(n) for p, n in parts.items()}).static_order()
        if part in parts
    }


def sections() -> Iterator[str]:
    """Yield the reference: a part with its modules below, or a module that stands alone."""
    for part, modules in in_order().items():
        if modules == [part]:
            yield MODULE.format(level="##", name=part)
            continue
        yield PART.format(name=part)
        yield from (MODULE.format(level="###", name=name) for name in modules)


def insert(app: Sphinx, page: str, source: list[str]) -> None:
    """Put the sections in their place, as Sphinx reads a page."""
    if PLACE in source[0]:
        source[0] = source[0].replace(PLACE, "\n".join(sections()))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("source-read", insert)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
