"""The explorer of forgetting gives an array's own numbers, at any position of its knobs.

The oracle is `PCMArray`, with the same random numbers.
"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from knobs import floats

from pcmlib.book.explorers.ageing import ageing
from pcmlib.device import PCMArray, PCMParameters


@settings(max_examples=20)
@given(
    days=st.sampled_from([0.001, 0.1, 30.0, 365.0]), nu_spread=floats(0, 0.04), common=floats(0, 5)
)
def test_ageing(days, nu_spread, common):
    found = ageing(days=days, nu_spread=nu_spread, common=common)
    wanted = torch.linspace(-7, 7, 400)
    cells = PCMArray((2, 400), PCMParameters(nu_spread=nu_spread))
    cells.put(torch.stack([wanted, -wanted]).clamp(min=0) + common)
    drifted = cells.drifted(days * 86400)
    later = drifted[0] - drifted[1]
    compensated = later * (cells.G.double().sum() / drifted.double().sum())
    for name, values in (("wanted", wanted), ("later", later), ("compensated", compensated)):
        np.testing.assert_allclose(found[name], values, atol=1e-4)
    for name, values in (("error", later), ("left", compensated)):
        lost = ((values - wanted) ** 2).mean() / (wanted**2).mean()
        np.testing.assert_allclose(found[name], 100 * lost.sqrt(), rtol=1e-3, atol=1e-3)


def test_alike_devices_are_compensated_whole_and_others_the_less_the_more_they_hold():
    alike = ageing(days=365.0, nu_spread=0.0, common=5.0)
    assert alike["left"] < 0.01
    assert alike["error"] == pytest.approx(100 * (1 - (365 * 86400 / 38.6) ** -0.04), rel=1e-3)
    errors = [ageing(days=30.0, nu_spread=0.02, common=c)["left"] for c in (0.0, 2.0, 5.0)]
    assert errors[0] < errors[1] < errors[2]
