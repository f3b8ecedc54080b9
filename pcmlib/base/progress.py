"""Progress bars: on a terminal and in a notebook; none in a pipe, nor while the book is built."""

from __future__ import annotations

import os
import sys
from typing import Any

from tqdm.auto import tqdm


def watched() -> bool:
    """Whether somebody sees what moves."""
    in_notebook = tqdm.__name__ == "tqdm_notebook"
    return "PCMLIB_BOOK" not in os.environ and (in_notebook or sys.stderr.isatty())


def progress(iterable: Any = None, **options: Any) -> tqdm:
    """tqdm over `iterable` (or with total=...), shown where somebody sees it move."""
    options.setdefault("disable", not watched())
    return tqdm(iterable, leave=False, **options)
