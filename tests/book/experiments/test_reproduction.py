"""The comparison tables: what is printed, what is refused, and what the book receives."""

import io
import json
from contextlib import redirect_stdout

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcmlib.book.experiments.reproduction import (
    CODE,
    LAW,
    OWN,
    STATUS_KEY,
    Quantity,
    compare,
    glue,
    measured,
    significant,
)

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


@given(finite, finite, st.floats(min_value=0, allow_infinity=False))
def test_every_comparison_gives_its_verdict(ours, limit, tolerance):
    """An expectation as a reference; a limit itself is allowed."""
    expected = Quantity("x", "", ours, expected=limit, tolerance=tolerance)
    assert expected.within == Quantity("x", "", ours, limit, tolerance).within
    assert Quantity("x", "", ours, at_least=limit).within == ("yes" if ours >= limit else "no")
    assert Quantity("x", "", ours, at_most=limit).within == ("yes" if ours <= limit else "no")


def test_what_is_never_reached_is_no_expectation():
    never = float("inf")
    assert Quantity("pulses", "", never, expected=0.7, tolerance=0.2).within == "no"
    assert Quantity("pulses", "", never, at_most=1e9).within == "no"
    assert significant(never) == "inf"


@pytest.mark.parametrize("ours", [float("nan"), True])
def test_refuses_what_is_no_number(ours):
    with pytest.raises(ValueError, match=r"ours of 'loss'.*a number"):
        Quantity("loss", "", ours)


@pytest.mark.parametrize("field", ["reference", "expected", "at_least", "at_most"])
def test_refuses_a_bound_that_is_not_finite(field):
    with pytest.raises(ValueError, match=rf"{field} of 'loss'.*a finite number"):
        Quantity("loss", "", 0.1, tolerance=0.1, **{field: float("inf")})


@pytest.mark.parametrize(
    "bounds",
    [
        {"reference": 0.1},
        {"expected": 0.1},
        {"tolerance": 0.1},
        {"at_least": 0.1, "tolerance": 0.1},
    ],
)
def test_refuses_a_centre_without_tolerance_and_the_reverse(bounds):
    with pytest.raises(ValueError, match=r"tolerance of 'loss'.*given with"):
        Quantity("loss", "", 0.1, **bounds)


@pytest.mark.parametrize("other", ["expected", "at_least", "at_most"])
def test_refuses_two_comparisons(other):
    with pytest.raises(ValueError, match=r"comparison of 'loss'.*one of"):
        Quantity("loss", "", 0.1, reference=0.1, tolerance=0.1, **{other: 0.1})


@pytest.mark.parametrize("table", [compare, measured])
def test_refuses_an_empty_table(table):
    with pytest.raises(ValueError, match="at least one"):
        table("Fig. 5")


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


def test_a_reference_has_a_source(displayed):
    with redirect_stdout(io.StringIO()):
        compare("Fig. 2", Quantity("sd", "µS", 1.73, 1.73, 0.01, source=LAW))
    ((bundle, _),) = displayed
    assert [row["source"] for row in json.loads(*bundle.values())] == [LAW]
    with pytest.raises(ValueError, match=r"source of 'sd' = ' '"):
        Quantity("sd", "µS", 1.73, 1.73, 0.01, source=" ")


def trained(last_digits):
    """The numbers of a training on a processor with these last digits."""
    return (
        Quantity("loss", "", 0.0073 + last_digits, expected=0.0073, tolerance=0.0019),
        Quantity("README's loss", "", 0.13 + last_digits, reference=0.135, tolerance=0.03),
        Quantity("networks ahead", "of 8", 8, at_least=7),
        Quantity("difference", "", 1e-7 + 1e-3 * last_digits, at_most=2e-6),
        Quantity("rate", "Hz", 9.89 + last_digits),
    )


def test_a_trained_number_is_checked_by_its_verdict_alone(displayed):
    """nbval compares all that the checked cell shows: not a digit of the run may be there."""
    shown, checked = [], []
    for last_digits in (0.0, 4e-4):
        with redirect_stdout(io.StringIO()) as printed:
            numbers = measured("Training", *trained(last_digits))
        shown.append(printed.getvalue())
        recorded = len(displayed)
        with redirect_stdout(io.StringIO()) as printed:
            assert compare(numbers) is None
        assert len(displayed) == recorded, "a record has digits"
        checked.append(printed.getvalue())
    assert checked[0] == checked[1]
    assert checked[0].splitlines() == [
        "Training",
        "quantity                              should be  is it?",
        "loss                   expected 0.0073 ± 0.0019     yes",
        "README's loss            reference 0.135 ± 0.03     yes",
        "networks ahead (of 8)                at least 7     yes",
        "difference                        at most 2e-06     yes",
    ]
    assert "0.00730" in shown[0]
    assert "0.00770" in shown[1]
    assert "9.89" in shown[0]


@pytest.mark.usefixtures("displayed")
def test_another_result_changes_the_checked_table():
    with redirect_stdout(io.StringIO()) as printed:
        compare(measured("Training", *trained(0.002)))
    assert "0.0019      no" in printed.getvalue()


def test_the_status_page_receives_digits_and_the_verdict_on_the_reference_alone(displayed):
    measured("Training", *trained(0.0))
    ((bundle, metadata),) = displayed
    assert metadata["scrapbook"]["name"] == STATUS_KEY + "Training"
    (text,) = bundle.values()
    rows = {row.pop("name"): row for row in json.loads(text)}
    no_reference = {"reference": None, "tolerance": None, "within": "", "source": OWN}
    assert rows["loss"] == {"unit": "", "ours": "0.00730"} | no_reference
    assert rows["networks ahead"] == {"unit": "of 8", "ours": "8.00"} | no_reference
    nothing = no_reference | {"source": ""}
    assert rows["rate"] == {"unit": "Hz", "ours": "9.89"} | nothing
    both = {"reference": 0.135, "tolerance": 0.03, "within": "yes", "source": CODE}
    assert rows["README's loss"] == {"unit": "", "ours": "0.130"} | both


@pytest.mark.usefixtures("displayed")
def test_refuses_digits_that_are_not_for_comparison():
    with pytest.raises(ValueError, match=r"comparison of 'loss'.*measured"):
        compare("Training", *trained(0.0))
    with pytest.raises(ValueError, match=r"one with something to compare with"):
        compare(measured("Training", Quantity("rate", "Hz", 9.89)))
    with pytest.raises(ValueError, match=r"given to `measured`"):
        compare(measured("Training", *trained(0.0)), Quantity("rate", "Hz", 9.89))


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
        "pcmlib.book.experiments.reproduction.display",
        lambda data, raw, metadata: calls.append((data, metadata)),
    )
    return calls
