"""The laws against numbers worked out by hand, and the refusal of bad constants."""

import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numba import njit

from pcmlib.base.checks import plain
from pcmlib.book.experiments import devices as experiments
from pcmlib.device import (
    PCMArray,
    PCMParameters,
    devices_differ,
    drift,
    drift_exponent,
    drifted,
    history_decay,
    read_noise,
    set_increment,
)

P = PCMParameters()


def chance_that_a_set_lowers(G, pulse):
    mu, sigma = set_increment(G, math.exp(-pulse / 2.6), P)
    return 0.5 * math.erfc(mu / sigma / math.sqrt(2))


def test_the_first_set_of_a_fresh_device_has_a_signal_to_noise_ratio_of_about_one():
    # By hand: exp(-1/2.6) = 0.68073, so mu = -0.0084 + 0.88 + 0.95302 and so on.
    mu, sigma = set_increment(0.1, history_decay(P), P)
    assert mu == pytest.approx(1.82462, abs=1e-4)
    assert sigma == pytest.approx(1.73267, abs=1e-4)


@pytest.mark.parametrize(
    ("G", "pulse", "percent"), [(0.1, 1, 15), (5, 5, 26), (8, 10, 41), (9.4, 20, 47)]
)
def test_chance_that_a_set_lowers_the_conductance(G, pulse, percent):
    assert 100 * chance_that_a_set_lowers(G, pulse) == pytest.approx(percent, abs=0.6)


def test_the_mean_step_vanishes_at_the_fixed_point():
    mu, _ = set_increment(P.c1 / -P.m1, 0.0, P)
    assert mu == pytest.approx(0, abs=1e-12)
    assert P.c1 / -P.m1 == pytest.approx(10.48, abs=0.01)


@pytest.mark.parametrize(
    ("elapsed", "conductance"), [(1e-3, 18.31), (1, 13.89), (38.6, 12), (100, 11.55), (1e4, 9.61)]
)
def test_drift_of_twelve_microsiemens(elapsed, conductance):
    assert drift(12.0, elapsed, P.nu, P) == pytest.approx(conductance, abs=0.01)


@given(st.floats(0.1, 20), st.floats(1e-4, 1e5), st.floats(1.01, 100), st.floats(0.001, 0.2))
def test_drift_is_a_straight_line_in_logarithms(G, elapsed, factor, nu):
    ratio = drift(G, elapsed * factor, nu, P) / drift(G, elapsed, nu, P)
    assert math.log(ratio) / math.log(factor) == pytest.approx(-nu, rel=1e-6)


@pytest.mark.parametrize(
    ("G", "sd"), [(0.1, 0.133), (1, 0.160), (5, 0.280), (10, 0.430), (12, 0.490)]
)
def test_read_noise(G, sd):
    assert read_noise(G, P) == pytest.approx(sd)


def test_the_drift_exponent_is_constant_unless_asked_otherwise():
    assert drift_exponent(torch.tensor([1.0, 12.0]), 0.0, P) == 0.04
    assert drift_exponent(torch.tensor([1.0]), 0.0, P.replace(drift=0.5)) == 0.02


def test_the_drift_exponent_can_fall_with_conductance_and_differ_between_devices():
    # By hand at G = g_max / 10: 0.0244 + 0.0155 ln 10 = 0.06009; at g_max the lower bound holds.
    p = P.replace(nu=0.0244, nu_slope=0.0155, nu_bounds=(0.049, 0.1))
    nu = drift_exponent(torch.tensor([1.2, 12.0]), 0.0, p)
    torch.testing.assert_close(nu, torch.tensor([0.06009, 0.049]), atol=1e-5, rtol=0)
    spread = drift_exponent(torch.tensor([12.0]), torch.tensor([-2.0]), p.replace(nu_spread=0.01))
    torch.testing.assert_close(spread, torch.tensor([0.029]))


def test_the_spread_of_the_drift_exponent_can_fall_with_conductance_too():
    # By hand at G = g_max / 10: 0.05 + 2 (-0.0059 + 0.0125 ln 10); at g_max the bound holds, 0.008.
    bounds = {"nu_bounds": (0.0, 1.0), "nu_spread_bounds": (0.008, 0.045)}
    p = P.replace(nu=0.05, nu_spread=-0.0059, nu_spread_slope=0.0125, **bounds)
    nu = drift_exponent(torch.tensor([1.2, 12.0, 1e-3]), torch.tensor([2.0, 2.0, -1.0]), p)
    torch.testing.assert_close(nu, torch.tensor([0.09576, 0.066, 0.005]), atol=1e-5, rtol=0)
    assert devices_differ(p)
    assert not devices_differ(P.replace(nu_spread=-0.01, nu_slope=0.1))


def test_a_performance_mode_step_is_a_power_of_two_part_of_the_range():
    assert P.set_step is None
    assert P.replace(bits=3).set_step == 1.5


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("a", 0, "above 0"),
        ("T0", -1.0, "above 0"),
        ("t_min", 0, "above 0"),
        ("g_max", 0.05, "above g_min"),
        ("nu", -0.01, "at least 0"),
        ("c3", float("nan"), "a finite number"),
        ("m1", float("inf"), "a finite number"),
        ("write_noise", "1", "a finite number"),
        ("read_noise", -1, "at least 0"),
        ("bits", 0, "at least 1 and at most 16"),
        ("bits", 17, "at least 1 and at most 16"),
        ("bits", 2.5, "a whole number"),
        ("nu_bounds", (0.2, 0.1), "low <= high"),
        ("nu_spread_bounds", (-0.1, 0.1), "low <= high"),
        ("nu_spread_bounds", 0.1, "low <= high"),
        ("nu_spread", float("nan"), "a finite number"),
    ],
)
def test_a_bad_constant_is_refused_by_name(name, value, allowed):
    with pytest.raises(ValueError, match=name) as error:
        PCMParameters(**{name: value})
    assert allowed in str(error.value)
    assert repr(value) in str(error.value)


# All that evaluate a law agree, whatever the parameters


@st.composite
def any_parameters(draw, **fixed):
    """Every constant at random, and often at the values that switch a branch of a law."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    size = random.uniform

    def one_of(*values):
        return values[random.integers(len(values))]

    values = {
        "a": size(0.5, 9), "m1": size(-0.5, 0.1), "c1": size(0, 2), "A1": size(0, 3),
        "m2": size(0, 0.3), "c2": size(0.01, 1), "A2": size(0, 3), "g_reset": size(0, 1),
        "reset_spread": size(0, 0.5), "g_max": size(5, 40), "nu": one_of(0.04, 1.5, size(0, 2)),
        "T0": size(1, 100), "m3": size(0, 0.1), "c3": size(0.01, 0.5),
        "t_min": one_of(5e-4, size(1e-5, 5)), "nu_slope": one_of(0.0, 0.0155),
        "nu_bounds": (one_of(0.0, size(0, 0.1)), one_of(1.0, 0.1)),
        "write_noise": one_of(0.0, 1.0, size(0, 2)), "read_noise": one_of(0.0, 1.0, size(0, 2)),
        "drift": one_of(0.0, 1.0, 1.0, size(0, 2)), "bits": one_of(None, None, None, 1, 4, 16),
    }  # fmt: skip
    return PCMParameters(**{name: plain(value) for name, value in (values | fixed).items()})


def by_hand(G, elapsed, p):
    """The law of drift in plain Python, with all of its limits."""
    if p.bits is not None:
        return G
    nu = p.nu - (p.nu_slope * math.log(max(G, 1e-6) / p.g_max) if p.nu_slope else 0.0)
    nu = p.drift * min(max(nu, p.nu_bounds[0]), p.nu_bounds[1])
    return G * (max(elapsed, p.t_min) / p.T0) ** -nu


@given(p=any_parameters(), elapsed=st.floats(1e-4, 1e4), G=st.floats(0.0, 5.0))
def test_all_that_drifts_follows_one_law(p, elapsed, G):
    expected = by_hand(G, elapsed, p)
    devices = PCMArray((1,), p)
    devices.put([G])
    assert devices.drifted(elapsed).item() == pytest.approx(expected, rel=2e-4, abs=1e-6)
    curve = experiments.drift_curves(p, start=(G,), first=elapsed, last=2 * elapsed)
    assert curve.conductance[0, 0] == pytest.approx(expected, rel=1e-6, abs=1e-12)


@given(p=any_parameters(g_min=-1e6), pulses=st.integers(1, 12))
def test_all_that_sets_follows_one_law(p, pulses):
    p = p.replace(g_max=1e6 if p.bits is None else p.g_max)
    E, V, noise = p.g_reset, (p.write_noise * p.reset_spread * p.g_reset) ** 2, p.write_noise
    if p.bits is not None:
        assume(E + pulses * p.g_max / 2**p.bits < p.g_max)
        E, V = E + pulses * p.g_max / 2**p.bits, 0.0
    else:
        for k in range(1, pulses + 1):
            h = math.exp(-k / p.a)
            sd = noise * (p.m2 * E + p.c2 + p.A2 * h)
            V = (1 + p.m1) ** 2 * V + (noise * p.m2) ** 2 * V + sd**2
            E = E + p.m1 * E + p.c1 + p.A1 * h
    mean, std = experiments.exact_moments(p, pulses=pulses)
    assert mean[-1] == pytest.approx(E, rel=1e-9)
    assert std[-1] == pytest.approx(math.sqrt(V), rel=1e-9, abs=1e-12)
    silent = p.replace(write_noise=0.0)
    devices = PCMArray((3,), silent)
    devices.set(0.0, [0, pulses, 1])
    assert devices.G[1].item() == pytest.approx(E, rel=1e-4)


@given(p=any_parameters(g_min=0.0, g_reset=0.1, nu_slope=0.0, g_max=1000.0))
@settings(max_examples=20)
def test_all_that_reads_follows_one_law(p):
    """sd of 4000 reads to 6 standard errors, in the middle of the range, where nothing clips."""
    p = p.replace(nu=min(p.nu, 0.1), m3=min(p.m3, 0.05))
    run = experiments.read_statistics(p, levels=3, reads=4000)
    scale = 0.0 if p.bits is not None else p.read_noise
    for G, law in zip(run.conductance, run.law, strict=True):
        assert law == pytest.approx(scale * (p.m3 * by_hand(G, p.T0, p) + p.c3), rel=1e-4)
    tolerance = 6 * run.law[1] / math.sqrt(2 * 4000)
    assert run.std[1] == pytest.approx(run.law[1], abs=tolerance + 1e-3)  # float32 at 500 µS


@pytest.mark.parametrize("of_spread", [0.0, 0.0125])
@pytest.mark.parametrize("spread", [0.0, 0.01])
@pytest.mark.parametrize("slope", [0.0, 0.0155])
def test_numba_compiles_the_law_that_python_and_torch_evaluate(slope, spread, of_spread):
    p = P.replace(nu_slope=slope, nu_spread=spread, nu_bounds=(0.01, 0.1))
    p = p.replace(nu_spread_slope=of_spread, nu_spread_bounds=(0.0, 0.04))
    levels = [0.0, 1e-3, 1.0, 12.0]
    G, elapsed = (x.ravel() for x in np.meshgrid(levels, [1e-4, 1.0, 1e4]))
    deviate = np.linspace(-3, 3, len(G))
    arrays = drifted(G, elapsed, deviate, p)
    tensors = drifted(*(torch.from_numpy(x).float() for x in (G, elapsed, deviate)), p)
    np.testing.assert_allclose(tensors, arrays, rtol=1e-5)
    _compiled = njit(lambda *numbers: drifted(*numbers))
    narrow = [x.astype(np.float32) for x in (G, elapsed, deviate)]
    compiled = [_compiled(*numbers, p.constants()) for numbers in zip(*narrow, strict=True)]
    np.testing.assert_allclose(compiled, arrays, rtol=1e-5)
    assert str(_compiled.nopython_signatures[0].return_type) == "float32"
