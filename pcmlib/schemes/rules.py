"""The rules: what a gradient becomes at one synapse, each one function of numbers.

    rule(g, kept, chance, plus, minus, s) -> up, down, kept

    g           the gradient dE/dw
    kept        what the rule kept for this synapse at the last update; 0 at first
    chance      a new number from the uniform distribution in (0, 1)
    plus, minus the mean conductances of the two sides, µS; of a digital weight, itself and 0
    s           the `Settings`
    up, down    pulses for G+, which raises the weight, and for G-, which lowers it; to a digital
                weight they are added and taken off as they are

A rule may return two flags more: whether to RESET G+, and whether to RESET G-, before the pulses.

Rules are plain arithmetic (`pcmlib.base.arithmetic`): torch evaluates one over tensors, and Numba
compiles the very same function. On a crossbar only SETs are graded, and they only raise a
conductance. Synapses are programmed open loop: nobody reads what a pulse did.

Source: Demirag et al., arXiv 2108.01804, and srnn-pcm; mixed precision: Nandakumar et al.,
Front. Neurosci. 14, 406 (2020).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numba.extending import register_jitable

from pcmlib.base.arithmetic import floor, maximum, trunc, where
from pcmlib.crossbar.laws import lacks_room, whole_pulses


class Settings(NamedTuple):
    """What the rules can be told: a number each, or a tensor with one for each replica."""

    lr: Any  # learning rate, weight for each unit of the gradient
    quantum: Any  # weight that leaves an accumulator at a time
    assumed_pulse: Any  # µS that one SET is taken to add
    stop_level: Any  # |gradient| below which sign descent leaves a synapse alone
    prob_scale: Any  # µS of wanted change at which a stochastic pulse is certain
    scale: Any  # µS that a weight of 1 corresponds to
    pairs: Any  # N, differential pairs of a synapse
    g_reset: Any  # µS, what a RESET leaves
    reach: Any  # µS, how far pulses alone are taken to get a side; a float64


# Digital weights


def vanilla(g, kept, chance, plus, minus, s):
    """Gradient descent: w <- w - lr g."""
    return *_split(-s.lr * g, s.lr * abs(g)), kept


def accumulator(g, kept, chance, plus, minus, s):
    """acc <- acc + lr g; whole quanta leave it and change the weight."""
    quanta, left = _whole_quanta(kept + s.lr * g, s.quantum)
    return *_split(-quanta, abs(quanta) * s.quantum), left


# PCM crossbars


def sign(g, kept, chance, plus, minus, s):
    """One SET down the gradient, wherever it is steeper than the stop level."""
    return *_split(-g, where(abs(g) > s.stop_level, 1, 0)), kept


def stochastic(g, kept, chance, plus, minus, s):
    """One SET with the probability lr |g| scale / prob_scale."""
    hit = chance < s.lr * abs(g) * s.scale / s.prob_scale
    return *_split(-g, where(hit, 1, 0)), kept


def multi_mem(g, kept, chance, plus, minus, s):
    """lr |g| scale N / assumed_pulse whole SETs, dealt to the N devices in turn."""
    change = -s.lr * g * s.scale
    return *_split(change, whole_pulses(change, s.assumed_pulse, s.pairs)), kept


def mixed_precision(g, kept, chance, plus, minus, s):
    """acc <- acc + lr g; whole quanta leave it and become SETs, rounded down, but at least one."""
    quanta, left = _whole_quanta(kept + s.lr * g, s.quantum)
    change = -quanta * s.quantum * s.scale
    pulses = whole_pulses(change, s.assumed_pulse, s.pairs)
    return *_split(change, where(quanta == 0, pulses, maximum(pulses, 1))), left


def upd_ready(g, kept, chance, plus, minus, s):
    """Where the side that has to grow lacks the room, RESET the other side first, which frees its
    conductance at once; what is left of the change is programmed, on whichever side it falls."""
    change = -s.lr * g * s.scale
    short = lacks_room(change, plus, minus, s.reach)
    reset_plus, reset_minus = short & (change < 0), short & (change >= 0)
    freed = where(reset_minus, minus - s.g_reset, 0) - where(reset_plus, plus - s.g_reset, 0)
    left = change - freed
    pulses = whole_pulses(left, s.assumed_pulse, s.pairs)
    return *_split(left, pulses), kept, reset_plus, reset_minus


# A second crossbar, which holds what a rule keeps


def hold(g, kept, chance, plus, minus, s):
    """Of a crossbar that holds g, as a read says, make one that holds `kept`.

    Where that is more, or about as much, by |kept - g| scale N / prob_scale SETs: whole ones, and
    one more with the probability of the rest, so that small changes add up in the mean. Devices
    only go up: where it is less by more than a SET is taken to be worth, the synapse is RESET, and
    written anew.
    """
    anew = (abs(kept) < abs(g)) & (abs(kept - g) * s.scale > s.prob_scale)
    change = kept - where(anew, 0, g)
    pulses = floor(abs(change) * s.scale * s.pairs / s.prob_scale + chance)
    return *_split(change, pulses), kept, anew, anew


@register_jitable
def _split(direction, amount):
    """The amount as up and down, by the sign of `direction`."""
    return where(direction > 0, amount, 0), where(direction < 0, amount, 0)


@register_jitable
def _whole_quanta(acc, quantum):
    """Whole quanta in an accumulator, towards 0, and what they leave."""
    quanta = trunc(acc / quantum)
    return quanta, acc - quanta * quantum
