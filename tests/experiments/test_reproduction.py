"""The comparison tables: what is printed, what is refused, and what the book receives."""

import io
import json
from contextlib import redirect_stdout

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcmlib.experiments.reproduction import STATUS_KEY, Quantity, compare, glue, significant

finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.0567, "2.06"),
        (9.4, "9.40"),
        (-10.75, "-10.8"),
        (20, "20.0"),
        (441, "441"),
        (1e-3, "0.00100"),
    ],
)
def test_three_significant_digits(value, text):
    assert significant(value) == text


@given(finite.filter(lambda x: x == 0 or 1e-300 < abs(x) < 1e300))
def test_significant_digits_keep_the_value(value):
    """Rounding to three digits moves a number by at most half of the third: 0.5 %."""
    assert float(significant(value)) == pytest.approx(value, rel=0.0051, abs=0)


@given(finite, finite, st.floats(min_value=0, allow_infinity=False))
def test_within_is_symmetric(ours, reference, tolerance):
    """Ours beside theirs, or theirs beside ours: the verdict is the same."""
    one = Quantity("x", "µS", ours, reference, tolerance)
    other = Quantity("x", "µS", reference, ours, tolerance)
    assert one.within == other.within
    assert Quantity("x", "µS", ours, ours, tolerance).within == "yes"


def test_within_at_and_beyond_the_tolerance():
    assert Quantity("x", "", 2.25, 2.0, 0.25).within == "yes"
    assert Quantity("x", "", 2.26, 2.0, 0.25).within == "no"
    assert Quantity("x", "", 2.26).within == ""


@pytest.mark.parametrize("ours", [float("nan"), float("inf"), True])
def test_refuses_what_is_no_number(ours):
    with pytest.raises(ValueError, match=r"ours of 'loss'.*finite number"):
        Quantity("loss", "", ours)


def test_refuses_a_reference_without_tolerance():
    with pytest.raises(ValueError, match="together"):
        Quantity("loss", "", 0.1, reference=0.1)


def test_refuses_an_empty_table():
    with pytest.raises(ValueError, match="at least one"):
        compare("Fig. 5")


def test_table_is_aligned_and_recorded(displayed):
    """The text that nbval compares, and the record that the status page shows."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        compare("Fig. 5", Quantity("mean", "µS", 2.0567, 2.06, 0.1), Quantity("pulses", "", 20))
    assert printed.getvalue().splitlines() == [
        "Fig. 5",
        "quantity   ours  reference  ± tolerance  within",
        "mean (µS)  2.06       2.06          0.1     yes",
        "pulses     20.0",
    ]
    (bundle,), (metadata,) = zip(*displayed, strict=True)
    assert metadata["scrapbook"]["name"] == STATUS_KEY + "Fig. 5"
    (text,) = bundle.values()
    assert [row["ours"] for row in json.loads(text)] == ["2.06", "20.0"]


@pytest.mark.parametrize("value", [0.25, np.float32(0.25), np.array(0.25)])
def test_glue_records_a_plain_number(displayed, value):
    """A NumPy scalar's own repr is not a number that the book's text could format."""
    glue("loss", value)
    ((bundle, metadata),) = displayed
    assert metadata["scrapbook"]["name"] == "loss"
    assert list(bundle.values()) == ["0.25"]


@pytest.fixture
def displayed(monkeypatch):
    """Collect (data, metadata) of every display call."""
    calls = []
    monkeypatch.setattr(
        "pcmlib.experiments.reproduction.display",
        lambda data, raw, metadata: calls.append((data, metadata)),
    )
    return calls
