"""Every law gives float32 for float32, in whatever evaluates it.

A literal such as 0.5 draws Numba's float32 to float64 and NumPy's not: other last bits, at half the
speed.
"""

import inspect

import numba
import numpy as np
import pytest
from numba import types

from pcmlib.crossbar import laws as of_pairs
from pcmlib.device import PCMParameters
from pcmlib.device import laws as of_devices
from pcmlib.network import laws as of_neurons
from pcmlib.schemes import HOLD, SCHEMES, Settings

X = np.float32(0.75)
SPECIAL = {  # arguments that are no conductance, weight or number like them
    "p": PCMParameters(nu_slope=0.01, nu_spread=0.01).constants(),
    "s": Settings(*[X] * len(Settings._fields)),
    "spiked": True,
    "resting": False,
    **dict.fromkeys(("count", "turn", "pair"), 3),
}
RULES = {name: scheme.rule for name, scheme in SCHEMES.items()} | {"hold": HOLD.rule}


def laws():
    """What the modules of laws define themselves, and the rules; not what is called once a run."""
    for module in (of_devices, of_pairs, of_neurons):
        for name, law in inspect.getmembers(module, inspect.isfunction):
            if law.__module__ == module.__name__ and name != "history_decay":
                yield f"{module.__name__}.{name}", law
    yield from RULES.items()


def floats(kind):
    """The types of the floats in a result."""
    if isinstance(kind, types.BaseTuple):
        return {inner for part in kind for inner in floats(part)}
    return {kind} if isinstance(kind, types.Float) else set()


@pytest.mark.parametrize(("name", "law"), [*laws()], ids=lambda x: x if isinstance(x, str) else "")
def test_a_law_keeps_float32(name, law):
    arguments = [SPECIAL.get(n, X) for n in inspect.signature(law).parameters]
    if name.endswith("share"):
        arguments[3] = 4  # pairs, there a whole number
    compiled = numba.njit(law)
    got = compiled(*arguments)
    found = floats(compiled.nopython_signatures[0].return_type)
    assert found <= {types.float32}
    plain = law(*arguments)
    for value in plain if isinstance(plain, tuple) else (plain,):
        assert np.asarray(value).dtype.kind in "bi" or np.asarray(value).dtype == np.float32
    np.testing.assert_allclose(got, plain, rtol=1e-5)


def test_a_literal_in_a_law_is_noticed():
    law = numba.njit(lambda x: 0.5 * x)
    law(X)
    assert floats(law.nopython_signatures[0].return_type) == {types.float64}
