"""Devices whose constants are published, by name: ``DEVICES["aihwkit"]``.

srnn-pcm   The model's own: Nandakumar et al., J. Appl. Phys. 124, 152135 (2018),
           doi:10.1063/1.5042408, as in srnn-pcm. All devices drift with one exponent.
aihwkit    Drift as measured on doped Ge2Sb2Te5 devices of 90 nm technology up to 25 µS: Nandakumar
           et al., ICECS (2019), doi:10.1109/ICECS46596.2019.8964852, and Joshi et al., Nat. Commun.
           11, 2473 (2020), doi:10.1038/s41467-020-16108-9, as in aihwkit's `PCMLikeNoiseModel`
           (MIT). That is a model of inference: it has no pulses. Those of SET and RESET are
           srnn-pcm's, and so is the read noise, of which aihwkit's law is another one: it adds up
           all that a device's 1/f noise has moved it since its programming. Where an exponent comes
           out negative, which 1 in 70 of the devices at 1 µS do, it is 0 here and changes its sign
           there.

A law of drift depends on G / g_max. `with_range` gives a device another range, and leaves the law
in µS as it is. `pulse_ratio` says how large a device's pulses are beside the usual one's.
"""

from __future__ import annotations

import math

from pcmlib.device.laws import PCMParameters, history_decay, set_increment

DEVICES = {
    "srnn-pcm": PCMParameters(),
    "aihwkit": PCMParameters(
        nu=0.0244,
        nu_slope=0.0155,
        nu_bounds=(0.049, 0.1),
        nu_spread=-0.0059,
        nu_spread_slope=0.0125,
        nu_spread_bounds=(0.008, 0.045),
        T0=20.0,
        g_max=25.0,
    ),
}


def with_range(device: PCMParameters, g_max: float) -> PCMParameters:
    """A device cut off at another g_max (µS), which drifts at every G as it did."""
    k = math.log(device.g_max / device.replace(g_max=g_max).g_max)
    return device.replace(
        g_max=g_max,
        nu=device.nu + k * device.nu_slope,
        nu_spread=device.nu_spread + k * device.nu_spread_slope,
    )


def mean_pulse(p: PCMParameters, pulses: int = 10) -> float:
    """Mean of the first SETs after a RESET (µS), by the means of the law."""
    G, P, p = p.g_reset, 1.0, p.in_force
    for _ in range(pulses):
        P *= history_decay(p)
        G = min(G + set_increment(G, P, p)[0], p.g_max)
    return (G - p.g_reset) / pulses


def pulse_ratio(p: PCMParameters) -> float:
    """How many times larger the first SETs are than those of the usual device."""
    return mean_pulse(p) / mean_pulse(PCMParameters())
