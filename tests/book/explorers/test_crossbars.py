"""The crossbar explorers give the experiments' own numbers, at any position of their knobs.

The oracle is `pcmlib.book.experiments.crossbars`: `Crossbar`, with the same random numbers.
They agree to the last bits of a float32; sums over many devices, to 2e-3 of 80 µS.
"""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from knobs import floats

from pcmlib.book.experiments import crossbars as experiments
from pcmlib.book.explorers import crossbars as demos
from pcmlib.device import PCMParameters

few = settings(max_examples=8)
BITS = (None, 3, 4, 6)


@few
@given(
    pairs=st.integers(1, 32),
    active=floats(0.05, 1),
    elapsed=st.sampled_from([0.001, 38.6, 86400.0]),
    read_noise=st.sampled_from([0.0, 1.0, 2.0]),
)
def test_product_noise(pairs, active, elapsed, read_noise):
    knobs = {"active": active, "elapsed": elapsed}
    found = demos.product_noise(pairs=pairs, read_noise=read_noise, **knobs)
    assert found["number"] == pairs
    p = PCMParameters(read_noise=read_noise)
    for name, n in (("one", 1), ("many", pairs)):
        run = experiments.product_noise(pairs=n, reads=10, parameters=p, **knobs)
        np.testing.assert_allclose(found["exact"], np.tile(run.exact, (10, 1)), atol=1e-4)
        np.testing.assert_allclose(found[name], run.reads, atol=2e-3)
        error = 100 * run.relative_error  # %; without noise, that of the sums alone
        np.testing.assert_allclose(found[f"{name}_error"], error, rtol=1e-3, atol=0.01)


@few
@given(refresh_every=st.integers(2, 50), pairs=st.integers(1, 8), bits=st.sampled_from(range(4)))
def test_saturation(refresh_every, pairs, bits):
    found = demos.saturation(refresh_every=refresh_every, pairs=pairs, bits=bits)
    p = PCMParameters(bits=BITS[bits])
    for row, every in enumerate((0, refresh_every)):
        run = experiments.saturation(pairs=pairs, refresh_every=every, parameters=p)
        for name in ("larger", "smaller", "middle", "response"):
            np.testing.assert_allclose(found[name][row], getattr(run, name), atol=1e-5)


@settings(max_examples=10)
@given(
    scheme=st.sampled_from((0, 1, 2)),
    pairs=st.integers(1, 8),
    pulse_count=st.sampled_from((0, 1)),
    refresh=st.booleans(),
    assumed_pulse=st.sampled_from([0.25, 0.5, 0.6180, 0.75, 1.5]),
)
def test_write_statistics(scheme, pairs, pulse_count, refresh, assumed_pulse):
    knobs = {"pairs": pairs, "refresh": refresh, "assumed_pulse": assumed_pulse}
    found = demos.write_statistics(scheme=scheme, pulse_count=pulse_count, **knobs)
    run = experiments.write_statistics(
        experiments.SCHEMES[scheme],
        rows=10,
        pulse_count=experiments.PULSE_COUNTS[pulse_count],
        tolerance=assumed_pulse,
        **knobs,
    )
    apart = np.abs(found["mean"] - run.mean)
    # a wanted change that is worth a whole number of pulses may be one more or less in a cell
    assert np.quantile(apart, 0.98) < 1e-5
    assert apart.max() < 2 * assumed_pulse
    np.testing.assert_allclose(found["error"], run.error, rtol=0.02)
    np.testing.assert_allclose(found["spread"], run.spread, rtol=0.02)
