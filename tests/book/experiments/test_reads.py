"""Sums of reads, as drawn one by one and as the closed form has them."""

import numpy as np
import pytest

from pcmlib.book.experiments.reads import sums_of_reads
from pcmlib.device import PCMParameters


@pytest.mark.parametrize("conductance", [0.1, 5.0, 11.9])
def test_sums_have_the_mean_and_sd_of_the_normal_number(conductance):
    """40,000 sums each: 4.5 standard errors of a mean and of an sd, whose kurtosis is near 3."""
    for one in sums_of_reads((1, 20), conductance=conductance, draws=40_000):
        assert abs(one.values.mean()) < 4.5 * one.sd / 200
        error = np.sqrt((one.excess_kurtosis + 2) / 4 / 40_000)
        assert abs(one.values.std() / one.sd - 1) < 4.5 * error


def test_a_sum_of_more_reads_is_closer_to_a_normal_number():
    """The excess kurtosis of n pairs' sum is 1/n of one pair's; it scatters by 0.011 in 200,000."""
    one, many = sums_of_reads((1, 40), draws=200_000)
    assert one.excess_kurtosis > 0.5
    assert abs(many.excess_kurtosis - one.excess_kurtosis / 40) < 0.05


def test_without_noise_there_is_none():
    (one,) = sums_of_reads((3,), draws=10, parameters=PCMParameters(read_noise=0.0))
    assert (one.values == 0).all()


@pytest.mark.parametrize(
    ("name", "value"),
    [("conductance", -1.0), ("conductance", 13.0), ("draws", 1), ("counts", (0,))],
)
def test_what_cannot_be_read_is_refused(name, value):
    with pytest.raises(ValueError, match=name):
        sums_of_reads(**{name: value})
