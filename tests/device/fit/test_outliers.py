"""Reads that stand out: against a normal chain by hand, and how often chance alone makes one."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.stats import norm

from pcmlib.device import PCMParameters, simulate_reads
from pcmlib.device.fit import Measurements, outliers

# Noise that does not depend on G, and limits far off: reads are jointly normal
NORMAL = PCMParameters(
    m2=0.0, c2=0.5, A2=1.0, m3=0.0, c3=0.5, g_reset=20.0, reset_spread=0.02, g_min=2.0, g_max=45.0
)


def found_in(table, p):
    return list(outliers.outliers(table, p).values())


def test_what_is_expected_follows_from_the_other_reads():
    """Jointly normal reads, two of them spoiled: mean, sd and p of each, given the good ones."""
    p = NORMAL
    pulse = np.array([0, 1, 1, 1, 2, 4, 4])
    r = np.array([20.2, 23.5, 28.0, 23.7, 25.0, 32.0, 21.5])
    time = p.T0 * np.array([1, 1, 1, 1, 1, 1, 100.0])
    places = tuple(f"line {n}" for n in (2, 3, 5, 6, 7, 8, 9))
    table = Measurements(("a",), np.zeros(7, int), pulse, time, r, places=places)
    unlikely = outliers.outliers(table, p)
    assert sorted(unlikely) == [2, 5]
    mean, spread = np.full(5, p.g_reset), np.zeros((5, 5))
    spread[0, 0] = (p.g_reset * p.reset_spread) ** 2
    for k in range(1, 5):
        P = math.exp(-k / p.a)
        mean[k] = (1 + p.m1) * mean[k - 1] + p.c1 + p.A1 * P
        spread[k, :k] = spread[:k, k] = (1 + p.m1) * spread[k - 1, :k]
        spread[k, k] = (1 + p.m1) ** 2 * spread[k - 1, k - 1] + (p.c2 + p.A2 * P) ** 2
    f = (time / p.T0) ** -p.nu
    mean = mean[pulse] * f
    joint = spread[np.ix_(pulse, pulse)] * f * f[:, None] + np.eye(7) * p.c3**2
    good = np.array([0, 1, 3, 4, 6])
    for row, one in unlikely.items():
        share = np.linalg.solve(joint[np.ix_(good, good)], joint[good, row])
        expected = mean[row] + share @ (r[good] - mean[good])
        sd = math.sqrt(joint[row, row] - share @ joint[good, row])
        assert (one.place, one.device, one.pulse) == (places[row], "a", pulse[row])
        assert (one.time, one.conductance) == (p.T0, r[row])
        assert one.expected == pytest.approx(expected, abs=2e-3)
        assert one.expected_sd == pytest.approx(sd, rel=2e-3)
        assert norm.isf(one.p / 2) == pytest.approx((r[row] - expected) / sd, rel=1e-2)


@pytest.mark.parametrize("p", [PCMParameters(nu_spread=0.02), PCMParameters(c1=2.0, g_max=8.0)])
def test_chance_makes_as_many_as_it_should(p, monkeypatch):
    """20 of 20,000 reads at a level of 1/1000, within 4 standard deviations; fewer of the reads
    that a limit cuts off."""
    table = simulate_reads(p, devices=2000, pulses=7, late=(386.0, 1e5), seed=1)
    assert len(table) == 20_000
    monkeypatch.setattr(outliers, "CHANCE", 20.0)
    assert 2 < len(found_in(table, p)) < 38


def test_a_table_without_times_and_one_read_at_a_limit():
    p = PCMParameters()
    table = simulate_reads(p, devices=20, pulses=6, seed=1)
    r = table.conductance.copy()
    row = 5 * 7 + 3
    r[row] = p.g_max
    (spoiled,) = found_in(dataclasses.replace(table, time=None, conductance=r), p)
    assert (spoiled.place, spoiled.device, spoiled.time) == (f"row {row}", "5", None)
    assert f"row {row} (device 5, pulse 3): 12 µS, expected " in str(spoiled)


@pytest.mark.parametrize("value", [1e6, 400.0, -200.0])
@pytest.mark.parametrize("pulse", [0, 3])
def test_gross_reads_are_seen_without_a_fit(value, pulse):
    """Which they would spoil: in a table of few devices and in one of many; else there are none."""
    for devices in (3, 40):
        table = simulate_reads(PCMParameters(), devices=devices, pulses=20, seed=1)
        assert not outliers.gross(table).any()
        r = table.conductance.copy()
        r[21 + pulse] = value
        assert outliers.gross(dataclasses.replace(table, conductance=r))[21 + pulse]
    r[::15] = value
    assert not outliers.gross(dataclasses.replace(table, conductance=r)).any()


def test_a_read_spoils_neither_its_neighbours_nor_its_device():
    """After many reads of a state, at other delays, and where devices differ in nu."""
    p = PCMParameters(nu_spread=0.02)
    table = simulate_reads(p, devices=30, pulses=5, delays=(38.6, 386.0), late=(1e5,), seed=1)
    r, rows = table.conductance.copy(), [13 * 7 + 4, 13 * 7 + 9, 13 * 11 + 12]
    r[rows] = (11.0, 0.2, 9.9)
    assert sorted(outliers.outliers(dataclasses.replace(table, conductance=r), p)) == rows
