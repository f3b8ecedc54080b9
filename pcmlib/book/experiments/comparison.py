"""The comparison: every scheme on every memory, and what its error bars can tell apart.

    digital weights     FP32: a scheme trains numbers
    2 bits ... 8 bits   performance mode: ideal devices, whose pulses add g_max / 2^b each
    PCM                 the full device model

Every cell of the table is one run of several networks on the reporting seeds, with the set that the
scheme's own study found for that memory; all studies had the same budget.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from jaxtyping import Float

from pcmlib.base.checks import require, require_count
from pcmlib.base.records import Record
from pcmlib.book.experiments.reproduction import markdown
from pcmlib.book.experiments.statistics import Interval, bootstrap, ratio, sign_flip_test
from pcmlib.book.experiments.training import (
    CROSSBAR_SCHEMES,
    NAMES,
    NETWORKS,
    Trained,
    loss_interval,
    losses,
    reported,
)
from pcmlib.training import TrainingRun, evaluate
from pcmlib.training.results import silent_losses

BITS = (2, 4, 8)
DIGITAL, PCM = "FP32", "PCM"
CLAIMED = "mixed-precision"  # the scheme of which the claim is made
ACCEPTABLE = 0.1  # the loss below which the paper is quoted to call a training acceptable

Runs = Mapping[str, Mapping[str, TrainingRun]]  # by memory, then by scheme


def comparison(bits: Sequence[int] = BITS, *, networks: int = NETWORKS) -> Runs:
    """The runs of the table, by memory and then by scheme."""
    for b in bits:
        require_count("bits", b, at_most=16)
    digital = [scheme for scheme in NAMES if scheme not in CROSSBAR_SCHEMES]
    memories = {f"{b} bits": {"bits": b} for b in bits} | {PCM: {}}
    found = {DIGITAL: {scheme: reported(scheme, networks=networks) for scheme in digital}}
    for memory, changes in memories.items():
        found[memory] = {
            scheme: reported(scheme, networks=networks, **changes) for scheme in CROSSBAR_SCHEMES
        }
    return found


def comparison_table(runs: Runs) -> str:
    """Markdown: a row a scheme, a column a memory; final loss and its 95 % interval.

    In the last column the loss on PCM a day after the end of training, with nothing done to it.
    """
    columns = {
        memory: {scheme: loss_interval(run) for scheme, run in column.items()}
        for memory, column in runs.items()
    }
    columns[f"{PCM}, a day later"] = {s: loss_later(run) for s, run in runs[PCM].items()}
    schemes = dict.fromkeys(scheme for column in columns.values() for scheme in column)
    return markdown(
        ["", *columns],
        ([NAMES[s], *(column.get(s, "") for column in columns.values())] for s in schemes),
    )


def loss_later(run: TrainingRun, after: float = 86400.0) -> Interval:
    """Loss `after` seconds past the end of training, without learning; its 95 % interval."""
    return bootstrap(evaluate(run, after).loss[0].double().numpy())


@dataclass(frozen=True, eq=False)
class Versus(Record):
    """One scheme against another, network by network."""

    ratios: Float[np.ndarray, " R"]  # times as large a loss, of each network
    ratio: Interval  # their geometric mean and its 95 % interval
    p: float  # sign-flip test of the difference of the logarithms
    better: int  # networks in which the first has the lower loss


def versus(first: Trained, second: Trained) -> Versus:
    """The final loss of `second` over that of `first`, on the seeds that both have."""
    n = min(first.config.replicas, second.config.replicas)
    require(first.config.seed == second.config.seed, "second", second.config.seed, "the same seeds")
    return _paired(losses(first)[:n], losses(second)[:n])


def _paired(a: Float[np.ndarray, " R"], b: Float[np.ndarray, " R"]) -> Versus:
    """Losses b over losses a of the same networks."""
    return Versus(b / a, ratio(b, a), sign_flip_test(np.log(b / a)), int((a < b).sum()))


def against_silence(run: TrainingRun) -> Versus:
    """The final loss as a multiple of that of an output that stays at 0, network by network."""
    found = _paired(silent_losses(run).numpy(), losses(run))
    return replace(found, better=run.config.replicas - found.better)


def learned_table(runs: Mapping[str, TrainingRun]) -> str:
    """Markdown: which schemes learned at all, by a test against silence.

    A scheme has learned if its losses lie below silence, and the p value, corrected for the number
    of schemes (Bonferroni), is below 0.05.
    """
    rows = []
    for name, run in runs.items():
        one = against_silence(run)
        p = min(1.0, one.p * len(runs))
        learned = "yes" if p < 0.05 and one.ratio.value < 1 else "no"
        below = f"{one.better} of {run.config.replicas}"
        rows.append([name, one.ratio, below, f"{p:.3f}", learned])
    head = "loss over that of silence (95 %)", "networks below", "p value (Bonferroni)", "learned"
    return markdown(["", *head], rows)


def claim(runs: Mapping[str, TrainingRun], claimed: str = CLAIMED) -> dict[str, Versus]:
    """The claimed scheme against each other one on the same memory, network by network."""
    require(claimed in runs, "claimed", claimed, f"one of {', '.join(runs)}")
    return {name: versus(runs[claimed], run) for name, run in runs.items() if name != claimed}


def claim_table(found: Mapping[str, Versus], networks: int) -> str:
    """Markdown: effect size with its interval, networks in which the claimed one is better, test.

    Each p value is corrected for the number of comparisons (Bonferroni).
    """
    rows = []
    for scheme, one in found.items():
        p = min(1.0, one.p * len(found))
        rows.append([NAMES[scheme], one.ratio, f"{one.better} of {networks}", f"{p:.3f}"])
    return markdown(["", "loss ratio (95 %)", "networks better", "p value (Bonferroni)"], rows)


def quoted(networks: int = NETWORKS) -> dict[str, TrainingRun]:
    """The five configurations of the claim that is quoted from the paper, on the full PCM model."""
    several = {f"multi-memristor, N = {n}": reported("multi-mem", networks=networks, pairs=n)
               for n in (4, 8)}  # fmt: skip
    single = {NAMES[s]: reported(s, networks=networks) for s in ("sign", "stochastic", CLAIMED)}
    last = single.pop(NAMES[CLAIMED])
    return single | several | {NAMES[CLAIMED]: last}


def quoted_table(runs: Mapping[str, TrainingRun]) -> str:
    """Markdown: loss, networks below the acceptable one, and whether their mean is."""
    rows = []
    for name, run in runs.items():
        below = f"{int((losses(run) < ACCEPTABLE).sum())} of {run.config.replicas}"
        passes = "yes" if losses(run).mean() < ACCEPTABLE else "no"
        rows.append([name, loss_interval(run), below, passes])
    return markdown(["", "loss (95 %)", f"networks below {ACCEPTABLE:g}", "passes"], rows)


def detectable_ratio(first: Trained, second: Trained) -> float:
    """The smallest ratio of losses that as many networks would find at p < 0.05, 8 times in 10.

        exp((z_0.975 + z_0.8) s / sqrt(n)),   s: sd of the log ratio over n networks

    A ratio nearer to 1 can be missed, however real it is; a single network finds none.
    """
    n = min(first.config.replicas, second.config.replicas)
    if n == 1:
        return math.inf
    log_ratio = np.log(losses(second)[:n] / losses(first)[:n])
    z = NormalDist().inv_cdf(0.975) + NormalDist().inv_cdf(0.8)
    return math.exp(z * float(log_ratio.std(ddof=1)) / math.sqrt(n))
