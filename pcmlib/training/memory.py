"""The memory that a training run needs, reckoned from its configuration."""

from __future__ import annotations

from pcmlib.base.memory import require_memory
from pcmlib.training.config import TrainConfig

_DIGITAL, _SYNAPSE, _DEVICE = 26, 38, 45  # bytes of a weight; of one on a crossbar, of each device
_STEP, _SHOWN = 12, 1  # bytes of a neuron at a time step, and of each sample that is shown
_MOVING = 4  # bytes of a threshold that changes, likewise
_SPIKE = 8  # bytes of a spike of the inputs
_EPOCH = 32  # bytes


def needed(config: TrainConfig) -> float:
    """Bytes at most, on a CPU; measured, to within a third."""
    c = config
    synapses = c.n_rec * (c.n_in + c.n_rec + c.n_out)
    devices = 2 * c.pairs * (1 + c.kept_on_pcm)
    each = _SYNAPSE + _DEVICE * devices if c.on_crossbar else _DIGITAL
    drawn = c.samples * c.steps * (1 + c.fresh)
    patterns = drawn * (c.n_in * (1 + _SPIKE * c.input_rate * c.dt) + 4 * (c.n_out + 1))
    moving = _MOVING * (c.adaptive > 0 or c.refractory > 1)
    shown_samples = c.samples if c.snapshot_epochs else 0
    trial = c.steps * c.n_rec * (_STEP + moving + _SHOWN * shown_samples)
    shown = len(c.snapshot_epochs) * c.samples * c.steps * c.n_out * 4
    return c.replicas * (synapses * each + patterns + trial + shown + _EPOCH * c.epochs)


def require_room(config: TrainConfig) -> None:
    """Refuse a run for which this machine has not the memory; it names what makes it large.

    Trials that are kept to be shown are what a run can do without.
    """
    names = ("replicas", "n_rec", "n_in", "steps", "samples", "epochs", "pairs")
    sizes = ", ".join(f"{name} = {getattr(config, name)}" for name in names)
    spared = needed(config) - needed(config.replace(snapshots=()))
    hint = f"; snapshots=() keeps no trial, and spares {spared / 1e9:,.1f} GB" if spared else ""
    require_memory("size of the run", sizes, needed(config), hint)
