"""Schemes by name: a rule, and the memory that it is for. A reader's own joins them."""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from pcmlib.base.checks import require
from pcmlib.schemes import kernels, rules
from pcmlib.schemes.rules import Settings


@dataclass(frozen=True)
class Scheme:
    """A rule of `pcmlib.schemes.rules`, or one like them.

    Raises:
        ValueError: for a rule that takes or returns anything else.
    """

    rule: Callable
    on_crossbar: bool = True  # False: for digital weights
    preset: str | None = None  # the scheme whose sets of hyperparameters it takes; None: its own
    resets: bool = field(init=False, default=False)  # whether the rule asks for RESETs

    def __post_init__(self) -> None:
        plain = inspect.isfunction(self.rule)
        named = tuple(inspect.signature(self.rule).parameters) if plain else ()
        allowed = f"a function of {', '.join(_TAKES)}, in this order"
        require(named == _TAKES, "rule", getattr(self.rule, "__name__", self.rule), allowed)
        probe = Settings(*(1.0 for _ in Settings._fields))
        try:
            found = self.rule(0.5, 0.0, 0.5, 1.0, 1.0, probe)
            count = len(found)
            numbers = all(math.isfinite(x) for x in found)
        except Exception as error:
            allowed = f"one that computes with numbers: {type(error).__name__}: {error}"
            raise ValueError(f"rule = {self.rule.__name__}: must be {allowed}") from error
        allowed = "one that returns up, down, kept, or these and reset_plus, reset_minus"
        require(count in (3, 5) and numbers, "rule", self.rule.__name__, allowed)
        object.__setattr__(self, "resets", count == 5)

    @cached_property
    def keeps(self) -> bool:
        """Whether the rule ever keeps anything of its own.

        One that does not hands back the very `kept` that it was given: arithmetic makes new
        numbers. Many inputs are tried, since a rule may have branches.
        """
        probe = Settings(*(1.0 for _ in Settings._fields))
        for g, before, chance, plus, minus in itertools.product(*_PROBES):
            kept = float(str(before))  # a number that is no other object
            with np.errstate(all="ignore"), suppress(ArithmeticError, ValueError):
                if self.rule(g, kept, chance, plus, minus, probe)[2] is not kept:
                    return True
        return False

    @property
    def built_in(self) -> bool:
        """Whether the rule is pcmlib's own, and no reader's."""
        return self.rule.__module__ == rules.__name__

    @property
    def kernel(self) -> Callable:
        """The rule compiled over the synapses of a layer (`pcmlib.schemes.kernels`)."""
        make = kernels.decider if self.on_crossbar else kernels.descender
        return make(self.rule, self.resets)

    @cached_property
    def pointer(self) -> kernels.Pointer:
        """The kernel as an argument for compiled code."""
        return kernels.Pointer(self.kernel)


_TAKES = ("g", "kept", "chance", "plus", "minus", "s")
_SIGNED, _CHANCES, _SIDE = (-30.0, -0.3, 0.3, 30.0), (0.01, 0.5, 0.99), (0.1, 9.0)
_PROBES = _SIGNED, _SIGNED, _CHANCES, _SIDE, _SIDE  # on both sides of the settings, which are 1

SCHEMES: dict[str, Scheme] = {
    "vanilla": Scheme(rules.vanilla, on_crossbar=False),
    "accumulator": Scheme(rules.accumulator, on_crossbar=False),
    "sign": Scheme(rules.sign),
    "stochastic": Scheme(rules.stochastic),
    "multi-mem": Scheme(rules.multi_mem),
    "mixed-precision": Scheme(rules.mixed_precision),
    "upd-ready": Scheme(rules.upd_ready),
}

HOLD = Scheme(rules.hold)  # of a second crossbar, which holds what a scheme keeps


def add_scheme(
    name: str, rule: Callable, *, on_crossbar: bool = True, preset: str | None = None
) -> Scheme:
    """Make `rule` a scheme of this name, for ``TrainConfig(scheme=name)`` and all that takes one.

    A name of your own may be given again, to another rule; those of the built-in schemes may not.

    Args:
        name: of the scheme.
        rule: a function as in `pcmlib.schemes.rules`.
        on_crossbar: False for digital weights.
        preset: a built-in scheme for the same memory; ``TrainConfig.preset(name)`` takes its set.

    Raises:
        ValueError: for such a name, a rule that is none, or one that Numba cannot compile.
    """
    taken = {known: scheme for known, scheme in SCHEMES.items() if scheme.built_in}
    allowed = f"a name of your own, none of {', '.join(taken)}"
    require(isinstance(name, str) and name not in ("", *taken), "name", name, allowed)
    require(isinstance(on_crossbar, bool), "on_crossbar", on_crossbar, "a bool")
    alike = [known for known, scheme in taken.items() if scheme.on_crossbar == on_crossbar]
    require(preset in (None, *alike), "preset", preset, f"None or one of {', '.join(alike)}")
    scheme = Scheme(rule, on_crossbar, preset)
    kernels.check(scheme.kernel)
    SCHEMES[name] = scheme
    return scheme
