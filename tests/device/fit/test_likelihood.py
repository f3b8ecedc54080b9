"""The filter's likelihood: of normal numbers in closed form, of cut-off ones by simulation."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import multivariate_normal

from pcmlib.device import DEVICES
from pcmlib.device.fit.likelihood import grid_for, log_likelihood
from pcmlib.device.fit.reads import gather
from pcmlib.device.fit.simulate import simulate_reads
from pcmlib.device.fit.table import Measurements
from pcmlib.device.laws import Constants, PCMParameters

# Noise that does not depend on G, and limits far off: reads are jointly normal
NORMAL = PCMParameters(
    m2=0.0,
    c2=0.5,
    A2=1.0,
    m3=0.0,
    c3=0.5,
    g_reset=20.0,
    reset_spread=0.02,
    g_min=2.0,
    g_max=45.0,
    nu=0.05,
)


def likelihood(table, p):
    reads = gather(table, p.g_min, p.g_max, p.T0)
    grid = grid_for(p.constants(), reads)
    exact = Constants(*(getattr(p, name) for name in Constants._fields))  # and not in float32
    return log_likelihood(exact, p.a, reads, grid)


def exact(table, p, nu):
    """Log-density of one device's reads: a linear chain and its noise."""
    n = int(table.pulse.max()) + 1
    mean, spread = np.zeros(n), np.zeros((n, n))
    mean[0], spread[0, 0] = p.g_reset, (p.g_reset * p.reset_spread) ** 2
    for k in range(1, n):
        P = math.exp(-k / p.a)
        mean[k] = (1 + p.m1) * mean[k - 1] + p.c1 + p.A1 * P
        spread[k, :k] = spread[:k, k] = (1 + p.m1) * spread[k - 1, :k]
        spread[k, k] = (1 + p.m1) ** 2 * spread[k - 1, k - 1] + (p.c2 + p.A2 * P) ** 2
    f = (table.time / p.T0) ** -nu
    covariance = spread[np.ix_(table.pulse, table.pulse)] * f * f[:, None]
    covariance += np.eye(len(f)) * p.c3**2
    return multivariate_normal(mean[table.pulse] * f, covariance).logpdf(table.conductance)


def one_device():
    time = 38.6 * np.exp(0.01 * np.array([0, -200, 0, 100, 0, 0, 30, 300]))
    pulse = np.array([0, 1, 2, 2, 4, 5, 5, 5])
    zero = np.zeros(8, int)
    table = Measurements(
        ("a",), zero, pulse, time, np.array([20.5, 24, 25, 24.5, 22, 26, 25, 22.0])
    )
    return table


def test_reads_of_a_linear_chain_are_jointly_normal():
    table = one_device()
    found = likelihood(table, NORMAL)
    assert float(found[0]) == pytest.approx(exact(table, NORMAL, NORMAL.nu), abs=2e-3)


def test_a_spread_of_nu_is_integrated_over():
    table, p = one_device(), NORMAL.replace(nu_spread=0.02)
    normal = lambda z: math.exp(-z * z / 2) / math.sqrt(2 * math.pi)  # noqa: E731
    of = lambda z: normal(z) * math.exp(exact(table, p, max(p.nu + p.nu_spread * z, 0)))  # noqa: E731
    whole = quad(of, -8, -2.5)[0] + quad(of, -2.5, 8)[0]
    assert float(likelihood(table, p)[0]) == pytest.approx(math.log(whole), abs=2e-3)


@pytest.mark.parametrize("limit", ["g_min", "g_max"])
def test_reads_at_a_limit_are_as_likely_as_simulated_ones_are_frequent(limit):
    p = PCMParameters(c3=0.5, c1=0.3 if limit == "g_min" else 2.0)
    n, pulses = 40_000, 3 if limit == "g_min" else 12
    table = simulate_reads(p, devices=n, pulses=pulses, seed=2)
    at = np.float64(getattr(p, limit))
    r = table.conductance.reshape(n, -1)
    asked = [1, 2, 3] if limit == "g_min" else [8, 11, 12]
    share = (r[:, asked] == at).all(1).mean()
    zero = np.zeros(3, int)
    one = Measurements(("a",), zero, np.array(asked), None, np.full(3, at))
    found = math.exp(float(likelihood(one, p)[0]))
    assert 0.003 < share < 0.5
    assert abs(share - found) < 4 * math.sqrt(share * (1 - share) / n)


@pytest.mark.parametrize(
    ("p", "devices", "pulses"),
    [(PCMParameters(nu_spread=0.015), 400, 8), (DEVICES["aihwkit"], 160, 4)],
)
def test_the_score_at_the_truth_is_0_on_the_mean(p, devices, pulses):
    """Its sum is within four of its own standard errors."""
    told = {"delays": (p.T0,), "late": (386.0, 1e5), "seed": 3}
    table = simulate_reads(p, devices=devices, pulses=pulses, **told)
    reads = gather(table, p.g_min, p.g_max, p.T0)
    grid = grid_for(p.constants(), reads)
    names = ("m1", "c1", "A1", "m2", "c2", "A2", "m3", "c3", "nu", "nu_spread", "g_reset")
    scores = []
    for first in range(0, devices, devices // 20):
        x = torch.tensor([getattr(p, n) for n in names], dtype=torch.float64, requires_grad=True)
        constants = p.constants()._replace(**dict(zip(names, x, strict=True)))
        part = slice(first, first + devices // 20)
        found = log_likelihood(constants, p.a, reads, grid, part).sum()
        scores.append(torch.autograd.grad(found, x)[0])
    score = torch.stack(scores)
    off = score.mean(0) / score.std(0) * math.sqrt(len(score))
    assert float(off.abs().max()) < 4.5  # of 20 parts: of Student's t


@pytest.mark.parametrize("c3", [1e-3, 1e-10, 0.0])
def test_the_slope_is_finite_where_noise_is_next_to_nothing(c3):
    """As a table with a gross outlier leads to: a RESET to 0, where c3 is all the noise."""
    p = PCMParameters(m3=0.18, c3=c3, reset_spread=0.95, g_max=110.0)
    table = simulate_reads(p, devices=4, pulses=2, late=(386.0,), seed=1)
    reads = gather(table, p.g_min, p.g_max, p.T0)
    grid = grid_for(p.constants(), reads)
    names = ("m3", "c3", "g_reset", "reset_spread")
    x = torch.tensor([getattr(p, n) for n in names], dtype=torch.float64, requires_grad=True)
    constants = p.constants()._replace(**dict(zip(names, x, strict=True)))
    found = log_likelihood(constants, p.a, reads, grid).sum()
    slope = torch.autograd.grad(found, x)[0]
    assert bool(torch.isfinite(found))
    assert bool(torch.isfinite(slope).all())
