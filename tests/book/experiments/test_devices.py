"""The device figures against the published points, and the simulation against exact moments."""

import math

import numpy as np
import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from pcmlib.book.experiments import devices as experiments
from pcmlib.device import PCMParameters

# Means and sds (µS) after these pulses; se at 10,000 devices: 0.027 and 0.019. Tolerance 0.1.
FIGURE_5 = {
    20.0: {1: (2.06, 1.52), 2: (3.43, 1.98), 5: (5.91, 2.40), 10: (7.83, 2.49), 20: (9.40, 2.70)},
    12.0: {1: (2.06, 1.52), 2: (3.43, 1.98), 5: (5.89, 2.32), 10: (7.68, 2.17), 20: (8.89, 1.97)},
}
FIGURE_7 = {20.0: {6: 2.39, 11: 3.98, 96: 10.75, 299: 8.70}, 12.0: {96: 9.93, 299: 8.28}}


def clipped_moments(pulses, g_max, devices=400_000):
    """Mean and sd of readings by plain NumPy, as an oracle at the pulses that no table gives."""
    random = np.random.default_rng(0)
    G = random.normal(0.1, 0.01, devices)
    for pulse in range(1, pulses + 1):
        P = math.exp(-pulse / 2.6)
        mean, sd = -0.084 * G + 0.880 + 1.40 * P, 0.091 * G + 0.260 + 2.15 * P
        G = np.clip(G + random.normal(mean, sd), 0.1, g_max)
        reading = np.clip(G + random.normal(0, 0.03 * G + 0.13), 0.1, g_max)
        yield reading.mean(), reading.std()


@pytest.mark.parametrize("g_max", [20.0, 12.0])
def test_figure_5_at_every_pulse(g_max):
    ours = experiments.pulse_statistics(PCMParameters(g_max=g_max))
    for pulse, (mean, std) in FIGURE_5[g_max].items():
        assert ours.mean[pulse - 1] == pytest.approx(mean, abs=0.1)
        assert ours.std[pulse - 1] == pytest.approx(std, abs=0.1)
    for pulse, (mean, std) in enumerate(clipped_moments(20, g_max)):
        assert ours.mean[pulse] == pytest.approx(mean, abs=4 * std / math.sqrt(10_000))
        assert ours.std[pulse] == pytest.approx(std, abs=4 * std / math.sqrt(10_000))


def test_the_exact_moments_are_those_of_the_recursion_by_hand():
    # By hand, from E = 0.1: E1 = 0.916 * 0.1 + 0.88 + 1.4 * 0.68073 = 1.92462, and so on.
    mean, std = experiments.exact_moments(pulses=2)
    assert mean == pytest.approx([1.92462, 3.29165], abs=1e-4)
    assert std[0] == pytest.approx(1.7327, abs=1e-3)
    silent_mean, silent_std = experiments.exact_moments(PCMParameters(write_noise=0), pulses=2)
    assert silent_mean == pytest.approx(mean)
    assert silent_std == pytest.approx([0, 0])


def test_figure_2_has_all_its_pulses():
    (run,) = experiments.staircase()
    assert len(run.pulse_times) == 20
    assert run.pulse_times[[0, -1]] == pytest.approx([38.6, 772.0])
    assert run.time[[0, -1]] == pytest.approx([1, 800])
    assert len(run.time) == 800
    assert np.isfinite(run.conductance).all()
    assert (np.abs(run.conductance - run.drifted) > 0).mean() > 0.9  # each read has its own noise


@holds_for(
    interval=st.one_of(st.floats(0.3, 79), st.sampled_from([0.5, 1, 1.1, 5, 38.6, 39, 79])),
    seconds=st.floats(80, 200),
)
def test_every_step_of_figure_2_is_seen_at_the_same_delays(interval, seconds):
    """Else drift, not the step, sets one jump apart from the next; the last read can be short."""
    silent = PCMParameters(g_max=20.0, write_noise=0, read_noise=0)
    (run,) = experiments.staircase(silent, interval=interval, seconds=seconds)
    assert len(run.time) == int(seconds)
    assert (np.diff(run.time) > 0).all()
    pulses = np.concatenate([[0], run.pulse_times])
    before = np.searchsorted(pulses, run.time) - 1  # a read on a pulse comes before it
    delay = run.time - pulses[before]
    first = np.diff(before, prepend=-1) > 0
    assert delay[first] == pytest.approx(min(1, interval), abs=1e-9)
    whole = np.abs(delay - delay.round()) < 1e-9
    assert (whole | (np.abs(delay - interval) < 1e-9)).all()


def test_figure_2_has_no_jump_but_its_steps_where_pulses_and_clock_meet():
    """193, 386, 579 and 772 s are whole, and 5, 10, 15 and 20 times 38.6 s."""
    silent = PCMParameters(g_max=20.0, write_noise=0, read_noise=0)
    (run,) = experiments.staircase(silent)
    mean, _ = experiments.exact_moments(silent)
    first = [run.drifted[run.time > t][0] for t in run.pulse_times]
    assert first == pytest.approx(mean * 38.6**0.04, rel=1e-5)


def test_figure_2_between_two_pulses_is_the_power_law():
    (run,) = experiments.staircase(PCMParameters(g_max=20.0, read_noise=0), seconds=77.0)
    after = run.time > 39
    slope = np.polyfit(np.log(run.time[after] - 38.6), np.log(run.conductance[after]), 1)[0]
    assert slope == pytest.approx(-0.04, abs=1e-4)


@pytest.mark.parametrize("g_max", [20.0, 12.0])
def test_figure_7_is_finite_and_as_published(g_max):
    run = experiments.array_drift(PCMParameters(g_max=g_max))
    assert len(run.pulse_times) == 19
    assert len(run.time) == 299
    assert np.isfinite(run.mean).all()
    assert np.isfinite(run.std).all()
    for t, mean in FIGURE_7[g_max].items():
        assert run.mean[run.time == t][0] == pytest.approx(mean, abs=0.1)
    # a saw-tooth: the reading just after a pulse lies above the one four seconds later
    assert run.mean[run.time == 95][0] > run.mean[run.time == 99][0]


@pytest.mark.parametrize("interval", [0.7, 1, 7.3, 10, 38.6, 40])
def test_pulses_are_those_that_a_read_can_see(interval):
    """The last read of an array is at 79 s, and no pulse comes at `stop` or later; at 80 s one cell
    is read once more, before a pulse at that time."""
    given = np.arange(1, 79 // interval + 1) * interval
    array = experiments.array_drift(interval=interval, stop=80, seconds=80, devices=2)
    assert array.pulse_times == pytest.approx(given)
    stopped = experiments.array_drift(interval=interval, stop=41, seconds=80, devices=2)
    assert stopped.pulse_times == pytest.approx(given[given < 41])
    (run,) = experiments.staircase(interval=interval, seconds=80)
    pulses = np.arange(1, 200) * interval
    assert run.pulse_times == pytest.approx(pulses[pulses < 80 - 1e-9])


def test_read_noise_follows_its_law():
    reads = 10_000
    run = experiments.read_statistics(PCMParameters(g_max=1000.0), reads=reads)
    inside = (run.conductance > 2) & (run.conductance < 900)  # nothing is clipped there
    tolerance = 4.5 * run.law[inside] / math.sqrt(2 * reads)
    assert (np.abs(run.std[inside] - run.law[inside]) < tolerance).all()


def test_drift_curves_are_the_published_ones():
    curves = experiments.drift_curves()
    twelve = dict(zip(np.round(np.log10(curves.time), 2), curves.conductance[-1], strict=True))
    for decade, conductance in ((-3, 18.31), (0, 13.89), (2, 11.55), (4, 9.61)):
        assert twelve[decade] == pytest.approx(conductance, abs=0.01)


def test_retention_is_the_power_law_and_its_spread():
    """At 3.86e5 s, 10^4 T0, a spread s of nu multiplies by 10^(-4 s xi), xi a normal deviate."""
    at = np.array([38.6, 3.86e5])
    alike = experiments.retention(PCMParameters(), 8.0, at)
    assert alike == pytest.approx(np.array([[1, 10**-0.16]] * 3), rel=1e-5)
    band = experiments.retention(PCMParameters(nu=0.1, nu_spread=0.02), 8.0, at, devices=20_000)
    assert band[:, 0] == pytest.approx([1, 1, 1], rel=1e-5)
    decile = 1.28155
    expected = [10 ** (-4 * (0.1 - 0.02 * xi)) for xi in (-decile, 0, decile)]
    assert band[:, 1] == pytest.approx(expected, rel=0.01)


def test_the_chance_of_a_decrease_grows_along_the_staircase():
    chances = [
        float(experiments.chance_of_decrease(np.array(float(G)), pulse))
        for G, pulse in ((0.1, 1), (5, 5), (8, 10), (9.4, 20))
    ]
    assert chances == pytest.approx([0.15, 0.26, 0.41, 0.47], abs=0.006)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: experiments.staircase(interval=0), "interval = 0: must be a finite number above"),
        (lambda: experiments.staircase(seconds=-1), "seconds = -1"),
        (lambda: experiments.staircase(interval=80, seconds=80), "interval = 80: must be a finite"),
        (
            lambda: experiments.pulse_statistics(devices=1),
            "devices = 1: must be a whole number, at",
        ),
        (lambda: experiments.pulse_statistics(pulses=0), "pulses = 0"),
        (lambda: experiments.array_drift(stop=1000.0), "stop = 1000.0"),
        (lambda: experiments.array_drift(stop=5.0), "stop = 5.0: must be a finite number above 5"),
        (lambda: experiments.array_drift(interval=90, stop=90, seconds=90), "interval = 90"),
        (lambda: experiments.drift_curves(first=0), "first = 0"),
        (lambda: experiments.retention(PCMParameters(), 0.0, np.ones(1)), "start = 0.0"),
        (lambda: experiments.read_statistics(levels=1), "levels = 1"),
        (lambda: experiments.exact_moments(pulses=0), "pulses = 0"),
    ],
)
def test_bad_input_is_refused_by_name(call, words):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the words are checked below
        call()
    assert words in str(error.value)
