"""Records with arrays: equality and a hash, which dataclasses leave to raise, and a short repr."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch


class Record:
    """Base of a dataclass with arrays or tensors, to be declared with ``eq=False``.

    Two are equal if they are of one class and all fields are that compare: arrays in type, shape
    and every number, NaN being equal to NaN. The hash is that of the numbers and names, and of the
    arrays' shapes. In the repr an array is its type and shape.
    """

    def __init_subclass__(cls) -> None:
        if "__repr__" not in vars(cls):
            cls.__repr__ = Record.__repr__  # in the class itself, where a dataclass leaves it

    def __repr__(self) -> str:
        return short(self, [f.name for f in dataclasses.fields(self)])

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(map(_same, _values(self), _values(other)))

    def __hash__(self) -> int:
        return hash((type(self), *map(_outline, _values(self))))


def short(record: Any, fields: Iterable[str] | None = None) -> str:
    """A record or a named tuple on one line, without the numbers of its arrays."""
    names = record._fields if fields is None else fields
    parts = (f"{name}={_brief(getattr(record, name))}" for name in names)
    return f"{type(record).__name__}({', '.join(parts)})"


def _brief(value: Any) -> str:
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_brief(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_brief, value))}]"
    return repr(value)


def _values(record: Any) -> list[Any]:
    return [getattr(record, f.name) for f in dataclasses.fields(record) if f.compare]


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return a.dtype == b.dtype and _same(a.detach().cpu().numpy(), b.detach().cpu().numpy())
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)) and type(a) is type(b):
        return len(a) == len(b) and all(map(_same, a, b))
    return type(a) is type(b) and (a == b or (a != a and b != b))


def _outline(value: Any) -> Any:
    """Something to hash that is the same for values that are."""
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return tuple(value.shape)
    if isinstance(value, dict):
        return frozenset((key, _outline(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(map(_outline, value))
    return None if value != value else value
