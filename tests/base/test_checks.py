"""A user's values: taken in whatever they come, made plain, or refused by name."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pcmlib.base.checks import as_tensor, is_number, plain, require


def exactly(value):
    """The value with the types of all its parts."""
    return (tuple, *map(exactly, value)) if type(value) is tuple else (type(value), value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(0.5), 0.5), (np.float32(0.5), 0.5), (np.longdouble(0.5), 0.5), (np.int8(3), 3),
        (np.uint64(2**63), 2**63), (np.bool_(True), True), (np.str_("a"), "a"),
        (np.array(0.5), 0.5), (torch.tensor(3), 3), (torch.tensor(True), True),
        (torch.tensor(0.5, requires_grad=True), 0.5), (torch.tensor(0.5).bfloat16(), 0.5),
        ([1, np.float64(2)], (1, 2.0)), (np.array([[1, 2]]), ((1, 2),)), (range(2), (0, 1)),
        (Fraction(1, 2), 0.5), (None, None), (10**400, 10**400),
    ],
)  # fmt: skip
def test_plain(value, expected):
    assert exactly(plain(value)) == exactly(expected)


def test_a_number_beyond_any_float_is_none():
    assert not is_number(10**400)
    assert not is_number(Fraction(10**400))


FORMS = [
    lambda x: x,
    lambda x: x.tolist(),
    lambda x: x.numpy(),
    lambda x: list(x.numpy()),
    lambda x: list(x),
    lambda x: x.numpy()[:, ::-1][:, ::-1],
    lambda x: x.numpy().astype(x.numpy().dtype.newbyteorder(">")),
    lambda x: x.T.contiguous().T,
]
DTYPES = [getattr(torch, f"{u}int{b}") for u in ("", "u") for b in (8, 16, 32, 64)] + [
    torch.float16, torch.float32, torch.float64,
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("form", range(len(FORMS)))
def test_numbers_are_the_same_in_any_form_and_type(form, dtype):
    numbers = torch.tensor([[0, 1, 2], [3, 100, 5]])
    given = FORMS[form](numbers.to(dtype))
    taken = as_tensor("x", given, "real", torch.float32, shape=(2, 3))
    assert torch.equal(taken, numbers.float())
    assert taken.is_contiguous()
    if not dtype.is_floating_point:
        assert torch.equal(as_tensor("x", given, "whole", torch.int32), numbers.int())


@given(st.integers(-(2**63), 2**64 - 1))
def test_a_whole_number_is_kept_or_refused(value):
    dtype = torch.int64 if value < 2**63 else torch.uint64
    for form in (torch.tensor([value], dtype=dtype), [value], np.array([value])):
        if -(2**31) <= value < 2**31:
            assert as_tensor("x", form, "whole", torch.int32).tolist() == [value]
        else:
            with pytest.raises(ValueError, match="x"):
                as_tensor("x", form, "whole", torch.int32)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1.0], "whole"), ([1.0], "mask"), ([1], "mask"), ([True], "real"), ([1j], "signal"),
        (torch.ones(1) * 1j, "real"), (["1"], "real"), ([None], "real"), ([[1], [1, 2]], "real"),
        ("1", "real"), (None, "real"), (object(), "real"), ({1: 2}, "real"),
        ([math.nan], "real"), (np.array([1e300]), "real"), (torch.tensor([math.inf]), "signal"),
        (torch.ones(2).to_sparse(), "real"), (np.array(["2020"], "M8"), "real"),
    ],
)  # fmt: skip
def test_what_is_not_such_numbers_is_refused_by_name(values, kind):
    dtype = {"whole": torch.int32, "mask": torch.bool}.get(kind, torch.float32)
    with pytest.raises(ValueError, match=r"^change\S* .*must be"):
        as_tensor("change", values, kind, dtype)


@given(st.integers(0, 5000))
def test_a_long_value_is_shortened_and_a_short_one_is_not(n):
    values = list(range(n))
    with pytest.raises(ValueError, match=r"^x = .*: must be empty$") as error:
        require(False, "x", values, "empty")
    assert len(str(error.value)) < 330
    assert n > 50 or repr(values) in str(error.value)


def test_the_first_entry_that_is_not_finite_is_named_with_its_place():
    values = np.zeros((2, 50, 1))
    values[1, 37:40, 0] = math.nan
    words = r"^x\[1, 37, 0\] = nan: must be finite in float32; 3 of 100 entries are not$"
    with pytest.raises(ValueError, match=words):
        as_tensor("x", values, "real", torch.float32)
    with pytest.raises(ValueError, match=r"^x\[0\] = 1e\+300: must be finite in float32$"):
        as_tensor("x", np.array([1e300]), "real", torch.float32)
    with pytest.raises(ValueError, match=r"^x = inf: must be finite in float64$"):
        as_tensor("x", math.inf, "real", torch.float64)
