"""Everything that a training run is told, in one frozen, validated record."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from pcmlib.base.checks import make_plain, named_pairs, plain, require, require_count
from pcmlib.base.files import for_json
from pcmlib.device import PCMParameters
from pcmlib.device.known import mean_pulse
from pcmlib.schemes import SCHEMES
from pcmlib.tasks import TASKS, ArraysTask, EvidenceTask, PatternTask
from pcmlib.training.limits import DEVICE, check
from pcmlib.training.presets import PRESETS, known_set

Each = float | tuple[float, ...]  # one number for all replicas, or one for each


@dataclass(frozen=True)
class TrainConfig:
    """A training run: R independent networks, learning a task each.

    Replica r uses seed + r, or seed[r], and nothing else of it depends on the other replicas.
    Fields of the type `Each` may be a tuple with one value a replica.

    Numbers, lists, arrays and tensors may be Python's, NumPy's or torch's, and `constants` a dict;
    what is kept is plain Python, so that two records of the same run are equal.

    A new field's default is what runs did before it, so that an older record means the same run.
    """

    scheme: str = "vanilla"  # a key of pcmlib.schemes.SCHEMES
    epochs: int = 250  # passes over the samples
    replicas: int = 1  # R, networks that train at once
    seed: int | tuple[int, ...] = 0  # of replica 0, or of each: targets, inputs, start, noise
    batch: int = 1  # samples between two weight updates, whose gradients are added up

    # Task
    task: str = "pattern"  # a key of pcmlib.tasks.TASKS
    # fields of its record that are not among these: a dict, which is kept as pairs
    task_settings: Mapping[str, Any] | tuple[tuple[str, Any], ...] = ()
    fresh: bool = False  # True: other samples in each epoch, never seen before
    n_in: int = 100  # input channels
    n_out: int = 1  # outputs
    steps: int = 1000  # time steps a sample
    dt: float = 1e-3  # s, a time step
    input_rate: float = 50.0  # Hz, of an input channel
    samples: int = 3  # patterns to learn, or trials of an epoch

    # Neurons
    n_rec: int = 100  # recurrent neurons
    tau_rec: float = 30e-3  # s, membrane time constant
    tau_out: float = 30e-3  # s, time constant of the readout
    gamma: float = 0.3  # 1, height of the pseudo-derivative
    threshold: Each = 0.1  # theta, in units of the membrane's v
    adaptive: int = 0  # neurons, the last of n_rec, whose threshold rises with each spike
    beta: Each = 3e-3  # in units of v, by how much it rises
    tau_adapt: float = 2.0  # s, time constant with which it recovers
    refractory: int = 0  # time steps from a spike to the neuron's next, at least
    recurrence: bool = True  # False: there are no recurrent synapses

    # Learning
    lr_in: Each = 2e-5  # learning rates of the three layers, weight per gradient
    lr_rec: Each = 5e-5
    lr_out: Each = 2e-5
    lr_decay: Each = 1.0  # 1, factor on all learning rates after each epoch
    learn_in: bool = True  # False: the layer stays as it starts
    learn_rec: bool = True
    learn_out: bool = True
    regularisation: Each = 1e-4  # 1/Hz, learning signal for each Hz off the target rate
    target_rate: Each = 12.0  # Hz, f0
    feedback_gain: Each = 0.1  # 1, feedback is Kaiming-normal times this
    gradient_limit: float | None = 100.0  # gradients are clipped to +- this; None: as they are
    symmetric_feedback: bool = False  # True: feed back through the readout's own weights

    # Update schemes
    quantum: Each = 0.125  # weight; what leaves an accumulator at a time
    stop_level: Each = 0.0  # |gradient| below which sign-descent stops
    prob_scale: Each = 1.0  # µS of wanted change at which a stochastic pulse is certain; and one
    # on a second crossbar
    assumed_pulse: Each = 0.75  # µS that one SET is taken to add

    # Digital weights
    gain: Each = 0.1  # 1, weights start Kaiming-normal times this

    # Crossbar
    pairs: int = 1  # N, differential pairs a synapse
    scale: Each = 1.0  # µS that a weight of 1 corresponds to
    conductance: Each = 0.1  # µS, where all devices start, within 10 %
    refresh_period: int | tuple[int, ...] | None = None  # updates between refreshes; None: never
    refresh_above: float = 0.75  # of g_max: refreshed is where a side's mean is above this ...
    refresh_within: float = 0.375  # ... of g_max, while the sides differ by less than this
    reach: float = 10 / 12  # of g_max: how far upd-ready takes pulses alone to get a side
    symmetric_devices: bool = False  # True: what both sides hold in common is taken off for free
    write_verify: bool = False  # True: SETs go on, each read back, until within the tolerance
    tolerance: Each = 0.5  # µS, of write-verify, which writes no change of less
    kept_on_pcm: bool = False  # True: what a rule keeps is held by a second crossbar, open loop
    kept_scale: Each = 100.0  # µS of the second crossbar that 1 in the accumulator corresponds to
    period: float = 38.6  # s of device time between two updates
    reads: str = "sums"  # a trial's reads of devices: one random number a sum, or "each" its own
    bits: int | None = None  # bits of an ideal memory; None: the full PCM model
    write_noise: float = 1.0  # 1, scales of the non-idealities: 1 as modelled, 0 off
    read_noise: float = 1.0
    drift: float = 1.0
    g_max: float = 12.0  # µS, upper limit of a conductance
    # other constants of PCMParameters: a dict, which is kept as pairs; or a whole PCMParameters,
    # which says the five fields above as well
    constants: PCMParameters | Mapping[str, Any] | tuple[tuple[str, Each], ...] = ()

    # Record
    # epochs after which outputs are kept, and at the end spikes; None: 0, E/2, E; (): no trial's
    snapshots: tuple[int, ...] | None = None

    @classmethod
    def preset(cls, scheme: str, kind: str | None = None, **changes: Any) -> TrainConfig:
        """A known set for `scheme`: of the kind "tuned" or "reference"; None: tuned, if there is.

        `pcmlib.training.presets` says where each kind comes from.

        With ``bits`` among `changes`, the set for an ideal memory is taken, where there is one;
        with ``kept_on_pcm``, ``write_verify`` or ``pairs``, that for these; with
        ``task="evidence"``, that for this task. A scheme of your own takes the set of the one that
        `add_scheme` was given as its ``preset``.
        """
        require(scheme in SCHEMES, "scheme", scheme, f"one of {', '.join(SCHEMES)}")
        require(kind in (None, *PRESETS), "kind", kind, f"one of {', '.join(PRESETS)}, or None")
        kinds = [kind] if kind else ["tuned", "reference"]
        known_as = SCHEMES[scheme].preset or scheme
        for found in (known_set(known_as, k, changes) for k in kinds):
            if found is not None:
                return cls(**{"scheme": scheme, **found, **changes})
        allowed = f"one with a {kind or 'known'} set; add_scheme(..., preset=...) names another's"
        raise ValueError(f"scheme = {scheme!r}: must be {allowed}")

    def suited_to(self, parameters: PCMParameters, **changes: Any) -> TrainConfig:
        """A copy for other devices: what a set has in µS goes with the mean SET of the devices.

        To devices of twice the conductances, all of it doubled, nothing changes with this. Scales
        of noise and drift, and bits, stay. `changes` are of the copy, and as they are.

        Raises:
            ValueError: for what is no device, or where a field is then out of range.
        """
        device = isinstance(parameters, PCMParameters)
        allowed = "a PCMParameters, such as fit_device(...).parameters"
        require(device, "parameters", type(parameters).__name__, allowed)
        stay = {name: getattr(self, name) for name in DEVICE if name != "g_max"}
        parameters = parameters.replace(**stay)
        pulse = mean_pulse(parameters)
        require(pulse > 0, "parameters: mean of the first SETs (µS)", pulse, "above 0")
        ratio = pulse / mean_pulse(self.parameters)
        scaled = {n: tuple(ratio * x for x in self.each(n)) for n in IN_SIEMENS}
        scaled = {n: x[0] if len(set(x)) == 1 else x for n, x in scaled.items()}
        return self.replace(constants=parameters, g_max=parameters.g_max, **(scaled | changes))

    def replace(self, **changes: Any) -> TrainConfig:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def replica(self, r: int) -> TrainConfig:
        """The run that trains replica r alone, to the same bits."""
        require_count("r", r, at_least=0, at_most=self.replicas - 1)
        types = {f.name: f.type for f in dataclasses.fields(self)}
        each = (n for n, kind in types.items() if kind == "Each" or n == "refresh_period")
        own = {n: getattr(self, n)[r] for n in each if isinstance(getattr(self, n), tuple)}
        return self.replace(replicas=1, seed=self.seeds[r], **own)

    def each(self, name: str) -> list[Any]:
        """The values of one field, a replica each."""
        value = getattr(self, name)
        return list(value) if isinstance(value, tuple) else [value] * self.replicas

    @property
    def seeds(self) -> list[int]:
        if isinstance(self.seed, tuple):
            return list(self.seed)
        return [self.seed + r for r in range(self.replicas)]

    @property
    def updates(self) -> int:
        """Weight updates of the whole run."""
        return self.epochs * self.epoch_updates

    @property
    def epoch_updates(self) -> int:
        """Weight updates of an epoch; what is left of its samples is a batch, too."""
        return math.ceil(self.samples / self.batch)

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """n_pre and n_post of the input's layer, the recurrent one and the readout's."""
        return (self.n_in, self.n_rec), (self.n_rec, self.n_rec), (self.n_rec, self.n_out)

    @property
    def synapses(self) -> int:
        """Synapses of one network."""
        recurrent = self.n_rec * (self.n_rec - 1) * self.recurrence
        return self.n_in * self.n_rec + recurrent + self.n_rec * self.n_out

    @property
    def on_crossbar(self) -> bool:
        return SCHEMES[self.scheme].on_crossbar

    @property
    def classes(self) -> bool:
        """Whether outputs name a class, and the loss is their cross-entropy; else squares."""
        return self.problem.classes

    @property
    def time(self) -> Float[Tensor, " T"]:
        """The time of each step, s."""
        return torch.arange(self.steps) * self.dt

    @property
    def snapshot_epochs(self) -> tuple[int, ...]:
        if self.snapshots is not None:
            return self.snapshots
        return tuple(sorted({0, self.epochs // 2, self.epochs}))

    @property
    def problem(self) -> PatternTask | EvidenceTask | ArraysTask:
        """The record of the task."""
        names = {field.name for field in dataclasses.fields(TASKS[self.task])}
        own = {name: value for name, value in vars(self).items() if name in names}
        return TASKS[self.task](**own, **dict(self.task_settings))

    @property
    def parameters(self) -> PCMParameters:
        """The device's constants."""
        own = {name: getattr(self, name) for name in DEVICE}
        return PCMParameters(**own, **dict(self.constants))

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings and lists, for JSON."""
        return for_json(vars(self) | {name: dict(getattr(self, name)) for name in _PAIRS})

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> TrainConfig:
        """The inverse of `to_dict`."""
        pairs = {name: named_pairs(name, fields.get(name, ())) for name in _PAIRS}
        return cls(**{**{k: plain(v) for k, v in fields.items()}, **pairs})

    def __post_init__(self) -> None:
        if isinstance(self.constants, PCMParameters):
            self._take(self.constants)
        for name in _PAIRS:
            object.__setattr__(self, name, named_pairs(name, getattr(self, name)))
        make_plain(self)
        check(self)

    def _take(self, device: PCMParameters) -> None:
        """A whole device's constants, in this record's fields where it has them."""
        usual, others = TrainConfig.__dataclass_fields__, {}
        for field in dataclasses.fields(device):
            value = getattr(device, field.name)
            if field.name in DEVICE:
                own = getattr(self, field.name)
                allowed = f"left out, or {value} as of constants, a whole PCMParameters"
                require(own in (usual[field.name].default, value), field.name, own, allowed)
                object.__setattr__(self, field.name, value)
            elif value != field.default:
                others[field.name] = value
        object.__setattr__(self, "constants", others)


IN_SIEMENS = (
    "prob_scale", "assumed_pulse", "scale", "conductance", "tolerance", "kept_scale",
)  # fmt: skip
"""Fields in µS that suit a device; g_max is a constant of it."""
_PAIRS = ("constants", "task_settings")
