"""What a trial's outputs cost, and the error that goes back: over the steps that count, m(t) = 1.

    squares          E = 1/2 sum_t m(t) sum_k (y_k(t) - y*_k(t))^2        dE/dy = m (y - y*)
    cross-entropy    E = -sum_t m(t) sum_k y*_k(t) log p_k(t)             dE/dy = m (p - y*)
                     p = softmax(y)

What is reported is a mean over those steps: of squares (over the outputs, too), or of the
cross-entropy in nats, log n_out where the network knows nothing. The class that a network names is
the output whose sum over those steps is largest; where the target's class changes from step to
step, the largest output at each of them.
"""

from __future__ import annotations

import numpy as np

from pcmlib.base.arithmetic import exp
from pcmlib.base.kernels import kernel
from pcmlib.network.laws import log_probability

_F = np.float32


@kernel(inner=True, borrows=True, error_model="numpy")
def judge(y, target, counts, classes, error):
    """Fill in the error [T, n_out]; the mean loss, and whether the class is right (`named`).

    y, target [T, n_out], in a target of classes 1 for the right one and 0 for others; counts [T].
    Without classes, the last is NaN.
    """
    counted = 0.0
    for t in range(len(counts)):
        counted += counts[t]
    if classes:
        return cross_entropy(y, target, counts, error) / counted, named(y, target, counts)
    return squares(y, target, counts, error) / (counted * y.shape[1]), np.nan


@kernel(inner=True, borrows=True, error_model="numpy")
def squares(y, target, counts, error):
    """Fill in the error; the sum of squares."""
    T, n_out = y.shape
    total = 0.0
    for t in range(T - 1, -1, -1):
        for k in range(n_out):
            e = counts[t] * (y[t, k] - target[t, k])
            error[t, k] = e
            total += e * e
    return total


@kernel(inner=True, borrows=True, error_model="numpy")
def cross_entropy(y, target, counts, error):
    """Fill in the error; the sum of cross-entropies."""
    T, n_out = y.shape
    total = 0.0
    for t in range(T):
        if counts[t] == 0:
            for k in range(n_out):
                error[t, k] = 0
            continue
        top, whole = y[t, 0], _F(0)
        for k in range(1, n_out):
            top = max(top, y[t, k])
        for k in range(n_out):
            whole += exp(y[t, k] - top)
        for k in range(n_out):
            log_p = log_probability(y[t, k], top, whole)
            error[t, k] = counts[t] * (exp(log_p) - target[t, k])
            total -= counts[t] * target[t, k] * log_p
    return total


@kernel(inner=True, borrows=True, error_model="numpy")
def named(y, target, counts):
    """1 where the class that the network names is the target's, else 0; where the target's class
    changes, the share of the steps at which it is."""
    best, right, of_y, of_target = 0, 0, -np.inf, -np.inf
    for k in range(y.shape[1]):
        sum_y = sum_target = 0.0
        for t in range(len(counts)):
            sum_y += counts[t] * y[t, k]
            sum_target += counts[t] * target[t, k]
        if sum_y > of_y:
            best, of_y = k, sum_y
        if sum_target > of_target:
            right, of_target = k, sum_target
    counted = agree = 0.0
    for t in range(len(counts)):
        counted += counts[t]
        agree += counts[t] * (largest(y, t) == largest(target, t))
    return agree / counted if of_target < counted else 1.0 * (best == right)


@kernel(inner=True, borrows=True, error_model="numpy")
def largest(y, t):
    """The output that is largest at step t."""
    k = 0
    for other in range(1, y.shape[1]):
        k = other if y[t, other] > y[t, k] else k
    return k
