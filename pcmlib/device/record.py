"""A device's constants as a record of numbers, which compiled code may change."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Shaped

from pcmlib.base.kernels import kernel
from pcmlib.device.laws import BOUNDS, Constants, PCMParameters

_F = np.float32
_G_TINY = PCMParameters.g_tiny
_OWN = [field.name for field in dataclasses.fields(PCMParameters) if field.name not in BOUNDS]
ENDS = {name: tuple(name.replace("bounds", end) for end in ("low", "high")) for name in BOUNDS}
"""The two numbers of each pair of bounds."""
NAMES = [*_OWN, *(end for ends in ENDS.values() for end in ends)]
"""The constants of `PCMParameters`; bits 0 for the full model."""
NUMBERS = np.dtype([(name, np.float64) for name in NAMES])


def numbers(p: PCMParameters | None = None) -> Shaped[np.ndarray, "1"]:
    """The constants in a record: ``numbers(p)[0].g_max``."""
    p = p or PCMParameters()
    record = np.zeros(1, NUMBERS)
    for name in NAMES:
        record[name] = getattr(p, name) or 0
    return record


@kernel(inner=True, error_model="numpy")
def in_force(record):
    """`PCMParameters.in_force` of a record with these names, as `Constants`."""
    ideal = record.bits > 0
    m1, A1 = (0.0, 0.0) if ideal else (record.m1, record.A1)
    c1 = record.g_max / 2.0**record.bits if ideal else record.c1
    real = 0.0 if ideal else 1.0
    return Constants(
        _F(m1), _F(c1), _F(A1), _F(record.m2), _F(record.c2), _F(record.A2), _F(record.g_reset),
        _F(record.reset_spread), _F(record.g_min), _F(record.g_max), _F(record.m3), _F(record.c3),
        _F(real * record.write_noise), _F(real * record.read_noise), _F(record.nu),
        _F(record.nu_slope), _F(record.nu_low), _F(record.nu_high), _F(record.nu_spread),
        _F(record.nu_spread_slope), _F(record.nu_spread_low), _F(record.nu_spread_high),
        _F(real * record.drift), _F(record.T0), _F(record.t_min), _F(_G_TINY),
    )  # fmt: skip
