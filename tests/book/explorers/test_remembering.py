"""The explorers of memory: one neuron is the reference's, small networks are those that train."""

import numpy as np
import pytest
import torch

from pcmlib.book.experiments.evidence import threshold_traces
from pcmlib.book.experiments.networks import low_pass
from pcmlib.book.explorers.remembering import ALPHA, ASKED, SEED, remember
from pcmlib.book.explorers.small_evidence import memory_on_pcm, small, where_memory_is
from pcmlib.network import reference
from pcmlib.tasks.evidence import EvidenceTask
from pcmlib.training.presets import EVIDENCE


@pytest.mark.parametrize(
    ("weight", "beta", "tau_adapt"),
    [(0.2, 0.02, 2.0), (0.1, 0.05, 0.1), (0.3, 0.01, 5.0), (0.25, 0.0, 1.0)],
)
def test_the_neuron_is_the_references(weight, beta, tau_adapt):
    found = remember(weight=weight, beta=beta, tau_adapt=tau_adapt)
    x = EvidenceTask(samples=1).generate([SEED]).inputs[0]
    heard = torch.zeros(40, 1)
    heard[:10] = heard[20:30] = weight
    p = reference.Neurons(
        torch.tensor([EVIDENCE["threshold"]], dtype=torch.float32), EVIDENCE["tau_rec"],
        gamma=EVIDENCE["gamma"], adaptive=1, beta=torch.tensor([beta], dtype=torch.float32),
        tau_adapt=tau_adapt, refractory=EVIDENCE["refractory"],
    )  # fmt: skip
    w_in, none, out = (reference.DigitalSynapses(w[None]) for w in
                       (heard, torch.zeros(1, 1), torch.zeros(1, 1)))  # fmt: skip
    trial = reference.run_trial(x, w_in, none, out, 1, 1, p)
    np.testing.assert_allclose(found["v"], trial.v[0, :, 0], atol=1e-4)
    np.testing.assert_array_equal(~np.isnan(found["fired"]), trial.z[0, :, 0])
    assert found["count"] == trial.z.sum()
    h = reference.pseudo_derivative(trial.v, trial.threshold, p.threshold, p.gamma)[0, :, 0]
    zbar = low_pass(x[0, :, :1].numpy().astype(float), ALPHA)
    np.testing.assert_allclose(found["membrane_trace"][1:], zbar[:-1, 0], atol=1e-4)
    before = np.vstack([np.zeros((1, 1)), zbar[:-1]])
    eps = threshold_traces(h.double().numpy(), before, p.rho, beta)[:, 0]
    np.testing.assert_allclose(found["adapted"], beta * eps, atol=1e-4)
    left = 100 * eps[ASKED] / eps.max() if beta else 0
    assert found["left"] == pytest.approx(left, abs=0.1)


def test_what_recovers_slowly_remembers_long():
    left = [remember(weight=0.2, beta=0.02, tau_adapt=tau)["left"] for tau in (0.1, 1.0, 5.0)]
    assert left[0] < 1 < 20 < left[1] < left[2]


def test_knobs_change_the_network():
    """A small one without neurons that adapt answers as a coin does, 5 standard errors wide."""
    usual, lif = (where_memory_is(adaptive=n, tau_adapt=2.0, recurrence=1) for n in (20, 0))
    assert usual["share"] > 75
    assert abs(lif["share"] - 50) < 500 * 0.5 / np.sqrt(320)
    assert usual["sets"] == 0
    assert memory_on_pcm(scheme=0, learning=1.0, noise=1)["sets"] > 0


def test_choices_are_schemes_and_factors_are_factors():
    runs = memory_on_pcm.data["runs"].copy().view(np.recarray)
    assert memory_on_pcm.choices["scheme"][2] == "stochastic"
    assert memory_on_pcm.function(runs, 2.0, 3.0, 0.0) == 2
    usual = small("stochastic")
    assert runs[2].lr_in == pytest.approx(3 * usual.lr_in)
    assert (runs[2].write_noise, runs[2].read_noise, runs[2].drift) == (0, 0, 0)
    assert runs[1].lr_in == pytest.approx(small("sign").lr_in)
