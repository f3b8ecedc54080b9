"""Trained networks asked later: what ages, what does not, and what compensation gives back."""

import pytest
import torch
from runs import small

from pcmlib.training import TrainConfig, train
from pcmlib.training.aging import aged, ask, compensating
from pcmlib.training.network import Network

DAY = 86400.0
STILL = {"write_noise": 0.0, "read_noise": 0.0}


@pytest.fixture(scope="module")
def run():
    return train(small("mixed-precision", epochs=4, replicas=2, pairs=2))


@pytest.mark.parametrize(
    "config",
    [
        small("vanilla", epochs=1),
        small("sign", epochs=1, bits=4),
        small("mixed-precision", epochs=1, drift=0.0),
    ],
)
@pytest.mark.parametrize("compensation", [None, "global"])
def test_what_does_not_drift_does_not_age(config, compensation):
    run = train(config)
    later = run.predict(after=30 * DAY, compensation=compensation)
    torch.testing.assert_close(later, run.outputs, rtol=0, atol=0)


def test_at_once_it_is_asked_as_the_training_asked_it(run):
    answer = ask(run.config, run.state, run.samples)
    assert torch.equal(answer.outputs, run.outputs)
    assert torch.equal(answer.spikes, run.spikes)
    squares = ((run.outputs - run.targets) ** 2).mean((1, 2, 3))
    torch.testing.assert_close(answer.loss, squares)
    other = ask(run.config, run.state, run.samples, draw=1)
    assert not torch.equal(answer.outputs, other.outputs)
    assert torch.equal(other.outputs, ask(run.config, run.state, run.samples, draw=1).outputs)


def test_asking_changes_nothing(run):
    before = {name: x.clone() for name, x in run.state.items()}
    run.predict(after=DAY, compensation="global")
    assert all(torch.equal(run.state[name], x) for name, x in before.items())


def test_compensation_is_the_power_law_s_where_all_devices_are_of_one_age():
    """Then it gives back all that was lost, but for what drifts within a trial, and the limits."""
    config = TrainConfig(
        "sign", 1, conductance=6.0, n_in=9, n_rec=7, steps=40, threshold=0.4, lr_in=0.0,
        lr_rec=0.0, lr_out=0.0, stop_level=1e9, **STILL,
    )  # fmt: skip
    run = train(config)
    assert run.set_pulses.sum() == 0
    end, after = config.updates * config.period, 10 * DAY
    network = Network(config)
    network.load(aged(run.state, after))
    factor = ((end + after) / end) ** 0.04
    torch.testing.assert_close(compensating(config, network, after), torch.full((1, 3), factor))
    compensated = run.predict(after=after, compensation="global")
    torch.testing.assert_close(compensated, run.outputs, rtol=1e-3, atol=1e-3)
    assert run.outputs.abs().max() > 0.05
    assert not torch.allclose(run.predict(after=after), run.outputs, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("seconds", [1.0, 40.0, 1e5])
def test_sums_of_reads_serve_at_every_age(run, seconds):
    """Without read noise they are the reads of each device, young ones too."""
    config = run.config.replace(read_noise=0.0)
    sums, each = (
        ask(config.replace(reads=reads), run.state, run.samples, after=seconds).outputs
        for reads in ("sums", "each")
    )
    torch.testing.assert_close(sums, each, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"after": -1.0}, "after = -1.0"),
        ({"after": float("nan")}, "after = nan"),
        ({"compensation": "local"}, "compensation = 'local': must be one of None, global"),
    ],
)
def test_a_bad_question_is_refused(run, changes, message):
    with pytest.raises(ValueError, match=message):
        ask(run.config, run.state, run.samples, **changes)
