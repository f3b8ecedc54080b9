"""What cannot be expressed is refused by name; what can goes there and back without a change."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from pcmlib.interop import OURS, SIMULATORS, bring, reset_by_difference, send
from pcmlib.training import TrainConfig

MOVABLE = [name for name, c in SIMULATORS.items() if c.names]
W_IN = torch.tensor([[0.5, -0.25, 0.125], [0.1, 0.2, 0.3]])  # [post, pre]
W_REC, W_OUT = torch.tensor([[0.0, 0.7], [-0.4, 0.0]]), torch.tensor([[0.3, 0.6]])
WEIGHTS = {"w_in": W_IN, "w_rec": W_REC, "w_out": W_OUT}
CONFIG = TrainConfig(n_in=3, n_rec=2, n_out=1, threshold=0.3)
OURS_WEIGHTS = {"in": W_IN.T, "rec": W_REC.T, "out": W_OUT.T}


def snntorch(**changes):
    usual = {"beta": 0.9, "threshold": 1.0, "reset_mechanism": "subtract", "reset_delay": True}
    return usual | changes


def norse(**changes):
    p = {"tau_mem_inv": 100.0, "v_th": 1.0, "v_leak": 0.0, "v_reset": 0.0, "tau_syn_inv": 1000.0}
    return {"p": SimpleNamespace(**(p | changes)), "dt": 0.001}


def box(**changes):
    usual = {"reset_method": reset_by_difference, "v_reset": 1 - 1 / 0.9}
    return norse(**usual | changes)


def reset_subtract(z, v, v_reset, v_th):
    """As Norse has it."""


def nest(**changes):
    return {"tau_m": 20.0, "V_th": 0.6, "t_ref": 5.0, "E_L": 0.0, "I_e": 0.0} | changes


@pytest.mark.parametrize("name", MOVABLE)
def test_there_and_back_it_is_the_same(name):
    unlike = ("reset",) if name == "norse" else ()
    sent = send(name, CONFIG, OURS_WEIGHTS, unlike=unlike)
    neuron, readout = ({"p": x, "dt": 1e-3, **x} for x in (sent.neuron, sent.readout))
    w = {f"w_{part}": one for part, one in sent.weights.items()}
    found = bring(name, neuron, readout=readout, unlike=unlike, **w)
    for field, value in found.constants.items():
        assert value == pytest.approx(getattr(CONFIG, field), rel=1e-6), field
    for part, one in OURS_WEIGHTS.items():
        torch.testing.assert_close(found.weights[part], one, rtol=1e-6, atol=1e-7)
    assert found.later == sent.sooner == (0 if name == "nest" else 1)


def test_the_leak_of_a_step_is_kept_whatever_it_is_made_of():
    for name, neuron, leak in (
        ("snntorch", snntorch(), 0.9),
        ("norse-box", box(), 0.9),
        ("nest", nest(), math.exp(-1 / 20)),
    ):
        constants = bring(name, neuron, **WEIGHTS).constants
        assert math.exp(-constants["dt"] / constants["tau_rec"]) == pytest.approx(leak, rel=1e-12)


def test_weights_enter_by_what_leaks_where_they_do_there():
    for name, neuron, gain in (
        ("snntorch", snntorch(), 1),
        ("norse-box", box(), 0.1),
        ("nest", nest(), 1),
        ("nest", nest(regular_spike_arrival=False), 1 - math.exp(-1 / 20)),
    ):
        found = bring(name, neuron, **WEIGHTS).weights
        torch.testing.assert_close(found["in"], gain * W_IN.T)
        torch.testing.assert_close(found["rec"], gain * W_REC.T)


def test_at_least_the_threshold_is_above_the_number_before_it():
    theta = bring("nest", nest(), **WEIGHTS).constants["threshold"]
    v = np.float32(0.6)
    assert v > np.float32(theta)
    assert not np.nextafter(v, np.float32(0)) > np.float32(theta)
    back = send("nest", CONFIG.replace(threshold=theta), OURS_WEIGHTS)
    assert np.float32(back.neuron["V_th"]) == v


def test_numbers_of_all_neurons_may_be_given_one_by_one():
    one = bring("nest", nest(), **WEIGHTS).constants
    each = {key: (x, x) for key, x in nest().items()}
    assert bring("nest", each, **WEIGHTS).constants == one
    tensors = {key: torch.tensor([x, x]).double() for key, x in nest().items()}
    assert bring("nest", tensors, **WEIGHTS).constants == one


def test_a_layer_without_recurrence_and_readout():
    found = bring("snntorch", snntorch(), w_in=nn.Linear(3, 2, bias=False))
    assert found.constants["recurrence"] is False
    assert found.weights["rec"].shape == (2, 2)
    assert found.weights["out"].shape == (2, 1)
    assert "tau_out" not in found.constants
    TrainConfig(**found.constants)


LOOPS = WEIGHTS | {"w_rec": torch.eye(2)}
REFUSED = [
    ("snntorch", snntorch(), LOOPS, "neurons with a weight onto themselves = 2: must be 0"),
    ("snntorch", snntorch(reset_mechanism="zero"), {}, "reset = 'hard': must be soft"),
    ("snntorch", snntorch(reset_mechanism="none"), {}, "reset = 'none': must be soft"),
    ("snntorch", snntorch(reset_delay=False), {}, r"next step's v = 0\.9: must be 1"),
    ("snntorch", snntorch(all_to_all=False), {}, "all_to_all = False: must be True"),
    ("snntorch", snntorch(inhibition=True), {}, "inhibition = True: must be False"),
    ("snntorch", snntorch(graded_spikes_factor=2.0), {}, "graded_spikes_factor = 2.0: must be 1.0"),
    ("snntorch", snntorch(state_quant=print), {}, "state_quant = <built-in .*: must be False"),
    ("snntorch", snntorch(beta=1.0), {}, "leak of a step = 1.0: must be above 0 and below 1"),
    ("snntorch", snntorch(beta=0.0), {}, "beta = 0.0: must be a finite number above 0"),
    ("snntorch", snntorch(beta=[0.9, 0.8]), {}, r"leak = \(0.9, 0.8\): must be one number for all"),
    ("snntorch", snntorch(threshold=0.0), {}, "threshold = 0.0: must be a finite number above 0"),
    ("snntorch", snntorch(recurrent={"bias": [0.0, 0.1]}), {}, "bias of the recurrence = "),
    ("snntorch", snntorch(), {"w_in": nn.Linear(3, 2)}, "w_in: bias = .* must be 0: "),
    ("snntorch", snntorch(), {"w_in": None}, "w_in = None: must be weights"),
    ("snntorch", snntorch(), {"w_rec": W_IN}, r"w_rec.shape = \(2, 3\): must be .* same neurons"),
    ("snntorch", snntorch(), {"w_rec": W_OUT.T @ W_OUT, "w_in": W_IN.T}, r"w_in.shape = \(3, 2\)"),
    ("snntorch", nn.Sequential(), {}, "neuron = 'Sequential': must be Leaky or RLeaky"),
    ("snntorch", snntorch(beta=None), {}, "neuron = .*: must be .* has no beta"),
    ("nest", nest(t_ref=None), {}, "neuron = 'dict': must be .* has no t_ref"),
    ("snntorch", snntorch(), {"readout": nn.ReLU()}, "readout = 'ReLU': must be Leaky"),
    ("snntorch", snntorch(), {"w_out": W_OUT.T}, r"w_out.shape = \(2, 1\): must be "),
    ("snntorch", snntorch(), {"readout": snntorch()}, "reset_mechanism = .*: must be 'none'"),
    ("snntorch", snntorch(), {"unlike": ("bias",)}, r"unlike = \('bias',\): must be \(\) or"),
    ("norse", norse(), {}, "Norse LIF: reset = 'hard': must be soft"),
    ("norse", norse(tau_syn_inv=200.0), {}, "current left after a step = 0.8: must be 0"),
    ("norse", norse(v_leak=-65.0), {}, "v_leak = -65.0: must be 0.0"),
    ("norse-box", box(tau_mem_inv=1000.0), {}, "leak of a step = 0.0: must be above 0"),
    ("norse-box", box(v_reset=0.0), {}, r"next step's v = 0\.9: must be 1"),
    ("norse-box", box(reset_method=reset_subtract), {}, r"next step's v = 0\.9: must be 1"),
    ("norse-box", box(reset_method=max), {}, "reset_method = 'max': must be one of reset_value, "),
    ("nest", nest(E_L=-70.0), {}, "E_L = -70.0: must be 0.0"),
    ("nest", nest(model=("iaf_psc_delta",) * 2), {}, "model = .*: must be 'eprop_iaf_bss"),
    ("nest", nest(V_min=-1.0), {}, "V_min = -1.0: must be "),
    ("nest", nest(t_ref=2.5), {}, "refractory time = '2.5 steps': must be a whole number"),
    ("rockpool", {}, {}, "simulator = 'rockpool': must be one of snntorch, norse, norse-box, nest"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "neuron", "others", "message"), REFUSED)
def test_what_ours_cannot_express_is_refused(name, neuron, others, message):
    with pytest.raises(ValueError, match=message):
        bring(name, neuron, **(WEIGHTS | others))


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("norse", {}, "Norse LIF: reset = 'hard': must be soft"),
        ("snntorch", {"adaptive": 1}, "adaptive = 1: must be 0: snnTorch Leaky, RLeaky does not"),
        ("snntorch", {"refractory": 3}, "refractory = 3: must be 0 or 1: snnTorch"),
        ("nest", {"threshold": (0.1, 0.2), "replicas": 2}, r"threshold = \(0.1, 0.2\): must be a"),
    ],
)
def test_what_they_cannot_express_is_refused(name, changes, message):
    with pytest.raises(ValueError, match=message):
        send(name, CONFIG.replace(**changes), OURS_WEIGHTS)


def test_weights_of_several_networks_are_refused():
    weights = OURS_WEIGHTS | {"in": torch.zeros(2, 3, 2)}
    with pytest.raises(ValueError, match=r"weights\['in'\].shape = \(2, 3, 2\): must be \(3, 2\)"):
        send("nest", CONFIG, weights)


def test_weights_of_other_sizes_are_refused():
    turned = {name: w.T for name, w in OURS_WEIGHTS.items()}
    with pytest.raises(ValueError, match=r"weights\['in'\].shape = \(2, 3\): must be \(3, 2\)"):
        send("snntorch", CONFIG, turned)
    with pytest.raises(ValueError, match=r"weights = \['in'\]: must be of in, rec and out"):
        send("snntorch", CONFIG, {"in": OURS_WEIGHTS["in"]})


def test_what_is_brought_and_sent_is_shown_without_its_numbers():
    assert "'in': float32[3, 2]" in repr(bring("nest", nest(), **WEIGHTS))
    assert "'in': float32[2, 3]" in repr(send("nest", CONFIG, OURS_WEIGHTS))


def test_ours_are_the_conventions_of_ours():
    """The record says what the laws do: the first spike, its reset, and the next."""
    from pcmlib.network.laws import membrane

    assert (OURS.arrives, OURS.recurs, OURS.resets, OURS.reset) == (1, 1, 1, "soft")
    v = membrane(np.float32(0), np.float32(1.5), False, np.float32(0.5), np.float32(1))
    assert v == 1.5
    assert membrane(v, np.float32(0), True, np.float32(0.5), np.float32(1)) == -0.25
