"""What the laboratory and the bench compute: any training run, and any treatment of devices.

Here they take records and arrays that a page makes; `pcmlib.training.train` and
`pcmlib.device.PCMArray` are the same from Python.
"""

from __future__ import annotations

import math

import numpy as np

from pcmlib.base.reports import report
from pcmlib.book.explorers.arrays import fill, make_cells, read_cells, reset_cells, set_cells
from pcmlib.book.explorers.whole_run import AGES, BINS, train_run
from pcmlib.book.live import live
from pcmlib.device.record import in_force
from pcmlib.device.record import numbers as constants
from pcmlib.training import TrainConfig
from pcmlib.training.record import numbers

_BOOK = TrainConfig.preset("mixed-precision")
_EPOCHS, _T = _BOOK.epochs, _BOOK.steps
_CURVES = ("loss", "accuracy", "rate_hz", "set_pulses", "reset_pulses", "reads")


@live(
    data={"run": numbers(_BOOK)},
    **dict.fromkeys(_CURVES, (_EPOCHS,)),
    **dict.fromkeys(("targets", "outputs"), (_BOOK.samples, _T, _BOOK.n_out)),
    spikes=(_T, _BOOK.n_rec),
    conductance=(3, 2, BINS),
    aged=(2, 1 + len(AGES), 2),
    ended=(1,),
)
def train_network(
    run, loss, accuracy, rate_hz, set_pulses, reset_pulses, reads, targets, outputs, spikes,
    conductance, aged, ended,
):  # fmt: skip
    """One network of the laboratory: NaN where it has not come to; `ended` 1 if it did not diverge.

    The shapes follow from the run; those above are the book's.
    """
    for curve in (loss, accuracy, rate_hz, set_pulses, reset_pulses, reads):
        curve[:] = np.nan
    aged[:] = np.nan
    ended[0] = train_run(
        run[0], True, loss, accuracy, rate_hz, set_pulses, reset_pulses, reads, targets, outputs,
        spikes, conductance, aged,
    )  # fmt: skip


SET, RESET, READ = 0.0, 1.0, 2.0
STEP = np.dtype([("t", np.float64), ("what", np.float64), ("pulses", np.float64)])
"""A step of a treatment: at time t (s) a SET of so many pulses, a RESET or a READ."""
_STEPS = np.array([(0.0, SET, 1.0), (38.6, READ, 1.0)], STEP)


@live(data={"p": constants(), "steps": _STEPS}, conductance=(len(_STEPS), 3), done=(1,))
def treat(seed, p, steps, conductance, done):
    """The bench: what devices read, step by step; NaN where a step is no READ. As `PCMArray`.

    done: how many steps there were so far.
    """
    p, decay, devices = in_force(p[0]), np.float32(math.exp(-1 / p[0].a)), conductance.shape[1]
    key, counts = np.array([np.uint64(seed)]), np.empty((1, 1, devices), np.int32)
    cells, draw = make_cells(key, devices, p)
    for k in range(len(steps)):
        step = steps[k]
        if step.what != READ or p.read_noise > 0:
            draw += 1
        if step.what == SET:
            counts[:] = int(step.pulses)
            set_cells(cells, counts, step.t, p, decay, key, draw)
        elif step.what == RESET:
            reset_cells(cells, step.t, p, key, draw)
        elif p.read_noise > 0:
            fill(cells.xi, key, draw)
        conductance[k] = np.nan
        if step.what == READ:
            read_cells(conductance[k : k + 1], cells, step.t, 1, p)
        done[0] = k + 1
        report(k)
