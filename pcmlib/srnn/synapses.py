"""A layer of synapses: FP32 weights, or a crossbar of PCM devices, behind one interface.

A layer answers two questions. `current(spikes, step)`: which current do these spikes drive, with
the weights as a read at this step of the trial gives them? And `rows(...)`: the same layer as plain
arrays, for the compiled kernels. Only presynaptic neurons that spike are read, when they spike.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from pcmlib.base.checks import require
from pcmlib.crossbar import Crossbar
from pcmlib.device import PCMParameters, drifted, read_noise
from pcmlib.srnn.compiled import Rows


class DigitalSynapses:
    """FP32 weights [R, n_pre, n_post], which read as they are."""

    def __init__(self, weights: Float[Tensor, "R n_pre n_post"]) -> None:
        self._weights = weights

    def weights(self) -> Float[Tensor, "R n_pre n_post"]:
        return self._weights

    def begin_trial(self, update: int) -> None:
        """Weights do not age."""

    def begin_update(self, update: int) -> None:
        """Nor do they draw random numbers."""

    def current(self, spikes: Bool[Tensor, "R n_pre"], step: int) -> Float[Tensor, "R n_post"]:
        return torch.einsum("ri,rij->rj", spikes.to(self._weights.dtype), self._weights)

    def rows(self, key: Shaped[np.ndarray, " R"], draw: int) -> Rows:
        return plain_rows(self._weights)

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint has to keep."""
        return {"weights": self._weights}

    def load(self, state: dict[str, Tensor]) -> None:
        self._weights.copy_(state["weights"])


class CrossbarSynapses:
    """A crossbar, programmed only at whole updates: times 0, period, 2 period, ...

    The trial after update k starts at k period; its step t is read `t_min` after t dt. So the age
    of a device at a read is a whole number of updates and the time in the trial, and its drift
    factor stands in a table.

    Args:
        crossbar: the devices.
        steps, dt: time steps of a trial, and the length of one in s.
        period: s between two updates.
        updates: how many there will be.
        generator: of the read noise in `current` (`rows` has the counters of its caller).
    """

    def __init__(
        self,
        crossbar: Crossbar,
        *,
        steps: int,
        dt: float,
        period: float,
        updates: int,
        generator: torch.Generator,
    ) -> None:
        self.crossbar, self.dt, self.period = crossbar, dt, period
        self._generator = generator
        self._start = 0.0  # s: start of the trial
        self._update = 0  # updates before it
        p = crossbar.devices.parameters
        self.ideal = p.bits is not None or (p.drift == 0 and p.read_noise == 0)
        ages = np.arange(1 if self.ideal else updates + 1)
        columns = ages_with_columns(len(ages))
        column = np.searchsorted((columns[1:] + columns[:-1]) / 2, ages)  # the nearest
        times = {"dt": dt, "period": period}
        self._drift_table = drift_table(p, steps=steps, ages=columns, **times)
        start = drift_table(p, steps=1, ages=ages, **times)[0] / self._drift_table[0, column]
        self._column, self._start_factor = torch.from_numpy(column), torch.from_numpy(start)
        self._share = len(columns) < len(ages)

    def weights(self) -> Float[Tensor, "R n_pre n_post"]:
        return self.crossbar.weights()

    def begin_trial(self, update: int) -> None:
        """The trial that follows `update` updates."""
        self._update, self._start = update, update * self.period

    def begin_update(self, update: int) -> None:
        """Number the draws of write noise from a fixed start, whatever came before.

        A refresh draws only if a synapse of some replica needs it; its neighbours must not feel it.
        """
        self.crossbar.devices._draw = update * _DRAWS_PER_UPDATE

    def current(self, spikes: Bool[Tensor, "R n_pre"], step: int) -> Float[Tensor, "R n_post"]:
        xbar, devices = self.crossbar, self.crossbar.devices
        p = devices.parameters
        r, i = spikes.nonzero(as_tuple=True)
        everything = slice(None)
        t = self._start + step * self.dt + p.t_min
        G = devices.drifted(t, (r, everything, everything, i))  # [spike, 2, N, n_post]
        if not self.ideal and p.read_noise:
            xi = torch.randn(G.shape, generator=self._generator, device=G.device)
            G = G + p.read_noise * read_noise(G, p) * xi
        G = G.clamp(p.g_min, p.g_max).mean(2)
        rows = (G[:, 0] - G[:, 1]) * xbar.exists[i] / xbar.scale[r, None]
        return torch.zeros(len(spikes), xbar.n_post, device=G.device).index_add_(0, r, rows)

    def rows(self, key: Shaped[np.ndarray, " R"], draw: int) -> Rows:
        xbar, devices = self.crossbar, self.crossbar.devices
        if self.ideal:
            return plain_rows(xbar.read(self._start))
        p, G, age = devices.parameters, devices.G, self.age()
        if self._share:
            G, age = G * self._start_factor[age], self._column[age].int()
        return Rows(
            analogue=True,
            weights=_NO_WEIGHTS,
            G=G.numpy(),
            age=age.numpy(),
            drift=self._drift_table,
            exists=xbar.exists.float().numpy(),
            gain=(1 / (xbar.pairs * xbar.scale)).numpy(),
            noisy=p.read_noise > 0,
            m3=np.float32(p.read_noise * p.m3),
            c3=np.float32(p.read_noise * p.c3),
            g_min=np.float32(p.g_min),
            g_max=np.float32(p.g_max),
            key=key,
            draw=draw,
        )

    def age(self) -> Int[Tensor, "R 2 N n_pre n_post"]:
        """Whole updates since each device's last pulse."""
        last = (self.crossbar.devices.tp / self.period).round().int()
        return self._update - last

    def remove_common(self) -> None:
        """Take off what the two devices of a pair hold in common, as no real pair could.

        A weight can then come down as far as it went up: the devices' asymmetry is gone.
        """
        devices = self.crossbar.devices
        common = devices.G.amin(dim=1, keepdim=True) - devices.parameters.g_min
        devices.G = devices.G - common.clamp(min=0)

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint has to keep."""
        devices = self.crossbar.devices
        names = ("G", "P", "tp", "n_set", "n_reset")
        return {
            **{name: getattr(devices, name) for name in names},
            "turn": self.crossbar.turn,
            "t_last": torch.tensor(devices.t_last, dtype=torch.float64),
        }

    def load(self, state: dict[str, Tensor]) -> None:
        devices = self.crossbar.devices
        for name in ("G", "P", "tp", "n_set", "n_reset"):
            setattr(devices, name, state[name].to(devices.device))
        self.crossbar.turn = state["turn"].to(devices.device)
        devices.t_last = float(state["t_last"])


def drift_table(
    p: PCMParameters, *, steps: int, dt: float, period: float, ages: Shaped[np.ndarray, " ages"]
) -> Float[np.ndarray, "steps ages"]:
    """Drift factor at each step of a trial, by updates since the device's last pulse."""
    elapsed = ages * period + (np.arange(steps) * dt + p.t_min)[:, None]
    shared = p.nu_slope == 0 and p.nu_spread == 0
    allowed = "0: a table of drift holds for devices with one exponent"
    require(shared, "nu_slope, nu_spread", (p.nu_slope, p.nu_spread), allowed)
    return drifted(1.0, elapsed, 0.0, p.in_force).astype(np.float32)


def ages_with_columns(ages: int) -> Shaped[np.ndarray, " columns"]:
    """The ages, of 0 .. ages - 1, that have a column of the table: of the high ones only some.

    Old devices hardly drift in a trial: one that is taken to its value at the start of the trial
    exactly, and drifts on like another that is 1/2048 older or younger, is off by 1e-6 at most. So
    the table does not grow with the length of a training.
    """
    if ages <= _OLD:
        return np.arange(ages)
    steps = math.ceil(math.log(ages / _OLD) / math.log1p(1 / _OLD))
    old = np.geomspace(_OLD, ages - 1, steps + 1).round().astype(int)
    return np.unique([*range(_OLD), *old])


def plain_rows(weights: Float[Tensor, "R n_pre n_post"]) -> Rows:
    """Weights without devices, as the kernels take them."""
    none = np.float32(0)
    empty = np.zeros((1, 1), np.float32)
    return Rows(
        analogue=False,
        weights=weights.numpy(),
        G=_NO_DEVICES,
        age=_NO_DEVICES.astype(np.int32),
        drift=empty,
        exists=empty,
        gain=empty[0],
        noisy=False,
        m3=none,
        c3=none,
        g_min=none,
        g_max=none,
        key=np.zeros(1, np.uint64),
        draw=0,
    )


_OLD = 1024  # updates; from here on, ages share columns
_DRAWS_PER_UPDATE = 16  # more than any scheme and a refresh need
_NO_DEVICES = np.zeros((1, 2, 1, 1, 1), np.float32)
_NO_WEIGHTS = np.zeros((1, 1, 1), np.float32)
