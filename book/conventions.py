"""Sphinx extension: the table of simulators, from the records that `pcmlib.interop` converts by.

A page says ``<!-- conventions -->`` where it goes.
"""

import dataclasses

from sphinx.application import Sphinx

from pcmlib.book.experiments.reproduction import markdown
from pcmlib.interop import OURS, SIMULATORS, Conventions

PLACE = "<!-- conventions -->"


def table() -> str:
    """A row a convention, a column a simulator, ours first; the versions below the names."""
    columns = [OURS, *SIMULATORS.values()]
    rows = [["Version", *(c.version for c in columns)]]
    for row in dataclasses.fields(Conventions):
        if "title" in row.metadata:
            cells = (cell(getattr(c, row.name)) for c in columns)
            rows.append([f"**{row.metadata['title']}**", *cells])
    rows.append(["**Name for `bring` and `send`**", "", *map(moved, SIMULATORS)])
    return markdown(["", *(c.title for c in columns)], rows)


def cell(value: int | str) -> str:
    """A number is of steps after t."""
    if isinstance(value, int):
        return f"t + {value}" if value else "t"
    return value


def moved(name: str) -> str:
    """The name that the functions know a simulator by."""
    return f"`{name}`" if SIMULATORS[name].names else "not moved"


def insert(app: Sphinx, name: str, source: list[str]) -> None:
    """Put the table in its place, as Sphinx reads a page."""
    source[0] = source[0].replace(PLACE, table())


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("source-read", insert)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
