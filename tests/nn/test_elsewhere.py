"""Networks of snnTorch and Norse on PCM, and a perceptron on scikit-learn's digits, where these
are installed: ``pip install "pcmlib[interop]"``."""

import pytest
import torch
from torch import nn

from pcmlib.nn import PCMLinear, PulseOptimizer, convert

pytestmark = pytest.mark.filterwarnings("ignore")  # the other libraries' own
WHY = "in the extra `interop`"


def rates(seed):
    """Spikes [steps, samples, inputs] of two classes: either half of the inputs fires more."""
    draw = torch.Generator().manual_seed(seed)
    y = torch.arange(40) % 2
    high = torch.arange(20) // 10 == y[:, None]
    return (torch.rand(25, 40, 20, generator=draw) < torch.where(high, 0.4, 0.1)).float(), y


def learns(net, count):
    """Train a network on PCM on spike counts, and say how often it is right on new samples."""
    optimizer = PulseOptimizer(net, "mixed-precision", lr=0.1, digital_lr=0.02)
    for k in range(30):
        x, y = rates(k)
        optimizer.zero_grad()
        nn.functional.cross_entropy(count(net, x), y).backward()
        optimizer.step()
    assert all(m.updates == 30 for m in net.modules() if isinstance(m, PCMLinear))
    x, y = rates(1000)
    return (count(net, x).argmax(1) == y).float().mean().item()


def test_snntorch():
    snn = pytest.importorskip("snntorch", reason=WHY)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(20, 16)
            self.hidden = snn.RLeaky(beta=0.9, linear_features=16)
            self.last = nn.Linear(16, 2)
            self.out = snn.Leaky(beta=0.9)

        def forward(self, x):
            (spikes, hidden), out, total = self.hidden.init_rleaky(), self.out.init_leaky(), 0
            for step in x:
                spikes, hidden = self.hidden(self.first(step), spikes, hidden)
                _, out = self.out(self.last(spikes), out)
                total = total + out
            return total / len(x)

    torch.manual_seed(0)
    net = convert(Net(), scale=10.0)
    assert isinstance(net.hidden.recurrent, PCMLinear)
    assert learns(net, lambda net, x: net(x)) > 0.9


def test_norse():
    norse = pytest.importorskip("norse.torch", reason=WHY)
    torch.manual_seed(0)
    net = norse.SequentialState(
        nn.Linear(20, 16), norse.LIFCell(), nn.Linear(16, 2), norse.LICell()
    )
    net = convert(net, scale=10.0)

    def count(net, x):
        state, total = None, 0
        for step in x:
            out, state = net(4 * step, state)
            total = total + out
        return total / len(x)

    assert learns(net, count) > 0.9


def test_digits():
    """By mixed precision about as well as in digital weights; by signs worse."""
    datasets = pytest.importorskip("sklearn.datasets", reason=WHY)
    data = datasets.load_digits()
    x, y = torch.tensor(data.data / 16).float(), torch.tensor(data.target)
    right = {}
    for scheme in ("sign", "mixed-precision"):
        torch.manual_seed(0)
        net = PCMLinear(64, 10, scale=10.0)
        optimizer = PulseOptimizer(net, scheme, lr=0.3, digital_lr=0.1, stop_level=0.1)
        for _ in range(6):
            for batch in torch.randperm(1300).split(20):
                optimizer.zero_grad()
                nn.functional.cross_entropy(net(x[batch]), y[batch]).backward()
                optimizer.step()
        right[scheme] = (net(x[1300:]).argmax(1) == y[1300:]).float().mean().item()
    assert right["mixed-precision"] > 0.85
    assert right["mixed-precision"] > right["sign"] + 0.03
