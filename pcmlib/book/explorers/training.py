"""What the training explorers compute: knobs in, a small run out.

Each function takes the records of a set (`pcmlib.book.explorers.small_runs`), changes one by what
the knobs say, mostly by a factor, and returns its place.
"""

from __future__ import annotations

from numba.extending import register_jitable

from pcmlib.book.experiments.training import CROSSBAR_SCHEMES, NAMES
from pcmlib.book.explorers.small_runs import small_run
from pcmlib.crossbar import ASSUMED_PULSE

MEMORIES = {"full model": None, "2 bits": 2, "4 bits": 4, "8 bits": 8}


@small_run("vanilla")
def fp32(runs, learning, n_rec, threshold):
    """Chapter 08: learning rates, size and threshold of an FP32 network."""
    run = runs[0]
    learn_faster(run, learning)
    run.n_rec = n_rec
    run.threshold *= threshold
    return 0


@small_run("sign")
def sign(runs, stop_level, scale, noise):
    """Chapter 09: the stop-learning level, and what a pulse is worth."""
    run = runs[0]
    run.stop_level *= stop_level
    run.scale *= scale
    quieten(run, noise)
    return 0


@small_run("stochastic")
def stochastic(runs, prob_scale, scale, noise):
    """Chapter 10: how rare a pulse is, and what it is worth."""
    run = runs[0]
    run.prob_scale *= prob_scale
    run.scale *= scale
    quieten(run, noise)
    return 0


@small_run("multi-mem")
def multi_memristor(runs, pairs, learning, noise):
    """Chapter 11: pairs a synapse."""
    run = runs[0]
    run.pairs = pairs
    learn_faster(run, learning)
    quieten(run, noise)
    return 0


@small_run("mixed-precision")
def mixed_precision(runs, quantum, learning, scale, noise):
    """Chapter 12: the accumulator's quantum, and what a pulse is worth."""
    run = runs[0]
    run.quantum *= quantum
    learn_faster(run, learning)
    run.scale *= scale
    quieten(run, noise)
    return 0


@small_run(
    *CROSSBAR_SCHEMES,
    memories=list(MEMORIES.values()),
    choices={"scheme": [NAMES[scheme] for scheme in CROSSBAR_SCHEMES], "memory": list(MEMORIES)},
    beside=("FP32", "vanilla"),
    ylim=(0.01, 3.0),
)
def schemes(runs, scheme, memory):
    """Chapter 13: any scheme on any memory, beside FP32."""
    return int(scheme) * _MEMORIES + int(memory)


@small_run("mixed-precision")
def effects(runs, write_noise, read_noise, drift, saturation, asymmetry):
    """Chapter 14: switch the non-idealities of mixed precision's devices on and off.

    How each is switched off: `pcmlib.book.experiments.ablations.EFFECTS`.
    """
    run = runs[0]
    run.write_noise *= write_noise
    run.read_noise *= read_noise
    run.drift *= drift
    if saturation == 0:
        run.g_max, run.m1, run.A1, run.c1 = 1000.0, 0.0, 0.0, ASSUMED_PULSE
    run.symmetric_devices = 1 - asymmetry
    return 0


_MEMORIES = len(MEMORIES)


@register_jitable
def learn_faster(run, factor):
    """With all learning rates times `factor`."""
    run.lr_in *= factor
    run.lr_rec *= factor
    run.lr_out *= factor


@register_jitable
def quieten(run, noise):
    """Without noise and drift where `noise` is 0."""
    run.write_noise *= noise
    run.read_noise *= noise
    run.drift *= noise
