"""Sphinx extension: the directive ``reproduction-status``, one table of every compared quantity.

The rows come from the run: each chapter's `compare` (`pcmlib.experiments.reproduction`) records its
quantities in the notebook, MyST-NB writes them beside the executed notebook, and this gathers them
in reading order.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from pcmlib.experiments.reproduction import STATUS_KEY, significant

HEADER = ("Figure", "Chapter", "Quantity", "Ours", "Reference", "Within?")


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
            rows = list(self.rows())
            placeholder.replace_self([summary(rows), table(rows)] if rows else [nothing_yet()])

    def rows(self) -> Iterator[list[nodes.Node | str]]:
        """Yield the cells of each row, in the table of contents' order."""
        folder = Path(self.env.mystnb_config.output_folder)
        for page in self.env.toctree_includes.get(self.config.root_doc, []):
            record = folder / f"{page}.glue.json"
            glued = json.loads(record.read_text()) if record.exists() else {}
            for name, output in glued.items():
                if name.startswith(STATUS_KEY):
                    for quantity in json.loads(output["data"]["text/plain"]):
                        figure = name.removeprefix(STATUS_KEY)
                        yield [figure, self.link(page), *cells(quantity)]

    def link(self, page: str) -> nodes.reference:
        """Return a link to a chapter, by its title."""
        uri = self.app.builder.get_relative_uri(self.env.docname, page)
        title = self.env.titles[page].astext()
        return nodes.reference("", title, internal=True, refuri=uri)


def cells(quantity: dict[str, str | float | None]) -> list[str]:
    """Return one quantity's last four cells."""
    unit = f"\N{NO-BREAK SPACE}{quantity['unit']}" if quantity["unit"] else ""
    if quantity["reference"] is None:
        reference = "not given"
    else:
        reference = f"{significant(quantity['reference'])} ± {quantity['tolerance']:g}{unit}"
        reference = reference.replace(" ", "\N{NO-BREAK SPACE}")
    return [quantity["name"], f"{quantity['ours']}{unit}", reference, quantity["within"]]


def summary(rows: list[list[nodes.Node | str]]) -> nodes.paragraph:
    """Count the verdicts."""
    verdicts = [row[-1] for row in rows]
    yes, no = verdicts.count("yes"), verdicts.count("no")
    text = f"{yes} of {yes + no} compared numbers lie within their tolerance"
    return nodes.paragraph("", f"{text}; {verdicts.count('')} more have no reference.")


def table(rows: list[list[nodes.Node | str]]) -> nodes.table:
    """Build a docutils table from rows of text or inline nodes."""
    group = nodes.tgroup("", cols=len(HEADER))
    group += [nodes.colspec(colwidth=1) for _ in HEADER]
    group += nodes.thead("", row(HEADER))
    group += nodes.tbody("", *map(row, rows))
    return nodes.table("", group, classes=["reproduction-status"])


def row(contents: tuple[str, ...] | list[nodes.Node | str]) -> nodes.row:
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
