"""What the crossbar explorers show: knobs in, experiment, figure out."""

from __future__ import annotations

from matplotlib.figure import Figure

from pcmlib.device import PCMParameters
from pcmlib.experiments import crossbars as experiments
from pcmlib.plots import crossbars as plots


def product_noise(pairs: int, active: float, elapsed: float, read_noise: float) -> Figure:
    """Chapter 05: a product with one pair, beside the same with N."""
    p = PCMParameters(read_noise=read_noise)
    runs = {
        f"{n} pair" + "s" * (n > 1): experiments.product_noise(
            pairs=n, active=active, elapsed=elapsed, reads=20, parameters=p
        )
        for n in (1, pairs)
    }
    if len(runs) == 1:  # both panels at N = 1
        runs["again 1 pair"] = next(iter(runs.values()))
    return plots.plot_product_noise(runs, last=80)


def saturation(refresh_every: int, pairs: int, bits: int | None) -> Figure:
    """Chapter 05: random updates fill both sides; a refresh empties them."""
    p = PCMParameters(bits=bits)
    runs = {
        "no refresh": experiments.saturation(pairs=pairs, parameters=p),
        "refreshed": experiments.saturation(pairs=pairs, refresh_every=refresh_every, parameters=p),
    }
    return plots.plot_saturation(runs)


def write_statistics(
    scheme: str, pairs: int, pulse_count: str, refresh: bool, assumed_pulse: float
) -> Figure:
    """Chapter 06: the maps of WRITE statistics, every choice of the programming scheme."""
    statistics = experiments.write_statistics(
        scheme,
        pairs=pairs,
        rows=10,
        pulse_count=pulse_count,
        refresh=refresh,
        assumed_pulse=assumed_pulse,
    )
    return plots.plot_write_statistics(statistics)
