"""Searches: what candidates become, that budgets and seeds are kept to, and that one finds."""

import json
import math
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pcmlib import presets, sweep
from pcmlib.schemes import SCHEMES
from pcmlib.sweep import Budget, candidates_config, search_space, tune
from pcmlib.training import TrainConfig

schemes = st.sampled_from(sorted(SCHEMES))
LITTLE = Budget(trials=20, epochs=3, finalists=3, networks=2, final_epochs=5, last_epochs=2)


def bowl(config: TrainConfig) -> SimpleNamespace:
    """In place of training: a loss that is least, 0, at lr_in = 1e-4 and threshold = 0.1."""
    x = torch.tensor(config.each("lr_in")).mul(1e4).log()
    y = torch.tensor(config.each("threshold")).mul(10).log()
    return SimpleNamespace(final_loss=lambda epochs: x**2 + y**2)


@st.composite
def candidates(draw):
    """A scheme, and points of its search space."""
    scheme = draw(schemes)
    point = st.fixed_dictionaries(
        {name: st.floats(*limits) for name, limits in search_space(scheme).items()}
    )
    return scheme, draw(st.lists(point, min_size=1, max_size=4))


@given(candidates(), st.integers(1, 3), st.integers(1, 300))
def test_every_point_of_the_space_is_a_configuration(some, networks, epochs):
    """Replicas i n ... i n + n - 1 hold candidate i, whatever the candidate."""
    scheme, points = some
    config = candidates_config(scheme, points, networks=networks, epochs=epochs, seed=1000)
    assert config.replicas == networks * len(points)
    for i, point in enumerate(points):
        for r in range(i * networks, (i + 1) * networks):
            own = config.replica(r)
            for name in point.keys() - {"lr_end", "quantum_pulses"}:
                assert getattr(own, name) == point[name]
            if "lr_end" in point:
                assert own.lr_decay**epochs == pytest.approx(point["lr_end"])
            if "quantum_pulses" in point:
                pulses = own.quantum * own.scale / own.assumed_pulse
                assert pulses == pytest.approx(point["quantum_pulses"])


def test_a_parameter_has_one_range_in_all_schemes():
    """The comparison is fair only if what means the same may be the same."""
    ranges = {}
    for scheme in set(SCHEMES) - {"accumulator"}:
        for name, limits in search_space(scheme).items():
            assert ranges.setdefault(name, limits) == limits
            assert limits[0] < sweep._START[name] < limits[1]


def test_refuses_reporting_seeds():
    point = {name: low for name, (low, _) in search_space("vanilla").items()}
    with pytest.raises(ValueError, match=r"seed = 7: must be .*1000"):
        candidates_config("vanilla", [point], networks=1, epochs=1, seed=7)


def test_refuses_an_unknown_scheme():
    with pytest.raises(ValueError, match="scheme = 'adam'"):
        search_space("adam")


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
    assert spent == LITTLE.updates == 3 * (20 * 3 + 3 * 2 * 5)
    assert not set(seeds) & set(sweep.REPORTING_SEEDS)
    assert len(set(seeds)) == len(seeds)
    assert len(record["trials"]) == 20
    assert [len(record["finalists"]), record["finalists"][0]["loss"]] == [
        3,
        min(trial["loss"] for trial in record["trials"]),
    ]


def test_finds_the_bottom_of_a_bowl():
    """Better than chance: the best of 64 uniform points lies at 0.11 in the mean, as the area of
    a disc of r² = x is pi x out of 5.70 * 2.59; the search has to reach a tenth of that."""
    chance = math.log(3e-3 / 1e-5) * math.log(0.4 / 0.03) / (math.pi * 65)
    record = tune("vanilla", budget=Budget(trials=64, networks=1), run=bowl)
    assert record["finalists"][0]["loss"] < 0.1 * chance
    assert record["best"]["lr_in"] == pytest.approx(1e-4, rel=0.2)


def test_the_same_seed_repeats_a_study():
    one, other = (tune("sign", budget=LITTLE, run=noise) for _ in range(2))
    assert one == other
    assert tune("sign", budget=LITTLE, run=noise, seed=1)["trials"] != one["trials"]


def noise(config: TrainConfig) -> SimpleNamespace:
    loss = torch.tensor([math.sin(1e3 * x) + 1 for x in config.each("threshold")])
    return SimpleNamespace(final_loss=lambda epochs: loss)


def test_networks_that_break_down_lose(tmp_path):
    """NaN is worse than any number; a record has null for it."""

    def run(config):
        loss = bowl(config).final_loss(1)
        return SimpleNamespace(final_loss=lambda epochs: loss.where(loss < 1, torch.nan))

    record = tune("vanilla", budget=LITTLE, run=run)
    assert any(trial["loss"] is None for trial in record["trials"])
    assert record["finalists"][0]["loss"] < 1
    sweep.write_record(record, tmp_path / "record.json")
    assert json.loads((tmp_path / "record.json").read_text()) == record


@pytest.mark.parametrize("kind", ["journal", "sqlite"])
def test_goes_on_where_a_study_stopped(kind, tmp_path):
    """Two calls on one storage share its trials; another memory has a study of its own."""
    storage = f"sqlite:///{tmp_path}/s.db" if kind == "sqlite" else tmp_path / "s.journal"
    half = Budget(trials=8, finalists=1, networks=1)
    first = tune("sign", budget=half, storage=storage, run=noise)["trials"]
    whole = Budget(trials=12, finalists=1, networks=1)
    assert tune("sign", budget=whole, storage=storage, run=noise)["trials"][:8] == first
    ideal = tune("sign", budget=half, storage=storage, run=noise, seed=1, bits=4)
    assert ideal["fixed"] == {"bits": 4}
    assert len(ideal["trials"]) == 8


def test_trains_and_the_best_set_is_a_configuration():
    """For real, on networks small enough for a test."""
    budget = Budget(trials=3, epochs=2, finalists=2, networks=2, final_epochs=3, last_epochs=1)
    record = tune("multi-mem", budget=budget, steps=40, n_in=6, n_rec=8)
    assert record["best"]["pairs"] == 4
    assert all(math.isfinite(trial["loss"]) for trial in record["trials"])
    TrainConfig(scheme="multi-mem", epochs=3, **record["best"])


def test_records_in_the_package_are_what_presets_hold():
    """Each preset called tuned is the best finalist of a study that kept to the common budget."""
    assert presets.STUDIES.keys() == presets.PRESETS["tuned"].keys()
    for key, record in presets.STUDIES.items():
        scheme, _, memory = key.partition("/")
        bits = {"bits": int(memory.split("-")[0])} if memory else {}
        config = TrainConfig.preset(scheme, "tuned", **bits)
        best = record["finalists"][0]
        assert best["loss"] == min(finalist["loss"] for finalist in record["finalists"])
        for name in record["space"].keys() - {"lr_end", "quantum_pulses"}:
            assert getattr(config, name) == best[name] == record["best"][name]
        assert record["budget"] == {**vars(Budget()), "updates": Budget().updates}
        assert len(record["trials"]) >= Budget().trials
