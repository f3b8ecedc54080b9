"""Networks in snnTorch, Norse and NEST against ours, every spike of 1000 steps, both ways.

Each simulator where it is installed: ``pip install "pcmlib[interop]"``.
"""

from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from torch import nn

from pcmlib.interop import bring, send
from pcmlib.training import TrainConfig
from pcmlib.training.network import Network
from pcmlib.training.samples import as_samples, sized

pytestmark = pytest.mark.filterwarnings("ignore")  # the other libraries' own
WHY = "in the extra `interop`"
T = 1000
# The same ones each time; to look for smaller ones that fail, too, would take minutes.
several = settings(
    max_examples=8, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate]
)


class Drawn(NamedTuple):
    """A random network: what a step leaves of v and y; weights [pre, post]; inputs [T, n_in]."""

    leak: float
    kappa: float
    theta: float
    weights: dict[str, torch.Tensor]
    x: torch.Tensor

    def __repr__(self):
        return f"{self.leak}, {self.kappa}, {self.theta}, {self.weights['out'].shape}"


@st.composite
def networks(draw, leaks=(0.3, 0.98)):
    """Networks that spike a lot, of 1 to 30 neurons."""
    n, n_in, n_out = draw(st.integers(1, 30)), draw(st.integers(1, 20)), draw(st.integers(1, 3))
    leak, kappa = draw(st.floats(*leaks)), draw(st.floats(*leaks))
    theta = draw(st.sampled_from([0.1, 1.0, 1.5]))
    g = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    shapes = {"in": (n_in, n), "rec": (n, n), "out": (n, n_out)}
    weights = {
        name: (1.2 if name == "in" else 0.6) * theta * torch.randn(shape, generator=g)
        for name, shape in shapes.items()
    }
    weights["rec"].fill_diagonal_(0)
    return Drawn(leak, kappa, theta, weights, torch.rand(T, n_in, generator=g) < 0.15)


def here(constants, weights, x, later=0):
    """Spikes [T, n] and outputs [T, n_out] of ours, `later` steps of its own left out first."""
    config = TrainConfig(**constants, samples=1)
    x = torch.cat([x, x.new_zeros(later, x.shape[1])])[None]
    samples = as_samples(x, torch.zeros(1, T + later, config.n_out), config)
    largest = max(1.0, *(w.abs().max().item() for w in weights.values()))
    small = {name: w / largest for name, w in weights.items()}  # digital weights end at 1
    config = sized(config.replace(threshold=config.threshold / largest), samples, False)
    network = Network(config, samples=samples, weights=small)
    answer = network.ask(0)
    v, theta = network.states[0].v, config.threshold
    assume(abs(v / theta - 1).min() > 1e-5)  # nearer, rounding decides on a spike
    return answer.spikes[0, 0, later:], largest * answer.outputs[0, 0, later:]


def as_config(net, **changes):
    """The same as a configuration of ours."""
    tau_rec, tau_out = (-1e-3 / np.log(leak) for leak in (net.leak, net.kappa))
    sizes = dict(zip(("n_rec", "n_out"), net.weights["out"].shape, strict=True))
    sizes["n_in"] = net.x.shape[1]
    constants = {"tau_rec": tau_rec, "tau_out": tau_out, "threshold": net.theta, "dt": 1e-3}
    return constants | sizes | changes


def assert_same(mine, theirs):
    assert mine[0].sum() > 0
    different = (mine[0] != theirs[0]).sum().item()
    assert different == 0, f"{different} of {mine[0].numel()} entries"
    scale = mine[1].abs().max().item()
    torch.testing.assert_close(mine[1], theirs[1], rtol=1e-4, atol=1e-4 * scale)


def run(step, x, n):
    """Spikes and outputs of step(x(t), z(t-1)), which gives z(t) and y(t)."""
    z, found = torch.zeros(1, n), []
    with torch.no_grad():
        for now in x.float():
            z, y = step(now[None], z)
            found.append((z[0] > 0, y[0]))
    return tuple(torch.stack(part) for part in zip(*found, strict=True))


# snnTorch


def in_snntorch(neuron, readout, w, x):
    snn = pytest.importorskip("snntorch", reason=WHY)
    n, n_out = w["rec"].shape[0], w["out"].shape[0]
    fc, out = nn.Linear(x.shape[1], n, bias=False), nn.Linear(n, n_out, bias=False)
    cell, li = snn.RLeaky(**neuron, linear_features=n), snn.Leaky(**readout)
    with torch.no_grad():
        cell.recurrent.bias.zero_()
        for layer, name in ((fc, "in"), (cell.recurrent, "rec"), (out, "out")):
            layer.weight.copy_(w[name])
    v, y = cell.reset_mem()[1], li.reset_mem()

    def step(now, z):
        nonlocal v, y
        z, v = cell(fc(now), z, v)
        _, y = li(out(z), y)
        return z, y

    return run(step, x, n), {"neuron": cell, "w_in": fc, "w_out": out, "readout": li}


@several
@given(net=networks())
def test_a_network_of_snntorch(net):
    w = {name: w.T for name, w in net.weights.items()}
    constants = {"beta": net.leak, "threshold": net.theta}
    theirs, parts = in_snntorch(constants, {"beta": net.kappa, "reset_mechanism": "none"}, w, net.x)
    found = bring("snntorch", **parts)
    assert_same(here(found.constants, found.weights, net.x, found.later), theirs)


def test_other_neurons_of_snntorch_are_refused():
    """Whose constants would fit: a second time constant would be dropped in silence."""
    snntorch = pytest.importorskip("snntorch", reason=WHY)
    w = torch.eye(2)
    for other in (snntorch.Synaptic(0.8, 0.9), snntorch.Lapicque(0.9), snntorch.Alpha(0.9, 0.8)):
        name = type(other).__name__
        with pytest.raises(ValueError, match=f"neuron = '{name}': must be Leaky or RLeaky"):
            bring("snntorch", other, w_in=w)
        with pytest.raises(ValueError, match=f"readout = '{name}': must be Leaky"):
            bring("snntorch", snntorch.Leaky(0.9), w_in=w, readout=other)


@several
@given(net=networks())
def test_a_network_for_snntorch(net):
    sent = send("snntorch", TrainConfig(**as_config(net)), net.weights)
    theirs, _ = in_snntorch(sent.neuron, sent.readout, sent.weights, net.x)
    assert_same(here(as_config(net), net.weights, net.x, sent.sooner), theirs)


# Norse: only LIFBox can have our reset


def in_norse(neuron, readout, w, x):
    norse = pytest.importorskip("norse.torch", reason=WHY)
    p = norse.LIFBoxParameters(**neuron)
    cell = norse.LIFBoxCell(p)
    li = norse.LIBoxCell(norse.LIBoxParameters(**readout))
    v = y = None

    def step(now, z):
        nonlocal v, y
        z, v = cell(now @ w["in"].T + z @ w["rec"].T, v)
        out, y = li(z @ w["out"].T, y)
        return z, out

    parts = {"neuron": cell, "readout": li}
    return run(step, x, len(w["rec"])), parts | {f"w_{k}": one for k, one in w.items()}


@several
@given(net=networks())
def test_a_network_for_norse_and_back(net):
    sent = send("norse-box", TrainConfig(**as_config(net)), net.weights)
    theirs, parts = in_norse(sent.neuron, sent.readout, sent.weights, net.x)
    assert_same(here(as_config(net), net.weights, net.x, sent.sooner), theirs)
    found = bring("norse-box", **parts)
    assert_same(here(found.constants, found.weights, net.x, found.later), theirs)


@several
@given(net=networks())
def test_a_network_of_norse_with_a_hard_reset_agrees_until_it_spikes(net):
    """Euler decay becomes the exact one of the same leak."""
    norse = pytest.importorskip("norse.torch", reason=WHY)
    p = norse.LIFParameters(
        tau_mem_inv=torch.tensor(1000 * (1 - net.leak)), tau_syn_inv=torch.tensor(1000.0),
        v_th=torch.tensor(net.theta),
    )  # fmt: skip
    cell = norse.LIFRecurrentCell(net.x.shape[1], len(net.weights["rec"]), p)
    with torch.no_grad():
        cell.input_weights.copy_(0.2 * net.weights["in"].T)
        cell.recurrent_weights.copy_(net.weights["rec"].T)
    state = None

    def step(now, z):
        nonlocal state
        z, state = cell(now, state)
        return z, z

    theirs, _ = run(step, net.x, len(net.weights["rec"]))
    found = bring("norse", cell, unlike=("reset",))
    mine, _ = here(found.constants, found.weights, net.x, found.later)
    first = T if not theirs.any() else int(theirs.any(1).nonzero()[0])
    assert torch.equal(mine[: first + 1], theirs[: first + 1])


# NEST


def in_nest(neuron, readout, w, x):
    """An e-prop network that does not learn, in one interval of updates, whose start is silent."""
    nest = pytest.importorskip("nest", reason=WHY)
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    quiet, (n, n_in), n_out = 5, w["in"].shape, len(w["out"])
    steps = float(len(x) + 20)
    nest.set(resolution=1.0, eprop_update_interval=steps, eprop_learning_window=steps)
    rec = nest.Create("eprop_iaf_bsshslm_2020", n, {"V_m": 0.0, **neuron})
    out = nest.Create("eprop_readout_bsshslm_2020", n_out, {"V_m": 0.0, **readout})
    source, inputs = nest.Create("spike_generator", n_in), nest.Create("parrot_neuron", n_in)
    source.set([{"spike_times": np.flatnonzero(column) + 1.0 + quiet} for column in x.T])
    nest.Connect(source, inputs, "one_to_one", {"delay": 1.0})
    nest.SetDefaults("eprop_synapse_bsshslm_2020", {"optimizer": {"eta": 0.0}})
    synapse = {"synapse_model": "eprop_synapse_bsshslm_2020", "delay": 1.0}
    for pre, post, name in ((inputs, rec, "in"), (rec, rec, "rec"), (rec, out, "out")):
        told = {**synapse, "weight": w[name].double().numpy()}
        nest.Connect(pre, post, {"rule": "all_to_all"}, told)
    recorder, meter = nest.Create("spike_recorder"), nest.Create("multimeter")
    meter.set(record_from=["V_m"], interval=1.0)
    nest.Connect(rec, recorder)
    nest.Connect(meter, out)
    nest.Simulate(steps)

    def by_step(seen, first, count, values, later):
        """Of each step [T, count]: its inputs are repeated by the parrots 2 ms on."""
        found = np.zeros((int(steps) + 1, count))
        place = np.asarray(seen["senders"], int) - first.global_id
        found[np.round(seen["times"]).astype(int), place] = values
        return torch.from_numpy(found[quiet + 2 + later :][: len(x)]).float()

    z = by_step(spikes := recorder.get("events"), rec[0], n, np.ones(len(spikes["times"])), 0)
    y = by_step(seen := meter.get("events"), out[0], n_out, seen["V_m"], 1)
    return (z > 0, y), {"neuron": rec.get(), "readout": out.get()}


@several
@given(net=networks(), refractory=st.sampled_from([0, 5]))
def test_a_network_for_nest_and_back(net, refractory):
    config = as_config(net, refractory=refractory)
    sent = send("nest", TrainConfig(**config), net.weights)
    theirs, parts = in_nest(sent.neuron, sent.readout, sent.weights, net.x)
    assert_same(here(config, net.weights, net.x), theirs)
    w = {f"w_{name}": one for name, one in sent.weights.items()}
    found = bring("nest", **parts, **w)
    assert_same(here(found.constants, found.weights, net.x, found.later), theirs)


@several
@given(net=networks())
def test_a_network_of_nest_whose_weights_enter_by_what_leaks(net):
    """regular_spike_arrival = False: times 1 - leak."""
    told = {"E_L": 0.0, "regular_spike_arrival": False}
    neuron = {**told, "tau_m": -1 / np.log(net.leak), "V_th": net.theta, "t_ref": 0.0}
    w = {"in": net.weights["in"].T / (1 - net.leak), "rec": net.weights["rec"].T / (1 - net.leak),
         "out": net.weights["out"].T}  # fmt: skip
    readout = {**told, "tau_m": -1 / np.log(net.kappa)}
    theirs, parts = in_nest(neuron, readout, w, net.x)
    found = bring("nest", **parts, **{f"w_{name}": one for name, one in w.items()})
    assert_same(here(found.constants, found.weights, net.x, found.later), theirs)
