"""How many SET pulses a second, over all devices of an array; and how long WRITE statistics take.

    python benchmarks/set_pulses.py [--reference PATH]

PATH is a checkout of YigitDemirag/srnn-pcm, to time its own SET in the same run.
"""

import argparse
import sys
import time
from importlib import import_module
from pathlib import Path

import torch
from layers import seconds

from pcmlib.book.experiments.crossbars import write_statistics
from pcmlib.device import PCMArray


def reference_rate(checkout: Path, side: int = 1000) -> float:
    """SET pulses a second of srnn-pcm, one pulse to every device of a side x side crossbar."""
    sys.path.insert(0, str(checkout))
    xbar = import_module("xbar").XBar(size=(side, side), device=torch.device("cpu"))
    mask = torch.ones_like(xbar.G, dtype=torch.bool)
    return mask.numel() / seconds(lambda: xbar.write(tp=0.0, mask=mask, perf=False))


def main() -> None:
    """Print one line a measurement."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--reference", type=Path)
    reference = options.parse_args().reference

    rates = {}
    for devices in (10_000, 1_000_000, 10_000_000):
        array = PCMArray((devices,))
        rates[devices] = devices / seconds(lambda: array.set(0.0))  # noqa: B023 - called at once
        print(f"one pulse to each of {devices:>10,} devices: {rates[devices] / 1e6:7.1f} M SET/s")
    array, counts = PCMArray((1_000_000,)), torch.full((1_000_000,), 20)
    rate = 20 * len(counts) / seconds(lambda: array.set(0.0, counts))
    print(f"20 pulses to each of  {1_000_000:,} devices: {rate / 1e6:7.1f} M SET/s")
    for pairs in (1, 16):
        start = time.perf_counter()
        write_statistics(pairs=pairs)
        took = time.perf_counter() - start
        print(f"WRITE statistics, 441 cells of 100 x 100 synapses, N = {pairs:2d}: {took:.1f} s")
    if reference is not None:
        theirs = reference_rate(reference)
        ours = rates[1_000_000]
        print(f"the reference, {2_000_000:,} devices: {theirs / 1e6:.2f} M SET/s")
        print(f"ours is {ours / theirs:.0f} times that")


if __name__ == "__main__":
    main()
