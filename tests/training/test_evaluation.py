"""Loss at any age, and learning that goes on after a rest."""

import json

import pytest
import torch
from runs import assert_same, small
from typecheck import unchecked

from pcmlib.training import TrainConfig, evaluate, relearn, train

DAY = 86400.0


@pytest.fixture(scope="module")
def run():
    return train(small("mixed-precision", epochs=4, replicas=3))


def test_at_age_0_it_is_the_loss_of_the_last_outputs(run):
    found = evaluate(run)
    squares = ((run.outputs - run.targets) ** 2).mean((1, 2, 3))
    torch.testing.assert_close(found.loss, squares[None])
    rate = run.spikes.double().mean((1, 2, 3)) / run.config.dt
    torch.testing.assert_close(found.rate_hz, rate[None].float())


def test_ages_are_asked_apart(run):
    ages = [0.0, 1.0, DAY]
    found = evaluate(run, ages, compensation="global")
    for row, age in enumerate(ages):
        alone = evaluate(run, age, compensation="global")
        assert torch.equal(found.loss[row], alone.loss[0])
    assert found.after.tolist() == ages
    assert found == evaluate(run, torch.tensor(ages), compensation="global")
    assert found != evaluate(run, ages)


def test_repeats_are_trials_with_other_read_noise(run):
    one, three = evaluate(run, DAY), evaluate(run, DAY, repeats=3)
    assert not torch.equal(one.loss, three.loss)
    assert three == evaluate(run, DAY, repeats=3)


def test_a_tuned_network_forgets_and_compensation_brings_it_back():
    """The book's headline: four networks, the losses of 30 days apart by a factor of five."""
    run = train(TrainConfig.preset("mixed-precision", replicas=4))
    now = evaluate(run).loss.mean()
    later, compensated = (
        evaluate(run, 30 * DAY, compensation=c).loss.mean() for c in (None, "global")
    )
    assert now < 0.012
    assert later > 3 * now
    assert compensated < 1.5 * now


def test_learning_goes_on_as_if_it_had_not_stopped(run):
    """Without a rest, a run and four more epochs are the run of eight; so is its course."""
    whole = train(run.config.replace(epochs=8, snapshots=(4, 8)))
    again = relearn(run, 4)
    assert_same(again, whole)
    assert again.rests == ((4, 0.0),)
    assert_same(relearn(relearn(run, 1), 3), whole.__class__(**vars(whole) | {
        "snapshots": torch.stack([relearn(run, 1).outputs, whole.outputs])
    }))  # fmt: skip


def test_a_rest_shows_and_is_kept(run, tmp_path):
    rested = relearn(run, 2, after=30 * DAY)
    assert rested.config.epochs == 6
    assert torch.equal(rested.loss[:, :4], run.loss)
    assert not torch.equal(rested.loss[:, 4:], relearn(run, 2).loss[:, 4:])
    torch.testing.assert_close(rested.snapshots[0], run.predict(after=30 * DAY))
    assert rested.rests == ((4, 30 * DAY),)
    assert "(of the last epoch)" in rested.summary()
    rested.save(tmp_path / "run.npz")
    assert type(run).load(tmp_path / "run.npz") == rested


@pytest.mark.parametrize("constants", [(), (("nu_spread", 0.02),)])
def test_an_accumulator_on_pcm_rests_too(constants):
    """It is read by each device's age: after 1e-9 s it is as it was, in a month it has faded."""
    config = small("mixed-precision", epochs=4, kept_on_pcm=True, constants=constants)
    run = train(config)
    at_once, soon, late = (relearn(run, 1, after=s) for s in (0.0, 1e-9, 30 * DAY))
    torch.testing.assert_close(soon.state["kept"], at_once.state["kept"], rtol=1e-3, atol=1e-3)
    assert not torch.allclose(late.state["kept"], at_once.state["kept"], rtol=1e-3, atol=1e-3)


def test_no_age_is_refused(run):
    with pytest.raises(ValueError, match=r"after = \[\]: must be an age, or several"):
        evaluate(run, [])


def test_the_summary_is_json_and_a_line_for_each_age(run):
    found = evaluate(run, [0.0, DAY])
    content = json.loads(json.dumps(found.to_json()))
    assert content["after"] == [0.0, DAY]
    assert [len(row) for row in content["loss"]] == [3, 3]
    assert content["compensation"] is None
    assert found.summary().startswith(
        "3 networks (mean, least to greatest), drift compensation: none\n"
    )
    lines = found.summary().splitlines()[1:]
    assert [line.split("after ")[1] for line in lines] == ["0 s", "1 d"]


def test_an_age_may_be_given_in_words(run):
    assert evaluate(run, ["1h", "30d"]) == evaluate(run, [3600.0, 30 * DAY])
    assert evaluate(run, "1d") == evaluate(run, DAY)
    assert torch.equal(run.predict(after="30d"), run.predict(after=30 * DAY))
    assert_same(relearn(run, 1, after="1d"), relearn(run, 1, after=DAY))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"after": [-1.0]}, "after = -1.0"),
        ({"after": "a day"}, "after = 'a day': must be a number from 0 on, with a unit of s, min"),
        ({"after": ["1d", "-1h"]}, "after = '-1h': must be a number from 0 on"),
        ({"repeats": 0}, "repeats = 0"),
        ({"compensation": "each"}, "compensation = 'each'"),
    ],
)
def test_bad_input_is_refused_by_name(run, changes, message):
    with pytest.raises(ValueError, match=message), unchecked():
        evaluate(run, **changes)


@pytest.mark.parametrize(("epochs", "after"), [(0, 0.0), (1, -1.0)])
def test_a_bad_rest_is_refused(run, epochs, after):
    with pytest.raises(ValueError, match=r"^epochs = 0|^after = -1\.0"):
        relearn(run, epochs, after=after)
