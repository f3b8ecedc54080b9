"""What 1/f noise adds to devices: the spread that its law has."""

import math

import pytest
import torch
from runs import made_up

from pcmlib.book.experiments.ageing import with_slow_noise

MONTH = 30 * 86400.0


def test_devices_are_moved_by_what_the_law_has_gathered_since():
    """Half of 160,000 devices at 10 µS, half at 1; four standard errors of each sd.

    By hand: q(10) = 0.0088 (10/25)^-0.65 = 0.015964, q(1) = 0.071302; sqrt ln(month/20 s) = 3.4309.
    """
    run = made_up([[0.1]] * 2500, scheme="sign")
    G, moved = run.state["G"], with_slow_noise(run, MONTH).state["G"]
    for level, sd in ((10.0, 10 * 0.015964 * 3.4309), (1.0, 0.071302 * 3.4309)):
        found = moved[level == G].double()
        n = len(found)
        assert n == 80_000
        assert found.mean().item() == pytest.approx(level, abs=4 * sd / math.sqrt(n))
        assert found.std().item() == pytest.approx(sd, rel=4 / math.sqrt(2 * n))


def test_a_device_at_0_stays_there_and_none_goes_below():
    run = made_up([[0.1]] * 500, scheme="sign")
    low = run.state["G"].new_full(run.state["G"].shape, 0.01)
    low[:, 0] = 0.0
    run.state["G"] = low
    moved = with_slow_noise(run, MONTH).state["G"]
    assert moved.min() == 0
    assert (moved[:, 0] == 0).all()
    assert (moved[:, 1:] == 0).float().mean().item() == pytest.approx(
        0.5 * math.erfc(1 / (0.2 * 3.4309) / math.sqrt(2)), abs=0.01
    )  # q is 0.2 at most
    assert torch.equal(with_slow_noise(run, 0.0).state["G"], low)
