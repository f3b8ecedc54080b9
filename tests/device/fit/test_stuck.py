"""Devices that do not respond to SETs: named, and how often chance makes one look so."""

import dataclasses

import numpy as np
import pytest

from pcmlib.device import PCMParameters, simulate_reads
from pcmlib.device.fit import fit_device
from pcmlib.device.fit.stuck import _log_ratio, stuck

DEVICE = PCMParameters(g_max=25.0)
TABLE = simulate_reads(DEVICE, devices=30, pulses=20, late=(100.0, 1e3, 1e4), seed=1)


def spoiled(devices, value, noise=0.0):
    r, generator = TABLE.conductance.copy(), np.random.default_rng(0)
    rows = np.isin(TABLE.device, devices)
    r[rows] = value + noise * generator.standard_normal(rows.sum())
    return dataclasses.replace(TABLE, conductance=r)


def test_the_ratio_is_1_on_the_mean():
    """Over 20,000 devices that jump about, where it has a variance; atoms at both limits."""
    p = PCMParameters(
        m1=0.0, c1=1.0, A1=0.0, m2=0.0, c2=3.0, A2=0.0, m3=0.0, c3=2.0, nu=0.0, g_reset=6.0,
        reset_spread=0.5,
    )  # fmt: skip
    table = simulate_reads(p, devices=20_000, pulses=2, delays=(1.0, 38.6), seed=2)
    assert (table.conductance == p.g_max).mean() > 0.05
    ratio = np.exp(_log_ratio(table, p).numpy())
    assert ratio.std() / np.sqrt(len(ratio)) < 0.02
    assert ratio.mean() == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize("p", [DEVICE, PCMParameters(c1=2.0, g_max=8.0), PCMParameters(c1=0.02)])
def test_chance_names_no_more_than_it_may(p):
    """20 of 2000 at most, on the mean."""
    table = simulate_reads(p, devices=2000, pulses=5, late=(386.0,), seed=1)
    assert len(stuck(table, p, chance=20.0)) < 34


@pytest.mark.parametrize(
    ("devices", "value", "noise"),
    [([5], 0.1, 0.0), ([5], 5.0, 0.1), ([5, 9, 20], 0.1, 0.0), ([5], 300.0, 0.0)],
)
def test_devices_that_do_not_respond_are_named_and_what_rests_on_them(devices, value, noise):
    """Three dead ones make a model in which they are usual: they are judged without them."""
    table = spoiled(devices, value, noise)
    found = fit_device(table, simpler=False)
    assert sorted(int(one.device) for one in found.stuck) == devices
    assert found.outliers == ()
    one = found.stuck[0]
    own = table.conductance[table.device == int(one.device)]
    assert (one.reads, one.low, one.high) == (24, own.min(), own.max())
    assert one.p < 0.01 / 30
    assert f"  device {one.device} does not respond to SETs: 24 reads, " in found.summary()
    assert found.to_json()["stuck"][0]["what"] == "does not respond to SETs"
    assert found.findings_without == ()
    if value == 0.1:
        m1, error = found.moved["m1"]
        assert abs(m1 - DEVICE.m1) < 2 * error < m1_off(found)
    if len(devices) == 3:
        assert not found.is_pcm
        assert "the verdict rests on them: without them, no check" in found.summary()


def m1_off(found):
    return abs(found.parameters.m1 - found.moved["m1"][0])


def test_where_most_do_not_respond_none_is_a_mistake():
    assert stuck(spoiled(list(range(16)), 0.1), DEVICE) == {}
    assert len(stuck(spoiled(list(range(15)), 0.1), DEVICE)) == 15
