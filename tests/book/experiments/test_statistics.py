"""Error bars and tests against exact results."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcmlib.book.experiments import statistics

POSITIVE = st.lists(st.floats(0.01, 10), min_size=2, max_size=8)


def test_the_interval_covers_as_often_as_it_says():
    """400 samples of 8 normal numbers: the mean lies in 95 % of intervals, less what the small
    sample costs (a percentile interval is as wide as a normal one, not as Student's: 91 %)."""
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(400):
        found = statistics.bootstrap(rng.normal(3, 1, 8), resamples=500)
        hits += found.low <= 3 <= found.high
    # t with 7 degrees of freedom inside 1.96: 0.909; standard error 0.0144.
    assert hits / 400 == pytest.approx(0.909, abs=4 * 0.0144)


@given(POSITIVE, st.floats(0.1, 10))
def test_the_interval_moves_and_scales_with_its_data(values, factor):
    plain = statistics.bootstrap(values, resamples=100)
    moved = statistics.bootstrap([factor * v + 1 for v in values], resamples=100)
    assert plain.low <= plain.value <= plain.high
    assert moved.value == pytest.approx(factor * np.mean(values) + 1)
    assert moved.low == pytest.approx(factor * plain.low + 1)


def test_a_single_network_has_no_interval():
    assert str(statistics.bootstrap([0.25])) == "0.25 (no interval)"
    assert str(statistics.ratio(np.array([3.0]), np.array([1.5]))) == "2 (no interval)"


@given(POSITIVE, st.floats(0.1, 10))
def test_a_constant_ratio_is_found_without_spread(values, factor):
    found = statistics.ratio(factor * np.array(values), np.array(values))
    assert (found.low, found.value, found.high) == pytest.approx((factor,) * 3)


@pytest.mark.parametrize("n", [1, 3, 8])
def test_signs_that_agree_are_as_rare_as_two_in_2_to_the_n(n):
    assert statistics.sign_flip_test(np.arange(1.0, n + 1)) == 2 / 2**n


def test_the_sign_flip_test_counts_by_hand():
    # |sum| of 1, 2, -4 is 1; of all eight choices of signs: 7 5 3 1 1 3 5 7, each at least 1
    assert statistics.sign_flip_test([1, 2, -4]) == 1
    assert statistics.sign_flip_test([1, 2, 4]) == 0.25
    assert statistics.sign_flip_test([-1, 2, 4]) == 0.5


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.integers(1, 9))
def test_smoothing_is_a_mean_of_what_came_before(values, window):
    smooth = statistics.smoothed(np.array([values]), window)[0]
    for e, value in enumerate(smooth):
        assert value == pytest.approx(np.mean(values[max(0, e + 1 - window) : e + 1]), abs=1e-12)


def test_a_mean_forgets_what_lies_before_its_window():
    values = np.array([[math.inf, 1.0, 2.0], [1e30, 1.0, 2.0]])
    assert statistics.smoothed(values, 2)[:, 2].tolist() == [1.5, 1.5]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: statistics.bootstrap([]), "values"),
        (lambda: statistics.bootstrap([1.0, math.nan]), "values"),
        (lambda: statistics.bootstrap([1.0, 2.0], level=0.0), "level = 0.0"),
        (lambda: statistics.ratio(np.array([1.0, 2.0]), np.array([1.0, 0.0])), "(a, b)"),
        (lambda: statistics.smoothed(np.ones((1, 3)), 0), "window = 0"),
        (lambda: statistics.sign_flip_test(np.ones(17)), "difference"),
    ],
)
def test_bad_input_is_refused_by_name(call, words):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the words are checked below
        call()
    assert words in str(error.value)
