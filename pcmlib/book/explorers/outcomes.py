"""What the explorers of the cost and the tuning chapters show: finished runs, seen another way."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from pcmlib.book.experiments.searches import random_search
from pcmlib.book.experiments.training import CROSSBAR_SCHEMES, NAMES
from pcmlib.book.explorers.small_runs import SMALL, small
from pcmlib.book.figures.comparison import plot_cost
from pcmlib.book.figures.searches import draw_search
from pcmlib.book.live import Later, live

_EPOCHS, _CANDIDATES = SMALL["epochs"], 24
_ALL = (_CANDIDATES,)


def _pulses() -> Float[np.ndarray, "2 schemes epochs"]:
    """SET and RESET pulses of small runs of the crossbar schemes, mean over their networks."""
    runs = [small(scheme) for scheme in CROSSBAR_SCHEMES]
    kinds = ([r.set_pulses for r in runs], [r.reset_pulses for r in runs])
    return np.array([[x.double().mean(0).numpy() for x in kind] for kind in kinds])


@live(data={"pulses": Later(_pulses, np.float64, 3)}, energy=(len(CROSSBAR_SCHEMES), _EPOCHS))
def cost(set_pulse, reset_pulse, pulses, energy):
    """Chapter 15: loss against pulses and energy, for other energies of a pulse (pJ)."""
    for k in range(energy.shape[0]):
        for e in range(energy.shape[1]):
            picojoules = pulses[0, k, e] * set_pulse + pulses[1, k, e] * reset_pulse
            energy[k, e] = 1e-12 * picojoules


@cost.figure
def _(energy: np.ndarray) -> Figure:
    runs = {NAMES[scheme]: small(scheme) for scheme in CROSSBAR_SCHEMES}
    energies = dict(zip(runs, energy[:, None], strict=True))
    return plot_cost(runs, energies, xlim=(0.01, 10.0), energy_xlim=(1e-12, 1e-6))


@live(
    data={
        "tuning": Later(lambda: random_search().tuning.astype(float), np.float64, 2),
        "fresh": Later(lambda: random_search().fresh.astype(float), np.float64, 2),
    },
    **dict.fromkeys(("shown", "true", "best_shown", "best_true"), _ALL),
    **dict.fromkeys(("chosen_shown", "chosen_true"), (1,)),
    level=(2,),
)
def search(
    budget, networks, tuning, fresh, shown, true, best_shown, best_true, chosen_shown, chosen_true,
    level,
):  # fmt: skip
    """Chapter 16: the best of `budget` candidates, chosen on some tuning networks.

    The expectation over all ways to draw them: `pcmlib.book.experiments.searches.best_of`.
    """
    n, used = tuning.shape[0], int(networks)
    order = np.empty(n, np.int64)
    for i in range(n):
        shown[i], true[i] = tuning[i, :used].mean(), fresh[i].mean()
    for i in range(n):
        order[(shown < shown[i]).sum() + (shown[:i] == shown[i]).sum()] = i
    chosen = shown[: int(budget)].argmin()
    for drawn in range(1, n + 1):
        chance = drawn / n  # that the best of all is drawn, then of the next while none better is
        for i in range(n):
            best_shown[drawn - 1] += chance * shown[order[i]]
            best_true[drawn - 1] += chance * true[order[i]]
            if i < n - 1:
                chance *= max(n - 1 - i - drawn + 1, 0) / (n - 1 - i)
    chosen_shown[0], chosen_true[0] = shown[chosen], true[chosen]
    level[0] = level[1] = budget


search.figure(draw_search)
