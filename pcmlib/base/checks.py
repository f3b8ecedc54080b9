"""One way to refuse a bad value: the parameter's name, the value, and what is allowed."""

from __future__ import annotations

import math
import numbers
from typing import Any


def require(condition: bool, name: str, value: Any, allowed: str) -> None:
    """Raise ``ValueError("name = value: must be allowed")`` unless `condition` holds."""
    if not condition:
        raise ValueError(f"{name} = {value!r}: must be {allowed}")


def is_number(value: Any) -> bool:
    """True for a finite real number that is not a bool."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)


def require_number(
    name: str,
    value: Any,
    *,
    above: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
) -> None:
    """Require a finite number, above `above`, at least `at_least` and at most `at_most`."""
    limits = [
        f"{word} {limit:g}"
        for word, limit in (("above", above), ("at least", at_least), ("at most", at_most))
        if limit is not None
    ]
    allowed = " ".join(["a finite number", " and ".join(limits)]).strip()
    require(is_number(value), name, value, allowed)
    require(bool(above is None or value > above), name, value, allowed)
    require(bool(at_least is None or value >= at_least), name, value, allowed)
    require(bool(at_most is None or value <= at_most), name, value, allowed)


def require_count(name: str, value: Any, *, at_least: int = 1, at_most: int | None = None) -> None:
    """Require a whole number, at least `at_least` and at most `at_most`."""
    upper = "" if at_most is None else f" and at most {at_most}"
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    in_range = whole and value >= at_least and (at_most is None or value <= at_most)
    require(in_range, name, value, f"a whole number, at least {at_least}{upper}")
