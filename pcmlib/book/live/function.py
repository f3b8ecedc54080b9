"""Live functions: numbers in, arrays out, computed by Numba here and by WebAssembly in a browser.

    @live(time=(400,), conductance=(3, 400))
    def staircase(interval, g_max, time, conductance):
        ...                                # in the Python that Numba compiles; fills the outputs

    @staircase.figure
    def _(time, conductance):
        ...                                # a Matplotlib figure of them

    staircase(interval=38.6, g_max=20)     # {"time": array, "conductance": array}

`staircase.plot(interval=38.6, g_max=20)` gives their figure.

Arguments come in this order: knobs, each a float64, for one of several options its place; data,
arrays that the author gives with the function; outputs, float32 arrays of known shapes, all 0 at
first. The function returns nothing, raises nothing, and draws random numbers from
`pcmlib.base.rng` alone.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numba import from_dtype, types

from pcmlib.base.checks import require
from pcmlib.base.kernels import kernel
from pcmlib.base.rng import cores_for

FUNCTIONS: dict[str, LiveFunction] = {}  # all that were made so far, by name


class Later(NamedTuple):
    """Data that take time to make: made when the function is first called."""

    make: Callable[[], np.ndarray]
    dtype: Any = np.float32
    ndim: int = 1


def live(
    *,
    data: Mapping[str, np.ndarray | Later] | None = None,
    choices: Mapping[str, Sequence[Any]] | None = None,
    **outputs: tuple[int, ...],
) -> Callable[[Callable], LiveFunction]:
    """Make a function live. `outputs`: the shape of each; `data`: the arrays that it is given;
    `choices`: the options of knobs that are no numbers."""
    return lambda function: LiveFunction(function, data or {}, outputs, choices=choices or {})


class LiveFunction:
    """What `live` makes of a function.

    Attributes:
        name: under which a page finds it.
        knobs, data, outputs: its arguments, in this order.
        choices: the options of knobs that are no numbers.
    """

    def __init__(
        self,
        function: Callable,
        data: Mapping[str, np.ndarray | Later],
        outputs: Mapping[str, tuple[int, ...]],
        knobs: Sequence[str] | None = None,
        choices: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        self.function, self.name = function, function.__name__
        self._data, self.outputs, self.choices = dict(data), dict(outputs), dict(choices or {})
        if knobs is None:
            names = list(inspect.signature(function).parameters)
            knobs = names[: len(names) - len(data) - len(outputs)]
            allowed = f"one whose last arguments are {', '.join([*data, *outputs])}"
            require(names[len(knobs) :] == [*data, *outputs], "function", self.name, allowed)
        self.knobs = list(knobs)
        taken = self.name in FUNCTIONS and FUNCTIONS[self.name].place != self.place
        require(not taken, "function", self.name, "a name that no other live function has")
        FUNCTIONS[self.name] = self
        self.draw: Callable[..., Figure] | None = None
        self._here: Callable[..., dict[str, np.ndarray]] | None = None

    @property
    def place(self) -> tuple[str, str]:
        """Where it was written."""
        return self.function.__module__, self.function.__qualname__

    @cached_property
    def data(self) -> dict[str, np.ndarray]:
        """The arrays that it is given."""
        return {n: x.make() if isinstance(x, Later) else x for n, x in self._data.items()}

    @cached_property
    def compiled(self) -> Callable:
        """Compiled for this machine."""
        return kernel(error_model="numpy")(self.function)

    @property
    def types(self) -> tuple[list[Any], list[Any]]:
        """Numba's types of the data and of the outputs."""
        data = [types.Array(from_dtype(x.dtype), x.ndim, "C") for x in self._data.values()]
        outputs = [types.Array(types.float32, len(shape), "C") for shape in self.outputs.values()]
        return data, outputs

    @property
    def parts(self) -> list[tuple[Callable, tuple]]:
        """What a browser calls, compiled functions with their types; here it is one.

        If there are two, the first takes data and knobs and returns a place in the data, and the
        second takes what is at that place, and the outputs.
        """
        data, outputs = self.types
        return [(self.compiled, (*[types.float64] * len(self.knobs), *data, *outputs))]

    def __call__(self, **knobs: float) -> dict[str, np.ndarray]:
        """Its outputs, as this machine computes them.

        Raises:
            ValueError: for another set of knobs.
        """
        given = self.checked(knobs)
        if self._here:
            return self._here(**given)
        outputs = {name: np.zeros(shape, np.float32) for name, shape in self.outputs.items()}
        inputs = [x.copy() for x in self.data.values()]
        with cores_for(0):  # one core: it may call kernels that would take more
            self.compiled(*given.values(), *inputs, *outputs.values())
        return outputs

    def plot(self, **knobs: Any) -> Figure:
        """The figure of its outputs; a knob that is a choice takes one of its options.

        Raises:
            ValueError: for another set of knobs, or for what is no option.
        """
        return self.draw(**self(**self.placed(knobs)))

    def placed(self, knobs: Mapping[str, Any]) -> dict[str, Any]:
        """The knobs, with its place for each option."""
        placed = dict(knobs)
        for name, options in self.choices.items():
            if name in knobs:
                require(knobs[name] in options, name, knobs[name], f"one of {list(options)}")
                placed[name] = options.index(knobs[name])
        return placed

    def checked(self, knobs: Mapping[str, float]) -> dict[str, float]:
        """The knobs in their order, as numbers."""
        allowed = f"a value for each of {', '.join(self.knobs)}"
        require(set(knobs) == set(self.knobs), "knobs", sorted(knobs), allowed)
        return {name: float(knobs[name]) for name in self.knobs}

    def describe(self) -> dict[str, Any]:
        """What a page has to know of its arguments."""
        return {
            "knobs": self.knobs,
            "data": list(self._data),
            "outputs": [[name, list(shape)] for name, shape in self.outputs.items()],
        }

    def figure(self, draw: Callable[..., Figure]) -> LiveFunction:
        """Decorator: `draw` makes a figure of the outputs, given by name."""
        self.draw = draw
        return self

    def here(self, compute: Callable[..., dict[str, np.ndarray]]) -> LiveFunction:
        """Decorator: `compute`(knobs) gives the outputs on this machine, where that is faster than
        to compile the function for it."""
        self._here = compute
        return self


class Chosen(LiveFunction):
    """A live function in two parts: knobs change one of several records, and what comes of that.

    `choose`(runs, knobs) is plain arithmetic on the records, which Numba compiles and Python calls;
    it returns the place of one. A browser then calls the compiled `compute`(record, outputs), and
    this machine `here`(record), which returns the outputs.
    """

    def __init__(
        self,
        choose: Callable[..., int],
        runs: np.ndarray,
        outputs: Mapping[str, tuple[int, ...]],
        compute: Callable,
        here: Callable[[np.void], dict[str, np.ndarray]],
        choices: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        knobs = list(inspect.signature(choose).parameters)[1:]
        super().__init__(choose, {"runs": runs}, outputs, knobs, choices)
        self.compute = compute
        self.here(lambda **knobs: here(self.chosen(**knobs)))

    def chosen(self, **knobs: float) -> np.void:
        """The record that the knobs make."""
        runs = self.data["runs"].copy().view(np.recarray)
        return runs[self.function(runs, **knobs)]

    @property
    def parts(self) -> list[tuple[Callable, tuple]]:
        runs, outputs = self.types
        knobs = [types.float64] * len(self.knobs)
        return [(self.compiled, (*runs, *knobs)), (self.compute, (runs[0].dtype, *outputs))]
