"""Searches: what candidates become, that budgets and seeds are kept to, and that one finds."""

import json
import math
from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from typecheck import unchecked

from pcmlib.book.experiments import comparison
from pcmlib.book.experiments.evidence import SHORT
from pcmlib.book.experiments.memory import memories
from pcmlib.schemes import SCHEMES, Scheme
from pcmlib.sweep import Budget, tune
from pcmlib.sweep import search as sweep
from pcmlib.sweep.space import REPORTING_SEEDS, candidates_config, search_space
from pcmlib.training import TrainConfig, presets

LITTLE = Budget(
    trials=20,
    first_epochs=2,
    epochs=5,
    finalists=3,
    networks=2,
    generations=2,
    changes=4,
    last_epochs=2,
)


def bowl(config: TrainConfig) -> SimpleNamespace:
    """In place of training: a loss that is least, 0, at lr_in = 1e-4 and threshold = 0.1."""
    x = torch.tensor(config.each("lr_in")).mul(1e4).log()
    y = torch.tensor(config.each("threshold")).mul(10).log()
    return result(x**2 + y**2)


def result(loss: torch.Tensor, rate_hz: torch.Tensor | None = None) -> SimpleNamespace:
    """What a search looks at in a `TrainingRun`."""
    rate_hz = torch.full_like(loss, 10.0) if rate_hz is None else rate_hz
    return SimpleNamespace(final_loss=lambda epochs: loss, rate_hz=rate_hz[:, None])


@pytest.mark.parametrize("name", ["trials", "epochs", "finalists", "networks"])
def test_refuses_an_empty_budget(name):
    with pytest.raises(ValueError, match=f"{name} = 0"):
        Budget(**{name: 0})


@pytest.mark.parametrize("scheme", ["vanilla", "mixed-precision"])
def test_spends_its_budget_on_tuning_seeds_alone(scheme):
    spent, seeds = 0, []

    def counted(config):
        nonlocal spent
        spent += config.replicas * config.updates
        seeds.extend(config.seeds)
        return bowl(config)

    record = tune(scheme, budget=LITTLE, run=counted)
    assert spent == LITTLE.updates == 3 * (20 * 2 + (20 + 3 * 2 + 2 * 4 + 4 * 2) * 5)
    assert not set(seeds) & set(REPORTING_SEEDS)
    assert len(record["trials"]) == 20
    best = min(trial["loss"] for trial in record["trials"])
    assert [len(record[key]) for key in ("finalists", "changes", "last")] == [3, 8, 4]
    assert record["finalists"][0]["loss"] == best
    # what a record says is rounded to 4 digits, 5e-4 of lr_in and threshold at most
    assert record["last"][0]["loss"] <= (math.sqrt(best) + 1e-3) ** 2


def test_finds_the_bottom_of_a_bowl():
    """Better than chance: the best of 64 uniform points lies at 0.11 in the mean, as the area of
    a disc of r² = x is pi x out of 5.70 * 2.59; the search has to reach a tenth of that."""
    chance = math.log(3e-3 / 1e-5) * math.log(0.4 / 0.03) / (math.pi * 65)
    record = tune("vanilla", budget=Budget(trials=64, networks=1), run=bowl)
    assert record["finalists"][0]["loss"] < 0.1 * chance
    assert record["last"][0]["loss"] <= 1.01 * record["finalists"][0]["loss"]
    assert record["best"]["lr_in"] == pytest.approx(1e-4, rel=0.2)


def test_the_last_round_stays_in_the_space_and_steps_towards_the_bottom():
    """From a corner of the space, at a loss of 20, steps of 0.08 of the ranges that point inwards
    are kept: of the 4 best of 32, their mean is lower by several units of loss."""
    space = search_space("vanilla")
    corner = {"loss": 20.0, **{name: high for name, (_, high) in space.items()}}
    budget = {**vars(LITTLE), "changes": 32}
    record = {"scheme": "vanilla", "fixed": {}, "budget": budget, "space": space}
    start = bowl(
        candidates_config("vanilla", [sweep._params(corner)], networks=1, epochs=1, seed=1000)
    )
    done = sweep.refine({**record, "finalists": [corner, corner]}, run=bowl)
    assert done["last"][0]["loss"] < 0.7 * start.final_loss(1).item()
    for entry in done["changes"] + done["last"]:
        assert all(low <= entry[name] <= high for name, (low, high) in space.items())


def test_the_same_seed_repeats_a_study():
    one, other = (tune("sign", budget=LITTLE, run=noise) for _ in range(2))
    assert one == other
    assert tune("sign", budget=LITTLE, run=noise, seed=1)["trials"] != one["trials"]


def noise(config: TrainConfig) -> SimpleNamespace:
    loss = torch.tensor([math.sin(1e3 * x) + 1 for x in config.each("threshold")])
    return result(loss)


def test_a_runaway_is_not_trained_on():
    """The candidates with high thresholds fire at 200 Hz: none of them trains beyond the start."""
    trained = []

    def run(config):
        threshold = torch.tensor(config.each("threshold"))
        trained.append((config.epochs, threshold.max().item()))
        return result(bowl(config).final_loss(1), torch.where(threshold > 0.11, 200.0, 10.0))

    record = tune("vanilla", budget=LITTLE, run=run)
    assert max(high for epochs, high in trained if epochs == LITTLE.first_epochs) > 0.11
    assert max(high for epochs, high in trained if epochs == LITTLE.epochs) < 0.11
    assert all((t["loss"] is None) == (t["threshold"] > 0.11) for t in record["trials"])


def test_networks_that_break_down_lose(tmp_path):
    """NaN is worse than any number; a record has null for it."""

    def run(config):
        loss = bowl(config).final_loss(1)
        return result(loss.where(loss < 1, torch.nan))

    record = tune("vanilla", budget=LITTLE, run=run)
    assert any(trial["loss"] is None for trial in record["trials"])
    assert record["last"][0]["loss"] < 1
    sweep.write_record(record, tmp_path / "record.json")
    assert json.loads((tmp_path / "record.json").read_text()) == record


@pytest.mark.parametrize("kind", ["journal", "sqlite"])
def test_goes_on_where_a_study_stopped(kind, tmp_path):
    """Two calls on one storage share its trials; another memory has a study of its own."""
    storage = f"sqlite:///{tmp_path}/s.db" if kind == "sqlite" else tmp_path / "s.journal"
    half = Budget(trials=8, finalists=2, networks=1)
    first = tune("sign", budget=half, storage=storage, run=noise)["trials"]
    whole = Budget(trials=12, finalists=2, networks=1)
    assert tune("sign", budget=whole, storage=storage, run=noise)["trials"][:8] == first
    ideal = tune("sign", budget=half, storage=storage, run=noise, seed=1, bits=4)
    assert ideal["fixed"] == {"bits": 4, "assumed_pulse": 0.75}
    assert len(ideal["trials"]) == 8


def test_trains_and_the_best_set_is_a_configuration():
    """For real, on networks small enough for a test."""
    budget = Budget(
        trials=3,
        first_epochs=1,
        epochs=3,
        finalists=2,
        networks=2,
        generations=1,
        changes=2,
        last_epochs=1,
    )
    record = tune("multi-mem", budget=budget, steps=40, n_in=6, n_rec=8)
    assert record["best"]["pairs"] == 4
    assert math.isfinite(record["last"][0]["loss"])
    TrainConfig(scheme="multi-mem", epochs=3, **record["best"])


def test_a_readers_scheme_can_be_searched(monkeypatch):
    monkeypatch.setitem(
        SCHEMES, "mine", Scheme(lambda g, kept, chance, plus, minus, s: (0, 0, kept))
    )
    for bits in (None, 6):
        record = tune("mine", budget=LITTLE, run=bowl, bits=bits)
        assert record["last"][0]["loss"] < 1


@pytest.mark.parametrize(
    ("option", "fields"),
    [("write_verify", {"tolerance"}), ("kept_on_pcm", {"kept_scale", "prob_scale"})],
)
def test_what_an_option_brings_along_is_searched(option, fields):
    usual = tune("mixed-precision", budget=LITTLE, run=bowl)
    record = tune("mixed-precision", budget=LITTLE, run=bowl, **{option: True})
    assert record["best"].keys() - usual["best"].keys() == {option} | fields


def test_what_is_searched_cannot_be_fixed():
    with pytest.raises(ValueError, match="must be left to the search"):
        tune("vanilla", budget=LITTLE, run=bowl, lr_decay=1.0)


def test_digital_weights_have_no_bits_to_search():
    with pytest.raises(ValueError, match="bits = 4: must be None"):
        tune("vanilla", budget=LITTLE, run=bowl, bits=4)


def key_of(config):
    """Of a study on the memory that a run has."""
    memory = {
        f"/{config.bits}-bit": config.bits,
        "/kept-on-pcm": config.kept_on_pcm,
        "/write-verify": config.write_verify,
        f"/{config.pairs}-pairs": config.pairs > 4,
    }
    return config.scheme + next((name for name, holds in memory.items() if holds), "")


@pytest.mark.usefixtures("untrained")
def test_every_run_of_the_comparison_has_a_study_of_its_own():
    """None is scaled from another resolution, and all had the same to spend."""
    runs = comparison.comparison(networks=2)
    cells = [run.config for column in runs.values() for run in column.values()]
    cells += [run.config for run in comparison.quoted(2).values()]
    cells += [run.config for column in memories(networks=2).values() for run in column.values()]
    keys = [key_of(config) for config in cells]
    # FP32, its accumulator; five schemes on four memories; eight pairs; chapter 13's controls
    shown = 2 + 5 * 4 + 1 + 3
    assert presets.STUDIES.keys() == set(keys)
    assert len(presets.STUDIES) == shown
    for key, config in zip(keys, cells, strict=True):
        record = presets.STUDIES[key]
        assert record["scheme"] == config.scheme
        assert record["fixed"].get("bits") == config.bits
        assert record["budget"] == asdict(Budget()) | {"updates": Budget().updates}
        found = TrainConfig(**{"scheme": config.scheme, "bits": config.bits} | record["best"])
        assert config == found.replace(replicas=2)


def test_a_package_without_studies_says_so(tmp_path):
    """Else each scheme would silently train with the reference's set."""
    with pytest.raises(FileNotFoundError, match="no studies"):
        presets._read_studies(tmp_path)


def test_records_in_the_package_are_what_presets_hold():
    """Each preset is the best of the last round of a study within the budget."""
    assert presets.STUDIES.keys() == presets.PRESETS["tuned"].keys()
    for key, record in presets.STUDIES.items():
        scheme, _, memory = key.partition("/")
        count, _, of = memory.partition("-")
        told = {memory.replace("-", "_"): True} if memory else {}
        if count.isdigit():
            told = {"pairs" if of == "pairs" else "bits": int(count)}
        config = TrainConfig.preset(scheme, "tuned", **told)
        last = record["last"]
        assert last[0]["loss"] == min(entry["loss"] for entry in last)
        derived = {"lr_end", "quantum_pulses", "prob_scale_pulses", "refresh_period"}
        for name in record["space"].keys() - derived:
            assert getattr(config, name) == last[0][name] == record["best"][name]
        assert record["budget"]["updates"] == Budget().updates
        space = {name: tuple(limits) for name, limits in record["space"].items()}
        assert space == search_space(scheme, **record["fixed"])
        assert len(record["trials"]) == Budget().trials


def test_the_studies_for_evidence_had_one_budget_and_one_version_of_the_task():
    records = presets.EVIDENCE_STUDIES
    assert set(records) == set(SCHEMES) - {"accumulator"}
    ours = list(records.values())
    assert all(record["budget"] == ours[0]["budget"] for record in ours)
    assert ours[0]["budget"]["updates"] == 2 * Budget(**_without_updates(ours[0])).passes
    for scheme, record in records.items():
        fixed = {n: x for n, x in record["fixed"].items() if n != "pairs"}
        assert fixed == SHORT
        space = {name: tuple(limits) for name, limits in record["space"].items()}
        assert space == search_space(scheme, **record["fixed"])
        last = record["last"]
        assert last[0]["loss"] == min(entry["loss"] for entry in last)
        config = TrainConfig.preset(scheme, **record["best"])
        for name in {"lr_in", "scale", "threshold"} & space.keys():
            assert getattr(config, name) == last[0][name]


def _without_updates(record):
    return {name: n for name, n in record["budget"].items() if name != "updates"}


def test_a_budget_of_numpys_numbers_is_plain():
    with unchecked():
        budget = Budget(trials=np.int64(3), epochs=np.array(5))
    assert budget == Budget(trials=3, epochs=5)
    assert json.loads(json.dumps(asdict(budget)))["trials"] == 3
