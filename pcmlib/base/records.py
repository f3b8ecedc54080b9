"""Records with arrays: equality and a hash, which dataclasses leave to raise."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import torch


class Record:
    """Base of a dataclass with arrays or tensors, to be declared with ``eq=False``.

    Two are equal if they are of one class and all fields are that compare: arrays in type, shape
    and every number, NaN being equal to NaN. The hash is that of the numbers and names, and of the
    arrays' shapes.
    """

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(map(_same, _values(self), _values(other)))

    def __hash__(self) -> int:
        return hash((type(self), *map(_outline, _values(self))))


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
