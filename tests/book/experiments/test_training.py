"""The numbers of a run, worked out by hand."""

import json
from pathlib import Path

import pytest
from runs import made_up

from pcmlib.book.experiments import training
from pcmlib.sweep.space import search_space
from pcmlib.training.presets import STUDIES

CONTROLS = Path(training.__file__).parent / "controls"
FIXED = {
    "exact-writes": {"write_noise": 0.0},
    "vanilla-again": {},
    "mixed-precision-again": {},
    "adam": {},
}

RUN = made_up(
    [[0.4, 0.2, 0.1], [0.4, 0.4, 0.4]],
    set_pulses=[[10, 20, 30], [1, 2, 3]],
    reset_pulses=[[0, 0, 2], [0, 0, 0]],
)
SYNAPSES = 3 * 4 + 4 * 3 + 4


def test_the_numbers_of_a_run_by_hand():
    assert RUN.config.synapses == SYNAPSES
    assert training.silent_loss(RUN) == 0.25
    assert training.losses(RUN) == pytest.approx([0.1, 0.4])
    assert training.final_rate(RUN) == 10
    sets, resets = training.pulses_a_synapse(RUN)
    assert (sets, resets) == pytest.approx((16.5 / SYNAPSES, 1 / SYNAPSES))
    assert "| a | 0.25 (" in training.markdown_table({"a": RUN})


@pytest.mark.usefixtures("untrained")
def test_a_sweep_multiplies_the_best_known_set():
    found = training.swept("sign", "stop_level", (0.5, 1.0), networks=3, epochs=7)
    configs = {k: run.config for k, run in found.items()}
    known = training.reported("sign", networks=3, epochs=7).config
    assert configs == {0.5: known.replace(stop_level=0.5 * known.stop_level), 1.0: known}


def test_a_chapter_is_given_the_numbers_of_its_run(monkeypatch):
    glued = {}
    monkeypatch.setattr(training, "glue", glued.__setitem__)
    training.glue_run("sign", RUN)
    assert glued.pop("sign_loss").startswith("0.25 (")
    assert glued == pytest.approx(
        {
            "sign_rate": 10,
            "sign_sets": 16.5 / SYNAPSES,
            "sign_resets": 1 / SYNAPSES,
            "sign_seconds": 1,
            "sign_epochs": 3,
        }
    )


def test_each_control_has_its_record():
    assert sorted(path.stem for path in CONTROLS.glob("*.json")) == sorted(FIXED)


@pytest.mark.parametrize("name", FIXED)
def test_a_control_has_the_budget_of_the_tuned_sets_and_their_space(name):
    record = json.loads((CONTROLS / f"{name}.json").read_text())
    usual = STUDIES[record["scheme"]]
    assert record["budget"] == usual["budget"]
    assert record["fixed"] == FIXED[name]
    space = {key: tuple(limits) for key, limits in record["space"].items()}
    assert space == search_space(record["scheme"], **FIXED[name])
    assert space.items() >= {key: tuple(x) for key, x in usual["space"].items()}.items()
    assert training.control(name) == record["best"]
    assert record["trials"] != usual["trials"]
    assert record["best"] != usual["best"]
