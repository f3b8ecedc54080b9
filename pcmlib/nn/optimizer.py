"""A torch optimiser whose steps are pulses.

    gradient -> decide, synapse by synapse, as the scheme's rule says -> RESET and SET -> refresh

`decide` and the programming are the compiled ones of the book's networks (`pcmlib.schemes.kernels`,
`pcmlib.crossbar.programming`), so any scheme works, including your own. Digital parameters,
such as a bias, take a step of plain gradient descent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pcmlib.base.checks import as_tensor, require, require_count, require_number
from pcmlib.crossbar import ASSUMED_PULSE
from pcmlib.crossbar.laws import REACH, REFRESH_ABOVE, REFRESH_WITHIN
from pcmlib.crossbar.programming import DRAWS, Update
from pcmlib.device import history_decay
from pcmlib.device.pulses import MOST_PULSES
from pcmlib.nn.layer import PCMLinear
from pcmlib.nn.loops import devices_of, program_layer
from pcmlib.schemes import SCHEMES, Settings


class PulseOptimizer(torch.optim.Optimizer):
    """Trains a network in which some or all layers are `PCMLinear`.

    One group of parameters holds the weights on PCM, another the digital rest; learning rate
    schedulers work on both. What a scheme keeps is stored in the layers, and so in the
    `state_dict` of the network; the optimiser's own holds its hyperparameters (`load_state_dict`).

    Args:
        module: the network, or a single layer.
        scheme: one of `pcmlib.schemes.SCHEMES`, for crossbars.
        lr: learning rate, change of weight per unit of the gradient. Sign descent ignores it.
        digital_lr: learning rate of the digital rest; None: lr; 0: leave it to another optimiser.
        quantum: change of weight that leaves an accumulator at once; None: that of one pulse.
        assumed_pulse: µS that one SET is assumed to add.
        stop_level: |gradient| below which sign descent sends no pulse.
        prob_scale: desired change (µS) at which a stochastic pulse is certain; None: that of one
            pulse.
        refresh_period: updates between refreshes of saturated synapses; None: never.
        tolerance: of write-verify (µS), with a read after each SET; None: open loop.

    Raises:
        ValueError: naming the parameter, its value and what is allowed.
    """

    def __init__(
        self,
        module: nn.Module,
        scheme: str = "mixed-precision",
        *,
        lr: float,
        digital_lr: float | None = None,
        quantum: float | None = None,
        assumed_pulse: float = ASSUMED_PULSE,
        stop_level: float = 0.0,
        prob_scale: float | None = None,
        refresh_period: int | None = 100,
        tolerance: float | None = None,
    ) -> None:
        require(isinstance(module, nn.Module), "module", module, "a torch.nn.Module")
        on_crossbar = [name for name, known in SCHEMES.items() if known.on_crossbar]
        allowed = f"one for crossbars: {', '.join(on_crossbar)}"
        require(scheme in on_crossbar, "scheme", scheme, allowed)
        digital_lr = lr if digital_lr is None else digital_lr
        for name, value in (("lr", lr), ("digital_lr", digital_lr), ("stop_level", stop_level)):
            require_number(name, value, at_least=0)
        optional = {"quantum": quantum, "prob_scale": prob_scale, "tolerance": tolerance}
        for name, value in (optional | {"assumed_pulse": assumed_pulse}).items():
            if value is not None:
                require_number(name, value, above=0)
        if refresh_period is not None:
            require_count("refresh_period", refresh_period)
        self.layers = {m.weight: m for m in module.modules() if isinstance(m, PCMLinear)}
        require(bool(self.layers), "module", module, "a network with a PCMLinear; see `convert`")
        told = optional | {
            "lr": lr, "scheme": scheme, "assumed_pulse": assumed_pulse, "stop_level": stop_level,
            "refresh_period": refresh_period,
        }  # fmt: skip
        digital = [p for p in module.parameters() if p not in self.layers]
        groups: list[dict[str, Any]] = [{"params": list(self.layers)}]
        if digital and digital_lr:
            groups.append({"params": digital, "lr": digital_lr, "scheme": None})
        super().__init__(groups, told)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One update of all layers, which advances their clocks by a `period`.

        Raises:
            ValueError: for a gradient that is not finite, or for which the scheme asks for more
                pulses than devices can take.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if group["scheme"] is not None:
                    update(self.layers[parameter], parameter.grad, group)
                elif parameter.grad is not None:
                    parameter.sub_(parameter.grad, alpha=float(group["lr"]))
        return loss

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a saved state: as torch's optimisers do, all hyperparameters of its groups in
        place of those given here, such as `lr`, `quantum` and `refresh_period`.

        The scheme has to be the one given here. It is the algorithm, and the accumulators that the
        network's `state_dict` holds are those of a scheme.

        Raises:
            ValueError: for another scheme, or the state of another optimiser.
        """
        for mine, saved in zip(self.param_groups, state_dict["param_groups"], strict=False):
            scheme, other = mine["scheme"], saved.get("scheme", "none: of another optimiser")
            allowed = f"{scheme!r}, as this optimiser was made with"
            require(scheme == other, "state_dict: scheme", other, allowed)
        super().load_state_dict(state_dict)

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"layers": self.layers}


def update(layer: PCMLinear, gradient: Tensor | None, told: dict[str, Any]) -> None:
    """Update one layer: send pulses for a gradient [out_features, in_features], if there is one,
    and advance its time. told: what a group of `PulseOptimizer` holds.
    """
    layer.require_held()
    xbar, devices, t = layer.crossbar, layer.crossbar.devices, layer.time
    p, step, N = devices.parameters, np.float32(told["assumed_pulse"]), xbar.pairs
    number, key, scale = devices.next_draw(DRAWS) // DRAWS, devices.key[0], xbar.scale.item()
    cells = devices_of(xbar)
    counts = np.zeros((2, xbar.n_pre, xbar.n_post), np.int32)
    reset = np.zeros(counts.shape, np.bool_)
    if gradient is not None:
        g = as_tensor("gradient", gradient.T, "real", torch.float32).contiguous().numpy()
        pulse, most = step / N, MOST_PULSES * N  # µS that one adds to a side's mean
        s = Settings(
            told["lr"], told["quantum"] or pulse / scale, step, told["stop_level"],
            told["prob_scale"] or pulse, scale, N, p.g_reset, 0,
        )  # fmt: skip
        s = Settings(*map(np.float32, s))._replace(reach=REACH * p.g_max)
        holds = SCHEMES[told["scheme"]].kernel(
            0, g, layer.kept.numpy(), cells.G, cells.exists, s, key, number * DRAWS,
            np.float32(most), counts, reset,
        )  # fmt: skip
        allowed = f"whole numbers from 0 to {most}, {MOST_PULSES} for a device at once"
        name = f"pulses that {told['scheme']} asks for at lr = {told['lr']:g}"
        require(holds, name, "others", f"{allowed}; a smaller lr asks for fewer")
    layer.updates += 1
    refresh = bool(told["refresh_period"]) and layer.updates % told["refresh_period"] == 0
    tolerance, decay = np.float32(told["tolerance"] or 0), np.float32(history_decay(p))
    above, within = (np.float32(x * p.g_max) for x in (REFRESH_ABOVE, REFRESH_WITHIN))
    told_once = Update(t, number, refresh, False, tolerance, step, decay, above, within)
    program_layer(counts, reset, cells, told_once, p.constants(), key)
    devices.t_last = t
    layer.advance(layer.period)
