"""How much memory there is; work that needs more is refused before it begins."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from pathlib import Path

from pcmlib.base.checks import require

_CONTAINER = Path("/sys/fs/cgroup/memory.max")


def available() -> float:
    """Bytes that this process may ever have; infinite where the system does not say.

    That is the machine's memory, or a container's, or what `ulimit -v` leaves.
    """
    limits = [math.inf]
    with suppress(AttributeError, ValueError, OSError):  # such as Windows
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    with suppress(ImportError):  # likewise
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        limits += [soft] if soft != resource.RLIM_INFINITY else []
    with suppress(OSError, ValueError):  # no container, or "max"
        limits.append(int(_CONTAINER.read_text()))
    return min(limits)


def require_memory(name: str, value: object, needed: float, hint: str = "") -> None:
    """Refuse a value that needs more bytes than there are; hint: what else the message says."""
    there = available()
    allowed = f"less: it needs {needed / 1e9:,.1f} GB of memory, and there are {there / 1e9:,.1f}"
    require(needed <= there, name, value, allowed + hint)
