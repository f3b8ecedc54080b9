"""Progress bars: on a terminal and in a notebook; none in a pipe, nor while the book is built."""

from __future__ import annotations

import os
from typing import Any

from tqdm.auto import tqdm


def progress(iterable: Any = None, **options: Any) -> tqdm:
    """tqdm over `iterable` (or with total=...), shown where somebody sees it move."""
    in_notebook = tqdm.__name__ == "tqdm_notebook"
    options.setdefault("disable", "PCMLIB_BOOK" in os.environ or (False if in_notebook else None))
    return tqdm(iterable, leave=False, **options)
