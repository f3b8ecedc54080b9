"""Reads that devices of the model would give: to plan measurements, and to check a fit."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Float64

from pcmlib.base.checks import plain, require, require_count, require_number
from pcmlib.device import laws
from pcmlib.device.fit.table import Measurements
from pcmlib.device.laws import PCMParameters


def simulate_reads(
    parameters: PCMParameters,
    *,
    devices: int,
    pulses: int,
    delays: Sequence[float] = (38.6,),
    late: Sequence[float] = (),
    seed: int = 0,
) -> Measurements:
    """A table of reads of fresh devices: after the RESET and after each of `pulses` SETs.

    Args:
        devices: how many.
        pulses: SETs that each gets.
        delays: s since the pulse, ascending, at which every state is read.
        late: more delays, for the last state.
        seed: the same one gives the same table.
    """
    require_count("devices", devices)
    require_count("pulses", pulses, at_most=10_000)
    require_count("seed", seed, at_least=0)
    for name, times in (("delays", delays), ("late", late)):
        for t in plain(times):
            require_number(name, t, above=0)
        ascending = list(times) == sorted(times)
        require(ascending, name, tuple(times), "ascending: a read comes after another")
    times = [list(delays)] * pulses + [sorted([*delays, *late])]
    pulse = np.repeat(np.arange(pulses + 1), [len(t) for t in times])
    time = np.concatenate(times).astype(float)
    blank = Measurements(
        tuple(map(str, range(devices))),
        np.repeat(np.arange(devices), len(pulse)),
        np.tile(pulse, devices),
        np.tile(time, devices),
        np.zeros(devices * len(pulse)),
    )
    drawn = redraw(blank, parameters, np.random.default_rng(seed))
    return dataclasses.replace(blank, conductance=drawn)


def redraw(
    table: Measurements, parameters: PCMParameters, generator: np.random.Generator
) -> Float64[np.ndarray, " reads"]:
    """Conductances (µS) of other devices, measured as those of a table were.

    A table without times is read T0 after each pulse.
    """
    p, normal = parameters.in_force, generator.standard_normal
    r, n = np.empty(len(table)), table.devices
    deviate = normal(n)
    G, P = laws.after_reset(normal(n), p), 1.0
    order = np.argsort(table.pulse, kind="stable")
    ends = np.searchsorted(table.pulse[order], np.arange(table.pulse.max() + 2))
    for k, (begin, end) in enumerate(pairwise(ends)):
        if k > 0:
            P *= laws.history_decay(p)
            mu, sigma = laws.set_increment(G, P, p)
            G = np.clip(G + mu + p.write_noise * sigma * normal(n), p.g_min, p.g_max)
        rows = order[begin:end]
        device, Gd = table.device[rows], G[table.device[rows]]
        if table.time is not None:
            Gd = laws.drifted(Gd, table.time[rows], deviate[device], p)
        r[rows] = laws.read_out(Gd, normal(len(rows)), p)
    return r
