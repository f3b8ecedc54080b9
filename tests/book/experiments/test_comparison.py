"""The comparison asks for the right runs, and its statistics hold by hand and by simulation."""

import math

import numpy as np
import pytest
import torch
from runs import made_up

from pcmlib.book.experiments import comparison, training
from pcmlib.book.experiments.statistics import Interval
from pcmlib.schemes import SCHEMES
from pcmlib.training import TrainConfig, evaluate, train


@pytest.mark.usefixtures("untrained")
def test_every_scheme_meets_every_memory_on_the_same_networks(monkeypatch):
    runs = comparison.comparison((3, 5), networks=2)
    assert list(runs) == ["FP32", "3 bits", "5 bits", "PCM"]
    assert set(runs["FP32"]) == {"vanilla", "accumulator"}
    for memory, bits in (("3 bits", 3), ("5 bits", 5), ("PCM", None)):
        assert set(runs[memory]) == {s for s in SCHEMES if SCHEMES[s].on_crossbar}
        for scheme, run in runs[memory].items():
            assert (run.config.scheme, run.config.bits) == (scheme, bits)
            assert run.config.seeds == [0, 1]
    monkeypatch.setattr(comparison, "loss_later", lambda run: Interval(0.4, 0.3, 0.5))
    table = comparison.comparison_table(runs).splitlines()
    assert len(table) == 2 + len(SCHEMES)
    assert all(row.count("|") == 7 for row in table)
    assert table[0].endswith("| PCM | PCM, a day later |")
    assert "| FP32 | 0.1 (0.1 to 0.1) |  |  |  |  |" in table[2]
    assert table[-1].endswith("| 0.1 (0.1 to 0.1) | 0.4 (0.3 to 0.5) |")


def test_the_loss_of_a_day_later_is_what_evaluate_finds():
    run = train(TrainConfig.preset("stochastic", replicas=2, epochs=3))
    later = comparison.loss_later(run)
    assert later.value == pytest.approx(evaluate(run, 86400.0).loss.mean().item())
    assert later.value != pytest.approx(comparison.loss_later(run, 0.0).value)


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


@pytest.mark.usefixtures("untrained")
def test_what_learned_lies_below_silence_by_a_test(monkeypatch):
    """Eight networks that all halve it, eight that scatter about it."""
    silence = np.array([0.2, 0.3, 0.25, 0.4, 0.2, 0.3, 0.25, 0.4])
    factor = {"sign": np.array([0.9, 1.1] * 4), "stochastic": np.full(8, 0.5)}
    runs = {name: comparison.reported(name, networks=8) for name in factor}
    schemes = {id(run): name for name, run in runs.items()}
    monkeypatch.setattr(comparison, "silent_losses", lambda run: torch.from_numpy(silence))
    monkeypatch.setattr(comparison, "losses", lambda run: silence * factor[schemes[id(run)]])
    _, _, sign, chance = comparison.learned_table(runs).splitlines()
    assert sign.endswith("| 4 of 8 | 1.000 | no |")
    assert chance == "| stochastic | 0.5 (0.5 to 0.5) | 8 of 8 | 0.016 | yes |"


def test_silence_is_each_networks_own():
    run = made_up([[0.1], [0.2]])
    squares = (run.targets.double() ** 2).mean((1, 2, 3))
    np.testing.assert_allclose(training.silent_losses(run), squares)
    assert training.silent_loss(run) == pytest.approx(squares.mean())
