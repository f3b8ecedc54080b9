"""The script that pages with live functions load.

``python -m pcmlib.book.live.page FILE`` writes it.
"""

from __future__ import annotations

import base64
import json
import sys
import zlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from pcmlib.book.live.webassembly import build

_EXPLORERS = sorted((Path(__file__).parent.parent / "explorers").glob("[!_]*.py"))
MODULES = tuple(f"pcmlib.book.explorers.{path.stem}" for path in _EXPLORERS)
"""Whose functions the book's pages call."""


def script(modules: Sequence[str] = MODULES) -> str:
    """Object, descriptions and runtime in one script, which no page has to fetch more for."""
    built = build(tuple(modules))
    packed = zlib.compress(base64.b64decode(built["object"]), 9)
    told = {"object": base64.b64encode(packed).decode(), "functions": built["functions"]}
    code = [files("pcmlib.book.live").joinpath(name).read_text("utf-8") for name in _SCRIPTS]
    return "\n".join([f"const PCMLIB = {json.dumps(told)};", *code])


_SCRIPTS = ("artists.js", "runtime.js", "explore.js")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(script(), encoding="utf-8")
