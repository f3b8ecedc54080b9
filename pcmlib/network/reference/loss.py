"""The losses of `pcmlib.network.loss` in torch, all replicas at once."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pcmlib.base.records import short


class Judged(NamedTuple):
    """What outputs cost."""

    loss: Float[Tensor, " replica"]  # mean over the steps that count, and of squares over outputs
    error: Float[Tensor, "replica time n_out"]  # dE/dy
    accuracy: Float[Tensor, " replica"]  # 1 where the class is right, 0 where not; of classes that
    # change, the share of the steps where it is; NaN: no classes

    __repr__ = short


def judge(
    y: Float[Tensor, "replica time n_out"],
    target: Float[Tensor, "replica time n_out"],
    counts: Float[Tensor, "replica time"],
    classes: bool,
) -> Judged:
    """Squares, or the cross-entropy of softmax(y) against classes; counts: 1 at steps that do."""
    m, counted = counts[..., None], counts.sum(1)
    if not classes:
        error = m * (y - target)
        loss = (error**2).sum((1, 2)) / (counted * y.shape[2])
        return Judged(loss, error, torch.full_like(loss, torch.nan))
    log_p = torch.log_softmax(y, 2)
    sums = (m * target).sum(1)
    right = ((m * y).sum(1).argmax(1) == sums.argmax(1)).to(y.dtype)
    share = (counts * (y.argmax(2) == target.argmax(2))).sum(1) / counted
    right = torch.where(sums.amax(1) < counted, share, right)
    loss = -(m * target * log_p).sum((1, 2)) / counted
    return Judged(loss, m * (log_p.exp() - target), right)
