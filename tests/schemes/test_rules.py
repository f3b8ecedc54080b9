"""Every update scheme's rule, with numbers worked out by hand."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pcmlib.crossbar import Crossbar
from pcmlib.crossbar.programming import DRAWS, Devices, Update, program, read
from pcmlib.device import PCMParameters, history_decay
from pcmlib.device.pulses import MOST_PULSES
from pcmlib.schemes import HOLD, SCHEMES, Settings

USUAL = {
    "lr": 0.5, "quantum": 0.125, "assumed_pulse": 0.75, "stop_level": 0.9, "prob_scale": 2.0,
    "scale": 1.0, "pairs": 1.0, "g_reset": 0.1, "reach": 10.0,
}  # fmt: skip


def settings(**changes):
    return Settings(**{name: np.float32(x) for name, x in {**USUAL, **changes}.items()})


class Layer:
    """A crossbar and a scheme, with what the scheme keeps."""

    def __init__(self, scheme, bar, **changes):
        self.scheme, self.bar = SCHEMES[scheme], bar
        self.settings = settings(pairs=bar.pairs, scale=bar.scale.item(), **changes)
        devices, p = bar.devices, bar.devices.parameters
        names = ("G", "P", "tp", "n_set", "n_reset")
        arrays = (*(getattr(devices, name) for name in names), bar.turn)
        exists = bar.exists.float().numpy()
        self.devices = Devices(*(x[0].numpy() for x in arrays), bar.reads.numpy(), exists)
        self.p, self.decay = p.constants(), np.float32(history_decay(p))
        shape = exists.shape
        self.kept = np.zeros(shape, np.float32)
        self.counts = np.zeros((2, *shape), np.int32)
        self.reset = np.zeros((2, *shape), np.bool_)

    def update(self, gradient, number, **changes):
        """Whether the pulses hold."""
        x, key = self.devices, self.bar.devices.key[0]
        gradient = np.asarray(gradient, np.float32)
        most = np.float32(MOST_PULSES * self.bar.pairs)
        holds = self.scheme.kernel(
            0, gradient, self.kept, x.G, x.exists, self.settings, key, number * DRAWS, most,
            self.counts, self.reset,
        )  # fmt: skip
        usual = {
            "t": 38.6 * number, "number": number, "refresh": False,
            "symmetric": False, "tolerance": np.float32(0), "assumed_pulse": np.float32(0.75),
            "above": np.float32(9), "within": np.float32(4.5),
        }  # fmt: skip
        if holds:
            how = Update(**{**usual, **changes}, decay=self.decay)
            program(self.counts, self.reset, x, how, self.p, key)
        return holds


def digital(scheme, weights, gradient, kept):
    """Weights and what is kept after one update of digital weights in a row; kept in place."""
    G, one = np.array(weights, np.float32)[None, None, None], np.ones((1, len(weights)), np.float32)
    sides = np.zeros((2, 1, len(weights)), np.int32)
    SCHEMES[scheme].kernel(
        0, np.array([gradient], np.float32), kept, G, one, settings(), np.uint64(0), 1,
        np.float32(1), sides, sides > 0,
    )  # fmt: skip
    return G[0, 0, 0]


def crossbar(shape=(1, 4), pairs=1, scale=1.0, bits=4, G=None, **parameters):
    """An ideal memory, 0.75 µS a pulse at 4 bits, so that a pulse is what schemes assume."""
    bar = Crossbar(
        *shape, pairs=pairs, scale=scale, parameters=PCMParameters(bits=bits, **parameters)
    )
    if G is not None:
        bar.devices.put(torch.as_tensor(G).expand(bar.devices.shape))
    return bar


def pulses(bar):
    """SETs of G+ minus SETs of G-, by synapse."""
    n = bar.devices.n_set.sum(2)[0]
    assert (n.amin(0) == 0).all()  # no synapse was pulsed on both sides
    return (n[0] - n[1]).tolist()


def test_vanilla_descends_and_clips():
    kept = np.zeros((1, 3), np.float32)
    w = digital("vanilla", [0.0, 0.9, -0.9], [0.5, -1.0, 1.0], kept)
    np.testing.assert_allclose(w, [-0.25, 1.0, -1.0])


def test_accumulator_moves_whole_quanta_towards_zero():
    kept, gradient = np.zeros((1, 3), np.float32), [0.3, -0.3, 0.2]  # lr g: 0.15, -0.15, 0.1
    w = digital("accumulator", [0.0, 0.0, 0.0], gradient, kept)
    np.testing.assert_allclose(w, [-0.125, 0.125, 0.0])
    np.testing.assert_allclose(kept, [[0.025, -0.025, 0.1]], rtol=1e-6)
    w = digital("accumulator", w, gradient, kept)
    np.testing.assert_allclose(w, [-0.25, 0.25, -0.125])


def test_a_tiny_negative_accumulator_fires_no_pulse():
    bar = crossbar()
    Layer("mixed-precision", bar).update(np.full((1, 4), -1e-6), 1)
    assert bar.set_pulses.item() == 0


@pytest.mark.parametrize(
    ("scale", "pairs", "each"), [(6.0, 1, 1), (11.8, 1, 1), (12.0, 1, 2), (12.0, 3, 6), (1.0, 1, 1)]
)
def test_mixed_precision_gives_each_quantum_whole_pulses(scale, pairs, each):
    """quantum scale pairs / 0.75, rounded down, but at least one; down the gradient."""
    bar = crossbar(scale=scale, pairs=pairs)
    Layer("mixed-precision", bar).update([[0.25, -0.26, 0.1, 0.0]], 1)
    assert pulses(bar) == [[-each, each, 0, 0]]


def test_sign_gives_one_pulse_beyond_the_stop_level():
    bar = crossbar()
    Layer("sign", bar).update([[5.0, -0.95, 0.9, -0.5]], 1)
    assert pulses(bar) == [[-1, 1, 0, 0]]


def test_multi_mem_deals_whole_pulses_in_turn():
    bar = crossbar(pairs=2, scale=3.0)
    # -lr g scale = 1.5 g; with 2 pairs 0.375 µS a pulse
    Layer("multi-mem", bar).update([[-1.0, 0.5, 0.2, -0.25]], 1)
    assert pulses(bar) == [[4, -2, 0, 1]]
    assert bar.devices.n_set[0, 0, :, 0, 0].tolist() == [2, 2]
    assert bar.devices.n_set[0, 0, :, 0, 3].tolist() == [1, 0]


def test_update_ready_resets_where_there_is_no_room():
    G = torch.tensor([9.5, 0.5]).view(1, 2, 1, 1, 1)
    bar = crossbar(shape=(1, 2), scale=1.0, G=G)
    # +1.5 µS; G+ has room for 0.5
    Layer("upd-ready", bar).update([[-3.0, 0.0]], 1)
    assert bar.devices.n_reset.sum((0, 2, 3)).tolist() == [[0, 0], [1, 0]]
    assert bar.devices.n_set[0, 0, 0, 0].tolist() == [1, 0]  # the RESET of 0.5 gave 0.4 already


def test_stochastic_pulses_come_with_their_probability():
    """lr |g| scale / prob_scale = 0.25 over 40,000 synapses: within 4 standard errors of 0.0022."""
    bar = crossbar(shape=(200, 200), scale=2.0)
    layer = Layer("stochastic", bar)
    gradient = np.full((200, 200), 0.5)
    gradient[:100] *= -1
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
def test_a_pulse_adds_exactly_one_step_until_it_saturates(bits):
    bar = crossbar(shape=(1, 1), bits=bits, g_max=12.0, G=0.5)
    layer = Layer("sign", bar)
    for n in range(1, 2**bits + 3):
        layer.update([[-1.0]], n)
        expected = min(0.5 + n * 12 / 2**bits, 12.0)
        assert bar.devices.G[0, 0].item() == pytest.approx(expected, rel=1e-6)
    assert bar.devices.G[0, 1].item() == 0.5


def test_a_second_crossbar_holds_by_pulses_or_is_written_anew():
    """By hand, at 50 µS for 1 and 2 µS a certain pulse."""
    s = Settings(**{**USUAL, "scale": 50.0})
    assert HOLD.rule(0.1, 0.18, 0.5, 0, 0, s)[:2] == (2, 0)  # 4 µS more
    assert HOLD.rule(0.1, 0.13, 0.2, 0, 0, s)[:2] == (0, 0)  # 0.75 of a pulse, and no luck
    assert HOLD.rule(0.1, 0.13, 0.3, 0, 0, s)[:2] == (1, 0)
    assert HOLD.rule(0.1, 0.07, 0.3, 0, 0, s) == (0, 1, 0.07, False, False)  # a little less
    assert HOLD.rule(-0.1, -0.01, 0.9, 0, 0, s) == (0, 1, -0.01, True, True)  # much less: anew
    assert HOLD.rule(-0.1, 0.04, 0.5, 0, 0, s) == (1, 0, 0.04, True, True)  # to the other side


def test_small_changes_add_up_in_a_second_crossbar():
    """A tenth of a pulse, 60 times: the mean of 10,000 synapses, within 4.5 standard errors."""
    bar = crossbar((100, 100), scale=50.0, bits=10, g_max=102.4)  # 0.1 µS a pulse
    layer = Layer("sign", bar, prob_scale=0.1)
    layer.scheme = HOLD
    each = 0.1 * 0.1 / 50  # of what is held for 1
    held, no_factor = np.empty((100, 100), np.float32), np.empty(0, np.float32)
    deviate, key = np.zeros_like(layer.devices.G), bar.devices.key[0]
    for number in range(1, 61):
        gain = np.float32(1 / 50)
        read(layer.devices, number, 38.6, no_factor, deviate, gain, layer.p, key, held)
        np.testing.assert_allclose(held, bar.weights()[0], rtol=1e-5)  # an ideal memory: as it is
        layer.kept = held + np.float32(each)
        layer.update(held, number)
    assert bar.reset_pulses.item() == 0
    pulses = bar.devices.n_set[0, 0, 0].double()
    assert abs(pulses.mean() - 6) < 4.5 * math.sqrt(60 * 0.1 * 0.9) / 100
    assert bar.reads.item() == 60 * 100 * 100


@pytest.mark.parametrize("how_much", [1e8, 1e30, -1e30])
def test_pulses_beyond_what_a_device_can_take_are_refused(how_much):
    bar = crossbar()
    assert not Layer("multi-mem", bar).update(np.full((1, 4), how_much), 1)
    assert bar.set_pulses.item() == 0


@given(
    st.sampled_from(list(SCHEMES)),
    st.lists(st.floats(-2, 2, width=32), min_size=4, max_size=4),
    st.lists(st.floats(0.125, 12, width=32), min_size=2, max_size=2),
    st.floats(0.125, 0.875, width=32),
)
def test_a_rule_means_the_same_over_tensors_and_numbers(scheme, numbers, sides, chance):
    """The same law, whoever evaluates it."""
    g, kept, lr, _ = (np.float32(x) for x in numbers)
    s, rule = settings(lr=abs(lr)), SCHEMES[scheme].rule
    plus, minus = map(np.float32, sides)
    one = rule(g, kept, np.float32(chance), plus, minus, s)
    tensors = (torch.tensor([float(x)]) for x in (g, kept, chance, plus, minus))
    many = rule(*tensors, Settings(*(torch.tensor([float(x)]) for x in s)))
    for a, b in zip(one, many, strict=True):
        assert float(a) == float(b)
