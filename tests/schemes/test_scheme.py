"""Schemes by name, and a reader's own: what it may be, and that it trains as the built-in ones."""

import functools

import pytest
import torch
from runs import assert_same, small
from typecheck import unchecked

from pcmlib.base.arithmetic import where
from pcmlib.schemes import SCHEMES, Scheme, add_scheme, rules
from pcmlib.training import TrainConfig, train
from pcmlib.training.store import stored_train


@pytest.fixture(autouse=True)
def as_before():
    before = dict(SCHEMES)
    yield
    SCHEMES.clear()
    SCHEMES.update(before)


def my_sign(g, kept, chance, plus, minus, s):
    return where(g < -s.stop_level, 1, 0), where(g > s.stop_level, 1, 0), kept


def dropout(g, kept, chance, plus, minus, s):
    """Gradient descent that leaves half of the synapses alone."""
    return where(chance < 0.5, -s.lr * g, 0), 0, kept


@pytest.mark.parametrize("compiled", [True, False])
def test_a_readers_rule_trains_as_the_same_rule_built_in(compiled):
    add_scheme("mine", my_sign)
    mine = train(small("mine", epochs=2, steps=40), compiled=compiled)
    built_in = train(small("sign", epochs=2, steps=40), compiled=compiled)
    assert_same(mine, built_in)


@pytest.mark.parametrize("compiled", [True, False])
def test_a_readers_rule_for_digital_weights_has_chance(compiled):
    """Half of what vanilla moves is moved, within 4.5 standard errors; absent weights never."""
    add_scheme("dropout", dropout, on_crossbar=False)
    config = small("dropout", epochs=1, samples=1, n_rec=60, n_in=60)
    still = config.replace(lr_in=0.0, lr_rec=0.0, lr_out=0.0)
    before, after, all_of_it = (
        train(c, compiled=compiled).weights
        for c in (still, config, config.replace(scheme="vanilla"))
    )
    could = all_of_it["in"] != before["in"]
    assert could.sum() > 500
    moved = (after["in"] != before["in"])[could].double().mean().item()
    assert abs(moved - 0.5) < 4.5 * 0.5 / could.sum().item() ** 0.5
    assert (after["rec"].diagonal(dim1=1, dim2=2) == 0).all()


def test_a_rule_may_be_given_again_and_is_then_another():
    add_scheme("mine", my_sign)
    first = train(small("mine", epochs=2))
    add_scheme("mine", lambda g, kept, chance, plus, minus, s: (0, 0, kept))
    second = train(small("mine", epochs=2))
    assert first.set_pulses[0, -1] > 0
    assert second.set_pulses[0, -1] == 0


def test_a_run_by_a_readers_rule_is_not_taken_from_the_store(tmp_path):
    add_scheme("mine", my_sign)
    first = stored_train(small("mine", epochs=2), folder=tmp_path)
    add_scheme("mine", lambda g, kept, chance, plus, minus, s: (0, 0, kept))
    second = stored_train(small("mine", epochs=2), folder=tmp_path)
    assert first.set_pulses[0, -1] > 0
    assert second.set_pulses[0, -1] == 0
    assert not list(tmp_path.iterdir())


def test_a_rule_that_asks_for_too_much_is_stopped_by_name():
    counts = {"many": 1e9, "fewer than none": -1, "none at all": float("nan"), "half": 0.5}
    for name, count in counts.items():
        rule = lambda g, kept, chance, plus, minus, s, n=count: (n + 0 * g, 0 * g, kept)  # noqa: E731
        with pytest.raises(ValueError, match="rule"):
            add_scheme(name, rule)  # it takes n, too

        def rule(g, kept, chance, plus, minus, s):
            return where(g == 0.5, 0, count) + 0 * g, 0 * g, kept  # noqa: B023

        add_scheme(name, rule)
        message = rf"pulses that {name} asks for = .*whole numbers from 0 to 10000"
        with pytest.raises(ValueError, match=message):
            train(small(name, epochs=1))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (lambda g: g, "rule = .*g, kept, chance, plus, minus, s, in this order"),
        (3, "rule = 3"),
        (functools.partial(my_sign), "rule = functools.partial"),
        (lambda g, kept, chance, plus, minus, s: (g, g), "returns up, down, kept"),
        (lambda g, kept, chance, plus, minus, s: (g, g, kept, True), "returns up, down, kept"),
        (lambda g, kept, chance, plus, minus, s: (g / 0, g, kept), "ZeroDivisionError"),
        (lambda g, kept, chance, plus, minus, s: (torch.tensor(g), g, kept), "Numba"),
        (lambda g, kept, chance, plus, minus, s: (s.speed * g, g, kept), "speed"),
    ],
)
def test_what_is_no_rule_is_refused_by_name(rule, message):
    with pytest.raises(ValueError, match=message), unchecked():
        add_scheme("mine", rule)
    assert "mine" not in SCHEMES


def test_the_built_in_names_are_taken():
    with pytest.raises(ValueError, match="name = 'sign'"):
        add_scheme("sign", my_sign)
    with pytest.raises(ValueError, match="on_crossbar"), unchecked():
        add_scheme("mine", my_sign, on_crossbar="yes")


def reckless(g, kept, chance, plus, minus, s):
    """Keeps something in one branch alone, and divides by 0 in another."""
    if g > s.stop_level and chance > 0.9 * s.quantum and plus < minus:
        return 0, 0, kept + g
    return 1 / (kept + 0.3) if plus > 1 else 0, 0, kept


def test_a_scheme_keeps_what_its_rule_changes():
    keeping = [name for name, scheme in SCHEMES.items() if scheme.keeps]
    assert keeping == ["accumulator", "mixed-precision"]
    assert [Scheme(rule).keeps for rule in (my_sign, dropout, reckless)] == [False, False, True]


def test_a_scheme_may_take_the_set_of_another():
    add_scheme("mine", my_sign, preset="stochastic")
    add_scheme("dropout", dropout, on_crossbar=False, preset="vanilla")
    for mine, other in (("mine", "stochastic"), ("dropout", "vanilla")):
        for options in ({}, {"kind": "reference"}, {"epochs": 7}):
            expected = TrainConfig.preset(other, **options).replace(scheme=mine)
            assert TrainConfig.preset(mine, **options) == expected
    ideal = TrainConfig.preset("stochastic", bits=4).replace(scheme="mine")
    assert TrainConfig.preset("mine", bits=4) == ideal


def test_what_has_no_set_is_refused_by_name():
    add_scheme("mine", my_sign)
    with pytest.raises(ValueError, match=r"scheme = 'mine': must be one with a known set; add_s"):
        TrainConfig.preset("mine")
    for preset, on_crossbar in (("mine", True), ("vanilla", True), ("sign", False), (3, True)):
        with pytest.raises(ValueError, match=r"preset = .*: must be None or one of"), unchecked():
            add_scheme("other", dropout, on_crossbar=on_crossbar, preset=preset)


def test_only_update_ready_asks_for_resets():
    assert [name for name, scheme in SCHEMES.items() if scheme.resets] == ["upd-ready"]
    assert Scheme(rules.upd_ready).resets
