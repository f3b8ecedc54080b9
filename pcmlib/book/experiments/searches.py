"""How far to trust a search: small FP32 networks, trained with random sets of hyperparameters.

Every candidate is trained on tuning seeds and on fresh ones, so that the loss by which it was
chosen stands beside the loss that it has.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float

from pcmlib.base.checks import require_count
from pcmlib.base.records import Record
from pcmlib.book.experiments.reproduction import markdown
from pcmlib.training import TrainConfig
from pcmlib.training.store import stored_train

SPACE = {  # ends of the ranges, searched on a logarithmic scale
    "lr_in": (1e-5, 1e-3),
    "lr_out": (1e-6, 3e-4),
    "feedback_gain": (0.05, 1.0),
    "threshold": (0.05, 0.4),
}


@dataclass(frozen=True, eq=False)
class Search(Record):
    """Losses of C random candidates, each on T tuning networks and on F fresh ones."""

    candidates: list[dict[str, float]]
    tuning: Float[np.ndarray, "C T"]
    fresh: Float[np.ndarray, "C F"]


@lru_cache(maxsize=4)
def random_search(
    candidates: int = 24, *, tuning: int = 4, fresh: int = 8, epochs: int = 60, seed: int = 0
) -> Search:
    """Train random candidates on networks of 50 neurons and one pattern.

    A loss is the mean of the last 5 epochs, cut off at 1: all that is worse counts as failed.
    """
    counts = {"candidates": candidates, "tuning": tuning, "fresh": fresh, "epochs": epochs}
    for name, value in counts.items():
        require_count(name, value)
    rng = np.random.default_rng(seed)
    ends = {name: np.log(limits) for name, limits in SPACE.items()}
    drawn = [
        {name: float(np.exp(rng.uniform(*limits))) for name, limits in ends.items()}
        for _ in range(candidates)
    ]
    losses = {"tuning": [], "fresh": []}
    for own in drawn:
        for part, networks, first in (("tuning", tuning, 1000), ("fresh", fresh, 0)):
            config = TrainConfig(
                n_rec=50, samples=1, epochs=epochs, replicas=networks, seed=first, **own
            )
            loss = stored_train(config, progress=False).final_loss(5).double().numpy()
            losses[part].append(np.minimum(loss, 1.0))
    return Search(drawn, np.array(losses["tuning"]), np.array(losses["fresh"]))


def best_of(search: Search, budget: int, networks: int) -> tuple[float, float]:
    """What the best of `budget` candidates shows, and what it is worth.

    The candidate is chosen by its mean loss on the first `networks` tuning networks. Returns the
    expectation, over all ways to draw `budget` of the candidates, of that loss and of the chosen
    one's mean loss on fresh networks.

    With the candidates in order, the i-th best is chosen if it is drawn and none better is:
    p_i = C(n - i, budget - 1) / C(n, budget).
    """
    n, available = search.tuning.shape
    require_count("budget", budget, at_most=n)
    require_count("networks", networks, at_most=available)
    shown = search.tuning[:, :networks].mean(1)
    order = np.argsort(shown)
    p = np.array([math.comb(n - i, budget - 1) for i in range(1, n + 1)]) / math.comb(n, budget)
    return float(p @ shown[order]), float(p @ search.fresh.mean(1)[order])


def best_in_turn(search: Search, budget: int) -> tuple[float, float]:
    """The same where one network chooses and all others judge: the mean over whose turn it is.

    One network may be easy and another hard. Here each is as often chooser as judge: what the best
    of all is worth lies above what it shows by the luck of the choice alone.
    """
    every = np.hstack([search.tuning, search.fresh])
    turns = (
        replace(search, tuning=every[:, [t]], fresh=np.delete(every, t, axis=1))
        for t in range(every.shape[1])
    )
    shown, true = np.mean([best_of(turn, budget, 1) for turn in turns], axis=0)
    return float(shown), float(true)


def studies_table(studies: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown: a row a study; the share of runaways, and the best loss of each round."""
    rows = []
    for name, record in studies.items():
        found = [trial["loss"] for trial in record["trials"]]
        kept = [loss for loss in found if loss is not None]
        best = min(kept), record["finalists"][0]["loss"], record["last"][0]["loss"]
        lost = f"{100 * (1 - len(kept) / len(found)):.0f} %"
        rows.append([name, lost, *(f"{loss:.3g}" for loss in best)])
    return markdown(["", "runaways", *(f"round {k}, best" for k in (1, 2, 3))], rows)
