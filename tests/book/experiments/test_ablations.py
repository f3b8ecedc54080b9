"""Each effect is switched off, and nothing else."""

import itertools

import pytest
from runs import made_up

from pcmlib.book.experiments import ablations
from pcmlib.training import TrainConfig


def test_every_effect_is_switched_off_and_nothing_else():
    plain = TrainConfig(scheme="mixed-precision")
    for effect in ablations.EFFECTS:
        config = plain.replace(**ablations.without(effect))
        back = {name: getattr(plain, name) for name in ablations.without(effect)}
        assert config != plain
        assert config.replace(**back) == plain
    p = plain.replace(**ablations.without("saturation")).parameters
    # mu = m1 G + c1 + A1 P, wherever G and P are
    for G, P in itertools.product((0.1, 5.0, 50.0), (1.0, 0.1)):
        assert p.m1 * G + p.c1 + p.A1 * P == 0.75


@pytest.mark.usefixtures("untrained")
def test_ablations_name_what_they_leave_on():
    found = {k: run.config for k, run in ablations.ablations("sign", networks=2, epochs=3).items()}
    assert len(found) == 2 + 2 * len(ablations.EFFECTS)
    only = found["only drift"]
    assert (only.drift, only.write_noise, only.read_noise) == (1, 0, 0)
    assert only.symmetric_devices
    assert found["none of them"] == only.replace(drift=0.0)
    assert found["full model"].epochs == 3
    fewer = ablations.ablations("sign", networks=2, epochs=3, alone=False)
    assert list(fewer) == [name for name in found if not name.startswith("only")]


@pytest.mark.usefixtures("untrained")
def test_layers_that_are_told_not_to_learn_do_not():
    runs = ablations.learning_ablations("vanilla", networks=2)
    found = {name: run.config for name, run in runs.items()}
    assert found["all layers learn"].replicas == 2
    assert not found["only output learns"].learn_in
    assert not found["no recurrent synapses"].recurrence


@pytest.mark.usefixtures("untrained")
def test_exact_devices_get_a_wider_start_and_a_set_of_their_own():
    found = {k: run.config for k, run in ablations.exact_writes(networks=2).items()}
    full, exact = found["full model"], found["exact writes"]
    assert full == TrainConfig.preset("mixed-precision", replicas=2)
    assert exact == full.replace(write_noise=0.0)
    own = found["exact, own set"]
    assert found["exact, wider start"] == exact.replace(conductance=own.conductance)
    assert own.conductance > 5 * full.conductance
    assert own.write_noise == 0


@pytest.mark.usefixtures("untrained")
def test_the_gap_is_between_runs_of_the_same_networks():
    found = {k: run.config for k, run in ablations.gap(networks=2).items()}
    assert {config.seed for config in found.values()} == {0}
    assert {config.epochs for config in found.values()} == {250}
    assert found["FP32"] == TrainConfig.preset("vanilla", replicas=2)
    assert found["FP32, second search"] != found["FP32"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ablations.without("rain"), "effects = 'rain'"),
    ],
)
def test_bad_input_is_refused_by_name(call, words):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the words are checked below
        call()
    assert words in str(error.value)


def test_a_run_is_looked_at_as_it_stood_early():
    run = made_up([[0.4, 0.3, 0.2, 0.1]])
    early = ablations.at_epoch(run, 2)
    assert early.loss.tolist() == run.loss[:, :2].tolist()
    assert early.config.epochs == 2
    assert ablations.at_epoch(run, 9).loss.tolist() == run.loss.tolist()
