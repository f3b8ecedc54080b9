"""Times in words, there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcmlib.base.times import UNITS, in_seconds, in_words


@given(st.lists(st.tuples(st.integers(0, 999), st.sampled_from(sorted(UNITS))), min_size=1))
def test_ages_are_numbers_with_a_unit(ages):
    text = ",".join(f"{count}{unit}" for count, unit in ages)
    seconds = in_seconds("--after", text.split(","))
    assert seconds == tuple(count * UNITS[unit] for count, unit in ages)


@pytest.mark.parametrize("text", ["", "30", "1x", "d", "-1h", "1h;2h", "nan", "1 h 2", ","])
def test_other_ages_are_refused(text):
    with pytest.raises(
        ValueError, match=r"--after = .*a number from 0 on, with a unit of s, min, h, d, w, y"
    ):
        in_seconds("--after", text.split(","))


@given(st.sampled_from(sorted(UNITS)), st.integers(1, 20))
def test_an_age_in_words_is_that_age(unit, count):
    number, word = in_words(count * UNITS[unit]).split()
    assert float(number) * UNITS[word] == pytest.approx(count * UNITS[unit], rel=1e-3)


def test_weeks_are_understood_and_days_are_said():
    assert in_seconds("after", "2w") == 14 * 86400
    assert in_words(30 * 86400) == "30 d"


def test_numbers_and_0_need_no_unit():
    assert in_seconds("after", [0, 30.5]) == (0, 30.5)
    assert in_seconds("after", ["0", "1 min"]) == (0, 60)
