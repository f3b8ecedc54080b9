"""A reader's own arrays as the samples that networks learn."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pcmlib.base.checks import Values, as_tensor, refuse_entries, require
from pcmlib.tasks import Samples
from pcmlib.training.config import TrainConfig

_MOST_STEPS = 1_000_000
_ROUNDED = 1e-3  # of a step: so that 3 dt is in step 3, in single precision, too


def as_samples(
    inputs: Values,
    targets: Values,
    config: TrainConfig,
    counts: Values = None,
    longer: bool = False,
) -> Samples:
    """Samples for the networks of `config`; all learn the same, or each its own.

    Args:
        inputs: spikes, bool or 0 and 1, of shape [S, T, n_in] or [R, S, T, n_in]; or one pair for
            each sample, as neuromorphic data come: the times of its spikes (s), and their channels.
        targets: numbers of shape [S, T, n_out], [S, T] (one output), or [R, S, T, n_out]; or whole
            numbers (of an integer type, or bool): classes from 0, [S] or, step by step, [S, T].
            None: 0.
        counts: bool or 0 and 1, of shape [S, T] or [T]: the steps whose outputs count; None: all.
        longer: whether times of spikes may lie beyond the configuration's steps.

    Raises:
        ValueError: naming the array, and what is allowed.
    """
    pairs = _are_pairs(inputs)
    x = _from_times(inputs, config, longer) if pairs else _as_spikes("inputs", inputs, (3, 4))
    x = x.expand(config.replicas, *x.shape) if x.ndim == 3 else x
    replicas, S, T, _ = x.shape
    allowed = f"{config.replicas} replicas"
    require(replicas == config.replicas, "inputs.shape", tuple(x.shape), allowed)
    y = torch.zeros(S, T, config.n_out) if targets is None else _as_targets(targets, S, T, config)
    allowed = f"[{S}, {T}, outputs] or, of one output, [{S}, {T}], as the inputs have samples and "
    allowed += f"steps; or such an array for each replica; or whole numbers [{S}]: classes"
    fits = y.ndim in (3, 4) and y.shape[-3:-1] == (S, T) and y.shape[-1] > 0
    require(fits and (y.ndim == 3 or len(y) == replicas), "targets.shape", tuple(y.shape), allowed)
    y = y.contiguous()
    y = y.expand(replicas, *y.shape) if y.ndim == 3 else y
    m = torch.ones(T) if counts is None else _as_spikes("counts", counts, (1, 2)).float()
    fits = m.shape in ((T,), (S, T))
    require(fits, "counts.shape", tuple(m.shape), f"[{S}, {T}] or [{T}], as of the inputs")
    some = bool((m.sum(-1) > 0).all())
    require(some, "counts", "a sample of which nothing counts", "at least one step of each sample")
    m = m.expand(S, T).contiguous()
    return Samples(x, y, m.expand(replicas, S, T))  # in memory once, for all replicas


def given_samples(
    inputs: Values, targets: Values, counts: Values, config: TrainConfig, longer: bool = False
) -> Samples | None:
    """`as_samples` of what is given; None where nothing is."""
    for name, missing, other in (("inputs", inputs, targets), ("targets", targets, inputs)):
        allowed = "given, as inputs and targets go together"
        require(missing is not None or other is None, name, missing, allowed)
    allowed = "None without inputs"
    require(inputs is not None or counts is None, "counts", type(counts).__name__, allowed)
    return None if inputs is None else as_samples(inputs, targets, config, counts, longer)


def are_classes(targets: Values) -> bool:
    """Whether targets are whole numbers, one for each sample or each of its steps."""
    try:
        y = targets.cpu().numpy() if isinstance(targets, Tensor) else np.asarray(targets)
    except (ValueError, RuntimeError):  # a list of lists that differ in length; a gradient
        return False
    return y.ndim in (1, 2) and y.dtype.kind in "biu"


def _are_one_hot(y: Tensor, S: int) -> bool:
    """Whether each sample has a row of one 1 among 0."""
    rows = y.ndim == 2 and len(y) == S and y.shape[1] > 1
    return rows and bool(((y == 0) | (y == 1)).all() & (y.sum(1) == 1).all())


def sized(config: TrainConfig, samples: Samples, classes: bool) -> TrainConfig:
    """The configuration of a run that learns these samples."""
    (_, S, T, n_in), n_out = samples.inputs.shape, samples.targets.shape[-1]
    settings = {"classes": True} if classes else {}
    sizes = {"samples": S, "steps": T, "n_in": n_in, "n_out": n_out}
    return config.replace(task="arrays", task_settings=settings, fresh=False, **sizes)


def _as_targets(targets: Values, S: int, T: int, config: TrainConfig) -> Float[Tensor, "... n_out"]:
    """Values of each step, or classes, 1 for the right one."""
    if not are_classes(targets):
        y = as_tensor("targets", targets, "real", torch.float32)
        whole = y.ndim == 1 and len(y) == S and bool((y == y.round()).all())
        allowed = "a whole-number type, if these are classes: write targets.astype(int)"
        require(not whole, "targets.dtype", y.dtype, allowed)
        return y.unsqueeze(-1) if y.ndim == 2 else y
    named = as_tensor("targets", targets, "whole", torch.int64)
    allowed = f"[{S}] or [{S}, {T}], as the inputs have samples and steps"
    if _are_one_hot(named, S):
        allowed += "; these rows of one 1 among 0 are classes as targets.argmax(1)"
    require(named.shape in ((S,), (S, T)), "targets.shape", tuple(named.shape), allowed)
    least, most = (int(end) for end in named.aminmax())
    n_out = config.n_out if config.n_out > 1 else max(most + 1, 2)
    allowed = "0, where n_out is left to the classes: they count from 0, so write targets - 1, if "
    allowed += f"yours count from 1, or n_out={n_out}, if class 0 does not come up here"
    require(least <= 0 or config.n_out > 1, "targets (least class)", least, allowed)
    inside = least >= 0 and most < n_out
    require(inside, "targets (least, greatest class)", (least, most), f"0 .. {n_out - 1}")
    right = torch.nn.functional.one_hot(named, n_out).float()
    return right if right.ndim == 3 else right[:, None].expand(S, T, n_out)


def _as_spikes(name: str, values: Values, axes: tuple[int, ...]) -> Bool[Tensor, "..."]:
    """A map of 0 and 1."""
    x = as_tensor(name, values, "signal", torch.float32)
    shapes = "[samples, steps, channels]" if name == "inputs" else "[samples, steps]"
    allowed = f"{shapes}, or as `pcmlib.training.samples.as_samples` says; none of them 0"
    require(x.ndim in axes and x.numel() > 0, f"{name}.shape", tuple(x.shape), allowed)
    binary = (x == 0) | (x == 1)
    if not binary.all():
        refuse_entries(name, x, ~binary, "True or False, or 1 or 0")
    return x.bool()


def _are_pairs(inputs: Values) -> bool:
    """Whether these are times and channels: lists that no array of three axes is made of."""
    if isinstance(inputs, (Tensor, np.ndarray)) or not isinstance(inputs, (list, tuple)):
        return False
    return all(len(one) == 2 and np.ndim(one[0]) == 1 for one in inputs if hasattr(one, "__len__"))


def _from_times(inputs: Values, config: TrainConfig, longer: bool) -> Bool[Tensor, "S T n_in"]:
    """Spikes by their times and channels; a spike at time t is one of step floor(t / dt)."""
    c, steps, spikes = config, config.steps, []
    for s, (times, channels) in enumerate(inputs):
        t = as_tensor(f"inputs[{s}]: times", times, "real", torch.float64)
        shape = tuple(t.shape)
        i = as_tensor(f"inputs[{s}]: channels", channels, "index", torch.int64, shape=shape)
        spikes.append((t, i))
    if longer:
        latest = max((t.max().item() for t, _ in spikes if t.numel()), default=0)
        allowed = f"below {_MOST_STEPS * c.dt:g} s"
        require(latest < _MOST_STEPS * c.dt, "inputs: times", latest, allowed)
        steps = max(steps, int(latest / c.dt + _ROUNDED) + 1)
    x, end = torch.zeros(len(inputs), steps, c.n_in, dtype=torch.bool), steps * c.dt
    for s, (t, i) in enumerate(spikes):
        if not t.numel():
            continue
        ends = t.min().item(), t.max().item()
        inside = ends[0] >= 0 and ends[1] < end
        require(inside, f"inputs[{s}]: times", ends, f"from 0 to below {end:g} s (steps dt)")
        ends = int(i.min()), int(i.max())
        known = ends[0] >= 0 and ends[1] < c.n_in
        require(known, f"inputs[{s}]: channels", ends, f"0 .. {c.n_in - 1} (n_in)")
        x[s, (t / c.dt + _ROUNDED).long().clamp(max=steps - 1), i] = True
    return x
