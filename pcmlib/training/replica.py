"""One network of a run, through the compiled kernels: trial, gradient, update, sample by sample.

A network alone has two cores: while one runs the recurrence, the other reads the input's synapses
ahead of it. Of several networks each has a core.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from pcmlib.eprop.compiled import gradients
from pcmlib.schemes import Settings
from pcmlib.srnn.compiled import (
    CHUNK,
    Constants,
    Rows,
    Spikes,
    find_spikes,
    read_inputs,
    read_out,
    recur,
)
from pcmlib.srnn.layers import layer

if TYPE_CHECKING:
    from pcmlib.training.network import Network

_STREAMS = 16  # trials at the same update whose read noise differs
_AHEAD = 8  # parts in which the input's synapses are read ahead of the recurrence


class Replica:
    """Network r of a `Network`, whose tensors it shares.

    Attributes:
        helper: another thread for a network alone, or None.
        stopped: set from outside, to leave off after the current sample.
    """

    def __init__(self, network: Network, r: int) -> None:
        c = network.config
        self.network, self.r, self.helper, self.stopped = network, r, None, False
        self._inputs = [find_spikes(x) for x in network.inputs[r].numpy()]
        self._targets = network.targets[r].numpy()
        self._layers = {n: layer(synapses, r) for n, synapses in network.layers.items()}
        self._kept = {n: kept[r].numpy() for n, kept in network.kept.items()}
        self._keys = {n: network.keys(f"read {n}")[r] for n in self._layers}
        self._feedback = None if c.symmetric_feedback else network.feedback[r].numpy()
        p, limit = network.neurons, np.inf if c.gradient_limit is None else c.gradient_limit
        each = p.threshold, network.regularisation.strength, network.regularisation.rate
        numbers = p.alpha, p.kappa, p.gamma, p.dt, *(x[r].item() for x in each), limit
        self._constants = Constants(*map(np.float32, numbers))
        T, n = c.steps, c.n_rec
        self._current, self._v = np.empty((T, n), np.float32), np.zeros((T, n), np.float32)
        self._z, self._y = np.zeros((T, n), np.bool_), np.empty((T, c.n_out), np.float32)
        index, when = np.empty(T * n + 1, np.int32), np.empty(T * n + 1, np.int32)
        self._spikes = Spikes(np.zeros(T + 1, np.int64), index, when)
        shapes = {"in": (c.n_in, n), "rec": (n, n), "out": (n, c.n_out)}
        self._gradients = [np.empty(shape, np.float32) for shape in shapes.values()]
        self._rate = np.empty(n, np.float32)
        self._settings: dict[str, Settings] = {}
        self._epoch: int | None = None

    def epoch(self, samples: list[int], epoch: int) -> tuple[float, float]:
        """Learn these samples, one after the other; mean loss and mean rate in Hz."""
        loss = rate = 0.0
        for n, sample in enumerate(samples):
            if self.stopped:
                break
            update = epoch * len(samples) + n
            loss += self._trial(sample, update, 0)
            rate += float(self._rate.mean())
            self.learn(self._gradients, update + 1, epoch)
        return loss / len(samples), rate / len(samples)

    def run(self, sample: int, update: int, stream: int) -> tuple[Any, ...]:
        """One trial: copies of z, v, y, the three gradients; loss and mean rate."""
        loss = self._trial(sample, update, stream)
        arrays = self._z, self._v, self._y, *self._gradients
        return *(x.copy() for x in arrays), np.float32(loss), self._rate.mean()

    def learn(self, gradients: list[np.ndarray], update: int, epoch: int) -> None:
        """Weight update number `update` (from 1), with the learning rates of `epoch`."""
        network = self.network
        if self._epoch != epoch:
            told = {name: network.settings(self.r, name, epoch) for name in network.learning}
            self._settings = {name: Settings(*map(np.float32, s)) for name, s in told.items()}
            self._epoch = epoch
        for name, gradient in zip(self._layers, gradients, strict=True):
            if name in self._settings:
                kept, s = self._kept[name], self._settings[name]
                self._layers[name].update(network.scheme, gradient, kept, s, update)

    def _trial(self, sample: int, update: int, stream: int) -> float:
        """Run a sample and get its gradients; the mean squared error."""
        c, draw = self._constants, update * _STREAMS + stream
        rows = {n: x.rows(update, self._keys[n], draw) for n, x in self._layers.items()}
        inputs, spikes = self._inputs[sample], self._spikes
        self._current[:], self._y[:] = 0, 0
        self._recur(inputs, rows["in"], rows["rec"])
        read_out(spikes, rows["out"], c.kappa, self._y)
        feedback = self._layers["out"].weights() if self._feedback is None else self._feedback
        out = *self._gradients, self._rate
        target = self._targets[sample]
        return gradients(inputs, spikes, self._v, self._y, target, feedback, c, *out)

    def _recur(self, inputs: Spikes, w_in: Rows, w_rec: Rows) -> None:
        """The input's currents, and the recurrence."""
        T, c = len(self._v), self._constants
        state = c.threshold, c.alpha, self._v, self._z, self._spikes
        if self.helper is None or not w_in.analogue:
            read_inputs(self._current, inputs, w_in, 0, T)
            recur(self._current, w_rec, *state, 0, T - 1)
            return
        part = -(-T // (_AHEAD * CHUNK)) * CHUNK
        ends = [min(start + part, T) for start in range(0, T, part)]
        ahead = [
            self.helper.submit(read_inputs, self._current, inputs, w_in, start, end)
            for start, end in pairwise(ends)
        ]
        read_inputs(self._current, inputs, w_in, 0, ends[0])
        recur(self._current, w_rec, *state, 0, min(ends[0], T - 1))
        for job, (start, end) in zip(ahead, pairwise(ends), strict=True):
            job.result()
            recur(self._current, w_rec, *state, start, min(end, T - 1))
