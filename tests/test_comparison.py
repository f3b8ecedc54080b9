"""The comparison asks for the right runs, and its statistics hold by hand and by simulation."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from test_training_experiments import made_up

from pcmlib import comparison as co
from pcmlib import comparison_plots as cp
from pcmlib import training_experiments as te
from pcmlib.gradient_experiments import Remaining
from pcmlib.schemes import SCHEMES


@pytest.fixture
def untrained(monkeypatch):
    """Runs that know what they were asked for, in no time."""
    blank = made_up([[0.1, 0.1]] * 2)
    stored = lambda config: dataclasses.replace(blank, config=config)  # noqa: E731
    monkeypatch.setattr(te, "stored_train", stored)


@pytest.mark.usefixtures("untrained")
def test_every_scheme_meets_every_memory_on_the_same_networks():
    runs = co.comparison((3, 5), networks=2)
    assert list(runs) == ["FP32", "3 bits", "5 bits", "PCM"]
    assert set(runs["FP32"]) == {"vanilla", "accumulator"}
    for memory, bits in (("3 bits", 3), ("5 bits", 5), ("PCM", None)):
        assert set(runs[memory]) == {s for s in SCHEMES if SCHEMES[s].on_crossbar}
        for scheme, run in runs[memory].items():
            assert (run.config.scheme, run.config.bits) == (scheme, bits)
            assert run.config.seeds == [0, 1]
    table = co.comparison_table(runs).splitlines()
    assert len(table) == 2 + len(SCHEMES)
    assert all(row.count("|") == 6 for row in table)
    assert "| FP32 | 0.1 (0.1 to 0.1) |  |  |  |" in table[2]


def test_the_claim_is_tested_network_by_network():
    hard = np.array([[0.01] * 20, [0.1] * 20, [0.2] * 20, [0.3] * 20])
    runs = {
        "mixed-precision": made_up(hard),
        "sign": made_up(3 * hard),
        "stochastic": made_up(hard),
    }
    found = co.claim(runs)
    assert set(found) == {"sign", "stochastic"}
    assert found["sign"].ratio.low == pytest.approx(3)
    assert (found["sign"].better, found["stochastic"].better) == (4, 0)
    rows = co.claim_table(found, 4).splitlines()
    # all four signs agree: 2 of 16 choices, times two comparisons
    assert rows[2] == "| sign descent | 3 (3 to 3) | 4 of 4 | 0.250 |"
    assert rows[3].endswith("| 0 of 4 | 1.000 |")
    with pytest.raises(ValueError, match="claimed = 'vanilla'"):
        co.claim(runs, "vanilla")


def test_the_detectable_ratio_is_found_four_times_in_five():
    """20,000 experiments of 8 networks at that ratio; standard error 0.0028."""
    rng = np.random.default_rng(1)
    spread = rng.normal(0, 0.3, 8)
    first = made_up(np.full((8, 20), 0.1))
    second = made_up(0.1 * np.exp(np.repeat(spread[:, None], 20, axis=1)))
    sd = np.log(te.losses(second) / te.losses(first)).std(ddof=1)
    ratio = co.detectable_ratio(first, second)
    means = rng.normal(math.log(ratio), sd, (20_000, 8)).mean(1)
    found = np.abs(means) > 1.959964 * sd / math.sqrt(8)
    assert found.mean() == pytest.approx(0.8, abs=4 * 0.0028)


@pytest.mark.usefixtures("untrained")
def test_the_figure_has_a_mark_for_each_cell_of_the_table():
    runs = co.comparison((3,), networks=2)
    axes = cp.plot_comparison(runs).axes[0]
    marks = [bar.lines[0].get_ydata() for bar in axes.containers]
    assert len(marks) == len(te.CROSSBAR_SCHEMES)
    assert all(list(y) == pytest.approx([0.1, 0.1]) for y in marks)
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["3 bits", "PCM"]


def test_wear_counts_devices_with_at_least_so_many_pulses():
    pulses = torch.tensor([0] * 20 + [1, 2, 2, 7], dtype=torch.int32).view(1, 2, 1, 3, 4)
    run = dataclasses.replace(made_up([[0.1]]), wear={"in": pulses})
    (line,) = cp.plot_wear({"sign": run}).axes[0].lines
    share = dict(zip(*line.get_data(), strict=True))  # of equal counts, the last holds
    assert share == pytest.approx({7: 100 / 24, 2: 300 / 24, 1: 400 / 24})


def test_what_remains_is_drawn_by_layer():
    share = {name: np.full((3, 2), 0.5) for name in ("in", "rec", "out")}
    axes = cp.plot_remaining(Remaining((1, 4, 16), share)).axes[0]
    *layers, random = axes.lines
    assert [list(line.get_ydata()) for line in layers] == [[0.5] * 3] * 3
    assert list(random.get_ydata()) == [1, 0.5, 0.25]
