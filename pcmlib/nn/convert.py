"""A torch network with its linear layers on phase-change memory."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import torch
from torch import nn

from pcmlib.base.checks import plain, require, require_count
from pcmlib.nn.layer import PCMLinear


def convert(module: nn.Module, *, seed: int = 0, **options: Any) -> nn.Module:
    """A copy of a network in which every `torch.nn.Linear` is a `PCMLinear` with the same weights.

    Other layers, such as convolutions and neurons, stay digital. So do layers derived from
    `torch.nn.Linear`, since they may do anything.

    Args:
        module: the network, which is not changed; a single layer is a network, too.
        seed: of the first layer; each further layer takes the next one.
        options: of each `PCMLinear`: parameters, pairs, scale, tolerance, period.

    Raises:
        ValueError: for a network without such layers, or with two layers that share a weight.
    """
    require(isinstance(module, nn.Module), "module", module, "a torch.nn.Module")
    require_count("seed", plain(seed), at_least=0)
    linear = [(name, m) for name, m in module.named_modules() if type(m) is nn.Linear]
    require(bool(linear), "module", module, "a network with a torch.nn.Linear")
    owners = Counter(id(p) for m in module.modules() for p in m.parameters(recurse=False))
    made = {}
    for number, (name, old) in enumerate(linear):
        require(owners[id(old.weight)] == 1, f"{name}.weight", "shared", "of one layer alone")
        kind = old.weight.dtype
        allowed = "torch.float32, in which devices compute; convert before .half() or .double()"
        require(kind == torch.float32, f"{name}.weight.dtype", kind, allowed)
        told = {"bias": old.bias is not None, "weight": old.weight, "device": old.weight.device}
        new = PCMLinear(old.in_features, old.out_features, seed=seed + number, **told, **options)
        new.weight.requires_grad_(old.weight.requires_grad)
        if old.bias is not None:
            new.bias = copy.deepcopy(old.bias)
        made[id(old)] = new.train(old.training)
    # deepcopy takes what is in `made` for a copy that it has made already.
    return copy.deepcopy(module, made)
