"""What every task draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from torch import Tensor

from pcmlib.base import rng
from pcmlib.base.kernels import kernel
from pcmlib.base.records import short

_USE = 1  # of a seed, apart from its others


class Samples(NamedTuple):
    """The samples of R replicas: spikes in, targets out."""

    inputs: Bool[Tensor, "replica sample time n_in"]
    targets: Float[Tensor, "replica sample time n_out"]
    counts: Float[Tensor, "replica sample time"]  # 1 at the steps whose outputs count, else 0

    __repr__ = short


def keys_of(seeds: Sequence[int], epoch: int) -> list[np.uint64]:
    """Of the samples that each of the seeds draws in an epoch."""
    return [np.uint64(key_of(seed, epoch)) for seed in rng.keys(seeds)]


@kernel(error_model="numpy")
def key_of(seed, epoch):
    """Of the samples that a seed draws in an epoch."""
    key = rng.derive(seed, _USE)
    return key if epoch == 0 else rng.derive(key, np.uint32(epoch))
