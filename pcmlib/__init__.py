"""Phase-change memory devices, differential crossbars, and spiking networks trained on them.

From the bottom up, each built on those before it:

    base           checks of arguments, random numbers, kernels
    device         one PCM cell and its laws; many cells; its constants from measurements
    crossbar       synapses of N differential pairs, and their programming
    schemes        how a gradient becomes pulses; your own schemes, too
    nn             layers for torch networks, and their optimiser
    tasks          patterns to generate, evidence to count
    network        the spiking network: a trial, e-prop's gradient, an update; the same in torch
    training       a run: its configuration (and tuned sets with their studies), and its results
    interop        networks of snnTorch, Norse and NEST into ours and back
    sweep          searches for hyperparameters
    book           what the chapters and pages need; nothing above depends on it
    commands       the command line
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pcmlib.crossbar import Crossbar
    from pcmlib.device import PCMArray, PCMParameters, fit_device
    from pcmlib.training import TrainConfig, TrainingRun, evaluate, relearn, train

__version__ = "0.1.0"
__all__ = [
    "Crossbar", "PCMArray", "PCMParameters", "TrainConfig", "TrainingRun", "evaluate", "fit_device",
    "relearn", "train",
]  # fmt: skip
_FOLDERS = {
    "Crossbar": "crossbar", "PCMArray": "device", "PCMParameters": "device", "fit_device": "device"
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first asked for: torch and Numba take seconds."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"pcmlib.{_FOLDERS.get(name, 'training')}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
