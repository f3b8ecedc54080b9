"""Times in words, such as "30d"."""

from __future__ import annotations

import re
from typing import Any

from pcmlib.base.checks import plain, require

UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 365.25 * 86400.0}
"""Seconds in each."""


def in_seconds(name: str, time: Any) -> Any:
    """A time, or several: numbers as they are, in s, and words such as "30d".

    Raises:
        ValueError: for words that are no time of at least 0 with a unit, which 0 alone may lack.
    """
    time = plain(time)
    if isinstance(time, tuple):
        return tuple(in_seconds(name, one) for one in time)
    if not isinstance(time, str):
        return time
    match = re.fullmatch(rf"\s*(\d+\.?\d*(?:e[+-]?\d+)?)\s*({'|'.join(UNITS)})?\s*", time)
    told = match is not None and (match[2] is not None or float(match[1]) == 0)
    require(told, name, time, f"a number from 0 on, with a unit of {', '.join(UNITS)}, such as 30d")
    return float(match[1]) * UNITS[match[2] or "s"]


def in_words(seconds: float) -> str:
    """A time in the largest unit, but weeks, that leaves at least one of it."""
    unit = next((u for u, s in reversed(UNITS.items()) if seconds >= s and u != "w"), "s")
    return f"{seconds / UNITS[unit]:.4g} {unit}"
