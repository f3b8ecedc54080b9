"""Which non-ideality hurts, and which layers have to learn: each switched off in turn."""

from __future__ import annotations

import dataclasses
from typing import Any

from pcmlib.base.checks import require, require_count
from pcmlib.book.experiments.training import NETWORKS, control, reported
from pcmlib.crossbar import ASSUMED_PULSE
from pcmlib.training import TrainingRun

EFFECTS: dict[str, dict[str, Any]] = {  # how each is switched off
    "write noise": {"write_noise": 0.0},
    "read noise": {"read_noise": 0.0},
    "drift": {"drift": 0.0},
    "saturation": {
        "g_max": 1000.0,
        "constants": (("m1", 0.0), ("A1", 0.0), ("c1", ASSUMED_PULSE)),
    },
    "asymmetry": {"symmetric_devices": True},
}


def without(*effects: str) -> dict[str, Any]:
    """Fields of `TrainConfig` that switch these effects of `EFFECTS` off.

    Without saturation, every SET adds 0.75 µS in the mean, wherever the device stands. Without
    asymmetry, what both devices of a pair hold in common is taken off after each update.
    """
    for effect in effects:
        require(effect in EFFECTS, "effects", effect, f"one of {', '.join(EFFECTS)}")
    return {name: value for effect in effects for name, value in EFFECTS[effect].items()}


def ablations(
    scheme: str, *, networks: int = 4, epochs: int = 250, alone: bool = True
) -> dict[str, TrainingRun]:
    """The full model; each effect off; each with all others off, if `alone`; all off."""
    chosen: dict[str, list[str]] = {"full model": []}
    chosen |= {f"no {effect}": [effect] for effect in EFFECTS}
    if alone:
        chosen |= {f"only {effect}": [e for e in EFFECTS if e != effect] for effect in EFFECTS}
    chosen["none of them"] = list(EFFECTS)
    return {
        name: reported(scheme, networks=networks, epochs=epochs, **without(*off))
        for name, off in chosen.items()
    }


def at_epoch(run: TrainingRun, epoch: int) -> TrainingRun:
    """The run as it stood after `epoch` epochs, or at its end, in what its course says."""
    require_count("epoch", epoch)
    config = run.config.replace(epochs=min(epoch, run.config.epochs), snapshots=None)
    names = ("loss", "accuracy", "rate_hz", "set_pulses", "reset_pulses", "reads")
    return dataclasses.replace(
        run, config=config, **{name: getattr(run, name)[:, :epoch] for name in names}
    )


def exact_writes(*, networks: int = NETWORKS) -> dict[str, TrainingRun]:
    """Is it write noise that helps mixed precision, or what goes with it?

    Devices that write exactly with the usual set; from a start at a higher conductance, hence
    spread as much wider; and with the set that a study of the same budget found for them.
    """
    own = control("exact-writes")
    runs = {
        "full model": {},
        "exact writes": {"write_noise": 0.0},
        "exact, wider start": {"write_noise": 0.0, "conductance": own["conductance"]},
        "exact, own set": own,
    }
    return {n: reported("mixed-precision", networks=networks, **c) for n, c in runs.items()}


def gap(*, networks: int = NETWORKS) -> dict[str, TrainingRun]:
    """What lies between mixed precision on PCM and FP32: quantum, devices, pulse size, search?

    An ideal memory of 4 bits has PCM's assumed pulse and none of its faults; one of 8 bits, pulses
    a sixteenth as large.
    """
    return {
        "FP32": reported("vanilla", networks=networks),
        "FP32, second search": reported("vanilla", networks=networks, **control("vanilla-again")),
        "FP32 with accumulator": reported("accumulator", networks=networks),
        "ideal memory, 8 bits": reported("mixed-precision", networks=networks, bits=8),
        "ideal memory, 4 bits": reported("mixed-precision", networks=networks, bits=4),
        "PCM": reported("mixed-precision", networks=networks),
        "PCM, second search": reported(
            "mixed-precision", networks=networks, **control("mixed-precision-again")
        ),
    }


LEARNING: dict[str, dict[str, Any]] = {
    "all layers learn": {},
    "recurrent weights frozen": {"learn_rec": False},
    "no recurrent synapses": {"recurrence": False, "learn_rec": False},
    "input weights frozen": {"learn_in": False},
    "output weights frozen": {"learn_out": False},
    "only output learns": {"learn_in": False, "learn_rec": False},
}


def learning_ablations(
    scheme: str, *, networks: int = NETWORKS, **changes: Any
) -> dict[str, TrainingRun]:
    """Which layers have to learn; and do there have to be recurrent synapses?"""
    return {
        name: reported(scheme, networks=networks, **{**changes, **off})
        for name, off in LEARNING.items()
    }
