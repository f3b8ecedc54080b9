"""What the explorers of the chapters on memory compute: one neuron that adapts, and small networks.

The neuron hears a trial of the task: ten channels of the left cues, and ten of the recall.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from pcmlib.book.figures.evidence import draw_adaptation
from pcmlib.book.live import live
from pcmlib.network.laws import adaptation, membrane, pseudo_derivative, threshold
from pcmlib.tasks.evidence import EvidenceTask, draw_evidence
from pcmlib.tasks.samples import key_of
from pcmlib.training.presets import EVIDENCE

_F = np.float32
_TASK = EvidenceTask(samples=1)
_SHAPE = (_TASK.steps,)
_PHASES = (_TASK.cues, _TASK.cue, _TASK.pause, _TASK.recall)
_CHANCES = (_TASK.input_rate * _TASK.dt, _TASK.noise_rate * _TASK.dt, _TASK.chance)
ASKED = _TASK.steps - _TASK.recall  # the step at which the recall begins
SEED = 3  # of the trial, five of whose seven cues are from the left
ALPHA = math.exp(-_TASK.dt / EVIDENCE["tau_rec"])
_THETA, _GAMMA, _REST = EVIDENCE["threshold"], EVIDENCE["gamma"], EVIDENCE["refractory"]
_MARK = -1.5  # where spikes are marked
_DT, _N_IN, _T = _TASK.dt, _TASK.n_in, _TASK.steps


@live(
    v=_SHAPE, level=_SHAPE, fired=_SHAPE, membrane_trace=_SHAPE, adapted=_SHAPE, count=(1,),
    left=(1,),
)  # fmt: skip
def remember(weight, beta, tau_adapt, v, level, fired, membrane_trace, adapted, count, left):
    """Chapter 18: a neuron that adapts, through a trial, and what a synapse of it keeps.

    The synapse is of the first channel; its traces are the membrane's and the threshold's.
    """
    x, y = np.zeros((1, _T, _N_IN), np.bool_), np.zeros((1, _T, 2), np.float32)
    draw_evidence(key_of(np.uint64(SEED), 0), _PHASES, _CHANCES, x, y)
    rho, alpha, theta = _F(math.exp(-_DT / tau_adapt)), _F(ALPHA), _F(_THETA)
    raised, trace, eps, rest = _F(0), _F(0), _F(0), 0
    level[0], fired[0], most = theta, np.nan, _F(0)
    for t in range(_T - 1):
        total = _F(0)
        for i in range(_N_IN):
            heard = i < 10 or 20 <= i < 30
            total += _F(weight) if x[0, t, i] and heard else _F(0)
        spiked = fired[t] < 0
        h = pseudo_derivative(v[t], theta + raised, theta, _F(_GAMMA)) if rest <= 0 else _F(0)
        rest = (_REST if spiked else rest) - 1
        eps = h * trace + (rho - _F(beta) * h) * eps
        trace = _F(alpha) * trace + (_F(1) if x[0, t, 0] else _F(0))
        v[t + 1] = membrane(v[t], total, spiked, alpha, theta)
        raised = adaptation(raised, spiked, rho, _F(beta))
        level[t + 1] = theta + raised
        spikes = v[t + 1] > threshold(theta, raised, rest > 0)
        fired[t + 1] = _MARK if spikes else np.nan
        count[0] += spikes
        membrane_trace[t + 1], adapted[t + 1] = trace, _F(beta) * eps
        most = max(most, adapted[t + 1])
    left[0] = 100 * adapted[ASKED] / most if most > 0 else 0


remember.figure(partial(draw_adaptation, dt=_DT, asked=ASKED * _DT))
