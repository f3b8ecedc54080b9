"""What the laboratory and the bench compute: any training run, and any treatment of devices.

Here they take records and arrays that a page makes; `pcmlib.training.train` and
`pcmlib.device.PCMArray` are the same from Python.
"""

from __future__ import annotations

import math

import numpy as np

from pcmlib.base.reports import report
from pcmlib.book.explorers.devices import blocks_of, fill_rows, read_rows
from pcmlib.book.explorers.whole_run import BINS, train_run
from pcmlib.book.live import live
from pcmlib.device import after_reset, apply_set
from pcmlib.device.record import in_force
from pcmlib.device.record import numbers as constants
from pcmlib.training import TrainConfig
from pcmlib.training.record import numbers

_BOOK = TrainConfig.preset("mixed-precision")
_EPOCHS, _T = _BOOK.epochs, _BOOK.steps


@live(
    data={"run": numbers(_BOOK)},
    loss=(_EPOCHS,),
    rate_hz=(_EPOCHS,),
    set_pulses=(_EPOCHS,),
    reset_pulses=(_EPOCHS,),
    reads=(_EPOCHS,),
    targets=(_BOOK.samples, _T, _BOOK.n_out),
    outputs=(_BOOK.samples, _T, _BOOK.n_out),
    spikes=(_T, _BOOK.n_rec),
    conductance=(3, 2, BINS),
    ended=(1,),
)
def train_network(
    run, loss, rate_hz, set_pulses, reset_pulses, reads, targets, outputs, spikes, conductance,
    ended,
):  # fmt: skip
    """One network of the laboratory: NaN where it has not come to; `ended` 1 if it did not diverge.

    The shapes follow from the run; those above are the book's.
    """
    for e in range(len(loss)):
        loss[e] = rate_hz[e] = set_pulses[e] = reset_pulses[e] = reads[e] = np.nan
    ended[0] = train_run(
        run[0], True, loss, rate_hz, set_pulses, reset_pulses, reads, targets, outputs, spikes,
        conductance,
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
    key, shape, draw = np.array([np.uint64(seed)]), (1, devices), 1
    xi, deviate = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    G, P, tp = np.empty(shape, np.float32), np.ones(shape, np.float32), np.zeros(shape)
    n_set, counts = np.zeros(shape, np.int32), np.empty(shape, np.int32)
    if p.nu_spread > 0:
        fill_rows(deviate, key, draw)
        draw += 1
    fill_rows(xi, key, draw)
    for i in range(devices):
        G[0, i] = after_reset(xi[0, i], p)
    for k in range(len(steps)):
        step = steps[k]
        if step.what == SET:
            draw += 1
            for i in range(devices):
                counts[0, i] = int(step.pulses)
            jobs = blocks_of(1, devices)
            apply_set(G, P, tp, n_set, counts, step.t, p, decay, key, draw, 0, jobs)
        elif step.what == RESET:
            draw += 1
            fill_rows(xi, key, draw)
            for i in range(devices):
                G[0, i], P[0, i], tp[0, i] = after_reset(xi[0, i], p), 1, step.t
        elif p.read_noise > 0:
            draw += 1
            fill_rows(xi, key, draw)
        else:
            xi[:] = 0
        for i in range(devices):
            conductance[k, i] = np.nan
        if step.what == READ:
            read_rows(conductance[k : k + 1], G, tp, deviate, step.t, p, xi)
        done[0] = k + 1
        report(k)
