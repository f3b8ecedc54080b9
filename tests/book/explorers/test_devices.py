"""The device explorers: live functions against the experiments, and their figures.

The oracle is `pcmlib.book.experiments.devices`, which computes in torch by another road, with the
same random numbers: they agree to the last bits of a float32, 1e-5 µS.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from knobs import floats

from pcmlib.book.experiments import devices as experiments
from pcmlib.book.explorers import devices as demos
from pcmlib.device import PCMParameters

CLOSE = {"atol": 1e-5, "rtol": 1e-5}
few = settings(max_examples=8)


def agree(found, expected):
    np.testing.assert_allclose(found, expected, **CLOSE)


@few
@given(
    interval=floats(5, 80),
    g_max=floats(8, 20),
    write_noise=floats(0, 2),
    read_noise=st.sampled_from([0.0, 0.7, 2.0]),
    drift=st.sampled_from([0.0, 1.3]),
)
def test_staircase(interval, **constants):
    found = demos.staircase(interval=interval, **constants)
    p = PCMParameters(**constants)
    runs = experiments.staircase(p, interval=interval, seconds=400.0, devices=3, seed=1)
    agree(found["time"], runs[0].time)
    agree(found["conductance"], [run.conductance for run in runs])
    agree(found["still"], [run.drifted for run in runs])
    pulses = found["pulse"][np.isfinite(found["pulse"])]
    agree(pulses, runs[0].pulse_times)


@few
@given(
    m1=floats(-0.168, 0),
    A1=floats(0, 2.8),
    A2=floats(0, 4.3),
    a=floats(0.6, 6.6),
    write_noise=st.sampled_from([0.0, 0.8, 2.0]),
    g_max=floats(8, 20),
)
def test_pulse_statistics(**constants):
    found = demos.pulse_statistics(**constants)
    p = PCMParameters(**constants)
    statistics = experiments.pulse_statistics(p, devices=4000)
    agree(found["mean"], statistics.mean)
    agree(found["std"], statistics.std)
    agree(found["low"], statistics.mean - statistics.std)
    agree(found["high"], statistics.mean + statistics.std)
    exact = experiments.exact_moments(p)
    agree([found["exact_mean"], found["exact_std"]], exact)


@few
@given(
    interval=floats(2, 20),
    nu=floats(0, 0.1),
    nu_spread=st.sampled_from([0.0, 0.013, 0.04]),
    g_max=floats(8, 20),
)
def test_array_drift(interval, **constants):
    found = demos.array_drift(interval=interval, **constants)
    for row, drift in enumerate((1.0, 0.0)):
        p = PCMParameters(**constants, drift=drift)
        run = experiments.array_drift(p, interval=interval, devices=1000)
        agree(found["mean"][row], run.mean)
        agree(found["low"][row], run.mean - run.std)
        agree(found["high"][row], run.mean + run.std)
    agree(found["pulse"][np.isfinite(found["pulse"])], run.pulse_times)


@few
@given(
    g_max=floats(8, 20),
    nu=floats(0, 0.1),
    c3=floats(0, 1.04),
    m3=floats(0, 0.12),
)
def test_device_panels(**constants):
    found = demos.device_panels(**constants)
    p = PCMParameters(**constants)
    write = experiments.pulse_statistics(p, devices=4000)
    read = experiments.read_statistics(p, reads=2000)
    agree(found["write_mean"], write.mean)
    agree(found["write_low"], write.mean - write.std)
    agree(found["level"], read.conductance)
    agree(found["read_mean"], read.mean)
    agree(found["read_low"], read.mean - read.std)
    agree(found["read_high"], read.mean + read.std)
    agree(found["curve"], experiments.drift_curves(p).conductance)


@pytest.mark.parametrize(
    ("function", "knobs"),
    [
        (demos.staircase, (38.6, 20, 1, 1, 1)),
        (demos.pulse_statistics, (-0.084, 1.4, 2.15, 2.6, 1, 20)),
        (demos.array_drift, (5, 0.04, 0.02, 20)),
        (demos.device_panels, (12, 0.04, 0.13, 0.03)),
    ],
)
def test_a_wrong_law_is_noticed(function, knobs, monkeypatch):
    """Each output is more than the bound above away from that of slightly other knobs."""
    given = dict(zip(function.knobs, knobs, strict=True))
    usual, other = function(**given), function(**{n: 1.02 * x for n, x in given.items()})
    for name in set(usual) - {"exact_std", "pulse"}:
        assert np.nanmax(np.abs(usual[name] - other[name])) > 100 * CLOSE["atol"], name
