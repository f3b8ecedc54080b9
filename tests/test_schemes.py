"""Every update scheme's rule, with numbers worked out by hand."""

import math

import pytest
import torch

from pcmlib.crossbar import Crossbar
from pcmlib.device import PCMParameters
from pcmlib.schemes import SCHEMES, Settings
from pcmlib.srnn.synapses import CrossbarSynapses, DigitalSynapses

LR = torch.tensor([0.5])


def settings(**changes):
    usual = {"quantum": 0.125, "assumed_pulse": 0.75, "stop_level": 0.9, "prob_scale": 2.0}
    return Settings(**{k: torch.tensor([v]) for k, v in {**usual, **changes}.items()})


def crossbar(shape=(1, 4), pairs=1, scale=1.0, bits=4, G=None, **parameters):
    """An ideal memory, 0.75 µS a pulse at 4 bits, so that a pulse is what schemes assume."""
    bar = Crossbar(
        *shape, pairs=pairs, scale=scale, parameters=PCMParameters(bits=bits, **parameters)
    )
    if G is not None:
        bar.devices.put(torch.as_tensor(G).expand(bar.devices.shape))
    layer = CrossbarSynapses(
        bar, steps=2, dt=1e-3, period=38.6, updates=9, generator=torch.Generator()
    )
    return layer, bar


def pulses(bar):
    """SETs of G+ minus SETs of G-, by synapse."""
    n = bar.devices.n_set.sum(2)[0]
    assert (n.amin(0) == 0).all()  # no synapse was pulsed on both sides
    return (n[0] - n[1]).tolist()


def test_vanilla_descends_and_clips():
    layer = DigitalSynapses(torch.tensor([[[0.0, 0.9, -0.9]]]))
    scheme = SCHEMES["vanilla"](layer, settings())
    scheme.update(torch.tensor([[[0.5, -1.0, 1.0]]]), LR, 1.0)
    torch.testing.assert_close(layer.weights(), torch.tensor([[[-0.25, 1.0, -1.0]]]))


def test_accumulator_moves_whole_quanta_towards_zero():
    layer = DigitalSynapses(torch.zeros(1, 1, 3))
    scheme = SCHEMES["accumulator"](layer, settings())
    gradient = torch.tensor([[[0.3, -0.3, 0.2]]])  # lr g: 0.15, -0.15, 0.1
    scheme.update(gradient, LR, 1.0)
    torch.testing.assert_close(layer.weights(), torch.tensor([[[-0.125, 0.125, 0.0]]]))
    torch.testing.assert_close(scheme.state["accumulator"], torch.tensor([[[0.025, -0.025, 0.1]]]))
    scheme.update(gradient, LR, 2.0)
    torch.testing.assert_close(layer.weights(), torch.tensor([[[-0.25, 0.25, -0.125]]]))


def test_a_tiny_negative_accumulator_fires_no_pulse():
    layer, bar = crossbar()
    scheme = SCHEMES["mixed-precision"](layer, settings())
    scheme.update(torch.full((1, 1, 4), -1e-6), LR, 1.0)
    assert bar.set_pulses.item() == 0


@pytest.mark.parametrize(
    ("scale", "pairs", "each"), [(6.0, 1, 1), (11.8, 1, 1), (12.0, 1, 2), (12.0, 3, 6), (1.0, 1, 1)]
)
def test_mixed_precision_gives_each_quantum_whole_pulses(scale, pairs, each):
    """quantum scale pairs / 0.75, rounded down, but at least one; down the gradient."""
    layer, bar = crossbar(scale=scale, pairs=pairs)
    scheme = SCHEMES["mixed-precision"](layer, settings())
    scheme.update(torch.tensor([[[0.25, -0.26, 0.1, 0.0]]]), LR, 1.0)
    assert pulses(bar) == [[-each, each, 0, 0]]


def test_sign_gives_one_pulse_beyond_the_stop_level():
    layer, bar = crossbar()
    SCHEMES["sign"](layer, settings()).update(torch.tensor([[[5.0, -0.95, 0.9, -0.5]]]), LR, 1.0)
    assert pulses(bar) == [[-1, 1, 0, 0]]


def test_multi_mem_deals_whole_pulses_in_turn():
    layer, bar = crossbar(pairs=2, scale=3.0)
    scheme = SCHEMES["multi-mem"](layer, settings())
    # -lr g scale = 1.5 g; with 2 pairs 0.375 µS a pulse
    scheme.update(torch.tensor([[[-1.0, 0.5, 0.2, -0.25]]]), LR, 1.0)
    assert pulses(bar) == [[4, -2, 0, 1]]
    assert bar.devices.n_set[0, 0, :, 0, 0].tolist() == [2, 2]
    assert bar.devices.n_set[0, 0, :, 0, 3].tolist() == [1, 0]


def test_update_ready_resets_where_there_is_no_room():
    G = torch.tensor([9.5, 0.5]).view(1, 2, 1, 1, 1)
    layer, bar = crossbar(shape=(1, 2), scale=1.0, G=G)
    scheme = SCHEMES["upd-ready"](layer, settings())
    scheme.update(torch.tensor([[[-3.0, 0.0]]]), LR, 1.0)  # +1.5 µS; G+ has room for 0.5
    assert bar.devices.n_reset.sum((0, 2, 3)).tolist() == [[0, 0], [1, 0]]
    assert bar.devices.n_set[0, 0, 0, 0].tolist() == [1, 0]  # the RESET of 0.5 gave 0.4 already


def test_stochastic_pulses_come_with_their_probability():
    """lr |g| scale / prob_scale = 0.25 over 40,000 synapses: within 4 standard errors of 0.0022."""
    layer, bar = crossbar(shape=(200, 200), scale=2.0)
    scheme = SCHEMES["stochastic"](layer, settings())
    gradient = torch.full((1, 200, 200), 0.5)
    gradient[:, :100] *= -1
    scheme.update(gradient, LR, 1.0)
    first = torch.tensor(pulses(bar))
    assert (first[:100] >= 0).all()
    assert (first[100:] <= 0).all()
    share = first.abs().double().mean().item()
    assert abs(share - 0.25) < 4 * math.sqrt(0.25 * 0.75 / 40_000)
    scheme.update(gradient, LR, 2.0)
    second = (torch.tensor(pulses(bar)) - first).abs().double()
    both = (second * first.abs()).mean().item()  # independent updates: 1/16
    assert abs(both - 1 / 16) < 4 * math.sqrt(15 / 256 / 40_000)


@pytest.mark.parametrize("bits", [1, 3, 8])
def test_a_pulse_adds_exactly_one_step_until_it_saturates(bits):
    layer, bar = crossbar(shape=(1, 1), bits=bits, g_max=12.0, G=0.5)
    scheme = SCHEMES["sign"](layer, settings())
    for n in range(1, 2**bits + 3):
        scheme.update(torch.full((1, 1, 1), -1.0), LR, n)
        expected = min(0.5 + n * 12 / 2**bits, 12.0)
        assert bar.devices.G[0, 0].item() == pytest.approx(expected, rel=1e-6)
    assert bar.devices.G[0, 1].item() == 0.5
