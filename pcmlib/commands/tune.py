"""`pcmlib tune`: repeat a study, or start another, from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pcmlib.base.checks import require
from pcmlib.commands import output
from pcmlib.commands.train import parse_setting
from pcmlib.sweep import Budget, tune, write_record

_DEFAULT = Budget()
_TOLD = ("scheme", "bits", "pairs", "epochs", "replicas", "seed", "snapshots")


def tune_command(
    scheme: Annotated[str, typer.Option(help="Update scheme, as in `pcmlib train`.")],
    bits: Annotated[
        int | None, typer.Option(help="Bits of an ideal memory; by default the full PCM model.")
    ] = None,
    pairs: Annotated[
        int | None, typer.Option(help="Differential pairs per synapse; by default the scheme's.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="FIELD=VALUE", help="Any other field, for all runs; may be repeated."
        ),
    ] = None,
    trials: Annotated[int, typer.Option(help="Candidates of round 1.")] = _DEFAULT.trials,
    epochs: Annotated[int, typer.Option(help="Epochs per candidate.")] = _DEFAULT.epochs,
    finalists: Annotated[
        int, typer.Option(help="Candidates that reach round 2.")
    ] = _DEFAULT.finalists,
    networks: Annotated[int, typer.Option(help="Networks per finalist.")] = _DEFAULT.networks,
    storage: Annotated[
        str | None,
        typer.Option(
            help="Where the candidates are kept: a journal file, or a database URL such as "
            "postgresql://USER@HOST/DATABASE or sqlite:///FILE. Several machines share a search if "
            "each runs this command on one storage, with its own seed. Each picks its own "
            "best of the shared candidates: compare their final losses."
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            callback=output.check_seed, help="Seed of the sampler; each process needs its own."
        ),
    ] = 0,
    json: Annotated[
        Path | None, typer.Option("--json", help="Save the study's record here.")
    ] = None,
) -> None:
    """Search for a scheme's hyperparameters, on networks that the book does not report."""
    output.check_destinations(json=json)
    budget = Budget(trials=trials, epochs=epochs, finalists=finalists, networks=networks)
    memory = {n: x for n, x in {"bits": bits, "pairs": pairs}.items() if x is not None}
    others = dict(map(parse_setting, set_ or ()))
    for name in others:
        allowed = "another field: the study's own options or its budget say this one"
        require(name not in _TOLD, "--set", name, allowed)
    fixed = memory | others
    record = tune(scheme, budget=budget, storage=storage, seed=seed, **fixed)
    loss, updates = record["last"][0]["loss"], record["budget"]["updates"]
    lines = [f"loss {loss} on tuning seeds; budget: {updates} updates"]
    lines += [f"{name:15} {value:g}" for name, value in record["best"].items()]
    output.deliver("\n".join(lines), (json, lambda path: write_record(record, path)))
