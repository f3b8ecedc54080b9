"""What the tests enforce: annotations with shapes and without, unless a test switches them off."""

import pytest
import torch
from jaxtyping import Float, TypeCheckError
from torch import Tensor
from typecheck import enforced, has_shapes, typecheck, unchecked

from pcmlib.base import checks
from pcmlib.training import TrainConfig

Vector = Float[Tensor, " n"]
here = enforced(typechecker=typecheck)


@here
def add(x: Float[Tensor, " n"], y: "Float[Tensor, ' n']") -> Float[Tensor, " n"]:
    return x + y


@here
def join(x: Vector, y: Vector | None = None) -> "Vector":
    return x if y is None else torch.cat([x, y])


@here
def half(x: float) -> "int":
    return x / 2


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (add, (torch.ones(3), torch.ones(2))),
        (add, (torch.ones(3), 1.0)),
        (join, (torch.ones(3), torch.ones(3))),  # what comes back is twice as long
        (join, (torch.ones(3, 1),)),
        (half, ("x",)),
        (half, (3.0,)),  # comes back as 1.5
        (checks.require, ("yes", "name", 1)),
        (TrainConfig, (3,)),
    ],
)
def test_what_an_annotation_does_not_allow_is_refused(function, arguments):
    with pytest.raises(TypeCheckError):
        function(*arguments)


def test_what_it_allows_passes_and_all_does_where_nothing_is_checked():
    assert add(torch.ones(2), torch.ones(2)).tolist() == [2, 2]
    assert join(torch.ones(2)).tolist() == [1, 1]
    with unchecked():
        assert half(3) == 1.5
        assert add(torch.ones(3), torch.ones(1)).tolist() == [2, 2, 2]


def test_shapes_are_seen_in_an_annotation_and_behind_a_name():
    assert all(map(has_shapes, (add.__wrapped__, join.__wrapped__)))
    assert not has_shapes(half.__wrapped__)
