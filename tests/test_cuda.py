"""The same network on a GPU. Where there is none, these tests are skipped by name."""

import pytest
import torch
from runs import small

from pcmlib.training import TrainConfig, train
from pcmlib.training.network import Network

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def test_without_noise_a_trial_is_the_same_on_both_devices():
    """Weights of few bits: sums are exact in any order, so spikes are equal."""
    config = TrainConfig(n_in=20, n_rec=16, steps=200, gain=0.5, replicas=3)
    results = []
    for device in ("cpu", "cuda"):
        network = Network(config, device, compiled=False)
        for layer in network.layers.values():
            weights = layer.weights()
            weights.copy_((weights * 1024).round() / 1024)
        results.append(network.run(torch.tensor([0, 1, 2]), 0))
    cpu, cuda = results
    assert (cpu.trial.z != cuda.trial.z.cpu()).float().mean() < 0.01
    torch.testing.assert_close(cpu.loss, cuda.loss.cpu(), rtol=0.02, atol=1e-4)


@pytest.mark.parametrize("scheme", ["vanilla", "mixed-precision", "stochastic", "upd-ready"])
def test_training_on_a_gpu(scheme):
    run = train(small(scheme, epochs=2, steps=60, replicas=2), device="cuda")
    assert torch.isfinite(run.loss).all()
    assert (run.rate_hz > 0).all()


def test_the_same_seed_gives_the_same_losses():
    config = small("mixed-precision", epochs=2, steps=60, replicas=2)
    torch.testing.assert_close(
        train(config, device="cuda").loss, train(config, device="cuda").loss, rtol=0.01, atol=1e-4
    )


def test_a_thousand_networks_train_at_once():
    config = TrainConfig.preset("mixed-precision", "reference", epochs=1, samples=1, replicas=1000)
    run = train(config, device="cuda")
    assert run.loss.shape == (1000, 1)
    assert torch.isfinite(run.loss).all()
