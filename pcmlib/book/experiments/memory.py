"""What is a digital memory worth, and what is a look at the devices? The comparison's controls.

A change of less than a pulse can be forgotten, take its chance, or wait: in digital memory, as
mixed precision has it, or on a second crossbar of PCM, from which it goes over in whole quanta.
That idea is Tiki-Taka's: Gokmen and Haensch, Front. Neurosci. 14, 103 (2020), doi
10.3389/fnins.2020.00103; with a threshold for what goes over, Gokmen, Front. Artif. Intell. 4,
699148 (2021), doi 10.3389/frai.2021.699148. Their devices go both ways, and by themselves fall to a
point of symmetry; PCM only goes up, so that here a RESET empties what has gone over.
"""

from __future__ import annotations

from pcmlib.book.experiments.comparison import Runs, versus
from pcmlib.book.experiments.reproduction import markdown
from pcmlib.book.experiments.training import NETWORKS, loss_interval, pulses_a_synapse, reported
from pcmlib.training import TrainingRun

ON_PCM, GATHERED = "accumulator on PCM", "digital accumulator"
DROPPED, CHANCE = "none: dropped", "none: at random"
OPEN, VERIFIED = "open loop", "write-verify"


def memories(*, networks: int = NETWORKS) -> Runs:
    """By how a pulse is given, then by what happens to changes of less than a pulse.

    Each with the set of a study of its own on the full PCM model; one pair per synapse,
    except multi-memristor synapses, which drop such changes, open loop, on four.
    """
    return {
        OPEN: {
            DROPPED: reported("multi-mem", networks=networks),
            CHANCE: reported("stochastic", networks=networks),
            ON_PCM: reported("mixed-precision", networks=networks, kept_on_pcm=True),
            GATHERED: reported("mixed-precision", networks=networks),
        },
        VERIFIED: {
            DROPPED: reported("multi-mem", networks=networks, write_verify=True),
            GATHERED: reported("mixed-precision", networks=networks, write_verify=True),
        },
    }


def effort_table(runs: Runs) -> str:
    """Markdown: loss, times that of mixed precision, and pulses and reads per synapse."""
    usual = runs[OPEN][GATHERED]
    rows = []
    for how, column in runs.items():
        for memory, run in column.items():
            sets, resets = pulses_a_synapse(run)
            times = "" if run is usual else versus(usual, run).ratio
            effort = f"{sets:.2f}", f"{resets:.2f}", f"{reads_a_synapse(run):.1f}"
            rows.append([memory, how, loss_interval(run), times, *effort])
    head = "memory for small changes", "pulses", "loss (95 %)", "ratio", "SETs", "RESETs", "reads"
    return markdown(head, rows)


def reads_a_synapse(run: TrainingRun) -> float:
    """Reads that programming has needed, mean over networks and synapses of the weights."""
    return float(run.reads[:, -1].double().mean()) / run.config.synapses
