"""The comparison asks for the right runs, and its statistics hold by hand and by simulation."""

import math

import numpy as np
import pytest
from runs import made_up

from pcmlib.book.experiments import comparison, training
from pcmlib.schemes import SCHEMES


@pytest.mark.usefixtures("untrained")
def test_every_scheme_meets_every_memory_on_the_same_networks():
    runs = comparison.comparison((3, 5), networks=2)
    assert list(runs) == ["FP32", "3 bits", "5 bits", "PCM"]
    assert set(runs["FP32"]) == {"vanilla", "accumulator"}
    for memory, bits in (("3 bits", 3), ("5 bits", 5), ("PCM", None)):
        assert set(runs[memory]) == {s for s in SCHEMES if SCHEMES[s].on_crossbar}
        for scheme, run in runs[memory].items():
            assert (run.config.scheme, run.config.bits) == (scheme, bits)
            assert run.config.seeds == [0, 1]
    table = comparison.comparison_table(runs).splitlines()
    assert len(table) == 2 + len(SCHEMES)
    assert all(row.count("|") == 6 for row in table)
    assert "| FP32 | 0.1 (0.1 to 0.1) |  |  |  |" in table[2]


def test_schemes_are_compared_network_by_network():
    easy_and_hard = np.array([[0.01] * 20, [0.1] * 20, [0.2] * 20])
    first, second = made_up(easy_and_hard), made_up(2 * easy_and_hard)
    found = comparison.versus(first, second)
    assert (found.ratio.low, found.ratio.high) == pytest.approx((2, 2))
    assert (found.p, found.better) == (0.25, 3)
    assert found.ratios == pytest.approx([2, 2, 2])


def test_the_claim_is_tested_network_by_network():
    hard = np.array([[0.01] * 20, [0.1] * 20, [0.2] * 20, [0.3] * 20])
    runs = {
        "mixed-precision": made_up(hard),
        "sign": made_up(3 * hard),
        "stochastic": made_up(hard),
    }
    found = comparison.claim(runs)
    assert set(found) == {"sign", "stochastic"}
    assert found["sign"].ratio.low == pytest.approx(3)
    assert (found["sign"].better, found["stochastic"].better) == (4, 0)
    rows = comparison.claim_table(found, 4).splitlines()
    # all four signs agree: 2 of 16 choices, times two comparisons
    assert rows[2] == "| sign descent | 3 (3 to 3) | 4 of 4 | 0.250 |"
    assert rows[3].endswith("| 0 of 4 | 1.000 |")
    with pytest.raises(ValueError, match="claimed = 'vanilla'"):
        comparison.claim(runs, "vanilla")


@pytest.mark.usefixtures("untrained")
def test_the_quoted_claim_is_of_five_configurations():
    runs = comparison.quoted(networks=2)
    names = ["sign descent", "stochastic", "multi-memristor, N = 4", "multi-memristor, N = 8"]
    assert list(runs) == [*names, "mixed precision"]
    assert [run.config.pairs for run in runs.values()] == [1, 1, 4, 8, 1]
    assert all(run.config.bits is None for run in runs.values())
    good, bad = made_up([[0.02], [0.12]]), made_up([[0.02], [0.3]])
    rows = comparison.quoted_table({"good": good, "bad": bad}).splitlines()
    assert rows[2].endswith("| 1 of 2 | yes |")
    assert rows[3].endswith("| 1 of 2 | no |")


def test_the_detectable_ratio_is_found_four_times_in_five():
    """20,000 experiments of 8 networks at that ratio; standard error 0.0028."""
    rng = np.random.default_rng(1)
    spread = rng.normal(0, 0.3, 8)
    first = made_up(np.full((8, 20), 0.1))
    second = made_up(0.1 * np.exp(np.repeat(spread[:, None], 20, axis=1)))
    sd = np.log(training.losses(second) / training.losses(first)).std(ddof=1)
    ratio = comparison.detectable_ratio(first, second)
    means = rng.normal(math.log(ratio), sd, (20_000, 8)).mean(1)
    found = np.abs(means) > 1.959964 * sd / math.sqrt(8)
    assert found.mean() == pytest.approx(0.8, abs=4 * 0.0028)
    one = made_up([[0.1] * 20])
    assert comparison.detectable_ratio(one, one) == math.inf
