"""Steps of pulses: against the rules over tensors with plain programming, and torch's own SGD."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from typecheck import unchecked

from pcmlib.base import rng
from pcmlib.base.arithmetic import where
from pcmlib.crossbar.programming import DRAWS
from pcmlib.device import PCMParameters
from pcmlib.nn import PCMLinear, PulseOptimizer, convert
from pcmlib.schemes import SCHEMES, Settings, add_scheme

TOLD = {"lr": 0.4, "quantum": 0.05, "assumed_pulse": 0.8, "stop_level": 0.1, "prob_scale": 1.5}
SCHEMES_ON_PCM = [name for name, scheme in SCHEMES.items() if scheme.on_crossbar]


def random(*shape, seed=1):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def check_against_tensors(scheme):
    """The rule itself, over tensors, says how many pulses; a twin of the crossbar gets them."""
    layer = PCMLinear(7, 5, pairs=2, scale=9.0, seed=3)
    optimizer = PulseOptimizer(layer, scheme, **TOLD, refresh_period=None)
    kept, pulses = torch.zeros(7, 5), 0
    s = Settings(**TOLD, scale=9.0, pairs=2, g_reset=0.1, reach=10.0)
    for k in range(1, 9):
        bar, gradient = copy.deepcopy(layer.crossbar), random(5, 7, seed=k)
        draw, key = copy.deepcopy(bar.devices).next_draw(DRAWS), bar.devices.key[0]
        chance = [[rng.uniform_at(key, draw, i, j) for j in range(5)] for i in range(7)]
        found = SCHEMES[scheme].rule(
            gradient.T, kept, torch.tensor(np.array(chance)), *bar.sides[0], s
        )
        up, down, kept = (torch.as_tensor(x) for x in found[:3])
        if len(found) > 3 and (found[3] | found[4]).any():
            bar.reset(torch.stack(found[3:])[None], 38.6 * k)
            bar.devices._draw -= DRAWS  # RESETs and SETs are one update
        bar.deal(torch.stack([up, down]).int()[None], 38.6 * k)
        layer.weight.grad = gradient
        optimizer.step()
        assert torch.equal(layer.crossbar.devices.G, bar.devices.G)
        torch.testing.assert_close(layer.kept, kept, rtol=1e-5, atol=1e-6)
        pulses += (up + down).sum().item()
    assert pulses > 20
    assert layer.time == pytest.approx(9 * 38.6)
    assert layer.crossbar.devices.t_last == pytest.approx(8 * 38.6)


@pytest.mark.parametrize("scheme", SCHEMES_ON_PCM)
def test_a_step_is_what_the_rule_says_of_each_synapse(scheme):
    check_against_tensors(scheme)


def test_a_readers_own_scheme():
    add_scheme("thrice", thrice)
    try:
        check_against_tensors("thrice")
    finally:
        del SCHEMES["thrice"]


def thrice(g, kept, chance, plus, minus, s):
    """Three SETs against each third gradient."""
    kept = kept + 1
    due = kept > 2.5
    return where(due & (g < 0), 3, 0), where(due & (g > 0), 3, 0), where(due, 0, kept)


def test_on_an_ideal_memory_mixed_precision_follows_gradient_descent():
    """Weights of 12 bits: never more than a quantum from torch's own, which SGD moves."""
    p = PCMParameters(bits=12, g_min=0.0, g_reset=0.0)
    theirs = nn.Sequential(nn.Linear(7, 6), nn.Tanh(), nn.Linear(6, 3))
    with torch.no_grad():
        for k, parameter in enumerate(theirs.parameters()):
            parameter.copy_(random(*parameter.shape, seed=k) / 3)
    ours = convert(theirs, parameters=p, scale=4.0, tolerance=0)
    pulse = p.set_step
    mine = PulseOptimizer(ours, lr=0.05, assumed_pulse=pulse, refresh_period=None)
    sgd = torch.optim.SGD(theirs.parameters(), 0.05)
    start = theirs[0].weight.detach().clone()
    for k in range(100):
        for net, optimizer in ((ours, mine), (theirs, sgd)):
            optimizer.zero_grad()
            (net(random(8, 7, seed=k)) - 1).square().mean().backward()
            optimizer.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert (a - b).abs().max() < 3 * pulse / 4.0
    assert (theirs[0].weight - start).abs().max() > 30 * pulse / 4.0


def test_the_digital_rest():
    layer = PCMLinear(7, 5)
    bias = layer.bias.detach().clone()
    optimizer = PulseOptimizer(layer, lr=0.1, digital_lr=0.5)
    layer.bias.grad = torch.ones(5)
    optimizer.step()
    torch.testing.assert_close(layer.bias.detach(), bias - 0.5)
    PulseOptimizer(layer, lr=0.1, digital_lr=0).step()
    torch.testing.assert_close(layer.bias.detach(), bias - 0.5)


def test_time_goes_on_without_a_gradient():
    layer = PCMLinear(7, 5, period=2.0)
    PulseOptimizer(layer, lr=0.1).step()
    assert (layer.time, layer.updates) == (4.0, 1)


def test_saturated_synapses_are_refreshed_at_their_time():
    layer = PCMLinear(7, 5, weight=torch.zeros(5, 7), scale=1.0, tolerance=0)
    layer.crossbar.devices.put(torch.full((1, 2, 1, 7, 5), 11.0))
    optimizer = PulseOptimizer(layer, "sign", lr=0.1, refresh_period=3)
    layer.weight.grad = torch.zeros(5, 7)
    for full in (True, True, False):
        optimizer.step()
        assert ((layer.crossbar.sides > 9) == full).all()


def test_write_verify_reads_what_it_programs():
    layer = PCMLinear(7, 5, seed=3)
    before = layer.crossbar.reads.clone()
    optimizer = PulseOptimizer(layer, "multi-mem", lr=0.1, tolerance=0.5)
    layer.weight.grad = random(5, 7)
    optimizer.step()
    assert layer.crossbar.reads > before


def test_schedulers_and_states_of_torch():
    layer = PCMLinear(7, 5)
    optimizer = PulseOptimizer(layer, "stochastic", lr=0.8, digital_lr=0.4)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    schedule.step()
    assert [group["lr"] for group in optimizer.param_groups] == [0.4, 0.2]
    other = PulseOptimizer(layer, "stochastic", lr=1.0, prob_scale=2.0, refresh_period=7)
    other.load_state_dict(optimizer.state_dict())
    assert [group["lr"] for group in other.param_groups] == [0.4, 0.2]
    (own, _), (its, _) = optimizer.param_groups, other.param_groups
    for name in ("scheme", "prob_scale", "refresh_period"):  # as torch's own optimisers do
        assert its[name] == own[name]


def test_a_state_of_another_scheme_is_refused():
    layer = PCMLinear(7, 5)
    saved = PulseOptimizer(layer, "stochastic", lr=0.8).state_dict()
    other = PulseOptimizer(layer, "sign", lr=0.1)
    told = "state_dict: scheme = 'stochastic': must be 'sign', as this optimiser was made with"
    with pytest.raises(ValueError, match=f"^{told}"):
        other.load_state_dict(saved)
    bare = PCMLinear(7, 5, bias=False)
    of_adam = torch.optim.Adam(bare.parameters()).state_dict()
    with pytest.raises(ValueError, match=r"^state_dict: scheme = 'none: of another optim"):
        PulseOptimizer(bare, "sign", lr=0.1).load_state_dict(of_adam)
    assert other.param_groups[0]["scheme"] == "sign"
    assert other.param_groups[0]["lr"] == 0.1


def test_a_network_and_its_optimiser_are_copied_together():
    layer = PCMLinear(7, 5, seed=3)
    optimizer = PulseOptimizer(layer, "sign", lr=0.1)
    twin, of_twin = copy.deepcopy((layer, optimizer))
    for one, its in ((layer, optimizer), (twin, of_twin)):
        one.weight.grad = random(5, 7)
        its.step()
    assert torch.equal(layer.weight, twin.weight)
    assert twin.updates == layer.updates == 1


def test_a_closure_gives_its_loss():
    layer = PCMLinear(7, 5)
    optimizer = PulseOptimizer(layer, "sign", lr=0.1)

    def closure():
        loss = layer(random(3, 7)).square().sum()
        loss.backward()
        return loss

    assert optimizer.step(closure) > 0
    assert layer.weight.grad is not None


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_a_gradient_that_is_not_finite_is_refused(value):
    layer = PCMLinear(7, 5)
    layer.weight.grad = torch.full((5, 7), value)
    with pytest.raises(ValueError, match=r"gradient\[.*\] = .*: must be finite"):
        PulseOptimizer(layer, lr=0.1).step()
    assert (layer.kept == 0).all()


def test_a_gradient_that_is_worth_too_many_pulses_is_refused():
    layer = PCMLinear(7, 5)
    layer.weight.grad = torch.full((5, 7), 1e6)
    with pytest.raises(ValueError, match=r"pulses that multi-mem asks for at lr = .* a smaller"):
        PulseOptimizer(layer, "multi-mem", lr=0.1).step()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scheme": "vanilla"}, "scheme = 'vanilla': must be one for crossbars: sign, "),
        ({"scheme": "adam"}, "scheme = 'adam'"),
        ({"lr": -1.0}, r"lr = -1\.0"),
        ({"digital_lr": float("nan")}, "digital_lr = nan"),
        ({"quantum": 0.0}, r"quantum = 0\.0"),
        ({"assumed_pulse": 0.0}, r"assumed_pulse = 0\.0"),
        ({"stop_level": -0.1}, r"stop_level = -0\.1"),
        ({"prob_scale": "1"}, "prob_scale = '1'"),
        ({"refresh_period": 0}, "refresh_period = 0"),
        ({"tolerance": 0}, "tolerance = 0"),
        ({"module": nn.Linear(2, 2)}, "a network with a PCMLinear"),
        ({"module": [1]}, r"a torch\.nn\.Module"),
    ],
)
def test_bad_arguments_are_named(options, message):
    with unchecked(), pytest.raises(ValueError, match=message):
        PulseOptimizer(**{"module": PCMLinear(2, 2), "lr": 0.1} | options)
