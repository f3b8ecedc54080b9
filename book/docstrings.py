"""Sphinx extension: docstrings are plain text, and the package reference shows them as such.

A docstring is written to be read in the code: prose, `code` between backticks, "- " lists, and
indented lines for equations and tables, shown as they stand. Any other character means itself.
A dataclass shows its fields with their comments.
"""

import dataclasses
import inspect
import itertools
import re
import textwrap
from collections.abc import Iterator

from sphinx.application import Sphinx
from sphinx.ext.autodoc import DataDocumenter

CODE = re.compile(r"``(.+?)``|`([^`]+)`")
MARKUP = re.compile(r"([\\*_|`])")
LINE = 100  # characters


def prose(line: str) -> str:
    """Return one line as reStructuredText: code as code, and no other markup."""
    parts, end = [], 0
    for found in CODE.finditer(line):
        code = found[1] or found[2]
        parts += [MARKUP.sub(r"\\\1", line[end : found.start()]), rf"\ ``{code}``\ "]
        end = found.end()
    return "".join(parts) + MARKUP.sub(r"\\\1", line[end:])


def blocks(lines: list[str]) -> Iterator[str]:
    """Yield the docstring's lines with indented blocks marked as literal."""
    literal = in_list = False
    for line in lines:
        bare = line.strip()
        indented = line.startswith(" ")
        if not bare:
            yield ""
            continue
        in_list = bare.startswith("- ") or (in_list and indented)
        if (indented and not in_list) != literal:
            literal = not literal
            yield from ["", "::", ""] if literal else [""]
        if literal:
            yield line
        elif bare.startswith("- "):
            yield line[: line.index("- ") + 2] + prose(bare[2:])
        elif in_list:
            yield line[: len(line) - len(line.lstrip())] + prose(bare)
        else:  # the empty escape keeps "1. " or "a) " at the start from making a list
            yield r"\ " + prose(re.sub("::$", ":", bare))


def fields(kind: type) -> Iterator[str]:
    """Yield a dataclass's fields as the code has them: their comments hold unit and source."""
    lines = textwrap.dedent(inspect.getsource(kind)).splitlines()
    first = next(iter(kind.__dataclass_fields__))
    from_first = itertools.dropwhile(lambda line: not line.startswith(f"    {first}:"), lines)
    until_methods = itertools.takewhile(
        lambda line: not line.startswith(("    def ", "    @")), from_first
    )
    yield from ["", ".. code-block:: python", "", *until_methods, ""]


def rewrite(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]):
    """Replace a docstring's lines, as autodoc asks."""
    lines[:] = list(blocks(lines))
    if what == "class" and dataclasses.is_dataclass(obj):
        lines += fields(obj)


def without_fields(
    app: Sphinx, what: str, name: str, obj: object, options: object, signature: str, returns: str
) -> tuple[str, str] | None:
    """Leave out a dataclass's signature: its fields follow, with their comments."""
    return ("", returns) if what == "class" and dataclasses.is_dataclass(obj) else None


class ShortData(DataDocumenter):
    """Data show their value if it takes no more than a line: not a study's thousand trials."""

    def should_suppress_value_header(self) -> bool:
        return len(repr(self.object)) > LINE or super().should_suppress_value_header()


def skip_alias(app: Sphinx, what: str, name: str, obj: object, skip: bool, options: object):
    """Leave out the fields of named tuples, whose docstrings only number them."""
    return True if (obj.__doc__ or "").startswith("Alias for field number") else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.setup_extension("sphinx.ext.autodoc")
    app.add_autodocumenter(ShortData, override=True)
    app.connect("autodoc-process-docstring", rewrite)
    app.connect("autodoc-process-signature", without_fields)
    app.connect("autodoc-skip-member", skip_alias)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
