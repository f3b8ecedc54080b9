"""One replica's layer of synapses, as the kernels take it: views of its state, and room to work."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float32

from pcmlib.crossbar.compiled import DRAWS, Devices, Update, program, read, weigh
from pcmlib.device import history_decay
from pcmlib.schemes import Scheme, Settings
from pcmlib.srnn.compiled import Rows
from pcmlib.srnn.drift import Course, settle
from pcmlib.srnn.synapses import CrossbarSynapses, DigitalSynapses

Weights = Float32[np.ndarray, "n_pre n_post"]


def layer(synapses: DigitalSynapses | CrossbarSynapses, r: int) -> DigitalLayer | CrossbarLayer:
    """The layer of replica r."""
    kind = CrossbarLayer if isinstance(synapses, CrossbarSynapses) else DigitalLayer
    return kind(synapses, r)


class DigitalLayer:
    """FP32 weights."""

    def __init__(self, synapses: DigitalSynapses, r: int) -> None:
        self._key, self._exists = synapses.key[r], synapses.exists.float().numpy()
        self._weights = synapses.weights()[r].numpy()  # which change in place
        self._rows = _plain(self._weights)

    def weights(self) -> Weights:
        return self._weights

    def rows(self, update: int, key: np.uint64, draw: int) -> Rows:
        return self._rows

    def update(
        self, scheme: Scheme, gradient: Weights, kept: Weights, s: Settings, number: int
    ) -> None:
        scheme.kernel(gradient, kept, self._weights, self._exists, s, self._key, number)


class CrossbarLayer:
    """A crossbar."""

    def __init__(self, synapses: CrossbarSynapses, r: int) -> None:
        self._synapses, self._r = synapses, r
        xbar, n = synapses.crossbar, synapses.crossbar.pairs
        shape = (xbar.n_pre, xbar.n_post)
        self._p = xbar.devices.parameters.constants()
        self._decay = np.float32(history_decay(xbar.devices.parameters))
        self._exists = xbar.exists.float().numpy()
        self._gain = np.float32(1 / (n * xbar.scale[r].item()))
        self._assumed_pulse = np.float32(synapses.assumed_pulse[r].item())
        self._counts, self._reset = np.empty((2, *shape), np.int32), np.zeros((2, *shape), np.bool_)
        own = synapses.tolerance
        self._tolerance = np.float32(0 if own is None else own[r].item())
        self._seen: list = []
        if synapses.ideal:
            self._plain, self._deviate = np.empty(shape, np.float32), _NO_DEVIATES
        else:
            rows = (xbar.n_pre, 2 * n * xbar.n_post)
            nu = (1, 1) if synapses.course.series else rows
            self._rows = tuple(np.empty(size, np.float32) for size in (rows, rows, nu))
            own = xbar.devices.nu_deviate[r] if self._p.nu_spread else torch.zeros(2, n, *shape)
            self._deviate = own.numpy()

    @property
    def _devices(self) -> Devices:
        """Views of the devices' state, which torch may have put elsewhere meanwhile."""
        xbar, devices = self._synapses.crossbar, self._synapses.crossbar.devices
        now = [devices.G, devices.P, devices.tp, devices.n_set, devices.n_reset, xbar.turn]
        now.append(xbar.reads)
        if not self._seen or any(a is not b for a, b in zip(now, self._seen, strict=True)):
            self._seen = now
            r = self._r
            *state, reads = (x.numpy() for x in now)
            self._views = Devices(*(x[r] for x in state), reads[r : r + 1], self._exists)
        return self._views

    def weights(self) -> Weights:
        """T0 after the last pulse, without noise."""
        weights = np.empty(self._exists.shape, np.float32)
        weigh(self._devices, self._gain, np.float32(0), np.float32(np.inf), weights)
        return weights

    def rows(self, update: int, key: np.uint64, draw: int) -> Rows:
        """As the trial after `update` updates reads them."""
        p, devices, synapses = self._p, self._devices, self._synapses
        if synapses.ideal:
            weigh(devices, self._gain, p.g_min, p.g_max, self._plain)
            return _plain(self._plain)
        settle(devices, self._deviate, update, p, synapses.course, self._rows)
        return Rows(
            analogue=True,
            weights=_NO_WEIGHTS,
            **dict(zip(("G", "start", "nu"), self._rows, strict=True)),
            course=synapses.course,
            exists=self._exists,
            gain=self._gain,
            m3=p.read_noise * p.m3,
            c3=p.read_noise * p.c3,
            g_min=p.g_min,
            g_max=p.g_max,
            key=key,
            draw=draw,
        )

    def read(self, number: int, out: Weights) -> None:
        """Fill in a noisy read of all weights at update `number`, before its pulses."""
        synapses, key = self._synapses, self._synapses.crossbar.devices.key[self._r]
        course = synapses.period, synapses.course.factor if synapses.course.alike else _NO_FACTOR
        read(self._devices, number, *course, self._deviate, self._gain, self._p, key, out)

    def update(
        self, scheme: Scheme, gradient: Weights, kept: Weights, s: Settings, number: int
    ) -> None:
        synapses, devices = self._synapses, self._devices
        key, draw = synapses.crossbar.devices.key[self._r], number * DRAWS
        counts, reset = self._counts, self._reset
        most = np.float32(synapses.most_pulses)
        hold = scheme.kernel(
            gradient, kept, devices.G, self._exists, s, key, draw, most, counts, reset
        )
        synapses.check_pulses(hold)
        update = Update(
            t=number * synapses.period,
            number=number,
            resets=scheme.resets,
            refresh=synapses.refreshes(self._r, number),
            symmetric=synapses.symmetric,
            tolerance=self._tolerance,
            assumed_pulse=self._assumed_pulse,
            decay=self._decay,
        )
        program(counts, reset, devices, update, self._p, key)


def _plain(weights: Weights) -> Rows:
    """Weights without devices, as the kernels take them."""
    none = np.float32(0)
    return Rows(
        analogue=False,
        weights=weights,
        G=_NO_WEIGHTS,
        start=_NO_WEIGHTS,
        nu=_NO_WEIGHTS,
        course=_NO_COURSE,
        exists=_NO_WEIGHTS,
        gain=none,
        m3=none,
        c3=none,
        g_min=none,
        g_max=none,
        key=np.uint64(0),
        draw=0,
    )


_NO_FACTOR = np.empty(0, np.float32)
_NO_WEIGHTS, _NO_DEVIATES = np.zeros((1, 1), np.float32), np.zeros((1, 1, 1, 1), np.float32)
_NO_COURSE = Course(
    True, True, np.float32(0), np.float32(0), 1.0, 1.0, np.float32(1), *[_NO_FACTOR] * 3
)
