"""Where a run's pulses went: SETs and RESETs of every device in every epoch.

    pulses = PulseCounts()
    run = train(TrainConfig.preset("mixed-precision"), pulses=pulses)
    pulses.set["rec"]     # [E, R, 2, N, n_pre, n_post]
    pulses.save("pulses.npz")

The archive's arrays are "set_in", "set_rec", "set_out" and "reset_in" to "reset_out", of the three
layers, and "set_kept_in" to "reset_kept_out" where a second crossbar accumulates (`kept_on_pcm`).
An entry counts the pulses that one device got in one epoch; its indices are, each from 0,

    epoch, network, side (0: G+, 1: G-), pair, presynaptic neuron or input, postsynaptic neuron

They take 2 bytes each: of a network of 20,000 synapses with one pair each, 160 kB an epoch.
"""

from __future__ import annotations

import math
from itertools import cycle
from pathlib import Path

import numpy as np
from jaxtyping import Integer

from pcmlib.base.checks import require
from pcmlib.base.files import written_whole
from pcmlib.base.memory import require_memory
from pcmlib.device.pulses import MOST_PULSES
from pcmlib.network.state import LAYERS, MEMORIES
from pcmlib.training import archive
from pcmlib.training.config import TrainConfig
from pcmlib.training.layers import by_layer
from pcmlib.training.memory import needed
from pcmlib.training.network import Network

Counts = dict[str, Integer[np.ndarray, "E R 2 N n_pre n_post"]]


class PulseCounts:
    """Filled in by the `train` that it is given to.

    Attributes:
        set, reset: by layer, as above.
    """

    def __init__(self) -> None:
        self.set: Counts = {}
        self.reset: Counts = {}

    def begin(self, config: TrainConfig) -> None:
        """Make room for a run.

        Raises:
            ValueError: for digital weights, or a run whose counts memory can't hold.
        """
        c = config
        require(c.on_crossbar, "pulses", "of a run", f"left out: {c.scheme} trains digital weights")
        most = MOST_PULSES * c.epoch_updates
        kind = np.uint16 if most <= np.iinfo(np.uint16).max else np.int32
        names = LAYERS + MEMORIES if c.kept_on_pcm else LAYERS
        lead = c.epochs, c.replicas, 2, c.pairs
        shapes = {n: lead + shape for n, shape in zip(names, cycle(c.shapes), strict=False)}
        room = 2 * np.dtype(kind).itemsize * sum(map(math.prod, shapes.values()))
        asked = f"of {c.epochs} epochs and {c.replicas} networks"
        require_memory("pulses", asked, room + needed(c))
        self.set, self.reset = (
            {name: np.zeros(shape, kind) for name, shape in shapes.items()} for _ in range(2)
        )
        self._before = {"n_set": 0, "n_reset": 0}

    def take(self, epoch: int, network: Network) -> None:
        """Write down what an epoch has given."""
        for name, counts in {"n_set": self.set, "n_reset": self.reset}.items():
            ever = network.stacked(name)
            given, self._before[name] = ever - self._before[name], ever
            parts = by_layer(network.config, given, 2, network.config.pairs, names=counts)
            for layer, part in parts.items():
                counts[layer][epoch] = part.numpy()

    def save(self, path: str | Path) -> None:
        """Write the archive.

        Raises:
            OSError: when it cannot be written; an older file is still there.
        """
        archive.require_folder(path)
        named = {"set": self.set, "reset": self.reset}
        arrays = {
            f"{kind}_{name.replace(' ', '_')}": x
            for kind, counts in named.items()
            for name, x in counts.items()
        }
        with written_whole(path) as file:
            np.savez_compressed(file, **arrays)
