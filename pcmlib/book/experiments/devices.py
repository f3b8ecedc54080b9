"""The data behind each figure of the device chapters: run a small experiment, return its numbers.

Conductances in µS, times in s. Every function takes a seed; the same seed gives the same bits.
Figures 2, 5 and 7 are those of Nandakumar et al. (2018), with the protocol of srnn-pcm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from numba.extending import register_jitable

from pcmlib.base.checks import as_tensor, require_count, require_number
from pcmlib.base.records import Record
from pcmlib.device import (
    PCMArray,
    PCMParameters,
    drifted,
    history_decay,
    read_noise,
    set_increment,
)

FIGURE = PCMParameters(g_max=20.0)  # the device paper's figures: hardly any device is clipped


class Spread(Record):
    """A mean over devices or reads and its sd, and so a band of one sd on both sides."""

    mean: Float[np.ndarray, " points"]
    std: Float[np.ndarray, " points"]

    @property
    def low(self) -> Float[np.ndarray, " points"]:
        """Lower end of the band."""
        return self.mean - self.std

    @property
    def high(self) -> Float[np.ndarray, " points"]:
        """Upper end of the band."""
        return self.mean + self.std


@dataclass(frozen=True, eq=False)
class Staircase(Record):
    """One device under SET pulses, read a whole number of seconds after each (Fig. 2)."""

    time: Float[np.ndarray, " reads"]  # s
    conductance: Float[np.ndarray, " reads"]  # µS, as read
    drifted: Float[np.ndarray, " reads"]  # µS, the same without read noise
    pulse_times: Float[np.ndarray, " pulses"]  # s


def staircase(
    parameters: PCMParameters = FIGURE,
    *,
    interval: float = 38.6,
    seconds: float = 800.0,
    devices: int = 1,
    seed: int = 0,
) -> list[Staircase]:
    """Fig. 2: a SET every `interval` s for `seconds`, and as many reads; one result a device.

    The reads come 1, 2, ... s after each pulse, and the last before the next pulse at the latest,
    so that the devices have drifted alike when two pulses are compared. Reads at the whole seconds
    of the clock, as the reference has them, come at other delays after each pulse: some of them at
    none, where the power law has no value.
    """
    require_number("seconds", seconds, at_least=2)
    clock = np.arange(1.0, math.floor(seconds) + 1)
    require_number("interval", interval, above=0, at_most=clock[-2])
    require_count("devices", devices)
    array = PCMArray((devices,), parameters, seed=list(range(seed, seed + devices)))
    pulses = _pulse_times(interval, clock[-1])
    pulses = pulses[pulses < clock[-1]]
    before = np.searchsorted(pulses, clock)  # pulses before each second of the clock
    last = before * float(interval)
    times = np.minimum(last + np.ceil(clock - last), (before + 1) * float(interval))
    conductance, drifted, given = [], [], 0
    for t, due in zip(times, before, strict=True):
        while given < due:
            array.set(float(pulses[given]))
            given += 1
        conductance.append(array.read(t).numpy())
        drifted.append(array.drifted(t).clamp(array.parameters.g_min, array.parameters.g_max))
    return [
        Staircase(times, *(np.array(x)[:, i].astype(float) for x in (conductance, drifted)), pulses)
        for i in range(devices)
    ]


def _pulse_times(interval: float, last: float) -> Float[np.ndarray, " pulses"]:
    """A pulse every `interval` s, up to the last read: a later one would leave no trace."""
    times = np.arange(1, math.floor(last / interval) + 2) * float(interval)
    return times[times <= last]


@dataclass(frozen=True, eq=False)
class PulseStatistics(Spread):
    """Conductance over many devices after each of a row of SET pulses (Fig. 5)."""

    pulse: np.ndarray  # 1, 2, ...
    samples: Float[np.ndarray, "pulses devices"]  # µS, as read T0 after the pulse

    @property
    def mean(self) -> Float[np.ndarray, " pulses"]:
        """Mean over devices (µS)."""
        return self.samples.mean(axis=1, dtype=float)

    @property
    def std(self) -> Float[np.ndarray, " pulses"]:
        """Sample sd over devices (µS)."""
        return self.samples.std(axis=1, ddof=1, dtype=float)


def pulse_statistics(
    parameters: PCMParameters = FIGURE,
    *,
    devices: int = 10_000,
    pulses: int = 20,
    seed: int = 0,
) -> PulseStatistics:
    """Fig. 5: fresh devices, a SET every T0, each read just before the next pulse."""
    require_count("devices", devices, at_least=2)
    require_count("pulses", pulses)
    array = PCMArray((devices,), parameters, seed=seed)
    T0 = array.parameters.T0
    samples = []
    for k in range(pulses):
        array.set(k * T0)
        samples.append(array.read((k + 1) * T0).numpy())
    return PulseStatistics(np.arange(1, pulses + 1), np.array(samples))


def exact_moments(
    parameters: PCMParameters = FIGURE, *, pulses: int = 20
) -> tuple[Float[np.ndarray, " pulses"], Float[np.ndarray, " pulses"]]:
    """Exact mean and sd (µS) of G after 1, 2, ... pulses, for a device that never clips."""
    require_count("pulses", pulses)
    p = parameters.in_force
    E, V = p.g_reset, (p.write_noise * p.reset_spread * p.g_reset) ** 2
    mean, std = [], []
    for pulse in range(1, pulses + 1):
        E, V = next_moments(E, V, history_decay(p) ** pulse, p)
        mean.append(E)
        std.append(math.sqrt(V))
    return np.array(mean), np.array(std)


@register_jitable
def next_moments(E, V, P, p):
    """Mean and variance of G after one more SET, with the history P.

    E' = E + mu(E, P)
    V' = (1 + m1)^2 V + write_noise^2 (m2^2 V + sigma(E, P)^2)
    """
    mu, sigma = set_increment(E, P, p)
    return E + mu, (1 + p.m1) ** 2 * V + p.write_noise**2 * (p.m2**2 * V + sigma**2)


def chance_of_decrease(
    conductance: Float[np.ndarray, "..."],
    pulse: int,
    parameters: PCMParameters = FIGURE,
) -> Float[np.ndarray, "..."]:
    """Chance that SET number `pulse` after a RESET lowers a device that stands at `conductance`.

    The step is normal, so this is Phi(-mu / sigma).
    """
    require_count("pulse", pulse)
    p = parameters.in_force
    G = as_tensor("conductance", conductance, "real", torch.float64)
    mu, sigma = set_increment(G, history_decay(p) ** pulse, p)
    return torch.special.ndtr(-mu / (p.write_noise * sigma)).numpy()


@dataclass(frozen=True, eq=False)
class ArrayDrift(Spread):
    """An array under SET pulses, then left alone (Fig. 7)."""

    time: Float[np.ndarray, " reads"]  # s
    mean: Float[np.ndarray, " reads"]  # µS, over devices, as read
    std: Float[np.ndarray, " reads"]  # µS, over devices, as read
    pulse_times: Float[np.ndarray, " pulses"]  # s


def array_drift(
    parameters: PCMParameters = FIGURE,
    *,
    interval: float = 5.0,
    stop: float = 100.0,
    seconds: float = 300.0,
    devices: int = 10_000,
    seed: int = 0,
) -> ArrayDrift:
    """Fig. 7: a SET every `interval` s before `stop`; a read every second of `seconds`.

    A read in the very second of a pulse comes after it, at the model's least delay.
    """
    require_number("seconds", seconds, at_least=2)
    times = np.arange(1.0, seconds)
    require_number("interval", interval, above=0, at_most=times[-1])
    require_number("stop", stop, above=interval, at_most=seconds)
    require_count("devices", devices, at_least=2)
    array = PCMArray((devices,), parameters, seed=seed)
    pulses = _pulse_times(interval, times[-1])
    pulses = pulses[pulses < stop]
    mean, std, given = [], [], 0
    for t in times:
        while given < len(pulses) and pulses[given] <= t:
            array.set(float(pulses[given]))
            given += 1
        reading = array.read(t).double()
        mean.append(reading.mean().item())
        std.append(reading.std().item())
    return ArrayDrift(times, np.array(mean), np.array(std), pulses)


@dataclass(frozen=True, eq=False)
class ReadStatistics(Spread):
    """Readings of devices at known conductances, T0 after their last pulse."""

    conductance: Float[np.ndarray, " levels"]  # µS
    mean: Float[np.ndarray, " levels"]  # µS, as read
    std: Float[np.ndarray, " levels"]  # µS, as read
    law: Float[np.ndarray, " levels"]  # µS, the sd that the law of read noise gives


def read_statistics(
    parameters: PCMParameters | None = None,
    *,
    levels: int = 25,
    reads: int = 4000,
    seed: int = 0,
) -> ReadStatistics:
    """Read devices at `levels` conductances from g_min to g_max, `reads` times each."""
    require_count("levels", levels, at_least=2)
    require_count("reads", reads, at_least=2)
    p = parameters or PCMParameters()
    G = torch.linspace(p.g_min, p.g_max, levels)
    array = PCMArray((levels, reads), p, seed=seed)
    array.put(G.view(-1, 1).expand(levels, reads))
    reading = array.read(p.T0).double()
    force = p.in_force
    law = force.read_noise * read_noise(drifted(G.double(), p.T0, 0.0, force), force)
    return ReadStatistics(
        G.numpy().astype(float), reading.mean(1).numpy(), reading.std(1).numpy(), law.numpy()
    )


@dataclass(frozen=True, eq=False)
class DriftCurves(Record):
    """Drift of devices from several conductances, without noise and without the clip at g_max."""

    time: Float[np.ndarray, " times"]  # s after the last pulse
    start: Float[np.ndarray, " curves"]  # µS at T0
    conductance: Float[np.ndarray, "curves times"]  # µS


def drift_curves(
    parameters: PCMParameters | None = None,
    *,
    start: tuple[float, ...] = (2.0, 4.0, 6.0, 8.0, 10.0, 12.0),
    first: float = 1e-3,
    last: float = 1e4,
) -> DriftCurves:
    """G (t / T0)^(-nu) from `first` to `last` s after the pulse, for each `start` (µS at T0).

    Where devices differ in nu (nu_spread), these are of a device in the middle.
    """
    require_number("first", first, above=0)
    require_number("last", last, above=first)
    p = parameters or PCMParameters()
    G = as_tensor("start", start, "real", torch.float64).numpy()
    for level in G:
        require_number("start", level, at_least=0)
    time = np.geomspace(first, last, 141)
    return DriftCurves(time, G, drifted(G[:, None], time[None, :], 0.0, p.in_force))


def retention(
    parameters: PCMParameters,
    start: float,
    time: Float[np.ndarray, " times"],
    *,
    devices: int = 2000,
    seed: int = 0,
) -> Float[np.ndarray, "3 times"]:
    """10, 50 and 90 % points over devices of G(t) / G(T0), t after a pulse to `start` µS."""
    require_number("start", start, above=0)
    array = PCMArray((devices,), parameters, seed=seed)
    array.put(torch.full((devices,), start))
    left = np.array([array.drifted(t).numpy() / start for t in time])
    return np.percentile(left, [10, 50, 90], axis=1)
