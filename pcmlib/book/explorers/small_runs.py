"""Live functions that train: a small run of a scheme's set, changed by the knobs.

A small run has 50 neurons and one pattern, 60 updates of three networks. In a browser one function
trains them (`pcmlib.book.explorers.whole_run`); here `pcmlib.training.train` does, on all cores, to
the same figure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Shaped
from matplotlib.figure import Figure

from pcmlib.base.kernels import kernel
from pcmlib.base.reports import report
from pcmlib.book.explorers.whole_run import BINS, train_run
from pcmlib.book.figures.training import plot_small_runs
from pcmlib.book.live.function import Chosen
from pcmlib.training import TrainConfig, TrainingRun
from pcmlib.training.record import config_of, numbers
from pcmlib.training.store import stored_train

SMALL = {"n_rec": 50, "samples": 1, "epochs": 60}
NETWORKS = 3
_WINDOW = 5  # epochs over which a learning curve is smoothed
_EPOCHS, _STEPS = SMALL["epochs"], TrainConfig().steps
_OUTPUTS = {
    **dict.fromkeys(("low", "mean", "high"), (_EPOCHS,)),
    **dict.fromkeys(("output", "target"), (_STEPS,)),
    **dict.fromkeys(("final", "rate"), (1,)),
}


def sets(*schemes: str, memories: Sequence[int | None] = (None,)) -> Shaped[np.ndarray, " n"]:
    """Small runs of these schemes' sets as records, each scheme on each memory (its bits)."""
    configs = [TrainConfig.preset(s, bits=b, **SMALL) for s in schemes for b in memories]
    return np.concatenate([numbers(config) for config in configs])


def small_run(
    *schemes: str,
    memories: Sequence[int | None] = (None,),
    choices: Mapping[str, Sequence[str]] | None = None,
    beside: tuple[str, str] | None = None,
    ylim: tuple[float, float] = (0.01, 1.0),
) -> Callable[[Callable[..., int]], Chosen]:
    """Make a live function of `change`(runs, knobs): it changes a record of `sets`, and says which.

    Its learning curves are drawn beside those of a set as it is: of a scheme and under a name, or
    of the first one.
    """
    runs = sets(*schemes, memories=memories)
    name, usual = (beside[0], sets(beside[1])) if beside else ("the chapter's set", runs)

    def draw(**outputs: np.ndarray) -> Figure:
        return plot_small_runs((name, _train(usual[0])), outputs, ylim=ylim)

    return lambda change: Chosen(change, runs, _OUTPUTS, train_some, _train, choices).figure(draw)


def small(scheme: str) -> TrainingRun:
    """The small run of the set for `scheme`."""
    return stored_train(TrainConfig.preset(scheme, replicas=NETWORKS, **SMALL))


def _train(record: Shaped[np.void, ""]) -> dict[str, np.ndarray]:
    run = stored_train(config_of(record).replace(replicas=NETWORKS))
    found = {name: np.zeros(shape, np.float32) for name, shape in _OUTPUTS.items()}
    found["output"][:], found["target"][:] = run.outputs[0, 0, :, 0], run.targets[0, 0, :, 0]
    loss, rate_hz = run.loss.numpy(), run.rate_hz.numpy()
    summarise(
        loss, rate_hz, *(found[n] for n in ("low", "mean", "high", "output", "final", "rate"))
    )
    return found


@kernel(error_model="numpy")
def train_some(run, low, mean, high, output, target, final, rate):
    """Train `NETWORKS` networks of a run, one after the other, and sum them up after each."""
    T, epochs, first = output.size, low.size, run.seed
    loss = np.zeros((NETWORKS, epochs), np.float32)
    rate_hz = np.zeros((NETWORKS, epochs), np.float32)
    targets, outputs = np.zeros((1, T, 1), np.float32), np.zeros((1, T, 1), np.float32)
    spikes, devices = np.zeros((T, int(run.n_rec)), np.float32), np.zeros((3, 2, BINS), np.float32)
    wear, unasked = np.zeros((4, epochs), np.float32), np.zeros((0, 0, 0), np.float32)
    for r in range(NETWORKS):
        run.seed = first + r
        train_run(
            run, False, loss[r], wear[3], rate_hz[r], wear[0], wear[1], wear[2], targets, outputs,
            spikes, devices, unasked,
        )  # fmt: skip
        if r == 0:
            for t in range(T):
                output[t], target[t] = outputs[0, t, 0], targets[0, t, 0]
        summarise(loss[: r + 1], rate_hz[: r + 1], low, mean, high, output, final, rate)
        report(r)


@kernel(error_model="numpy")
def summarise(loss, rate_hz, low, mean, high, output, final, rate):
    """Learning curves [R, E], smoothed: their range and mean; what stands at the end."""
    R, E = loss.shape
    for e in range(E):
        low[e], mean[e], high[e] = np.inf, 0, -np.inf
        for r in range(R):
            smooth = loss[r, max(0, e + 1 - _WINDOW) : e + 1].mean()
            low[e], high[e] = min(low[e], smooth), max(high[e], smooth)
            mean[e] += smooth / R
    final[0], rate[0] = mean[E - 1], 0
    for r in range(R):
        rate[0] += rate_hz[r, E - 1] / R
    for t in range(output.size):
        output[t] = min(max(output[t], np.float32(-2)), np.float32(2))
