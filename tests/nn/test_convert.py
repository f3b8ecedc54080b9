"""Whole networks on PCM."""

import copy

import pytest
import torch
from torch import nn
from typecheck import unchecked

from pcmlib.device import PCMParameters
from pcmlib.nn import PCMLinear, PulseOptimizer, advance, convert

IDEAL = PCMParameters(read_noise=0, drift=0)


class Nested(nn.Module):
    """A layer that is used twice, one inside another module, one frozen, and no linear one."""

    def __init__(self):
        super().__init__()
        self.shared = nn.Linear(4, 4)
        self.inner = nn.ModuleDict(
            {"a": nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 3, bias=False))}
        )
        self.again = self.shared
        self.inner["a"][1].weight.requires_grad_(False)

    def forward(self, x):
        return self.inner["a"](torch.relu(self.again(torch.relu(self.shared(x)))))


def test_a_copy_holds_the_same_weights_on_devices():
    net = Nested().eval()
    before, x = copy.deepcopy(net.state_dict()), torch.randn(20, 4)
    pcm = convert(net, parameters=IDEAL, tolerance=0, pairs=2)
    torch.testing.assert_close(pcm(x), net(x), rtol=2e-2, atol=2e-2)
    for name, values in before.items():
        assert torch.equal(net.state_dict()[name], values)
        torch.testing.assert_close(pcm.state_dict()[name], values, rtol=1e-4, atol=1e-5)
    assert isinstance(pcm.shared, PCMLinear)
    assert pcm.again is pcm.shared
    assert type(net.shared) is nn.Linear
    frozen = pcm.inner["a"][1]
    assert frozen.bias is None
    assert not frozen.weight.requires_grad
    assert frozen.crossbar.pairs == 2
    assert not pcm.shared.training


def test_a_layer_alone_and_seeds():
    assert isinstance(convert(nn.Linear(3, 2)), PCMLinear)
    pcm = convert(nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 3)), seed=8)
    assert [int(layer.crossbar.devices.key[0]) for layer in pcm] == [8, 9]


def xor(seed):
    net = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
    return convert(net, scale=4.0, seed=seed)


def test_a_network_trains_on_pcm_and_its_state_is_whole():
    """XOR, with the full model: of eight other seeds each was right about all samples."""
    x = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]).repeat(8, 1)
    y = torch.tensor([[-1.0], [1], [1], [-1]]).repeat(8, 1)
    torch.manual_seed(0)
    net = xor(seed=0)
    optimizer = PulseOptimizer(net, "mixed-precision", lr=0.05)
    for _ in range(300):
        optimizer.zero_grad()
        (net(x) - y).square().mean().backward()
        optimizer.step()
    assert (net(x).sign() == y).float().mean() > 0.9
    other = xor(seed=50)
    other.load_state_dict(net.state_dict())
    assert torch.equal(other(x), net(x))


def test_time_passes_for_all_layers_of_a_network():
    net = convert(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Sequential(nn.Linear(3, 2))))
    before = [m.time for m in (net[0], net[2][0])]
    advance(net, "1d")
    assert [m.time - t for m, t in zip((net[0], net[2][0]), before, strict=True)] == [86400] * 2
    with pytest.raises(ValueError, match="a network with a PCMLinear"):
        advance(nn.ReLU(), 1)
    with pytest.raises(ValueError, match="seconds = '30': must be a number from 0 on, with a unit"):
        advance(net, "30")


def test_what_cannot_be_converted_is_refused():
    with pytest.raises(ValueError, match=r"a network with a torch\.nn\.Linear"):
        convert(nn.Sequential(nn.ReLU()))
    tied = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 5))
    tied[1].weight = tied[0].weight
    with pytest.raises(ValueError, match=r"1\.weight = 'shared'"):
        convert(tied)
    with pytest.raises(ValueError, match="seed"):
        convert(nn.Linear(2, 2), seed=-1)
    with pytest.raises(
        ValueError, match=r"0\.weight\.dtype = torch\.float64: must be torch\.float32"
    ):
        convert(nn.Sequential(nn.Linear(2, 2).double()))
    message = r"parameters = .*PCMParameters\(\*\*constants\)"
    with pytest.raises(ValueError, match=message), unchecked():
        convert(nn.Linear(2, 2), parameters={"g_max": 25.0})
