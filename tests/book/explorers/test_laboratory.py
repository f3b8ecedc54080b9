"""What the laboratory's pages compute is what Python computes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from knobs import floats

from pcmlib import PCMArray, PCMParameters
from pcmlib.book.explorers.laboratory import READ, RESET, SET, STEP, treat
from pcmlib.device.record import numbers

STEPS = st.lists(
    st.tuples(floats(0, 1e4), st.sampled_from([SET, RESET, READ]), st.integers(1, 5).map(float)),
    min_size=1,
    max_size=12,
).map(sorted)
CONSTANTS = st.fixed_dictionaries(
    {},
    optional={
        "g_max": floats(5, 30),
        "m1": floats(-0.2, 0.1),
        "write_noise": st.sampled_from([0.0, 0.5]),
        "read_noise": st.sampled_from([0.0, 2.0]),
        "drift": st.sampled_from([0.0, 1.5]),
        "nu_slope": floats(0, 0.02),
        "nu_spread": floats(0, 0.02),
        "bits": st.integers(1, 8),
    },
)


def in_the_page(seed, p, steps, devices):
    """The readings as compiled code gives them for a page's arrays."""
    conductance, done = np.zeros((len(steps), devices), np.float32), np.zeros(1, np.float32)
    treat.compiled(float(seed), numbers(p), np.array(steps, STEP), conductance, done)
    assert done == len(steps)
    return conductance


def in_python(seed, p, steps, devices):
    cells, found = PCMArray((devices,), p, seed=seed), np.full((len(steps), devices), np.nan)
    for k, (t, what, pulses) in enumerate(steps):
        if what == SET:
            cells.set(t, [int(pulses)] * devices)
        elif what == RESET:
            cells.reset(t)
        else:
            found[k] = cells.read(t).numpy()
    return found


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**53 - 1), CONSTANTS, STEPS, st.sampled_from([1, 3, 700]))
def test_a_treatment_is_that_of_an_array(seed, constants, steps, devices):
    p = PCMParameters(**constants)
    found, expected = (f(seed, p, steps, devices) for f in (in_the_page, in_python))
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)


def test_a_set_before_a_read_counts_and_one_after_it_does_not():
    """Steps of one time are taken in their order."""
    p = PCMParameters(write_noise=0, read_noise=0, drift=0)
    before = in_the_page(1, p, [(10.0, SET, 1.0), (10.0, READ, 1.0)], 2)[1]
    after = in_the_page(1, p, [(10.0, READ, 1.0), (10.0, SET, 1.0)], 2)[0]
    assert (before > after + 0.5).all()
    assert after == pytest.approx(p.g_reset, abs=1e-6)
