"""Live functions that learn evidence accumulation: a small network, changed by the knobs.

It has 40 neurons, and makes 60 updates of 32 fresh trials each, of the chapters' short version of
the task: what `pcmlib.training.train` makes of the same configuration, in a function that a browser
runs, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Shaped
from matplotlib.figure import Figure

from pcmlib.base.kernels import kernel
from pcmlib.base.reports import report
from pcmlib.book.experiments.evidence import short_set
from pcmlib.book.experiments.statistics import smoothed
from pcmlib.book.experiments.training import CROSSBAR_SCHEMES, NAMES
from pcmlib.book.explorers.training import learn_faster, quieten
from pcmlib.book.explorers.trials import begin, draw_samples
from pcmlib.book.explorers.whole_run import decide, hold
from pcmlib.book.figures.evidence import draw_small_evidence
from pcmlib.book.live.function import Chosen
from pcmlib.network.epoch import pass_over
from pcmlib.training import TrainConfig
from pcmlib.training.record import config_of, numbers
from pcmlib.training.store import stored_train

EPOCHS, NEURONS, TRIALS = 60, 40, 32
_WINDOW = 10  # epochs over which the shares of correct answers are smoothed
_FASTER = 2.0  # learning rates, times those of the set, for a third of the updates
_OUTPUTS = {"right": (EPOCHS,), "share": (1,), "sets": (1,)}
_F = np.float32


def small(scheme: str) -> TrainConfig:
    """The small network that learns with the set for `scheme`; of FP32, at the learning rates that
    mixed precision has, which are the better ones for so few updates."""
    sizes = {"n_rec": NEURONS, "adaptive": NEURONS // 2, "samples": TRIALS, "epochs": EPOCHS}
    own = short_set(scheme)
    if scheme == "vanilla":
        fast = short_set("mixed-precision")
        own |= {name: fast[name] for name in own.keys() & fast.keys()} | {"gain": 0.1}
    config = TrainConfig.preset(scheme, **own | sizes)
    rates = {name: _FASTER * getattr(config, name) for name in ("lr_in", "lr_rec", "lr_out")}
    return config.replace(**rates, lr_decay=config.lr_decay ** (100 / EPOCHS))


def small_evidence(
    *schemes: str, choices: Mapping[str, Sequence[str]] | None = None
) -> Callable[[Callable[..., int]], Chosen]:
    """Make a live function of `change`(runs, knobs): it changes a record, and says which."""
    runs = np.concatenate([numbers(small(scheme)) for scheme in schemes])

    def draw(**outputs: np.ndarray) -> Figure:
        return draw_small_evidence(usual=_train(runs[0])["right"], **outputs)

    made = (runs, _OUTPUTS, train_evidence, _train, choices)
    return lambda change: Chosen(change, *made).figure(draw)


def _train(record: Shaped[np.void, ""]) -> dict[str, np.ndarray]:
    """What `train_evidence` makes of a record."""
    config = config_of(record).replace(snapshots=())
    run = stored_train(config, progress=False)
    right = 100 * smoothed(run.accuracy.double().numpy(), _WINDOW)[0]
    sets = int(run.set_pulses[0, -1]) / config.synapses
    found = {"right": right, "share": [right[-1]], "sets": [sets]}
    return {name: np.array(values, np.float32) for name, values in found.items()}


@kernel(error_model="numpy")
def train_evidence(run, right, share, sets):
    """Train the network of `run` on fresh trials in each epoch: correct answers in %, smoothed, and
    SETs a synapse."""
    samples, T = int(run.samples), int(run.steps)
    x, targets = np.zeros((samples, T, int(run.n_in)), np.bool_), np.zeros((samples, T, 2), _F)
    counts, outputs = np.zeros((samples, T), _F), np.zeros((samples, T, 2), _F)
    seed, z = np.uint64(run.seed), np.zeros((0, T, int(run.n_rec)), np.bool_)
    state = begin(run, seed, x)
    everything, hits = np.empty(0, np.int64), np.zeros(EPOCHS, np.float32)
    exists = run.n_rec * (run.n_in + (run.n_rec - 1) * run.recurrence + 2)
    for epoch in range(EPOCHS):
        draw_samples(run, seed, epoch, x, targets, counts, state)
        _, _, hits[epoch], holds = pass_over(
            state, run, everything, epoch, epoch, 0, True, True, targets, counts, outputs, z,
            decide, hold,
        )  # fmt: skip
        right[epoch:] = 100 * hits[max(0, epoch + 1 - _WINDOW) : epoch + 1].mean()  # so far
        share[0], sets[0] = right[epoch], state.n_set.sum() / exists
        if not holds:
            break
        report(epoch)


# The chapters' own

_ON_PCM = ["mixed-precision", *(s for s in CROSSBAR_SCHEMES if s != "mixed-precision")]


@small_evidence("vanilla")
def where_memory_is(runs, adaptive, tau_adapt, recurrence):
    """Chapter 19: neurons that adapt, for how long, and recurrent synapses; FP32 weights."""
    run = runs[0]
    run.adaptive = adaptive
    run.tau_adapt = tau_adapt
    run.recurrence = run.learn_rec = recurrence
    return 0


@small_evidence(*_ON_PCM, choices={"scheme": [NAMES[scheme] for scheme in _ON_PCM]})
def memory_on_pcm(runs, scheme, learning, noise):
    """Chapter 20: any scheme on PCM; learning rates; devices with noise and drift, or without."""
    run = runs[int(scheme)]
    learn_faster(run, learning)
    quieten(run, noise)
    return int(scheme)
