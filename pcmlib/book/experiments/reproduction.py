"""A run's numbers for the book's text, and their comparison with what they should be.

In a notebook::

    glue("mean_1", mean[0])  # the text says {glue:text}`mean_1:.2f`
    compare("Fig. 5", Quantity("mean after 1 pulse", "µS", mean[0], reference=2.06, tolerance=0.1))

nbval checks the table that `compare` prints; the book's status page gathers the numbers of all
chapters. That table has the run's digits, so it is for numbers that every processor gives alike.

The training of a network is chaotic: the last bit of one sum, which processors differ in, moves
every digit of the end. What is checked of a trained number is a verdict, in a cell of its own::

    numbers = measured("FP32", Quantity("loss", "", loss, expected=0.0073, tolerance=0.0019))

    compare(numbers)

`measured` shows the digits of this run, where nothing compares them; `compare` prints what is
expected and whether this run complies. Where the book measured an expectation itself, as the mean
of eight networks with standard deviation s, the tolerance is four standard errors of the difference
between two such means: 4 s sqrt(2 / 8) = 2 s. Other networks would comply, too.

Neither needs more than IPython, so a notebook runs unchanged in Colab.
"""

from __future__ import annotations

import json
import math
import numbers
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from IPython.display import display

from pcmlib.base.checks import is_number, require

CODE = "reference code, run by us"
LAW = "closed form"
OWN = "own expectation"
STATUS_KEY = "reproduction: "  # the book's status page looks for glued names with this prefix


@dataclass(frozen=True)
class Quantity:
    """One number of a figure, and what it should be.

    It lies within `tolerance` of the reference's number or of what this book expects, or on one
    side of a limit; or there is nothing to compare it with.
    """

    name: str
    unit: str  # as printed; "" for a pure number
    ours: numbers.Real  # [unit], from this run; infinite for what is never reached
    reference: float | None = None  # [unit], of the reference
    tolerance: float | None = None  # [unit], largest distance from `reference` or from `expected`
    expected: float | None = None  # [unit], of this book on any processor
    at_least: float | None = None  # [unit]
    at_most: float | None = None  # [unit]
    source: str = CODE  # of `reference`, for the status page

    def __post_init__(self) -> None:
        """Refuse what is no number, a centre without a tolerance, and more than one comparison."""
        real = isinstance(self.ours, numbers.Real) and not isinstance(self.ours, bool)
        known = real and not math.isnan(self.ours)
        require(known, f"ours of {self.name!r}", self.ours, "a number, not NaN")
        fields = ("reference", "expected", "at_least", "at_most")
        given = {field: getattr(self, field) for field in fields}
        given = {field: value for field, value in given.items() if value is not None}
        for field, value in given.items():
            require(is_number(value), f"{field} of {self.name!r}", value, "a finite number")
        require(bool(self.source.strip()), f"source of {self.name!r}", self.source, "a few words")
        require(len(given) <= 1, f"comparison of {self.name!r}", given, f"one of {fields}")
        alone = ("reference" in given or "expected" in given) != (self.tolerance is not None)
        pair = (given, self.tolerance)
        require(not alone, f"tolerance of {self.name!r}", pair, "given with reference or expected")

    @property
    def wanted(self) -> str:
        """What the number should be, in words; '' where there is nothing to compare with."""
        for word in ("reference", "expected"):
            if (centre := getattr(self, word)) is not None:
                return f"{word} {centre:g} ± {self.tolerance:g}"
        for word in ("at_least", "at_most"):
            if (limit := getattr(self, word)) is not None:
                return f"{word.replace('_', ' ')} {limit:g}"
        return ""

    @property
    def within(self) -> str:
        """'yes' or 'no'; '' where there is nothing to compare with."""
        if not self.wanted:
            return ""
        if self.at_least is not None:
            return "yes" if self.ours >= self.at_least else "no"
        if self.at_most is not None:
            return "yes" if self.ours <= self.at_most else "no"
        centre = self.expected if self.reference is None else self.reference
        return "yes" if abs(self.ours - centre) <= self.tolerance else "no"

    @property
    def label(self) -> str:
        """Name and unit."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


@dataclass(frozen=True, repr=False)
class Measured:
    """The quantities of a figure whose digits have been shown and recorded."""

    figure: str
    quantities: tuple[Quantity, ...]


def measured(figure: str, *quantities: Quantity) -> Measured:
    """Show this run's digits of one figure and hand them to the book's status page."""
    rows = [("quantity", "this run"), *((q.label, significant(q.ours)) for q in quantities)]
    _print_table(figure, rows)
    _record_status(figure, quantities)
    return Measured(figure, quantities)


def compare(figure: str | Measured, *quantities: Quantity) -> None:
    """Print the table that nbval checks.

    Args:
        figure: what `measured` returned: what each quantity should be, and whether it is. Or the
            name of a figure of `quantities` whose digits every processor gives: their digits, too,
            and the book's status page receives them.
        quantities: of that name.
    """
    if isinstance(figure, Measured):
        require(not quantities, "quantities", quantities, "given to `measured`")
        asked = [q for q in figure.quantities if q.wanted]
        require(len(asked) > 0, "figure", figure.figure, "one with something to compare with")
        rows = [("quantity", "should be", "is it?")]
        _print_table(figure.figure, rows + [(q.label, q.wanted, q.within) for q in asked])
        return
    rows = [("quantity", "ours", "reference", "± tolerance", "within")]
    for q in quantities:
        alike = q.reference is not None or not q.wanted
        require(alike, f"comparison of {q.name!r}", q.wanted, "left to `compare(measured(...))`")
        tolerance = "" if q.tolerance is None else f"{q.tolerance:g}"
        rows.append((q.label, significant(q.ours), significant(q.reference), tolerance, q.within))
    _print_table(figure, rows)
    _record_status(figure, quantities)


def significant(value: numbers.Real | None) -> str:
    """Three significant digits, in plain notation where that is readable; '' for None."""
    if value is None:
        return ""
    text = f"{value:#.3g}"
    return text.removesuffix(".")


def glue(name: str, value: Any) -> None:
    """Record `value` (a number, also a tensor's or an array's, or a text) under `name`.

    The protocol is MyST-NB's ``glue``: an output of a type that notebooks do not draw.
    """
    _record(name, repr(value.item() if hasattr(value, "item") else value))


def markdown(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A table in Markdown."""
    head = list(head)
    lines = [head, ["--"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, cells))} |" for cells in lines)


def _print_table(title: str, rows: list[tuple[str, ...]]) -> None:
    """Print the first column on the left, the others on the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    print(title)
    for first, *rest in rows:
        cells = [first.ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        print("  ".join(cells).rstrip())


def _record_status(figure: str, quantities: tuple[Quantity, ...]) -> None:
    """Hand the status page digits, reference, and the verdict on that; an expectation is ours."""
    require(len(quantities) > 0, "quantities", quantities, "at least one Quantity")
    record = [
        {
            "name": q.name,
            "unit": q.unit,
            "ours": significant(q.ours),
            "reference": q.reference,
            "tolerance": None if q.reference is None else q.tolerance,
            "within": "" if q.reference is None else q.within,
            "source": (OWN if q.wanted else "") if q.reference is None else q.source,
        }
        for q in quantities
    ]
    _record(STATUS_KEY + figure, json.dumps(record))


def _record(name: str, text: str) -> None:
    prefix = "application/papermill.record/"
    metadata = {"scrapbook": {"name": name, "mime_prefix": prefix}}
    display({prefix + "text/plain": text}, raw=True, metadata=metadata)
