"""The knobs of an explorer: a slider, a choice, a toggle.

To a widget every knob is the same thing: a row of `values`, the `texts` that stand at its handle
(with the unit), and the position `start` of the default. On the page of a book a slider moves
freely between its ends, on a `track` of its own.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pcmlib.base.checks import require, require_number


class Knob:
    """A row of values, one of them the default; `describe` says what a page has to know of it."""

    label: str
    default: Any
    values: tuple

    @property
    def texts(self) -> tuple[str, ...]:
        """What stands at the handle, one text for each value."""
        return tuple(str(value) for value in self.values)

    @property
    def start(self) -> int:
        """Position of the default."""
        return self.values.index(self.default)

    def __post_init__(self) -> None:
        require(bool(self.label), "label", self.label, "a text that names the knob")
        require(len(self.values) >= 2, "values", self.values, "two values or more")
        require(self.default in self.values, "default", self.default, f"one of {self.values}")


@dataclass(frozen=True)
class Slider(Knob):
    """From `lo` to `hi` in equal steps; the default is one of the steps."""

    lo: float
    hi: float
    step: float
    default: float
    label: str
    unit: str = ""

    def __post_init__(self) -> None:
        require_number("lo", self.lo)
        require_number("hi", self.hi)
        require_number("step", self.step, above=0)
        steps = (self.hi - self.lo) / self.step
        whole = steps > 0 and math.isclose(steps, round(steps), abs_tol=1e-6)
        require(whole, "hi", self.hi, f"a whole number of steps of {self.step} above {self.lo}")
        super().__post_init__()

    @property
    def values(self) -> tuple:
        steps = range(round((self.hi - self.lo) / self.step) + 1)
        if isinstance(self.lo, int) and isinstance(self.step, int):
            return tuple(self.lo + i * self.step for i in steps)
        # Rounded to 12 digits: 0.1 + 2 * 0.1 is then the 0.3 that an author writes as default.
        return tuple(float(f"{self.lo + i * self.step:.12g}") for i in steps)

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(f"{value:.6g} {self.unit}".rstrip() for value in self.values)

    @property
    def track(self) -> tuple[float, float, float, float]:
        """On a page: least and greatest value, step and default; ten steps for one, or counts."""
        counts = self.step == 1 and all(isinstance(value, int) for value in self.values)
        return self.lo, self.hi, self.step if counts else self.step / 10, self.default

    def describe(self) -> dict[str, Any]:
        return {"kind": "slider", "unit": self.unit}


@dataclass(frozen=True)
class Steps(Knob):
    """A slider over values that are not evenly spaced: 1, 2, 4, 8 pairs, or powers of ten."""

    steps: Sequence[float]
    default: float
    label: str
    unit: str = ""

    def __post_init__(self) -> None:
        for value in self.steps:
            require_number("steps", value)
        rising = all(a < b for a, b in itertools.pairwise(self.steps))
        require(rising, "steps", self.steps, "in rising order")
        super().__post_init__()

    @property
    def values(self) -> tuple:
        whole = all(isinstance(value, int) for value in self.steps)
        return tuple(self.steps) if whole else tuple(map(float, self.steps))  # of one type

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(f"{value:.6g} {self.unit}".rstrip() for value in self.values)

    @property
    def track(self) -> tuple[float, float, float, float]:
        """On a page: the positions of the values, and twenty between two of them."""
        return 0, len(self.values) - 1, 0.05, self.start

    def describe(self) -> dict[str, Any]:
        return {"kind": "steps", "unit": self.unit, "values": list(self.values)}


@dataclass(frozen=True)
class Choice(Knob):
    """One of several options."""

    options: Sequence[Any]
    default: Any
    label: str

    @property
    def values(self) -> tuple:
        return tuple(self.options)

    def describe(self) -> dict[str, Any]:
        return {"kind": "choice", "texts": list(self.texts), "options": [*map(repr, self.options)]}


@dataclass(frozen=True)
class Toggle(Knob):
    """Off or on."""

    default: bool
    label: str

    def __post_init__(self) -> None:
        require(isinstance(self.default, bool), "default", self.default, "True or False")
        super().__post_init__()

    @property
    def values(self) -> tuple:
        return (False, True)

    @property
    def texts(self) -> tuple[str, ...]:
        return ("off", "on")

    def describe(self) -> dict[str, Any]:
        return {"kind": "toggle", "texts": list(self.texts)}
