"""The explorer of forgetting gives the experiment's own numbers, at any position of its knobs.

The oracle is `pcmlib.book.experiments.ageing`: `PCMArray`, with the same random numbers.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from knobs import floats

from pcmlib.book.experiments.ageing import aged_weights
from pcmlib.book.explorers.ageing import ageing


@settings(max_examples=20)
@given(
    days=st.sampled_from([0.001, 0.1, 30.0, 365.0]), nu_spread=floats(0, 0.04), common=floats(0, 5)
)
def test_ageing(days, nu_spread, common):
    found = ageing(days=days, nu_spread=nu_spread, common=common)
    run = aged_weights(days, nu_spread, common)
    for name in run._fields:
        np.testing.assert_allclose(found[name], getattr(run, name), atol=1e-4)
    for name, values in (("error", run.later), ("left", run.compensated)):
        np.testing.assert_allclose(found[name], run.error(values), rtol=1e-3, atol=1e-3)


def test_alike_devices_are_compensated_whole_and_others_the_less_the_more_they_hold():
    alike = ageing(days=365.0, nu_spread=0.0, common=5.0)
    assert alike["left"] < 0.01
    assert alike["error"] == pytest.approx(100 * (1 - (365 * 86400 / 38.6) ** -0.04), rel=1e-3)
    errors = [ageing(days=30.0, nu_spread=0.02, common=c)["left"] for c in (0.0, 2.0, 5.0)]
    assert errors[0] < errors[1] < errors[2]
