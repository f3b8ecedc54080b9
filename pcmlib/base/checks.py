"""One way to take a user's value: made plain where it is what is meant, else refused by name."""

from __future__ import annotations

import dataclasses
import difflib
import math
import numbers
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NoReturn, get_type_hints

import numpy as np
import torch
from torch import Tensor

_LONGEST = 300  # characters of a value in a message
Values = Any  # a user's numbers: a tensor, an array, a list of any type that holds such numbers


def require(condition: bool, name: str, value: Any, allowed: str) -> None:
    """Raise ``ValueError("name = value: must be allowed")`` unless `condition` holds.

    Of a long value, such as an array, the middle is left out.
    """
    if not condition:
        text = repr(value)
        text = text if len(text) <= _LONGEST else f"{text[:90]} ... {text[-60:]}"
        raise ValueError(f"{name} = {text}: must be {allowed}")


def require_known(name: str, value: Any, known: Iterable[str], more: str = "") -> None:
    """Require one of the `known` names; of a name that is nearly one of them, the message asks."""
    names = list(known)
    near = difflib.get_close_matches(value, names, n=1) if isinstance(value, str) else []
    asks = f"; did you mean {near[0]}?" if near else ""
    require(value in names, name, value, f"one of {', '.join(names)}{more}{asks}")


def is_number(value: Any) -> bool:
    """True for a finite real number that is not a bool."""
    try:
        real = isinstance(value, numbers.Real) and not isinstance(value, bool)
        return real and math.isfinite(value)
    except OverflowError:  # a whole number beyond any float
        return False


def require_number(
    name: str,
    value: Any,
    *,
    above: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
) -> None:
    """Require a finite number, above `above`, at least `at_least` and at most `at_most`."""
    bounds = {"above": above, "at least": at_least, "at most": at_most}
    limits = [f"{word} {limit:g}" for word, limit in bounds.items() if limit is not None]
    fits = (
        is_number(value)
        and (above is None or value > above)
        and (at_least is None or value >= at_least)
        and (at_most is None or value <= at_most)
    )
    require(bool(fits), name, value, " ".join(["a finite number", " and ".join(limits)]).strip())


def require_count(name: str, value: Any, *, at_least: int = 1, at_most: int | None = None) -> None:
    """Require a whole number, at least `at_least` and at most `at_most`."""
    upper = "" if at_most is None else f" and at most {at_most}"
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    in_range = whole and value >= at_least and (at_most is None or value <= at_most)
    require(in_range, name, value, f"a whole number, at least {at_least}{upper}")


def plain(value: Any) -> Any:
    """NumPy's and torch's numbers as Python's own; lists, arrays and tensors as tuples of them.

    What is something else comes back as it is, for a check to refuse.
    """
    if isinstance(value, np.ndarray | np.generic | Tensor):
        value = value.tolist()
    if isinstance(value, list | tuple | range):
        return tuple(plain(item) for item in value)
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return value
    try:
        return int(value) if isinstance(value, numbers.Integral) else float(value)
    except OverflowError:
        return value


def make_plain(record: Any) -> None:
    """Make every field of a frozen dataclass plain, as its ``__post_init__`` has to begin.

    A whole number becomes a float where the field's type says so. So a record is the same, to the
    letter of its JSON, whether a number in it came from Python, NumPy or torch.

    Raises:
        ValueError: for a float that compiled code, in float32, would take for 0 or for infinite.
    """
    floating = _floating(type(record))
    for field in dataclasses.fields(record):
        value = plain(getattr(record, field.name))
        if field.name in floating:
            value = _floats(value)
            for number in value if isinstance(value, tuple) else (value,):
                held = not is_number(number) or number == 0 or _LEAST <= abs(number) <= _MOST
                allowed = f"0 or, without its sign, from {_LEAST:.3g} to {_MOST:.3g}, as in float32"
                require(held, field.name, number, allowed)
        object.__setattr__(record, field.name, value)


def named_pairs(name: str, values: Any) -> Any:
    """A dict, or pairs in any order, as pairs of a name and a plain value, sorted; each name once.

    Raises:
        ValueError: naming the parameter, for anything else.
    """
    pairs = plain(tuple(values.items()) if isinstance(values, Mapping) else values)
    named = isinstance(pairs, tuple) and all(
        isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str) for pair in pairs
    )
    require(named, name, values, "a dict, or pairs of a name and a value")
    require(len(dict(pairs)) == len(pairs), name, values, "pairs, each name once")
    return tuple(sorted(pairs, key=lambda pair: pair[0]))


@cache
def _floating(record: type) -> frozenset[str]:
    """Fields whose type names floats."""
    hints = get_type_hints(record)
    return frozenset(name for name, hint in hints.items() if "float" in str(hint))


def _floats(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_floats, value))
    return float(value) if is_number(value) else value


_LEAST, _MOST = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)
_KINDS = {
    "mask": ("b", "bool"),
    "index": ("i", "a whole-number type"),
    "whole": ("bi", "bool or a whole-number type"),
    "real": ("if", "a type of real numbers"),
    "signal": ("bif", "bool or a type of real numbers"),
}


def as_tensor(
    name: str,
    values: Values,
    kind: str,
    dtype: torch.dtype,
    *,
    shape: tuple[int, ...] | None = None,
) -> Tensor:
    """A user's numbers as a contiguous tensor of `dtype`, apart from any gradient.

    It may share memory with `values`. `kind` says what these may hold: a "mask" bools, an
    "index" whole numbers, "whole" both (and `dtype` has to hold them), "real" whole numbers and
    floats, "signal" all of them.

    Raises:
        ValueError: for another kind or shape, or a number that is not finite in `dtype`.
    """
    if isinstance(values, Tensor):
        tensor = values.detach()
    else:
        try:
            array = np.asarray(plain(values) if isinstance(values, list | tuple) else values)
        except ValueError:  # a list of lists that differ in length
            array = np.array(None)
        if array.size == 0:  # an empty list has no type
            array = array.astype(bool)
        require(array.dtype.kind in "biuf", name, values, "numbers in a tensor, an array or a list")
        if array.dtype.itemsize > 8:  # an extended float, which torch does not know
            array = array.astype(float)
        # Of several names for a type torch knows one.
        native = f"{array.dtype.kind}{array.dtype.itemsize}"
        tensor = torch.from_numpy(np.array(array, order="C", dtype=native).view(native))
    letters, allowed = _KINDS[kind]
    letter = "b" if tensor.dtype == torch.bool else "f" if tensor.is_floating_point() else "i"
    fits = letter in letters and not tensor.is_complex() and tensor.layout == torch.strided
    require(fits or tensor.numel() == 0, f"{name}.dtype", tensor.dtype, allowed)
    found = tuple(tensor.shape)
    require(shape in (None, found), f"{name}.shape", found, f"{allowed} of shape {shape}")
    if tensor.dtype in (torch.uint16, torch.uint32, torch.uint64):  # torch has no min of these
        tensor = tensor.to(torch.float64 if dtype.is_floating_point else torch.int64)
        require(not bool((tensor < 0).any()), name, "beyond int64", f"whole numbers of {dtype}")
    if letter != "b" and not dtype.is_floating_point and tensor.numel():
        low, high = (int(end) for end in tensor.aminmax())
        held = torch.iinfo(dtype)
        inside = held.min <= low and high <= held.max
        require(inside, f"{name} (least, greatest)", (low, high), f"whole numbers of {dtype}")
    given = tensor
    tensor = given.to(device="cpu", dtype=dtype).contiguous()
    some = dtype.is_floating_point and tensor.numel() > 0
    # `isfinite` of them all takes ten times as long
    if some and not all(math.isfinite(end) for end in tensor.aminmax()):
        refuse_entries(name, given, ~tensor.isfinite(), f"finite in {str(dtype)[6:]}")
    return tensor


def refuse_entries(name: str, values: Tensor, wrong: Tensor, allowed: str) -> NoReturn:
    """Raise ValueError with the first of the `wrong` entries, its place, and how many there are."""
    places = wrong.nonzero()
    first = tuple(places[0].tolist())
    where = f"{name}{list(first)}" if first else name
    count = f"; {len(places)} of {wrong.numel()} entries are not" if wrong.numel() > 1 else ""
    raise ValueError(f"{where} = {values[first].item()!r}: must be {allowed}{count}")
