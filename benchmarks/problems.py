"""NEST's two problems of e-prop, as its test suite draws them: what `in_nest.py` and ours train.

    regression        100 LIF neurons call up a sum of four sines, 1000 steps an update
    classification    50 LIF and 50 adaptive neurons tell which side had more cues, 2250 steps

Both are those of the models "bsshslm_2020", after Bellec et al., Nat. Commun. 11, 3625 (2020). The
losses of their first updates are known (`KNOWN`), so that each side can show that it trains them.
"""

from __future__ import annotations

import numpy as np

N = 100  # recurrent neurons
ADAPTIVE = {"regression": 0, "classification": 50}
STEPS = {"regression": 1000, "classification": 2250}
RECALL = 150  # steps of a classification that count, its last
KNOWN = {
    "regression": (101.964356999041, 103.466731126205, 103.340607074771, 103.680244037686),
    "classification": (0.741152550006, 0.740388187700, 0.665785233177, 0.663644193322),
}
"""Losses of NEST 3.10, by its tests."""


def draw(name: str, updates: int, silent: int = 1) -> dict[str, np.ndarray]:
    """Weights [pre, post], feedback [n_rec, n_out], inputs [trials, T, n_in] and targets.

    silent: steps without inputs at the start of each trial; NEST's tests have one.
    """
    random = np.random.RandomState(1)
    n_in, n_out = (100, 1) if name == "regression" else (40, 2)
    w_in = random.randn(n_in, N) / np.sqrt(n_in)
    w_rec = random.randn(N, N) / np.sqrt(N)
    np.fill_diagonal(w_rec, 0)
    if name == "regression":
        w_out = random.randn(N, n_out) / np.sqrt(N)
        feedback = random.randn(N, n_out) / np.sqrt(N)
        inputs = random.rand(STEPS[name], n_in) < 0.05
        inputs, targets = inputs[None], _sines(random)[None, :, None]
    else:
        limit = np.sqrt(3 / ((N + n_out) / 2))
        w_out = random.uniform(-limit, limit, (N, n_out))
        feedback = random.randn(N, n_out)
        trials = [_cues(random) for _ in range(updates)]
        inputs, targets = (np.array(x) for x in zip(*trials, strict=True))
    inputs[:, :silent] = False
    weights = {"w_in": w_in, "w_rec": w_rec, "w_out": w_out, "feedback": feedback}
    single = {key: w.astype(np.float32) for key, w in weights.items()}
    return {**single, "inputs": inputs, "targets": targets}


def _sines(random: np.random.RandomState) -> np.ndarray:
    """The target [T]: sines of four periods, from 0, at most 1."""
    T, periods = STEPS["regression"], (1000, 500, 333, 200)
    amplitudes, phases = random.uniform(0.5, 2, 4), random.uniform(0, 2 * np.pi, 4)
    total = np.zeros(T)
    for amplitude, phase, period in zip(amplitudes, phases, periods, strict=True):
        end = phase + 2 * np.pi * (T // period)
        total += amplitude * np.sin(np.linspace(phase, end, T))
    total -= total[0]
    return total / np.abs(total).max()


def _cues(random: np.random.RandomState) -> tuple[np.ndarray, int]:
    """Inputs [T, 40] of a trial, and 1 where most of its seven cues were of the second kind."""
    T = STEPS["classification"]
    first = (0.3, 0.7)[random.choice([0, 1], 1)[0]]
    cues = random.choice([0, 1], 7, p=[first, 1 - first])
    chance = np.zeros((T, 40))
    for n, cue in enumerate(cues):
        chance[150 * n + 50 : 150 * n + 150, 10 * cue : 10 * cue + 10] = 0.04
    chance[-RECALL:, 20:30] = 0.04
    chance[:, 30:] = 0.01
    return random.rand(1, T, 40)[0] < chance, int(cues.sum() > 3)
