"""Sphinx extension: the package reference, one page for each folder and each lone file of the
package.

The pages are written before each build, and list every module after those that it imports. Their
index says ``<!-- modules -->`` where the list of them goes.
"""

import ast
import functools
from graphlib import TopologicalSorter
from pathlib import Path

from sphinx.application import Sphinx

from pcmlib.book.experiments.reproduction import markdown

PACKAGE = Path(__file__).resolve().parent.parent / "pcmlib"
PAGES = "notebooks/pages/api"
PLACE = "<!-- modules -->"
PART = """\
# {name}

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
    part_of = functools.partial(part_in, package)
    needs = {
        ".".join(path.relative_to(package).with_suffix("").parts): imports(
            path.read_text(encoding="utf8")
        )
        for path in sorted(package.rglob("[!_]*.py"))
    }
    parts: dict[str, set[str]] = {}
    for name, found in needs.items():
        here = part_of(name)
        parts.setdefault(here, set()).update({part_of(n) for n in found} - {here})
    modules = from_below(needs)
    return {p: [name for name in modules if part_of(name) == p] for p in from_below(parts)}


def from_below(needs: dict[str, set[str]]) -> list[str]:
    """Return the names, each after those that it needs."""
    order = TopologicalSorter({name: sorted(found) for name, found in needs.items()}).static_order()
    return [name for name in order if name in needs]


def part_in(package: Path, name: str) -> str:
    """Return the folder that holds a module, or the lone file, or the folder of that name."""
    folder, _, _ = name.rpartition(".")
    is_folder = package.joinpath(*name.split(".")).is_dir()
    return name if is_folder or not folder else folder


def page(part: str, modules: list[str]) -> str:
    """Return the source of a part's page: itself and the modules below it, or one lone module."""
    if modules == [part]:
        return MODULE.format(level="#", name=part)
    return "\n".join(
        [PART.format(name=part), *(MODULE.format(level="##", name=n) for n in modules)]
    )


def summary(part: str) -> str:
    """Return the first line of a part's docstring."""
    place = PACKAGE.joinpath(*part.split("."))
    path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf8"))) or ""
    return text.split("\n", 1)[0]


def write_pages(app: Sphinx) -> None:
    """Write a page a part. _toc.yml takes in whatever lies in their folder."""
    folder = Path(app.srcdir, PAGES)
    folder.mkdir(parents=True, exist_ok=True)
    texts = {f"{part}.md": page(part, modules) for part, modules in in_order().items()}
    for stale in set(folder.glob("*.md")) - {folder / name for name in texts}:
        stale.unlink()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf8")


def insert(app: Sphinx, name: str, source: list[str]) -> None:
    """Put the list of the parts in its place, as Sphinx reads a page."""
    if PLACE in source[0]:
        rows = ((f"[{part}](api/{part}.md)", summary(part)) for part in in_order())
        source[0] = source[0].replace(PLACE, markdown(("Folder", "What it holds"), rows))


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before Sphinx looks for them."""
    write_pages(app)
    app.connect("source-read", insert)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
