"""Figures of a fit show what it found."""

import numpy as np
import pytest

from pcmlib.book.figures.fit import plot_errors, plot_fit
from pcmlib.device import PCMParameters, fit_device, simulate_reads


def test_a_fit_is_shown_beside_its_reads():
    reads = simulate_reads(PCMParameters(), devices=20, pulses=4, seed=1)
    found = fit_device(reads, simpler=False)
    mean, step, residual = plot_fit(found).axes  # one read a state tells nothing of drift
    r = reads.conductance.reshape(20, 5)
    lines = [line.get_ydata() for line in mean.lines]
    assert any(len(y) == 5 and np.allclose(y, r.mean(0)) for y in lines)
    assert any(len(y) == 5 and np.allclose(y, r.std(0)) for y in lines)
    assert np.array_equal(residual.lines[0].get_ydata(), found.checks["mean"].residual)
    assert np.array_equal(step.lines[1].get_xdata(), found.checks["step"].at)


def test_drift_has_a_panel_where_states_were_read_again():
    reads = simulate_reads(PCMParameters(), devices=20, pulses=4, delays=(38.6, 386.0), seed=1)
    found = fit_device(reads, simpler=False)
    _, _, drift, _ = plot_fit(found).axes
    for line, name in zip(drift.lines[1::2], ("change", "change_sd"), strict=True):
        assert np.array_equal(line.get_xdata(), found.checks[name].at)
        assert np.array_equal(line.get_ydata(), found.checks[name].measured)
    assert drift.get_xscale() == "log"


def test_an_error_is_a_dot_and_none_a_cross():
    errors = {"one": {"c1": 0.1, "a": 0.2}, "other": {"c1": 0.5}}
    (axes,) = plot_errors(errors, ("c1", "a"), most=0.4).axes
    dots, crosses = axes.lines[::2], axes.lines[1::2]
    assert dots[0].get_ydata().tolist() == [0.1, 0.2]
    assert dots[1].get_ydata()[0] == pytest.approx(0.4)
    assert [len(line.get_ydata()) for line in crosses] == [0, 1]
    assert crosses[1].get_xdata()[0] == pytest.approx(1.2)
