"""One network of a run, through the compiled kernels: trial, gradient, update, sample by sample.

A network alone has two cores: while one runs the recurrence, the other reads the input's synapses
ahead of it. Of several networks each has a core.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from pcmlib.base.kernels import kernel
from pcmlib.eprop.compiled import gradients
from pcmlib.schemes import HOLD, Settings
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

STREAMS = 16  # trials at the same update whose read noise differs
_AHEAD = 8  # parts in which the input's synapses are read ahead of the recurrence


class Replica:
    """Network r of a `Network`, whose tensors it shares.

    Attributes:
        helper: another thread for a network alone, or None.
        stopped: set from outside, to leave off after the current sample.
    """

    def __init__(self, network: Network, r: int) -> None:
        c = network.config
        self.r, self.helper, self.stopped = r, None, False
        self._config, self._scheme, self._learning = c, network.scheme, network.learning
        self._inputs = [find_spikes(x) for x in network.inputs[r].numpy()]
        self._targets = network.targets[r].numpy()
        self._layers = {n: layer(synapses, r) for n, synapses in network.layers.items()}
        self._kept = {n: kept[r].numpy() for n, kept in network.kept.items()}
        self._memories = {n: layer(synapses, r) for n, synapses in network.memories.items()}
        self._held = {n: np.empty_like(self._kept[n.split()[1]]) for n in self._memories}
        self._kept_scale = np.float32(c.each("kept_scale")[r])
        self._keys = [network.keys(f"read {n}")[r] for n in self._layers]
        self._feedback = None if c.symmetric_feedback else network.feedback[r].numpy()
        p, limit = network.neurons, np.inf if c.gradient_limit is None else c.gradient_limit
        each = p.threshold, network.regularisation.strength, network.regularisation.rate
        numbers = p.alpha, p.kappa, p.gamma, p.dt, *(x[r].item() for x in each), limit
        self._constants = Constants(*map(np.float32, numbers))
        T, n = c.steps, c.n_rec
        self._current = np.empty((T if r == 0 else CHUNK, n), np.float32)  # T with a helper
        self._v, self._y = np.zeros((T, n), np.float32), np.empty((T, c.n_out), np.float32)
        index, when = np.empty(T * n + 1, np.int32), np.empty(T * n + 1, np.int32)
        self._spikes = Spikes(np.zeros(T + 1, np.int64), index, when)
        shapes = {"in": (c.n_in, n), "rec": (n, n), "out": (n, c.n_out)}
        self._gradients = [np.empty(shape, np.float32) for shape in shapes.values()]
        self._state = self._current, self._v, self._y, self._spikes
        self._found = *self._gradients, np.empty(n, np.float32)
        self._settings: dict[str, Settings] = {}
        self._epoch: int | None = None

    def epoch(self, samples: list[int], epoch: int) -> tuple[float, float]:
        """Learn these samples, one after the other; mean loss and mean rate in Hz."""
        total = np.zeros(2)
        for n, sample in enumerate(samples):
            if self.stopped:
                break
            update = epoch * len(samples) + n
            total += self._trial(sample, update, 0)
            self.learn(self._gradients, update + 1, epoch)
        loss, rate = (total / len(samples)).tolist()
        return loss, rate

    def run(self, sample: int, update: int, stream: int) -> tuple[Any, ...]:
        """One trial: copies of z, v, y, the three gradients; loss and mean rate."""
        numbers = self._trial(sample, update, stream)
        arrays = (x.copy() for x in (self._v, self._y, *self._gradients))
        return self._v > self._constants.threshold, *arrays, *map(np.float32, numbers)

    def learn(self, gradients: list[np.ndarray], update: int, epoch: int) -> None:
        """Weight update number `update` (from 1), with the learning rates of `epoch`."""
        if self._epoch != epoch:
            told = {name: self._config.settings(self.r, name, epoch) for name in self._learning}
            self._settings = {name: Settings(*map(np.float32, s)) for name, s in told.items()}
            self._epoch = epoch
        for name, gradient in zip(self._layers, gradients, strict=True):
            if name in self._settings:
                kept, s, second = self._kept[name], self._settings[name], f"kept {name}"
                memory, held = self._memories.get(second), self._held.get(second)
                if memory is not None:
                    memory.read(update, held)
                    kept[:] = held
                self._layers[name].update(self._scheme, gradient, kept, s, update)
                if memory is not None:
                    s = s._replace(scale=self._kept_scale)
                    memory.update(HOLD, held, kept, s, update)

    def _trial(self, sample: int, update: int, stream: int) -> tuple[float, float]:
        """Run a sample and get its gradients; mean squared error, and mean rate in Hz."""
        c, draw = self._constants, update * STREAMS + stream
        rows = [
            x.rows(update, key, draw)
            for x, key in zip(self._layers.values(), self._keys, strict=True)
        ]
        feedback = self._layers["out"].weights() if self._feedback is None else self._feedback
        target, inputs = self._targets[sample], self._inputs[sample]
        if self.helper is None or not rows[0].analogue:
            return trial(inputs, *rows, target, feedback, c, *self._state, *self._found)
        self._recur(inputs, rows[0], rows[1])
        read_out(self._spikes, rows[2], c.kappa, self._y)
        state = inputs, self._spikes, self._v, self._y
        return gradients(*state, target, feedback, c, *self._found)

    def _recur(self, inputs: Spikes, w_in: Rows, w_rec: Rows) -> None:
        """The recurrence, while the helper reads the input's synapses ahead of it."""
        T, c = len(self._v), self._constants
        state = c.threshold, c.alpha, self._v, self._spikes
        part = -(-T // (_AHEAD * CHUNK)) * CHUNK
        ends = [min(start + part, T) for start in range(0, T, part)]
        ahead = [
            self.helper.submit(read_inputs, self._current, 0, inputs, w_in, start, end)
            for start, end in pairwise(ends)
        ]
        read_inputs(self._current, 0, inputs, w_in, 0, ends[0])
        recur(self._current, 0, w_rec, *state, 0, min(ends[0], T - 1))
        for job, (start, end) in zip(ahead, pairwise(ends), strict=True):
            job.result()
            recur(self._current, 0, w_rec, *state, start, min(end, T - 1))


@kernel(nogil=True, error_model="numpy")
def trial(
    inputs, w_in, w_rec, w_out, target, feedback, c,
    current, v, y, spikes, g_in, g_rec, g_out, rate,
):  # fmt: skip
    """A whole trial and its gradients on one core; mean squared error, and mean rate in Hz."""
    T = v.shape[0]
    for t in range(0, T, CHUNK):  # while its currents are in the cache
        last = min(t + CHUNK, T)
        read_inputs(current, t, inputs, w_in, t, last)
        recur(current, t, w_rec, c.threshold, c.alpha, v, spikes, t, min(last, T - 1))
    read_out(spikes, w_out, c.kappa, y)
    return gradients(inputs, spikes, v, y, target, feedback, c, g_in, g_rec, g_out, rate)
