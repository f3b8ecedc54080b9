"""Reads that stand out: against a normal chain by hand, and how often chance alone makes one."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.stats import norm

from pcmlib.device import PCMParameters, simulate_reads
from pcmlib.device.fit import Measurements, outliers
from pcmlib.device.fit.likelihood import grid_for
from pcmlib.device.fit.reads import gather

# Noise that does not depend on G, and limits far off: reads are jointly normal
NORMAL = PCMParameters(
    m2=0.0, c2=0.5, A2=1.0, m3=0.0, c3=0.5, g_reset=20.0, reset_spread=0.02, g_min=2.0, g_max=45.0
)


def found_in(table, p):
    reads = gather(table, p.g_min, p.g_max, p.T0)
    return outliers.outliers(table, p, reads, grid_for(p.constants(), reads))


def test_what_is_expected_follows_from_the_reads_before():
    """A state's second read, spoiled; the third, and the next pulse's, are none the worse for it"""
    p, P = NORMAL, math.exp(-1 / NORMAL.a)
    r = np.array([20.2, 23.5, 28.0, 23.7, 25.0])
    pulse, zero = np.array([0, 1, 1, 1, 2]), np.zeros(5, int)
    places = tuple(f"line {n}" for n in (2, 3, 5, 6, 7))
    table = Measurements(("a",), zero, pulse, np.full(5, p.T0), r, places=places)
    (spoiled,) = found_in(table, p)
    assert (spoiled.place, spoiled.device, spoiled.pulse) == ("line 5", "a", 1)
    assert (spoiled.time, spoiled.conductance) == (p.T0, 28.0)

    def told(mean, variance, read):  # a normal number, after a read of it
        share = variance / (variance + p.c3**2)
        return mean + share * (read - mean), variance * (1 - share)

    mean, variance = told(p.g_reset, (p.reset_spread * p.g_reset) ** 2, r[0])
    mean += p.m1 * mean + p.c1 + p.A1 * P
    variance = (1 + p.m1) ** 2 * variance + (p.c2 + p.A2 * P) ** 2
    mean, variance = told(mean, variance, r[1])
    sd = math.sqrt(variance + p.c3**2)
    assert spoiled.expected == pytest.approx(mean, abs=1e-3)
    assert spoiled.expected_sd == pytest.approx(sd, rel=1e-3)
    assert norm.isf(spoiled.p / 2) == pytest.approx((28.0 - mean) / sd, rel=1e-2)


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
