"""A network of torch, with its linear layers on phase-change memory."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

from torch import nn

from pcmlib.base.checks import plain, require, require_count
from pcmlib.nn.layer import PCMLinear


def convert(module: nn.Module, *, seed: int = 0, **options: Any) -> nn.Module:
    """A copy of a network in which every `torch.nn.Linear` is a `PCMLinear` of the same weights.

    Other layers stay as they are, digital: convolutions, say, and neurons. Layers derived from
    `torch.nn.Linear` stay, too, since they may do anything.

    Args:
        module: the network, which stays as it is; a layer alone is a network, too.
        seed: of the first layer; each further one has the next.
        options: of each `PCMLinear`: parameters, pairs, scale, tolerance, period.

    Raises:
        ValueError: for a network without such layers, or one in which two layers share a weight.
    """
    require(isinstance(module, nn.Module), "module", module, "a torch.nn.Module")
    require_count("seed", plain(seed), at_least=0)
    linear = [(name, m) for name, m in module.named_modules() if type(m) is nn.Linear]
    require(bool(linear), "module", module, "a network with a torch.nn.Linear")
    owners = Counter(id(p) for m in module.modules() for p in m.parameters(recurse=False))
    made = {}
    for number, (name, old) in enumerate(linear):
        require(owners[id(old.weight)] == 1, f"{name}.weight", "shared", "of one layer alone")
        made[id(old)] = _on_pcm(old, seed + number, options)
    # deepcopy takes what is in `made` for a copy that it has made already.
    return copy.deepcopy(module, made)


def _on_pcm(old: nn.Linear, seed: int, options: dict[str, Any]) -> PCMLinear:
    sizes = old.in_features, old.out_features, old.bias is not None
    new = PCMLinear(*sizes, weight=old.weight, seed=seed, device=old.weight.device, **options)
    new.weight.requires_grad_(old.weight.requires_grad)
    if old.bias is not None:
        new.bias = copy.deepcopy(old.bias)
    return new.train(old.training)
