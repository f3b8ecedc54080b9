"""Records with arrays: equal where all is equal, and hashed so that equal ones meet."""

import dataclasses
import importlib
import pkgutil

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from runs import made_up

import pcmlib
from pcmlib.base.records import Record
from pcmlib.tasks import PatternTask
from pcmlib.training import TrainConfig, TrainingRun


@dataclasses.dataclass(frozen=True, eq=False)
class Point(Record):
    x: object
    note: str = dataclasses.field(default="", compare=False)


numbers = st.sampled_from([0.0, 1.0, float("nan"), float("inf")])
arrays = st.lists(numbers, max_size=3).flatmap(
    lambda row: st.sampled_from(["float32", "float64"]).map(lambda d: np.array(row, d))
)
values = st.recursive(
    st.one_of(numbers, st.integers(0, 2), arrays, arrays.map(torch.from_numpy)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.lists(inner, max_size=2).map(tuple),
        st.dictionaries(st.sampled_from("ab"), inner),
    ),
    max_leaves=4,
)


def spelled(value):
    """All that there is to a value, in words."""
    if isinstance(value, (np.ndarray, torch.Tensor)):
        return f"{type(value)} {value.dtype} {tuple(value.shape)} {value.tolist()}"
    if isinstance(value, dict):
        return str({key: spelled(value[key]) for key in sorted(value)})
    if isinstance(value, (list, tuple)):
        return f"{type(value)} {[spelled(item) for item in value]}"
    return repr(value)


@given(values, values)
@example(float("nan"), float("nan"))
@example(np.array([np.nan]), np.array([np.nan]))
def test_equal_is_what_is_spelled_the_same(a, b):
    assert (Point(a) == Point(b)) == (spelled(a) == spelled(b))
    if Point(a) == Point(b):
        assert hash(Point(a)) == hash(Point(b))


@given(values)
def test_a_copy_is_equal_and_found_in_a_set(value):
    from copy import deepcopy

    assert Point(deepcopy(value)) in {Point(value, note="another")}
    assert Point(value) != "a point"


def test_runs_are_equal_by_configuration_and_tensors():
    one, same = (made_up([[0.5, np.nan]]) for _ in range(2))
    slower = dataclasses.replace(same, seconds=9.0)
    assert one == same == slower
    assert len({one, same, slower}) == 1
    assert one != made_up([[0.5, 0.25]])
    assert one != dataclasses.replace(one, config=TrainConfig(epochs=2, n_in=3, n_rec=4, seed=1))
    for field in dataclasses.fields(one):
        value = getattr(one, field.name)
        if isinstance(value, torch.Tensor) and value.numel():
            changed = value.clone()
            changed.view(-1)[0] = ~changed.view(-1)[0] if value.dtype == torch.bool else 7
            assert one != dataclasses.replace(one, **{field.name: changed}), field.name
    for name, values in one.state.items():
        other = one.state | {name: values + 1}
        assert one != dataclasses.replace(one, state=other)
    assert one != dataclasses.replace(one, state={})


def _dataclasses():
    for module in pkgutil.walk_packages(pcmlib.__path__, "pcmlib."):
        if not module.name.endswith("__main__"):
            for value in vars(importlib.import_module(module.name)).values():
                known = getattr(value, "__module__", None) == module.name
                if known and isinstance(value, type) and dataclasses.is_dataclass(value):
                    yield value


@pytest.mark.parametrize("record", list(_dataclasses()), ids=lambda record: record.__name__)
def test_no_dataclass_with_arrays_leaves_its_comparison_to_them(record):
    """Python's own comparison of fields raises for arrays: there is a `Record`, or identity."""
    arrays = [
        field.name
        for field in dataclasses.fields(record)
        if any(word in str(field.type) for word in ("Tensor", "ndarray", "PerReplica"))
    ]
    if arrays:
        assert record.__eq__ in (Record.__eq__, object.__eq__), arrays
        assert record.__hash__ in (Record.__hash__, object.__hash__), arrays
    if issubclass(record, Record):
        assert record.__repr__ in (Record.__repr__, TrainingRun.__repr__)


@given(values)
def test_the_repr_has_the_shapes_of_arrays_and_no_number_of_them(value):
    long = np.full((3, 1000), 0.125), torch.full((2, 5), 0.125)
    shown = repr(Point({"a": [value, *long]}, note="n"))
    assert shown.startswith("Point(x={'a': [")
    assert shown.endswith("float64[3, 1000], float32[2, 5]]}, note='n')")
    assert "0.125" not in shown


def test_a_run_is_shown_in_a_few_lines():
    run = made_up([[1.0, 0.5], [3.0, 0.25]], set_pulses=[[1, 70], [2, 31]], scheme="sign")
    assert repr(run).splitlines() == [
        "sign, 2 epochs, 2 networks (mean, least to greatest)",
        "loss 0.3750, 0.2500 to 0.5000 (of the last epoch)",
        "rate 10.0 Hz, trained in 1.0 s",
        "50 SET and 0 RESET pulses a network",  # 50.5, rounded to even
    ]
    assert repr(made_up([[float("nan")]])).splitlines()[0] == "vanilla, 1 epoch, 1 network"
    patterns = PatternTask(n_in=4, steps=5).generate([0])
    shapes = "inputs=bool[1, 3, 5, 4], targets=float32[1, 3, 5, 1], counts=float32[1, 3, 5]"
    assert repr(patterns) == f"Samples({shapes})"
