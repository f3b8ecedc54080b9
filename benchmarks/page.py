"""Write the book's page on speed from a record of `benchmarks/run.py`.

python benchmarks/page.py            # notebooks/pages/benchmarks.md from benchmarks/results.json
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RECORD = HERE / "results.json"
STEPS = 1000  # of a trial
PAGE = HERE.parent / "notebooks" / "pages" / "benchmarks.md"


def page(record: dict[str, Any]) -> str:
    """The page as Markdown; every number is the record's."""
    machine, growth = record["machine"], record["growth"]
    return f"""# What a weight update costs

An update is one trial of 1 s (1000 steps, 100 inputs, 100 neurons), its e-prop gradient and the
programming of the devices. Measured on {machine["date"]} on {machine["cores"]} cores of
{machine["cpu"]} with Python {machine["python"]}, NumPy {machine["numpy"]}, PyTorch
{machine["torch"]} and Numba {machine["numba"]}. {_load(machine)} Compiling the kernels takes
{record["compile_s"]:.0f} s, once per machine. To measure your own machine, run
`python benchmarks/run.py --reference CHECKOUT`; `python benchmarks/page.py` then writes this page.

## Against the reference

The classes of [srnn-pcm](https://github.com/YigitDemirag/srnn-pcm) at commit 2d91783 ran
alternately with ours, on the same cores in the same minutes. The table gives medians per network
and update; 250 epochs are 750 updates. "Before" is pcmlib while it drew a random number for each
read of a device.

{_comparison(record["comparison"])}

{_another_run(record.get("again"))}{_beside_nest(record.get("nest"))}\
{_beside_aihwkit(record.get("aihwkit"))}## Where the time goes

These times are for one network with mixed precision on the full PCM model, on one core. A device
is read only when its presynaptic neuron spikes: {record["profile"]["reads"] / 1e6:.2f} million
reads per update, not 40 million. And only sums of reads reach a membrane, so one random number per
neuron and time step stands for the noise of all of them ([](difference-cost)).

{_profile(record["profile"])}

The floor is the least time that each part can take. For the trial it is one normal number
({record["profile"]["ns_a_normal"]:.2f} ns, drawn alone) per neuron and step, and the addition of a
row of three numbers per spike; for the gradient, the addition of a row per spike; for the other
parts, a copy of what they read and write. Above the floor, the moments take a power, two quotients
and the tail of a normal per device; the trial and the gradient take the neurons themselves,
{STEPS:,} steps of 100, spikes or not. A single network runs on one core, and many networks share
the cores evenly.

## How it grows

Milliseconds per update and network, for mixed precision on the full PCM model.

{_growth("Neurons", growth["n_rec"])}

{_growth("Time steps", growth["steps"])}

{_growth("Pairs of devices per synapse", growth["pairs"])}

{_growth("Networks at once", growth["replicas"])}

The drift exponent may depend on the conductance, or differ from device to device.

{_growth("Drift exponent, 1 network", growth["drift of 1"])}

{_growth("Drift exponent, 8 networks", growth["drift of 8"])}

The largest of these runs, with 1000 neurons, is part of a process that took
{growth["peak_memory_gib"][0]["ms"]:.1f} GiB in all at its peak.
"""


def _load(machine: dict[str, Any]) -> str:
    before, after = machine["load_before"], machine["load_after"]
    return (
        f"The load average was {before:.1f} before the run and {after:.1f} after it, "
        f"{'including' if after >= 1 else 'without'} the benchmark itself."
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _comparison(runs: dict[str, dict[str, float]]) -> str:
    rows = []
    for name, run in runs.items():
        scheme = "vanilla" if "vanilla" in name else "mixed-precision"
        reference = runs.get(f"reference, {scheme}")
        gain = [
            f"{reference[clock] / run[clock]:,.0f}×" if reference else ""
            for clock in ("wall_ms", "cpu_ms")
        ]
        times = [f"{run['wall_ms']:,.2f}", f"{run['cpu_ms']:,.2f}"]
        rows.append([name, *times, *gain, f"{run['updates']:.0f}"])
    head = ["", "ms", "CPU ms", "faster", "faster in CPU time", "timed"]
    return _table(head, rows)


def _another_run(again: dict[str, Any] | None) -> str:
    """How much these ratios depend on the hour."""
    if not again:
        return ""
    runs, gains = again["comparison"], []
    for name, run in runs.items():
        if not name.startswith("reference") and not name.endswith("before"):
            scheme = "vanilla" if "vanilla" in name else "mixed-precision"
            gains.append(f"{runs[f'reference, {scheme}']['wall_ms'] / run['wall_ms']:,.0f}×")
    text = f"""Ratios depend on what else the host does. Another run on the same machine, on
{again["date"]}, gave {", ".join(gains)}"""
    beside_nest = []
    for name, problem in again["nest"].items():
        alone = next(iter(problem.values()))["wall_ms"]
        for scheme in ("vanilla", "mixed-precision"):
            ours = problem[f"pcmlib, {scheme}, networks: 1"]["wall_ms"]
            beside_nest.append(f"{alone / ours:.0f}× ({name}, {scheme})")
    return f"""{text}; and, beside NEST on one thread, {", ".join(beside_nest)}.

"""


def _beside_nest(problems: dict[str, Any] | None) -> str:
    """The section on NEST, where it was measured."""
    if not problems:
        return ""
    rows = []
    for name, runs in problems.items():
        (nest, alone), *_ = runs.items()
        for title, run in runs.items():
            gain = "" if title.startswith("NEST") else f"{alone['wall_ms'] / run['wall_ms']:,.0f}×"
            numbers = [f"{run['wall_ms']:.2f}", gain, f"{run['rate_hz']:.0f}"]
            rows.append([name, title, *numbers, f"{run['first_spikes']:,}"])
    head = ["problem", "", "ms", "faster", "Hz", "spikes of the first trial"]
    return f"""## Beside NEST

{nest.split(",")[0]} trains the two problems of its own e-prop tests: the regression, 100 neurons in
trials of 1 s, and the classification, 50 of them adaptive, in trials of 2.25 s (Bellec et al.,
Nat. Commun. 11, 3625, 2020). Here the same networks start from the same weights and see the same
inputs, and in their first trial they give the same number of spikes. Milliseconds of wall time per
update, without building; a second thread, or a second network, uses the second core. NEST computes
in double precision and for any network, one spike at a time; here it is single precision, plain
gradient descent instead of NEST's Adam in the classification, and one kind of network.

{_table(head, rows)}

"""


def _beside_aihwkit(measured: dict[str, Any] | None) -> str:
    """The section on aihwkit's layers, where they were measured."""
    if not measured:
        return ""
    steps = measured["steps_ms"]
    rows = [[name, *(f"{ms:.2f}" for ms in by_side.values())] for name, by_side in steps.items()]
    sides = [f"{n} × {n}" for n in next(iter(steps.values()))]
    sets = [
        [name, *(f"{rate / 1e6:.0f}" for rate in rates.values())]
        for name, rates in measured["sets"].items()
    ]
    return f"""## Beside aihwkit

A layer of a torch network on PCM ([](chapter-your-network)): forward pass, gradient and update of a
batch of ten, in milliseconds on one core of {measured["cpu"]}, measured on
{measured["date"]}. aihwkit's layers are those of its PCM presets.

{_table(["layer", *sides], rows)}

Millions of SETs per second, on a million devices and one core:

{_table(["", "one by one", "ten at once"], sets)}

"""


def _profile(profile: dict[str, Any]) -> str:
    parts = profile["parts"]
    rows = [[name, f"{p['ms']:.3f}", f"{p['floor_ms']:.3f}"] for name, p in parts.items()]
    total = (sum(p[key] for p in parts.values()) for key in ("ms", "floor_ms"))
    return _table(["part", "ms", "floor, ms"], [*rows, ["**all**", *(f"{x:.3f}" for x in total)]])


def _growth(name: str, rows: list[dict[str, Any]]) -> str:
    values = [name, *(f"{row['value']}" for row in rows)]
    return _table(values, [["ms", *(f"{row['ms']:.2f}" for row in rows)]])


if __name__ == "__main__":
    PAGE.write_text(page(json.loads(RECORD.read_text())))
    print(f"written to {PAGE}")
