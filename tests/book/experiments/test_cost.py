"""Pulses, energy and wear of hand-made runs."""

import math

import numpy as np
import pytest
import torch
from runs import made_up
from typecheck import unchecked

from pcmlib.book.experiments import cost


def test_cost_by_hand():
    run = made_up(
        [[0.4, 0.2, 0.1], [0.4, 0.4, 0.4]],
        set_pulses=[[10, 20, 30], [1, 2, 3]],
        reset_pulses=[[0, 0, 2], [0, 0, 0]],
        scheme="sign",
    )
    energy = cost.Energy(set_pulse=1e-12, reset_pulse=50e-12)
    assert energy.of(run) == pytest.approx(1e-12 * np.array([[10, 20, 130], [1, 2, 3]]))
    assert list(cost.pulses_to_reach(run, 0.25, window=1)) == [20, math.inf]
    assert list(cost.pulses_to_reach(run, 0.35, window=2)) == [20, math.inf]
    assert run.config.synapses == 3 * 4 + 4 * 3 + 4
    assert cost.share_above(run) == 1
    assert cost.share_above(run, 10.5) == 0


def test_every_device_counts_its_pulses():
    run = made_up([[1.0]], scheme="sign")
    run.state["n_set"][0] = torch.arange(64)
    assert list(cost.wear_of(run)) == list(range(64))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: cost.pulses_to_reach(made_up([[1.0, 1.0]]), 0.0), "loss = 0.0"),
    ],
)
def test_bad_input_is_refused_by_name(call, words):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the words are checked below
        call()
    assert words in str(error.value)


def test_an_energy_is_a_number_of_any_library_and_no_other():
    with unchecked():
        assert cost.Energy(np.float32(0.5), torch.tensor(2)) == cost.Energy(0.5, 2.0)
    with pytest.raises(ValueError, match="reset_pulse = -1"):
        cost.Energy(reset_pulse=-1)
