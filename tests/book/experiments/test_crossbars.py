"""WRITE statistics against the reference's figures and against what must be so."""

import math

import numpy as np
import pytest
import torch

from pcmlib.book.experiments.crossbars import (
    power_law,
    product_noise,
    saturation,
    without_drift,
    write_statistics,
)
from pcmlib.crossbar import Crossbar, pulses_by_mean_curve
from pcmlib.device import PCMParameters


@pytest.mark.parametrize(
    ("scheme", "pairs", "error", "spread"),
    [("multi-mem", 1, 8.7, 2.3), ("multi-mem", 4, 9.0, 1.25), ("upd-ready", 1, 1.3, 2.06)],
)
def test_the_maps_agree_with_the_reference(scheme, pairs, error, spread):
    """srnn-pcm, its crash mended, prints two digits: half of the last one, and its own refresh."""
    ours = write_statistics(scheme, pairs=pairs, rows=50, refresh=scheme == "multi-mem")
    assert ours.error == pytest.approx(error, abs=0.1)
    assert ours.spread == pytest.approx(spread, abs=0.06)


def test_the_spread_falls_as_one_over_the_root_of_the_pairs():
    spread = {
        n: write_statistics(pairs=n, rows=50, refresh=False).std[10, 14:17].mean() for n in (1, 16)
    }
    # Where nothing saturates, 16 pairs are 16 independent devices: 4 times less spread.
    assert spread[1] / spread[16] == pytest.approx(4, rel=0.08)


def test_an_ideal_memory_reaches_every_target_within_its_range():
    ours = write_statistics(parameters=PCMParameters(bits=4), rows=2, refresh=False)
    assert ours.std == pytest.approx(0)
    step = 0.75
    for i, source in enumerate(ours.source):
        for j, target in enumerate(ours.target):
            grown = max(source, 0.1) if target > source else max(-source, 0.1)
            if grown + abs(target - source) < 12:
                start = max(source, 0.1) - max(-source, 0.1)
                wanted = start + step * math.trunc((target - source) / step)
                assert ours.mean[i, j] == pytest.approx(wanted, abs=1e-4)


def test_a_pulse_count_from_the_mean_curve_hits_the_mean():
    """From RESET to 6 µS, 100,000 synapses: the mean is there, where 0.75 µS a pulse is not."""
    n, target = 100_000, 6.0
    reached = {}
    for name in ("constant", "mean curve"):
        xbar = Crossbar(1, n, pairs=8, seed=1)
        change = torch.full((1, 1, n), target)
        counts = xbar.pulses(change) if name == "constant" else pulses_by_mean_curve(xbar, change)
        xbar.deal(counts, 0.0)
        reached[name] = xbar.difference.mean().item()
    # 8 pairs round the count to 1/8 pulse; the clip at 0.1 µS lifts the mean by about 0.1 µS.
    assert reached["mean curve"] == pytest.approx(target, abs=0.2)
    assert abs(reached["constant"] - target) > 0.5


def test_a_power_law_is_found():
    N = (8, 1, 3)
    assert power_law(N, [5 * n**-0.5 for n in N]) == pytest.approx(-0.5)


def test_drift_is_a_factor_that_can_be_divided_out():
    p = PCMParameters(read_noise=0, g_min=0.0, g_max=100.0)
    run = product_noise(elapsed=1.0, reads=2, parameters=p)
    assert run.relative_error > 0.1
    assert without_drift(run, 1.0, p).relative_error < 1e-5


def test_product_noise_is_that_of_its_devices():
    """sd by hand: y sums 20 differences, each with the noise of two sides, N pairs averaged."""
    p = PCMParameters(drift=0, g_min=-10, g_max=100)
    for pairs in (1, 9):
        run = product_noise(pairs=pairs, parameters=p, reads=400, seed=2)
        variance = ((run.reads - run.exact) ** 2).mean()
        w = np.linspace(0, 5, 10_001)  # |w| is uniform: one side at |w| + 0.1, the other at 0.1
        one_synapse = ((0.03 * (w + 0.1) + 0.13) ** 2).mean() + (0.03 * 0.1 + 0.13) ** 2
        assert variance == pytest.approx(20 * one_synapse / pairs, rel=0.05)


def test_saturation_silences_updates_and_refresh_revives_them():
    left_alone, refreshed = saturation(updates=100), saturation(updates=100, refresh_every=10)
    assert left_alone.response[-20:].mean() < 0.1
    assert refreshed.response[-20:].mean() > 0.25
    assert left_alone.refreshed.sum() == 0
    assert (refreshed.refreshed[9::10][3:] > 0).all()
    # 4000 sides, half of them with a pulse of sd up to 1.3 µS: a standard error of 0.015 µS
    assert (np.diff(left_alone.middle) > -0.06).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: write_statistics("multimem"), "scheme = 'multimem': must be one of multi-mem, "),
        (lambda: write_statistics(pairs=0), "pairs = 0: must be a whole number, at least 1"),
        (lambda: write_statistics(rows=1), "rows = 1: must be a whole number, at least 2"),
        (lambda: write_statistics(pulse_count="x"), "pulse_count = 'x'"),
        (lambda: write_statistics(assumed_pulse=0.0), "assumed_pulse = 0.0: must be above 0"),
        (lambda: product_noise(active=0.0), "active = 0.0: must be above 0 and at most 1"),
        (lambda: product_noise(outputs=1), "outputs = 1: must be a whole number, at least 2"),
        (lambda: product_noise(inputs=0), "inputs = 0: must be a whole number, at least 1"),
        (lambda: power_law((4, 4), (1.0, 1.0)), "N = (4, 4): must be at least two different"),
        (lambda: saturation(refresh_every=-1), "refresh_every = -1"),
    ],
)
def test_bad_input_is_refused_by_name(call, words):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the words are checked below
        call()
    assert words in str(error.value)
