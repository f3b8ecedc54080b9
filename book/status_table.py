"""Sphinx extension: the directive ``reproduction-status``: a verdict, a row a figure, all numbers.

They come from the run: each chapter's `compare` (`pcmlib.book.experiments.reproduction`) records
its quantities in the notebook, MyST-NB writes them beside the executed notebook, and this gathers
them in reading order.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from pcmlib.book.experiments.reproduction import STATUS_KEY, significant

FIGURES = ("Figure", "Compared", "Within?", "No reference")
NUMBERS = ("Quantity", "Ours", "Reference", "Within?", "Source")
Quantities = list[dict[str, str | float | None]]


class StatusTable(nodes.Element):
    """Where the table goes, until all notebooks have run."""


class StatusDirective(SphinxDirective):
    """``{reproduction-status}``: takes no argument."""

    def run(self) -> list[nodes.Node]:
        """Leave a placeholder."""
        return [StatusTable()]


class FillStatusTable(SphinxPostTransform):
    """Put the table in the placeholder's place."""

    default_priority = 5

    def run(self) -> None:
        """Called once for each page, after all pages are read."""
        for placeholder in list(self.document.findall(StatusTable)):
            found = list(self.figures())
            placeholder.replace_self(list(self.status(found)) if found else [nothing_yet()])

    def figures(self) -> Iterator[tuple[str, str, Quantities]]:
        """Yield each figure's name, page and quantities, in the table of contents' order."""
        folder = Path(self.env.mystnb_config.output_folder)
        for page in self.env.toctree_includes.get(self.config.root_doc, []):
            record = folder / f"{page}.glue.json"
            glued = json.loads(record.read_text()) if record.exists() else {}
            for name, output in glued.items():
                if name.startswith(STATUS_KEY):
                    quantities = json.loads(output["data"]["text/plain"])
                    yield name.removeprefix(STATUS_KEY), page, quantities

    def status(self, found: list[tuple[str, str, Quantities]]) -> Iterator[nodes.Node]:
        """Yield the verdict, a row a figure, and each figure's numbers folded."""
        yield verdict([q for _, _, quantities in found for q in quantities])
        yield table(FIGURES, ([self.link(name, page), *counts(q)] for name, page, q in found))
        yield nodes.rubric("", "Every number")
        for name, _, quantities in found:
            yield nodes.raw("", f"<details><summary>{escape(name)}</summary>", format="html")
            yield table(NUMBERS, map(cells, quantities))
            yield nodes.raw("", "</details>", format="html")

    def link(self, name: str, page: str) -> nodes.reference:
        """Return a link from a figure's name to its chapter."""
        uri = self.app.builder.get_relative_uri(self.env.docname, page)
        return nodes.reference("", name, internal=True, refuri=uri)


def verdict(quantities: Quantities) -> nodes.paragraph:
    """Say how many numbers are reproduced, and whose they are."""
    verdicts = [q["within"] for q in quantities]
    yes, no = verdicts.count("yes"), verdicts.count("no")
    text = f"{yes} of {yes + no} compared numbers lie within their tolerance"
    sources = Counter(q["source"] for q in quantities if q["within"])
    whose = "; ".join(f"{source}: {number}" for source, number in sources.most_common())
    rest = (
        f"; {verdicts.count('')} more have no reference. No number of a paper is among them, since "
        f"none could be read. Where the {yes + no} come from: {whose}. The tolerances are our own."
    )
    return nodes.paragraph("", "", nodes.strong("", text), nodes.Text(rest))


def counts(quantities: Quantities) -> list[str]:
    """Return a figure's last three cells."""
    verdicts = [q["within"] for q in quantities]
    yes, no, none = (verdicts.count(v) for v in ("yes", "no", ""))
    if not yes + no:
        return ["none", "", str(none)]
    return [str(yes + no), "yes" if not no else f"{yes} of {yes + no}", str(none) if none else ""]


def cells(quantity: dict[str, str | float | None]) -> list[str]:
    """Return the cells of one quantity."""
    unit = f"\N{NO-BREAK SPACE}{quantity['unit']}" if quantity["unit"] else ""
    if quantity["reference"] is None:
        reference = "not given"
    else:
        reference = f"{significant(quantity['reference'])} ± {quantity['tolerance']:g}{unit}"
        reference = reference.replace(" ", "\N{NO-BREAK SPACE}")
    ours = f"{quantity['ours']}{unit}"
    return [quantity["name"], ours, reference, quantity["within"], quantity["source"]]


def table(header: Sequence[str], rows: Iterable[list[nodes.Node | str]]) -> nodes.table:
    """Build a docutils table from rows of text or inline nodes."""
    group = nodes.tgroup("", cols=len(header))
    group += [nodes.colspec(colwidth=1) for _ in header]
    group += nodes.thead("", row(header))
    group += nodes.tbody("", *map(row, rows))
    return nodes.table("", group, classes=["reproduction-status"])


def row(contents: Sequence[nodes.Node | str]) -> nodes.row:
    """Build one row of a table."""
    inline = (nodes.Text(c) if isinstance(c, str) else c for c in contents)
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", c)) for c in inline))


def nothing_yet() -> nodes.paragraph:
    """Say so where no chapter has compared anything."""
    return nodes.paragraph("", "No chapter of this build compares a number with the reference.")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_node(StatusTable)
    app.add_directive("reproduction-status", StatusDirective)
    app.add_post_transform(FillStatusTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
