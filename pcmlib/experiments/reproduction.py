"""A run's numbers for the book's text, and their comparison with the reference's.

In a notebook::

    glue("mean_1", mean[0])  # the text says {glue:text}`mean_1:.2f`
    compare("Fig. 5", Quantity("mean after 1 pulse", "µS", mean[0], reference=2.06, tolerance=0.1))

`compare` prints the table that nbval checks; the book's status page gathers the tables of all
chapters. Neither needs more than IPython, so a notebook runs unchanged in Colab.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from IPython.display import display

from pcmlib.base.checks import is_number, require

STATUS_KEY = "reproduction: "  # the book's status page looks for glued names with this prefix


@dataclass(frozen=True)
class Quantity:
    """One number of a figure, beside the reference's.

    `tolerance` is the largest distance of `ours` from `reference` that counts as reproduced.
    `reference` and `tolerance` are None together, for a number that the reference does not give.
    """

    name: str
    unit: str  # as printed; "" for a pure number
    ours: float  # [unit], from this run
    reference: float | None = None  # [unit]
    tolerance: float | None = None  # [unit]

    def __post_init__(self) -> None:
        """Refuse a value that is not a number, and a reference without a tolerance."""
        require(is_number(self.ours), f"ours of {self.name!r}", self.ours, "a finite number")
        alone = (self.reference is None) != (self.tolerance is None)
        pair = (self.reference, self.tolerance)
        require(not alone, "(reference, tolerance)", pair, "given together, or neither")

    @property
    def within(self) -> str:
        """'yes' or 'no'; '' where there is nothing to compare with."""
        if self.reference is None or self.tolerance is None:
            return ""
        return "yes" if abs(self.ours - self.reference) <= self.tolerance else "no"


def significant(value: float | None) -> str:
    """Three significant digits, in plain notation where that is readable; '' for None."""
    if value is None:
        return ""
    text = f"{value:#.3g}"
    return text.removesuffix(".")


def compare(figure: str, *quantities: Quantity) -> None:
    """Print the quantities of one figure in a table and hand them to the book's status page."""
    require(len(quantities) > 0, "quantities", quantities, "at least one Quantity")
    rows = [("quantity", "ours", "reference", "± tolerance", "within")]
    for q in quantities:
        label = f"{q.name} ({q.unit})" if q.unit else q.name
        tolerance = "" if q.tolerance is None else f"{q.tolerance:g}"
        rows.append((label, significant(q.ours), significant(q.reference), tolerance, q.within))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    print(figure)
    for first, *rest in rows:
        cells = [first.ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        print("  ".join(cells).rstrip())
    record = [
        dataclasses.asdict(q) | {"ours": significant(q.ours), "within": q.within}
        for q in quantities
    ]
    _record(STATUS_KEY + figure, json.dumps(record))


def glue(name: str, value: Any) -> None:
    """Record `value` (a number, also a tensor's or an array's, or a text) under `name`.

    The protocol is MyST-NB's ``glue``: an output of a type that notebooks do not draw.
    """
    _record(name, repr(value.item() if hasattr(value, "item") else value))


def _record(name: str, text: str) -> None:
    prefix = "application/papermill.record/"
    metadata = {"scrapbook": {"name": name, "mime_prefix": prefix}}
    display({prefix + "text/plain": text}, raw=True, metadata=metadata)
