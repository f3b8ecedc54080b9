"""What a run costs: pulses until a loss is reached, energy by a stated energy a pulse, wear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pcmlib.base.checks import make_plain, require_number
from pcmlib.book.experiments.statistics import smoothed
from pcmlib.training import TrainingRun


@dataclass(frozen=True)
class Energy:
    """Programming energy of one pulse, J; the defaults are those of one early device.

    Source: Kuzum et al., Nano Lett. 12, 2179 (2012), doi 10.1021/nl201040y.
    """

    set_pulse: float = 0.675e-12  # J
    reset_pulse: float = 50e-12  # J

    def __post_init__(self) -> None:
        make_plain(self)
        for name in ("set_pulse", "reset_pulse"):
            require_number(name, getattr(self, name), at_least=0)

    def of(self, run: TrainingRun) -> Float[np.ndarray, "R E"]:
        """Energy (J) that programming each network has taken up to the end of each epoch."""
        sets, resets = run.set_pulses.double(), run.reset_pulses.double()
        return (sets * self.set_pulse + resets * self.reset_pulse).numpy()


def pulses_to_reach(run: TrainingRun, loss: float, *, window: int = 5) -> Float[np.ndarray, " R"]:
    """SET pulses of each network until its loss, over `window` epochs, is down to `loss`.

    Infinite for a network that never gets there.
    """
    require_number("loss", loss, above=0)
    smooth = smoothed(run.loss.double().numpy(), window)
    reached = smooth <= loss
    first = reached.argmax(axis=1)
    pulses = run.set_pulses.double().numpy()[np.arange(len(first)), first]
    return np.where(reached.any(axis=1), pulses, np.inf)


def wear_of(run: TrainingRun) -> Float[np.ndarray, " D"]:
    """SET pulses that each of the D devices has had, over all layers and networks."""
    return np.concatenate([pulses.flatten().double().numpy() for pulses in run.wear.values()])


def share_above(run: TrainingRun, level: float = 9.0) -> float:
    """Share of the synapses with a side above `level` (µS) at the end, over all layers."""
    require_number("level", level, at_least=0)
    full = total = 0
    for G in run.conductances.values():
        sides = G.mean(2)
        full += int((sides > level).any(1).sum())
        total += sides[:, 0].numel()
    return full / total
