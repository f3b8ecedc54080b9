"""Constants from simulated reads, and what a table does not tell."""

import csv
import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from pcmlib.base.files import for_json
from pcmlib.device import DEVICES, PCMParameters
from pcmlib.device.fit import Fit, fit_device, fitting, simulate_reads
from pcmlib.device.fit.estimate import Estimate
from pcmlib.device.fit.fitting import SIMPLER, _simpler
from pcmlib.device.fit.free import Free
from pcmlib.device.fit.likelihood import grid_for
from pcmlib.device.fit.outliers import Outlier
from pcmlib.device.fit.reads import gather

MEASURED = os.environ.get("PCMLIB_DATA")
REFERENCE = PCMParameters(nu_spread=0.02)
OTHER = PCMParameters(
    m1=-0.06, c1=2.0, A1=2.2, a=3.5, m2=0.06, c2=0.7, A2=3.5, nu=0.06, m3=0.04, c3=0.2,
    g_reset=0.5, g_max=30.0,
)  # fmt: skip


@pytest.fixture(scope="module")
def whole():
    table = simulate_reads(
        REFERENCE, devices=100, pulses=10, delays=(38.6, 38.6), late=(386.0, 38600.0), seed=4
    )
    return fit_device(table)


def off(found: Fit, truth: PCMParameters) -> dict[str, float]:
    """Errors of the constants, in standard errors."""
    known = {n: e for n, e in found.standard_errors.items() if e > 0}
    return {n: (getattr(found.parameters, n) - getattr(truth, n)) / e for n, e in known.items()}


def test_constants_come_back(whole):
    """100 devices; 13 constants within four standard errors, four in five within two."""
    errors = off(whole, REFERENCE)
    assert len(errors) >= 12
    assert max(map(abs, errors.values())) < 4
    assert sum(abs(z) < 2 for z in errors.values()) >= 0.8 * len(errors)
    assert (whole.parameters.g_min, whole.parameters.g_max) == (0.1, 12.0)
    assert whole.standard_errors["nu"] < 0.003
    assert whole.is_pcm
    assert whole.outliers == ()
    assert "chance" not in whole.summary()


def test_outliers_are_told_with_what_rests_on_them(whole):
    one = Outlier("line 7", "d3", 4, None, 30.0, 4.61, 0.523, 1e-9)
    for outliers, findings, others, said in (
        ((one,), (), (), "the verdict does not rest on it\n"),
        ((one,), ("x",), ("x",), "the verdict does not rest on it\n"),
        ((one,) * 7, ("x",), (), "the verdict rests on them: without them, no check distinguishes"),
        ((one,), (), ("x",), "without it, these devices are not PCM of this model\n"),
    ):
        told = {"outliers": outliers, "findings": findings, "findings_without": others}
        text = dataclasses.replace(whole, **told).summary()
        assert said in text
        assert "  line 7 (device d3, pulse 4): 30 µS, expected 4.61 ± 0.52 µS\n" in text
        assert text.count("line 7") == min(len(outliers), 5)
        assert ("  and 2 more\n" in text) == (len(outliers) == 7)
    few = dataclasses.replace(whole, outliers=(one,), checks={})
    assert "verdict" not in few.summary()
    still = "\nwithout it, no constant moves by more than two standard errors\nif it is a mistake, "
    assert still in few.summary()
    moved = dataclasses.replace(few, moved={"m1": (-0.08412, 0.0123), "a": (2.6, 0.5)})
    said = "\nwithout it, by more than two standard errors, m1 = -0.08412 ± 0.012, a = 2.6 ± 0.5\n"
    assert said in moved.summary()
    assert moved.to_json()["moved_without_outliers"]["a"] == {"value": 2.6, "standard_error": 0.5}


def test_no_mistake_is_a_limit():
    """One read below the many at the lower limit; what moves is what does without it."""
    table = simulate_reads(REFERENCE, devices=30, pulses=8, late=(386.0, 3860.0), seed=6)
    r = table.conductance.copy()
    assert (r == 0.1).sum() > 5
    r[37] = -3.0
    found = fit_device(dataclasses.replace(table, conductance=r), simpler=False)
    assert [one.place for one in found.outliers] == ["row 37"]
    assert found.parameters.g_min == 0.1
    rest = fit_device(table.without([37]), simpler=False)
    errors = rest.standard_errors
    off = {n: getattr(rest.parameters, n) - getattr(found.parameters, n) for n in errors}
    assert found.moved.keys() == {n for n in errors if abs(off[n]) > 2 * errors[n]}
    assert all(v == (getattr(rest.parameters, n), errors[n]) for n, v in found.moved.items())


def test_what_numbers_may_have_been_taken_for_is_told_last(whole):
    """Drift between reads of one state where there are no times, and nS."""
    assert whole.notes == whole.to_json()["notes"] == []
    timeless = dataclasses.replace(whole, table=dataclasses.replace(whole.table, time=None))
    assert timeless.summary().endswith("read noise (m3, c3), drift between them included")
    once = np.unique(np.stack([whole.table.device, whole.table.pulse]), axis=1, return_index=True)[
        1
    ]
    others = np.delete(np.arange(len(whole.table)), once)
    assert dataclasses.replace(timeless, table=timeless.table.without(others)).notes == []
    r = whole.table.conductance * 1000
    large = dataclasses.replace(whole, table=dataclasses.replace(whole.table, conductance=r))
    assert large.summary().endswith("if these were nS, name the column conductance_nS")


def test_no_simpler_law_will_do(whole):
    assert set(whole.simpler) == set(SIMPLER)
    assert min(whole.simpler.values()) > 10


def test_another_device_from_one_read_a_state_and_no_times():
    """150 devices, as above; nothing is said of drift."""
    table = simulate_reads(OTHER, devices=150, pulses=10, seed=5)
    table = dataclasses.replace(table, time=None)
    found = fit_device(table, simpler=False)
    errors = off(found, OTHER)
    assert {"m1", "c1", "A1", "a", "m2", "c2", "A2", "m3", "c3"} <= errors.keys()
    assert max(map(abs, errors.values())) < 4
    assert found.unidentified["nu"] == "the table has no times"
    assert "nu" not in found.standard_errors
    assert found.is_pcm


def test_a_law_that_needs_less_is_told_while_a_bar_moves(monkeypatch):
    shown = []
    monkeypatch.setattr(fitting, "progress", lambda **told: shown.append(Bar()) or shown[0])
    plain = REFERENCE.replace(nu_spread=0.0)
    table = simulate_reads(plain, devices=60, pulses=6, late=(386.0, 1e5), seed=6)
    found = fit_device(table)
    (bar,) = shown
    assert bar.steps > 30
    assert bar.ended
    assert found.simpler["all devices have one nu"] < 0 < found.simpler["no drift"]
    law = next(line for line in found.summary().splitlines() if "all devices have one nu" in line)
    assert law.startswith("a simpler law will do: ")
    assert law.endswith("; fit it with --fix nu_spread=0")
    assert found.parameters.nu_spread < 3 * found.standard_errors["nu_spread"]


class Bar:
    """In place of tqdm's."""

    steps, ended = 0, False

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.ended = True

    def update(self):
        self.steps += 1


def test_a_constant_within_its_error_of_0_has_a_bound():
    table = simulate_reads(REFERENCE, devices=30, pulses=5, late=(386.0,), seed=6)
    found = fit_device(table, simpler=False)
    doubtful = dataclasses.replace(found, standard_errors=found.standard_errors | {"A2": 9.0})
    (line,) = (line for line in doubtful.summary().splitlines() if " A2 =" in line)
    A2 = found.parameters.A2
    assert line.endswith(f"± 9   at most {A2 + 18:.2g}, maybe 0")
    assert "maybe 0" not in next(line for line in found.summary().splitlines() if " c1 =" in line)


def test_devices_that_differ_by_a_given_law_have_no_simpler_one():
    p = DEVICES["aihwkit"]
    table = simulate_reads(p, devices=2, pulses=1, delays=(20.0,))
    reads = gather(table, p.g_min, p.g_max, p.T0)
    grid = grid_for(p.constants(), reads)
    found = Estimate(torch.zeros(2).double(), torch.eye(2).double(), 0.0, 0, grid)
    free = Free(("nu", "nu_spread"), p, 1.0, 5.0)
    assert _simpler(free, reads, found, 100, 0.0, lambda: None) == {}


def test_reads_after_one_pulse_tell_no_history():
    table = simulate_reads(REFERENCE, devices=60, pulses=1, delays=(1.0, 1000.0), seed=7)
    found = fit_device(table, simpler=False)
    assert {"m1", "A1", "a", "m2", "A2", "g_max"} <= found.unidentified.keys()
    assert "only together with" in found.unidentified["A1"]
    assert {"nu", "c3"} <= found.standard_errors.keys()
    assert all(np.isfinite(list(found.standard_errors.values())))


def test_one_delay_says_nothing_of_drift():
    table = simulate_reads(REFERENCE, devices=40, pulses=5, delays=(1.0,), seed=8)
    found = fit_device(table, simpler=False)
    assert found.parameters.T0 == 1.0
    assert found.unidentified["nu"] == "all reads are 1 s after their pulse"


def test_known_constants_are_kept():
    table = simulate_reads(REFERENCE, devices=40, pulses=5, seed=9)
    found = fit_device(table, fix={"a": 2.6, "m3": 0.03, "g_max": 13}, simpler=False)
    assert (found.parameters.a, found.parameters.m3, found.parameters.g_max) == (2.6, 0.03, 13.0)
    assert not {"a", "m3", "g_max"} & (found.standard_errors.keys() | found.unidentified.keys())
    most = table.conductance.argmax()
    at_most = float(np.sort(table.conductance)[-2])
    for fix, message in (
        ({"m9": 1}, "fix = 'm9': must be one of"),
        ({"nuspread": 1}, "fix = 'nuspread': .*; did you mean nu_spread[?]"),
        ({"bits": 4}, "fix = 'bits': must be one of"),
        ({"g_max": 2}, rf"g_max = 2: must be at least the [\d.]+ µS that was read \(row {most}\)"),
        ({"g_max": at_most}, r"\); 1 read is above it: delete those that are mistakes"),
        ({"g_max": 2}, rf"; {(table.conductance > 2).sum()} reads are above it: delete those that"),
        ({"g_max": -1}, "g_max = -1: must be a finite number above 0"),
        ({"g_min": 5}, r"g_min = 5: must be at most the [\d.]+ µS that was read"),
        ({"a": -1}, "a = -1.0: must be a finite number above 0"),
    ):
        with pytest.raises(ValueError, match=message):
            fit_device(table, fix=fix)


def test_the_numbers_go_through_json(whole):
    found = json.loads(json.dumps(for_json(whole.to_json())))
    assert PCMParameters(**found["constants"]) == whole.parameters
    assert set(found["standard_errors"]) | set(found["unidentified"]) >= {"m1", "nu"}
    assert not {"g_min", "g_max"} & set(found["standard_errors"])
    limit = next(line for line in whole.summary().splitlines() if "g_max" in line)
    unknown = "g_max" in found["unidentified"]
    assert ("not determined" if unknown else "the limit at which reads pile up") in limit
    assert "±" not in limit
    assert found["is_pcm"]
    assert len(found["checks"]["mean"]["residual"]) == 11


def rows(name):
    with (Path(MEASURED) / name).open() as file:
        return list(csv.DictReader(file))


@pytest.mark.skipif(MEASURED is None, reason="PCMLIB_DATA names no folder of measured tables")
def test_steps_that_grow_are_no_pcm_s():
    found = fit_device(Path(MEASURED) / "set-ramps.csv", simpler=False)
    assert not found.is_pcm
    assert found.findings[0].startswith("steps grow with G, from 2.2")
    assert found.parameters.m1 == pytest.approx(0.0065, rel=0.2)


@pytest.mark.skipif(MEASURED is None, reason="PCMLIB_DATA names no folder of measured tables")
def test_relaxation_is_no_drift():
    path = Path(MEASURED) / "relaxation.csv"
    with pytest.raises(ValueError, match="line 2, time = '0'"):
        fit_device(path)
    later = [row for row in rows("relaxation.csv") if float(row["time"]) > 0]
    found = fit_device({name: [r[name] for r in later] for name in later[0]}, simpler=False)
    assert not found.is_pcm
    assert found.findings[0].startswith("the spread grows with time")
