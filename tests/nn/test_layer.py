"""A layer on PCM: against torch's own layer, against single reads, and to the bit after a rest."""

import copy
import io
import pickle

import pytest
import torch
from torch import nn
from typecheck import unchecked

from pcmlib.device import PCMParameters
from pcmlib.nn import PCMLinear, PulseOptimizer
from pcmlib.schemes import SCHEMES

QUIET = PCMParameters(read_noise=0, drift=0)
SPREAD = PCMParameters(nu_spread=0.01)
SCHEMES_ON_PCM = [name for name, scheme in SCHEMES.items() if scheme.on_crossbar]


def weights(seed=0, shape=(5, 7)):
    return 2 * torch.rand(shape, generator=torch.Generator().manual_seed(seed)) - 1


def inputs(*shape, seed=1):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def trained(layer, scheme, updates, first=0):
    """Updates number `first` and on of a training whose samples depend on the number alone."""
    optimizer = PulseOptimizer(layer, scheme, lr=0.3, digital_lr=0.05, refresh_period=3)
    for k in range(first, first + updates):
        optimizer.zero_grad()
        (layer(inputs(4, 7, seed=k)) - 1).square().mean().backward()
        optimizer.step()
    return layer


def everything(layer):
    """All that a layer holds, by name."""
    flat = dict(layer.state_dict())
    return flat | flat.pop("_extra_state")


def assert_same(a, b):
    a, b = everything(a), everything(b)
    assert a.keys() == b.keys()
    for name, x in a.items():
        assert torch.equal(x, b[name]) if isinstance(x, torch.Tensor) else x == b[name], name


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batch", [(), (6,), (2, 3)])
def test_without_noise_it_is_torchs_layer_and_has_its_gradients(batch, bias):
    ours = PCMLinear(7, 5, bias, parameters=QUIET, pairs=2, seed=3)
    theirs = nn.Linear(7, 5, bias)
    theirs.load_state_dict({k: x for k, x in ours.state_dict().items() if k != "_extra_state"})
    x, target = inputs(*batch, 7), inputs(*batch, 5, seed=2)
    found = []
    for layer in (ours, theirs):
        own = x.clone().requires_grad_()
        y = layer(own)
        (y - target).square().sum().backward()
        found.append([y, own.grad, *(p.grad for p in layer.parameters())])
    for mine, expected in zip(*found, strict=True):
        # a read gives no less than g_min, which a RESET may leave a device below
        torch.testing.assert_close(mine, expected, rtol=2e-2, atol=5e-2)
    assert found[0][2].shape == (5, 7)
    assert ours.weight.is_leaf


def test_the_gradient_is_that_of_the_weights_as_they_are_read():
    """To the last bits, with the weights that the layer itself shows for the unit vectors."""
    layer = PCMLinear(7, 5, parameters=PCMParameters(read_noise=0), seed=3)
    layer.advance(1e6)
    read = (layer(torch.eye(7)) - layer.bias).T.detach().requires_grad_()
    x = inputs(6, 7).requires_grad_()
    again = x.detach().clone().requires_grad_()
    layer(x).pow(3).sum().backward()
    (again @ read.T + layer.bias.detach()).pow(3).sum().backward()
    torch.testing.assert_close(layer.weight.grad, read.grad, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(x.grad, again.grad, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("scale", [3.0, 9.0])
def test_a_pass_has_the_mean_and_the_variance_of_single_reads(scale):
    """40,000 samples against 4,000 reads of every device: both within 5 standard errors."""
    layer = PCMLinear(7, 5, weight=weights(), pairs=2, scale=scale, seed=3)
    layer.advance(1e4)
    x, bar, n, m = inputs(7), copy.deepcopy(layer.crossbar), 40_000, 4_000
    with torch.no_grad():
        y = layer(x.expand(n, 7)) - layer.bias
    single = torch.stack([x @ bar.read(layer.time)[0] for _ in range(m)])
    error = (y.var(0) / n + single.var(0) / m).sqrt()
    assert ((y.mean(0) - single.mean(0)).abs() < 5 * error).all()
    assert ((y.var(0) / single.var(0) - 1).abs() < 5 * (2 / m + 2 / n) ** 0.5).all()


def test_samples_and_outputs_have_noise_of_their_own():
    layer = PCMLinear(7, 5, seed=3)
    with torch.no_grad():
        y = layer(inputs(7).expand(4_000, 7))
    noise = (y - y.mean(0)) / y.std(0)
    across = (noise.T @ noise / len(noise) - torch.eye(5)).abs().max()
    along = (noise[1:] * noise[:-1]).mean(0).abs().max()
    assert max(across, along) < 5 / 4_000**0.5
    assert not torch.equal(layer(inputs(7)), layer(inputs(7)))


def test_weights_drift_by_the_power_law():
    p = PCMParameters(read_noise=0, g_min=0.0, g_reset=0.0)
    layer = PCMLinear(7, 5, False, parameters=p, weight=weights(), tolerance=0)
    x = inputs(7)
    torch.testing.assert_close(layer(x), nn.functional.linear(x, weights()), rtol=1e-5, atol=1e-5)
    layer.advance("30d")
    factor = (layer.time / p.T0) ** -p.nu
    expected = factor * nn.functional.linear(x, weights())
    torch.testing.assert_close(layer(x), expected, rtol=1e-4, atol=1e-5)


def test_a_state_holds_all_and_training_goes_on_to_the_bit():
    for scheme in SCHEMES_ON_PCM:
        layer = trained(PCMLinear(7, 5, parameters=SPREAD, pairs=2, seed=3), scheme, 7)
        file = io.BytesIO()
        torch.save(layer.state_dict(), file)
        file.seek(0)
        other = PCMLinear(7, 5, parameters=SPREAD, pairs=2, seed=99, scale=1.0, period=1.0)
        other.load_state_dict(torch.load(file, weights_only=True))
        assert_same(layer, other)
        twins = copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))
        trained(layer, scheme, 7, first=7)
        for twin in (other, *twins):
            assert_same(trained(twin, scheme, 7, first=7), layer)
        assert layer.crossbar.devices.n_set.sum() > 0
        assert layer.updates == 14


def test_what_pairs_hold_in_common_and_an_accumulator_survive():
    layer = PCMLinear(7, 5, tolerance=0, weight=torch.zeros(5, 7), scale=1.0)
    layer.crossbar.devices.put(torch.full((1, 2, 1, 7, 5), 11.5))
    layer.kept += 0.3
    other = PCMLinear(7, 5, seed=2)
    other.load_state_dict(layer.state_dict())
    assert (other.crossbar.sides == 11.5).all()
    assert (other.kept == layer.kept).all()


def test_a_state_is_a_copy():
    layer = PCMLinear(7, 5, seed=3)
    state = layer.state_dict()["_extra_state"]
    G = state["G"].clone()
    trained(layer, "sign", 2)
    assert torch.equal(state["G"], G)
    assert not torch.equal(layer.crossbar.devices.G, G)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            {"parameters": PCMParameters(g_max=20.0)},
            r"constants loaded = .*g_max.*12.*: must be .*20",
        ),
        ({"pairs": 2}, r"shape of the devices loaded = \(1, 2, 1, 7, 5\)"),
    ],
)
def test_a_state_of_other_devices_is_refused_and_changes_nothing(other, message):
    layer = PCMLinear(7, 5, seed=1, **other)
    before = copy.deepcopy(layer)
    with pytest.raises(ValueError, match=message):
        layer.load_state_dict(PCMLinear(7, 5).state_dict())
    assert_same(layer, before)
    assert torch.equal(layer(inputs(7)), before(inputs(7)))


def test_a_scale_at_which_weights_are_lost_in_noise_is_refused():
    for scale in (1e-5, 0.0, float("nan")):
        with pytest.raises(ValueError, match=f"scale = {scale}: must be "):
            PCMLinear(7, 5, scale=scale)
    with pytest.raises(ValueError, match="at which the greatest weight is 1% of a range"):
        PCMLinear(7, 5, weight=weights() / weights().abs().max(), scale=0.118)
    PCMLinear(7, 5, weight=weights() / weights().abs().max(), scale=0.12)


def test_a_weight_that_is_changed_past_the_devices_is_refused():
    layer = PCMLinear(7, 5)
    optimizer = torch.optim.SGD(layer.parameters(), 0.1)
    layer(inputs(7)).sum().backward()
    optimizer.step()
    with pytest.raises(RuntimeError, match="no device with it"):
        layer(inputs(7))
    with pytest.raises(RuntimeError, match="no device with it"):
        PulseOptimizer(layer, lr=0.1).step()
    layer.write(layer.weight)
    layer(inputs(7))


def test_weights_are_written_to_the_tolerance():
    p = PCMParameters(read_noise=0)
    layer = PCMLinear(40, 50, weight=weights(0, (50, 40)), parameters=p, seed=3)
    error = (layer.weight - weights(0, (50, 40))) * layer.crossbar.scale
    assert (error.abs() < 0.5 + 1e-3).float().mean() > 0.85  # the rest ran into g_max
    assert layer.crossbar.reset_pulses.item() == 0
    layer.write(-weights(0, (50, 40)))
    error = (layer.weight + weights(0, (50, 40))) * layer.crossbar.scale
    assert (error.abs() < 0.5 + 1e-3).float().mean() > 0.85
    assert 0 < layer.crossbar.reset_pulses.item() <= 2 * 40 * 50
    layer.write(weights(0, (50, 40)), tolerance=0)
    torch.testing.assert_close(layer.weight.detach(), weights(0, (50, 40)), rtol=1e-5, atol=1e-6)


def test_first_weights_are_torchs_distribution_and_the_seeds():
    layer = PCMLinear(100, 100, tolerance=0, seed=3)
    bound, w = 0.1, layer.weight.detach()
    assert w.abs().max() <= bound * (1 + 1e-4)
    assert abs(w.std() / bound * 3**0.5 - 1) < 5 * 0.63 / 100  # of 10,000 uniform numbers
    assert abs(w.mean()) < 5 * bound / 3**0.5 / 100
    assert layer.bias.abs().max() <= bound
    torch.manual_seed(0)
    assert torch.equal(PCMLinear(100, 100, tolerance=0, seed=3).weight, w)
    assert not torch.equal(PCMLinear(100, 100, tolerance=0, seed=4).weight, w)


def test_other_types_and_empty_batches():
    layer = PCMLinear(7, 5).double()
    assert layer(inputs(3, 7).double()).dtype == torch.float64
    assert layer(torch.empty(0, 7).double()).shape == (0, 5)
    trained(layer.float(), "sign", 1)
    assert "in_features=7, out_features=5, bias=True, pairs=1" in repr(layer)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_layer_on_a_gpu_gets_the_same_pulses():
    layers = [PCMLinear(7, 5, parameters=QUIET, seed=3, device=d) for d in ("cpu", "cuda")]
    for layer in layers:
        optimizer = PulseOptimizer(layer, "sign", lr=0.1)
        layer(inputs(4, 7).to(layer.weight.device)).sum().backward()
        optimizer.step()
    assert layers[1](inputs(7).cuda()).device.type == "cuda"
    assert torch.equal(layers[0].crossbar.devices.G, layers[1].crossbar.devices.G)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"in_features": 0}, "in_features = 0"),
        ({"out_features": 2.5}, r"out_features = 2\.5"),
        ({"bias": 1}, "bias = 1"),
        ({"pairs": 0}, "pairs = 0"),
        ({"scale": -1.0}, r"scale = -1\.0"),
        ({"scale": 100.0}, r"weight \(greatest\).*at most 0\.119"),
        ({"weight": torch.zeros(7, 5)}, r"weight\.shape = \(7, 5\)"),
        ({"weight": torch.full((5, 7), torch.nan)}, "weight"),
        ({"tolerance": -1.0}, r"tolerance = -1\.0"),
        ({"period": 0.0}, r"period = 0\.0"),
        ({"seed": -1}, "seed = -1"),
    ],
)
def test_bad_arguments_are_named(options, message):
    with unchecked(), pytest.raises(ValueError, match=message):
        PCMLinear(**{"in_features": 7, "out_features": 5} | options)
