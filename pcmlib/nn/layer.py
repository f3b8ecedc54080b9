"""A torch linear layer whose weights are a crossbar of differential pairs.

    y = W x + sqrt(V x^2) xi + b
    W = sum_n (h(Gd+_n) - h(Gd-_n)) / (N scale),    V = sum_n (q(Gd+_n) + q(Gd-_n)) / (N scale)^2

W and V are the mean and variance of a read of each weight; h and q are those of a device that has
drifted to Gd (`pcmlib.device.moments`), and xi is a new normal number per output and
sample. Each sample is a separate read: an output is a sum of independent reads, and one number
stands for all of them (`pcmlib.network.reads`).

    dE/dW = sum over samples of dE/dy x^T,    dE/dx = W^T dE/dy

as for `torch.nn.Linear`: gradients use the noise as it was drawn. Gradients do not change devices;
pulses do (`pcmlib.nn.PulseOptimizer`), and the CPU computes them. The bias is digital.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pcmlib.base import rng
from pcmlib.base.checks import Values, as_tensor, plain, require, require_count, require_number
from pcmlib.base.times import in_seconds
from pcmlib.crossbar import Crossbar
from pcmlib.device import PCMParameters, devices_differ
from pcmlib.nn.loops import fill_noise, held_weights, read_weights

FILL = 0.25  # share of a side's range that the greatest of the first weights takes
LEAST = 0.01  # the least of that share: below it, as at a scale in siemens, noise hides a weight
# A tighter loop overshoots more often than it hits, and fills both sides: with 0.1 µS the error is
# three times as large.
TOLERANCE = 0.5  # µS, to which weights are written
_WEIGHT, _BIAS, _READ = 40, 41, 42  # uses of a seed
_DEVICES = ("G", "P", "tp", "n_set", "n_reset")


class PCMLinear(nn.Module):
    """`torch.nn.Linear` on phase-change memory.

    State:
        weight    [out_features, in_features]: what the devices hold T0 after their last pulse,
                  without noise. Gradients go to `weight.grad`. Changing `weight` changes no
                  device, and the next forward pass refuses it; `write` programs the devices
        bias      [out_features], digital, or None
        crossbar  the devices, [1, 2, N, in_features, out_features], with their wear
        kept      [in_features, out_features]: what a scheme keeps, such as an accumulator
        time      s: the devices' clock, at which they are read and get their next pulses;
                  each update advances it by `period`
        updates   number of updates so far
        reads     number of forward passes so far, which numbers their noise

    `state_dict` holds all of it, as do deepcopy and pickle: training resumes exactly, to the bit.

    Args:
        in_features, out_features, bias: as for `torch.nn.Linear`.
        parameters: the devices' constants.
        pairs: N differential pairs per weight.
        scale: µS that a weight of 1 corresponds to; None: chosen so that the largest initial
            weight takes a quarter of a device's range.
        weight: [out_features, in_features], the initial weights; None: as torch draws them, uniform
            up to 1 / sqrt(in_features), like the bias, but from `seed`.
        tolerance: µS, to which the initial weights are written, with a read after each SET; 0:
            placed exactly, which no real programming can do.
        period: s of device time between two updates.
        seed: of all random numbers.
        device: of weight, bias and forward pass; pulses are always computed on the CPU.

    Raises:
        ValueError: naming the parameter, its value and what is allowed.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        parameters: PCMParameters | None = None,
        pairs: int = 1,
        scale: float | None = None,
        weight: Values = None,
        tolerance: float = TOLERANCE,
        period: float = 38.6,
        seed: int = 0,
        device: str | torch.device | None = None,
    ) -> None:
        super().__init__()
        require_count("in_features", in_features)
        require_count("out_features", out_features)
        require(isinstance(bias, bool), "bias", bias, "True or False")
        require_count("seed", plain(seed), at_least=0, at_most=2**63 - 1)
        require_number("period", period, above=0)
        own = parameters is None or isinstance(parameters, PCMParameters)
        allowed = "a PCMParameters; of a dict of constants, PCMParameters(**constants)"
        require(own, "parameters", parameters, allowed)
        self.in_features, self.out_features = in_features, out_features
        p, shape = parameters or PCMParameters(), (out_features, in_features)
        bound = in_features**-0.5
        if weight is None:
            weight = bound * (2 * rng.uniform(shape, rng.streams(_WEIGHT, [seed]), 0) - 1)
        weight = as_tensor("weight", weight, "real", torch.float64, shape=shape)
        greatest, reach = weight.abs().max().item() or 1.0, p.g_max - p.g_min
        if scale is None:
            scale = FILL * reach / greatest
        require_number("scale", plain(scale), above=0)
        least = LEAST * reach / greatest
        allowed = f"at least {least:.3g} µS, at which the greatest weight is {LEAST:.0%} of a range"
        require(scale >= least, "scale", scale, allowed)
        self.crossbar = Crossbar(
            in_features, out_features, pairs=pairs, parameters=p, scale=scale, seed=seed
        )
        self.kept = torch.zeros(in_features, out_features)
        self.period, self.time, self.updates, self.reads = float(period), 0.0, 0, 0
        self._read_key, self._read = rng.streams(_READ, [seed]), None
        self.weight = nn.Parameter(torch.zeros(shape, device=device))
        first = bound * (2 * rng.uniform((out_features,), rng.streams(_BIAS, [seed]), 0) - 1)
        self.bias = nn.Parameter(first.to(device)) if bias else None
        self.write(weight, tolerance=tolerance)

    def forward(self, x: Float[Tensor, "*batch n_in"]) -> Float[Tensor, "*batch n_out"]:
        """y = W x + sqrt(V x^2) xi + b, with a separate read for each sample."""
        if self._read is None:
            read = *read_weights(self.crossbar, self.time), self._held
            self._read = tuple(part.to(self.weight) for part in read)
        mean, variance, held = self._read
        self.require_held()
        y = nn.functional.linear(x, mean + (self.weight - held), self.bias)
        if self.crossbar.devices.parameters.in_force.read_noise and y.numel():
            self.reads += 1
            xi = torch.empty(y.shape)
            fill_noise(xi.view(-1).numpy(), self._read_key[0], self.reads)
            y = y + nn.functional.linear(x.detach() ** 2, variance).sqrt() * xi.to(y)
        return y

    def require_held(self) -> None:
        """Raise a RuntimeError where `weight` is not what the devices hold."""
        if not torch.equal(self._held, self.weight.detach()):
            raise RuntimeError(
                "weight was changed, and no device with it: let a PulseOptimizer train this layer, "
                "write to the devices by layer.write(weight), or load a whole state_dict"
            )

    def write(self, weight: Values, *, tolerance: float = TOLERANCE) -> None:
        """Write weights [out_features, in_features]: RESET devices that had a pulse, then SET.

        Each SET is followed by a read, until one says that G+ - G- is within `tolerance` (µS); with
        0 the devices are placed exactly. It takes as long as an update, and clears `kept`.
        """
        xbar, p = self.crossbar, self.crossbar.devices.parameters
        require_number("tolerance", tolerance, at_least=0)
        shape = self.out_features, self.in_features
        goal = as_tensor("weight", weight, "real", torch.float64, shape=shape)
        goal = (goal.T * xbar.scale.double()).contiguous()[None]
        floor = max(p.g_min, p.g_reset)
        most = (p.g_max - floor) / xbar.scale.item()
        allowed = (
            f"at most {most:.4g}, which is all that devices hold at scale = {xbar.scale.item():.4g}"
        )
        greatest = goal.abs().max().item() / xbar.scale.item()
        require(greatest <= most * (1 + 1e-6), "weight (greatest)", greatest, allowed)
        used = (xbar.devices.n_set.sum((2,)) > 0) | (xbar.devices.n_reset.sum((2,)) > 0)
        if used.any():
            xbar.reset(used, self.time)
        if tolerance:
            xbar.verify(goal, self.time, tolerance=tolerance)
        else:
            sides = floor + torch.stack([goal, -goal], dim=1).clamp(min=0).float()
            sides = sides.clamp(max=p.g_max)[:, :, None]
            xbar.devices.put(sides.expand(xbar.devices.shape))
        self.kept.zero_()
        self.advance(self.period)

    def advance(self, seconds: float | str) -> None:
        """Let time pass, in which the devices drift, and update `weight` to what they hold.

        Args:
            seconds: s, at least 0; or in words, such as "30d".
        """
        seconds = in_seconds("seconds", seconds)
        require_number("seconds", seconds, at_least=0)
        self.time += float(seconds)
        self._look()

    def _apply(self, *args: Any, **kwargs: Any) -> PCMLinear:
        """Torch's way to another device or type."""
        self._read = None
        moved = super()._apply(*args, **kwargs)
        self._held = self._held.to(self.weight)
        return moved

    def _look(self) -> None:
        self._read = None
        with torch.no_grad():
            self.weight.copy_(held_weights(self.crossbar))
        self._held = self.weight.detach().clone()

    # State beside weight and bias, under one name in `state_dict`

    def get_extra_state(self) -> dict[str, Any]:
        """All other state, copied, as plain numbers and tensors that ``torch.load`` accepts."""
        xbar, devices = self.crossbar, self.crossbar.devices
        state = {name: getattr(devices, name).clone() for name in self._of_devices}
        state |= {"turn": xbar.turn.clone(), "verified": xbar.reads.clone()}
        state |= {"kept": self.kept.clone(), "scale": xbar.scale.clone(), "time": self.time}
        state |= {"keys": [int(devices.key[0]), int(self._read_key[0])], "draw": devices._draw}
        state |= {"t_last": devices.t_last, "updates": self.updates, "reads": self.reads}
        return state | {"period": self.period, "constants": dataclasses.asdict(devices.parameters)}

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        state = state_dict.get(f"{prefix}_extra_state")
        if state is not None:  # before torch overwrites the weights
            self._require_alike(state)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _require_alike(self, state: dict[str, Any]) -> None:
        devices = self.crossbar.devices
        shape = tuple(state["G"].shape)
        require(shape == devices.shape, "shape of the devices loaded", shape, str(devices.shape))
        own = dataclasses.asdict(devices.parameters)
        other = {name: x for name, x in state["constants"].items() if own[name] != plain(x)}
        allowed = f"those of this layer, { ({name: own[name] for name in other}) }"
        require(not other, "constants loaded", other, allowed)

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Restore it, from a layer with as many devices and the same constants."""
        xbar, devices = self.crossbar, self.crossbar.devices
        self._require_alike(state)
        for name in self._of_devices:
            setattr(devices, name, state[name].cpu().clone())
        xbar.turn, xbar.reads = state["turn"].cpu().clone(), state["verified"].cpu().clone()
        self.kept, xbar.scale = state["kept"].cpu().clone(), state["scale"].cpu().clone()
        devices.key, self._read_key = (rng.keys(key) for key in state["keys"])
        devices._draw, devices.t_last = state["draw"], state["t_last"]
        self.time, self.period = state["time"], state["period"]
        self.updates, self.reads = state["updates"], state["reads"]
        self._look()

    @property
    def _of_devices(self) -> tuple[str, ...]:
        differ = devices_differ(self.crossbar.devices.parameters)
        return (*_DEVICES, *(["nu_deviate"] if differ else []))

    def extra_repr(self) -> str:
        bias, scale = self.bias is not None, self.crossbar.scale.item()
        sizes = f"in_features={self.in_features}, out_features={self.out_features}, bias={bias}"
        return f"{sizes}, pairs={self.crossbar.pairs}, scale={scale:.4g} µS"


def advance(module: nn.Module, seconds: float | str) -> None:
    """Let time pass for every `PCMLinear` of a network; seconds: as of `PCMLinear.advance`."""
    layers = [m for m in module.modules() if isinstance(m, PCMLinear)]
    require(bool(layers), "module", module, "a network with a PCMLinear; see `convert`")
    for layer in layers:
        layer.advance(seconds)
