"""Every update scheme's rule, with numbers worked out by hand."""

import math

import numpy as np
import pytest
import torch

from pcmlib.crossbar import Crossbar
from pcmlib.device import PCMParameters
from pcmlib.schemes import HOLD, SCHEMES, Settings
from pcmlib.srnn.layers import layer as compiled_layer
from pcmlib.srnn.synapses import CrossbarSynapses, DigitalSynapses

USUAL = {
    "lr": 0.5, "quantum": 0.125, "assumed_pulse": 0.75, "stop_level": 0.9, "prob_scale": 2.0,
    "scale": 1.0, "pairs": 1.0, "g_reset": 0.1,
}  # fmt: skip


class Layer:
    """A layer and a scheme, in torch or compiled, with what the scheme keeps."""

    def __init__(self, how, scheme, synapses, **changes):
        self.how, self.scheme, self.synapses = how, SCHEMES[scheme], synapses
        self.kept = torch.zeros_like(synapses.weights())
        told = {**USUAL, **changes}
        if isinstance(synapses, CrossbarSynapses):
            told["pairs"] = float(synapses.crossbar.pairs)
            told["scale"] = synapses.crossbar.scale.item()
        self.told = Settings(**told)

    def update(self, gradient, number):
        gradient = torch.as_tensor(gradient)
        if self.how == "torch":
            s = Settings(*(torch.full((1, 1, 1), x) for x in self.told))
            self.synapses.update(self.scheme, gradient, self.kept, s, number)
        else:
            s = Settings(*map(np.float32, self.told))
            one = compiled_layer(self.synapses, 0)
            one.update(self.scheme, gradient[0].numpy(), self.kept[0].numpy(), s, number)


@pytest.fixture(params=["torch", "kernel"])
def how(request):
    return request.param


def digital(weights):
    return DigitalSynapses(torch.tensor(weights))


def crossbar(shape=(1, 4), pairs=1, scale=1.0, bits=4, G=None, **parameters):
    """An ideal memory, 0.75 µS a pulse at 4 bits, so that a pulse is what schemes assume."""
    bar = Crossbar(
        *shape, pairs=pairs, scale=scale, parameters=PCMParameters(bits=bits, **parameters)
    )
    if G is not None:
        bar.devices.put(torch.as_tensor(G).expand(bar.devices.shape))
    synapses = CrossbarSynapses(
        bar, steps=2, dt=1e-3, period=38.6, updates=500, assumed_pulse=torch.tensor([0.75]),
        refresh_period=[None], generator=torch.Generator(),
    )  # fmt: skip
    return synapses, bar


def pulses(bar):
    """SETs of G+ minus SETs of G-, by synapse."""
    n = bar.devices.n_set.sum(2)[0]
    assert (n.amin(0) == 0).all()  # no synapse was pulsed on both sides
    return (n[0] - n[1]).tolist()


def test_vanilla_descends_and_clips(how):
    synapses = digital([[[0.0, 0.9, -0.9]]])
    Layer(how, "vanilla", synapses).update([[[0.5, -1.0, 1.0]]], 1)
    torch.testing.assert_close(synapses.weights(), torch.tensor([[[-0.25, 1.0, -1.0]]]))


def test_accumulator_moves_whole_quanta_towards_zero(how):
    synapses = digital([[[0.0, 0.0, 0.0]]])
    layer = Layer(how, "accumulator", synapses)
    gradient = [[[0.3, -0.3, 0.2]]]  # lr g: 0.15, -0.15, 0.1
    layer.update(gradient, 1)
    torch.testing.assert_close(synapses.weights(), torch.tensor([[[-0.125, 0.125, 0.0]]]))
    torch.testing.assert_close(layer.kept, torch.tensor([[[0.025, -0.025, 0.1]]]))
    layer.update(gradient, 2)
    torch.testing.assert_close(synapses.weights(), torch.tensor([[[-0.25, 0.25, -0.125]]]))


def test_a_tiny_negative_accumulator_fires_no_pulse(how):
    synapses, bar = crossbar()
    Layer(how, "mixed-precision", synapses).update(torch.full((1, 1, 4), -1e-6), 1)
    assert bar.set_pulses.item() == 0


@pytest.mark.parametrize(
    ("scale", "pairs", "each"), [(6.0, 1, 1), (11.8, 1, 1), (12.0, 1, 2), (12.0, 3, 6), (1.0, 1, 1)]
)
def test_mixed_precision_gives_each_quantum_whole_pulses(how, scale, pairs, each):
    """quantum scale pairs / 0.75, rounded down, but at least one; down the gradient."""
    synapses, bar = crossbar(scale=scale, pairs=pairs)
    Layer(how, "mixed-precision", synapses).update([[[0.25, -0.26, 0.1, 0.0]]], 1)
    assert pulses(bar) == [[-each, each, 0, 0]]


def test_sign_gives_one_pulse_beyond_the_stop_level(how):
    synapses, bar = crossbar()
    Layer(how, "sign", synapses).update([[[5.0, -0.95, 0.9, -0.5]]], 1)
    assert pulses(bar) == [[-1, 1, 0, 0]]


def test_multi_mem_deals_whole_pulses_in_turn(how):
    synapses, bar = crossbar(pairs=2, scale=3.0)
    # -lr g scale = 1.5 g; with 2 pairs 0.375 µS a pulse
    Layer(how, "multi-mem", synapses).update([[[-1.0, 0.5, 0.2, -0.25]]], 1)
    assert pulses(bar) == [[4, -2, 0, 1]]
    assert bar.devices.n_set[0, 0, :, 0, 0].tolist() == [2, 2]
    assert bar.devices.n_set[0, 0, :, 0, 3].tolist() == [1, 0]


def test_update_ready_resets_where_there_is_no_room(how):
    G = torch.tensor([9.5, 0.5]).view(1, 2, 1, 1, 1)
    synapses, bar = crossbar(shape=(1, 2), scale=1.0, G=G)
    # +1.5 µS; G+ has room for 0.5
    Layer(how, "upd-ready", synapses).update([[[-3.0, 0.0]]], 1)
    assert bar.devices.n_reset.sum((0, 2, 3)).tolist() == [[0, 0], [1, 0]]
    assert bar.devices.n_set[0, 0, 0, 0].tolist() == [1, 0]  # the RESET of 0.5 gave 0.4 already


def test_stochastic_pulses_come_with_their_probability(how):
    """lr |g| scale / prob_scale = 0.25 over 40,000 synapses: within 4 standard errors of 0.0022."""
    synapses, bar = crossbar(shape=(200, 200), scale=2.0)
    layer = Layer(how, "stochastic", synapses)
    gradient = torch.full((1, 200, 200), 0.5)
    gradient[:, :100] *= -1
    layer.update(gradient, 1)
    first = torch.tensor(pulses(bar))
    assert (first[:100] >= 0).all()
    assert (first[100:] <= 0).all()
    share = first.abs().double().mean().item()
    assert abs(share - 0.25) < 4 * math.sqrt(0.25 * 0.75 / 40_000)
    layer.update(gradient, 2)
    second = (torch.tensor(pulses(bar)) - first).abs().double()
    both = (second * first.abs()).mean().item()  # independent updates: 1/16
    assert abs(both - 1 / 16) < 4 * math.sqrt(15 / 256 / 40_000)


@pytest.mark.parametrize("bits", [1, 3, 8])
def test_a_pulse_adds_exactly_one_step_until_it_saturates(how, bits):
    synapses, bar = crossbar(shape=(1, 1), bits=bits, g_max=12.0, G=0.5)
    layer = Layer(how, "sign", synapses)
    for n in range(1, 2**bits + 3):
        layer.update(torch.full((1, 1, 1), -1.0), n)
        expected = min(0.5 + n * 12 / 2**bits, 12.0)
        assert bar.devices.G[0, 0].item() == pytest.approx(expected, rel=1e-6)
    assert bar.devices.G[0, 1].item() == 0.5


@pytest.mark.parametrize("tolerance", [None, 0.2])
@pytest.mark.parametrize("pairs", [1, 3])
@pytest.mark.parametrize("scheme", ["sign", "multi-mem", "mixed-precision", "upd-ready"])
def test_without_noise_kernels_and_torch_program_the_same_devices(scheme, pairs, tolerance):
    """Pulses, RESETs, refresh and turns, to the bit, over 12 updates of an ideal memory.

    Not of stochastic updates, whose chances come from other streams.
    """
    ends = []
    for how in ("torch", "kernel"):
        G = 11 * torch.rand((1, 2, pairs, 6, 9), generator=torch.Generator().manual_seed(4))
        synapses, bar = crossbar((6, 9), pairs, scale=30.0, bits=5, G=G)
        bar.exists[2, 3] = False
        synapses.refresh_period = [4]
        synapses.tolerance = None if tolerance is None else torch.tensor([tolerance])
        layer = Layer(how, scheme, synapses, lr=0.1)
        numbers = torch.Generator().manual_seed(5)
        for number in range(1, 13):
            layer.update(3 * torch.randn((1, 6, 9), generator=numbers) + 1, number)
        devices = bar.devices
        ends.append([devices.G, devices.P, devices.tp, devices.n_set, devices.n_reset, bar.turn])
        ends[-1] += [layer.kept, bar.reads]
        assert devices.n_set[0, :, :, 2, 3].sum() == 0
        assert devices.n_reset.sum() > 0
    for a, b in zip(*ends, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-6 if a.is_floating_point() else 0)


def test_a_second_crossbar_holds_by_pulses_or_is_written_anew():
    """By hand, at 50 µS for 1 and 2 µS a certain pulse."""
    s = Settings(**{**USUAL, "scale": 50.0})
    assert HOLD.decide(0.1, 0.18, 0.5, 0, 0, s)[:2] == (2, 0)  # 4 µS more
    assert HOLD.decide(0.1, 0.13, 0.2, 0, 0, s)[:2] == (0, 0)  # 0.75 of a pulse, and no luck
    assert HOLD.decide(0.1, 0.13, 0.3, 0, 0, s)[:2] == (1, 0)
    assert HOLD.decide(0.1, 0.07, 0.3, 0, 0, s) == (0, 1, 0.07, False, False)  # a little less
    assert HOLD.decide(-0.1, -0.01, 0.9, 0, 0, s) == (0, 1, -0.01, True, True)  # much less: anew
    assert HOLD.decide(-0.1, 0.04, 0.5, 0, 0, s) == (1, 0, 0.04, True, True)  # to the other side


def test_small_changes_add_up_in_a_second_crossbar(how):
    """A tenth of a pulse, 60 times: the mean of 10,000 synapses, within 4.5 standard errors."""
    synapses, bar = crossbar((100, 100), scale=50.0, bits=10, g_max=102.4)  # 0.1 µS a pulse
    layer = Layer(how, "sign", synapses, prob_scale=0.1)
    layer.scheme = HOLD
    each = 0.1 * 0.1 / 50  # of what is held for 1
    for number in range(1, 61):
        held = torch.empty((1, 100, 100))
        if how == "torch":
            held = synapses.read(number)
        else:
            compiled_layer(synapses, 0).read(number, held[0].numpy())
        torch.testing.assert_close(held, bar.weights())  # an ideal memory reads as it is
        layer.kept = held + each
        layer.update(held, number)
    assert bar.reset_pulses.item() == 0
    pulses = bar.devices.n_set[0, 0, 0].double()
    assert abs(pulses.mean() - 6) < 4.5 * math.sqrt(60 * 0.1 * 0.9) / 100
    assert bar.reads.item() == 60 * 100 * 100


@pytest.mark.parametrize("how_much", [1e8, 1e30, -1e30])
def test_pulses_beyond_what_a_device_can_take_are_refused(how, how_much):
    synapses, bar = crossbar()
    with pytest.raises(ValueError, match="10000 for a device"):
        Layer(how, "multi-mem", synapses).update(torch.full((1, 1, 4), how_much), 1)
    assert bar.set_pulses.item() == 0
