"""Time aihwkit's PCM layers and pulses on one core, by the Python that has it.

python benchmarks/in_aihwkit.py

prints, as JSON, seconds of a training step by preset and side of the layer, and SETs per second on
a million devices, sent one by one and ten at once.
"""

from __future__ import annotations

import importlib.metadata
import json
import math
from collections.abc import Callable

import torch
from aihwkit.nn import AnalogLinear
from aihwkit.optim import AnalogSGD
from aihwkit.simulator.configs import PulseType, SingleRPUConfig, UpdateParameters
from aihwkit.simulator.presets import MixedPrecisionPCMPreset, PCMPreset, PCMPresetDevice
from aihwkit.simulator.tiles import AnalogTile
from layers import AT_ONCE, DEVICES, SIDES, seconds, step

PRESETS = (PCMPreset, MixedPrecisionPCMPreset)


def train(preset: Callable, side: int) -> float:
    """Seconds of a step."""
    layer = AnalogLinear(side, side, bias=False, rpu_config=preset())
    optimizer = AnalogSGD(layer.parameters(), lr=0.1)
    optimizer.regroup_param_groups(layer)
    return step(layer, optimizer, side)


def sets(at_once: int) -> float:
    """SETs per second, by dense updates in which every pulse is certain."""
    device, side = PCMPresetDevice(), math.isqrt(DEVICES)
    update = UpdateParameters(
        desired_bl=at_once, pulse_type=PulseType.STOCHASTIC_COMPRESSED,
        update_management=False, update_bl_management=False,
    )  # fmt: skip
    tile = AnalogTile(side, side, SingleRPUConfig(device=device, update=update))
    tile.set_weights(torch.zeros(side, side))
    tile.set_learning_rate(100 * device.dw_min * at_once)
    up, down = torch.ones(1, side), -torch.ones(1, side)
    taken = seconds(lambda: tile.update(up, down))
    assert tile.get_weights()[0].mean() > 0.1  # they did get pulses
    return at_once * DEVICES / taken


if __name__ == "__main__":
    torch.set_num_threads(1)
    steps = {one.__name__: {n: train(one, n) for n in SIDES} for one in PRESETS}
    rates = {k: sets(k) for k in AT_ONCE}
    version = importlib.metadata.version("aihwkit")
    print(json.dumps({"version": version, "steps": steps, "sets": rates}))
