"""Train one of `problems.py` in NEST, by the Python that has it (`pip install nest-simulator`).

    python benchmarks/in_nest.py regression|classification UPDATES THREADS

prints, as JSON, seconds of wall time for each update, without building and the first update; the
losses of the first ones; the mean rate; and the spikes of the first. What records the losses runs
apart from what is timed.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import nest
import numpy as np
import problems

STEP = 1.0  # ms
LATER = 2.0  # ms, that a spike of step 0 is recorded at
LIF = {"C_m": 1.0, "E_L": 0.0, "V_m": 0.0, "I_e": 0.0, "c_reg": 300.0, "f_target": 10.0,
       "surrogate_gradient_function": "piecewise_linear"}  # fmt: skip
CONSTANTS = {
    "regression": {"tau_m": 30.0, "V_th": 0.03, "t_ref": 0.0, "regular_spike_arrival": False},
    "classification": {"tau_m": 20.0, "V_th": 0.6, "t_ref": 5.0, "regular_spike_arrival": True},
}
OPTIMIZER = {
    "regression": {"type": "gradient_descent", "eta": 1e-4},
    "classification": {"type": "adam", "eta": 5e-3, "beta_1": 0.9, "beta_2": 0.999,
                       "epsilon": 1e-8},
}  # fmt: skip


def build(
    name: str, updates: int, threads: int, record: bool, silent: int = 1
) -> tuple[Any, Any, float]:
    """The network, with inputs and targets for so many updates; recorders, and the offset."""
    problem, T = problems.draw(name, updates, silent), problems.STEPS[name]
    window = T if name == "regression" else problems.RECALL
    nest.ResetKernel()
    nest.set(
        resolution=STEP, total_num_virtual_procs=threads, eprop_reset_neurons_on_update=True,
        eprop_update_interval=T * STEP, eprop_learning_window=window * STEP, print_time=False,
    )  # fmt: skip
    constants, out = CONSTANTS[name], {"C_m": 1.0, "E_L": 0.0, "V_m": 0.0, "I_e": 0.0}
    theta = constants["V_th"]
    told = {**LIF, **constants, "surrogate_gradient_height": 0.3 / theta}
    told["surrogate_gradient_width"] = theta
    adaptive, n_out = problems.ADAPTIVE[name], problem["w_out"].shape[1]
    rec = nest.Create("eprop_iaf_bsshslm_2020", problems.N - adaptive, told)
    if adaptive:
        fade, leak = np.exp(-STEP / 2000), np.exp(-STEP / constants["tau_m"])
        told |= {"adapt_tau": 2000.0, "adapt_beta": 1.7 * (1 - fade) / (1 - leak)}
        rec += nest.Create("eprop_iaf_adapt_bsshslm_2020", adaptive, told)
    loss = "mean_squared_error" if name == "regression" else "cross_entropy"
    out |= {"tau_m": constants["tau_m"], "loss": loss, "regular_spike_arrival": False}
    readout = nest.Create("eprop_readout_bsshslm_2020", n_out, out)
    source = nest.Create("spike_generator", problem["w_in"].shape[0])
    inputs = nest.Create("parrot_neuron", problem["w_in"].shape[0])
    target = nest.Create("step_rate_generator", n_out)

    common = {"Wmin": -100.0, "Wmax": 100.0, "batch_size": 1, **OPTIMIZER[name]}
    averaged = {"average_gradient": name != "regression", "optimizer": common}
    nest.SetDefaults("eprop_synapse_bsshslm_2020", averaged)

    def synapse(model: str, **more: Any) -> dict[str, Any]:
        return {"synapse_model": model, "delay": STEP, **more}

    dense = {"rule": "all_to_all", "allow_autapses": False}
    nest.Connect(source, inputs, "one_to_one", synapse("static_synapse"))
    for pre, post, key in ((inputs, rec, "w_in"), (rec, rec, "w_rec"), (rec, readout, "w_out")):
        learnt = {"weight": problem[key].T, "tau_m_readout": constants["tau_m"]}
        nest.Connect(pre, post, dense, synapse("eprop_synapse_bsshslm_2020", **learnt))
    model = "eprop_learning_signal_connection_bsshslm_2020"
    nest.Connect(readout, rec, dense, synapse(model, weight=problem["feedback"]))
    rate = "rate_connection_delayed"
    nest.Connect(target, readout, "one_to_one", synapse(rate, receptor_type=2))
    if n_out > 1:
        nest.Connect(readout, readout, dense, synapse(rate, receptor_type=1, weight=1.0))

    offset = 1.0 + 3.0 * STEP  # of the generators; from there to neurons, readout and softmax
    x = np.resize(problem["inputs"], (updates, *problem["inputs"].shape[1:]))
    x = x.reshape(updates * T, -1)
    times = [{"spike_times": np.flatnonzero(column) * STEP + 1.0} for column in x.T]
    source.set(times)
    if name == "regression":
        when, values = np.arange(updates * T), [np.tile(problem["targets"][0, :, 0], updates)]
    else:
        when, values = np.arange(updates) * T, np.eye(n_out)[problem["targets"]].T
    target.set([{"amplitude_times": when * STEP + offset, "amplitude_values": v} for v in values])
    signals = None
    if record:
        signals = nest.Create("multimeter", {
            "record_from": ["readout_signal", "target_signal"], "interval": STEP,
            "start": offset, "stop": offset + updates * T * STEP,
        })  # fmt: skip
        nest.Connect(signals, readout)
    spikes = nest.Create("spike_recorder", {"start": LATER, "stop": LATER + updates * T * STEP})
    nest.Connect(rec, spikes)
    return signals, spikes, offset


def losses(name: str, updates: int) -> list[float]:
    """Of the first updates, as NEST's tests define them."""
    signals, _, offset = build(name, updates, 1, record=True)
    nest.Simulate(offset + updates * problems.STEPS[name] * STEP + STEP)
    events = signals.get("events")
    y, target = (
        np.array([events[key][events["senders"] == s] for s in np.unique(events["senders"])])
        .reshape(-1, updates, problems.STEPS[name])
        for key in ("readout_signal", "target_signal")
    )  # fmt: skip
    if name == "regression":
        return (0.5 * ((y - target) ** 2).sum((0, 2))).tolist()
    y, target = y[..., -problems.RECALL :], target[..., -problems.RECALL :]
    return (-np.log((y * target).sum(0)).mean(1)).tolist()


def raster(name: str, updates: int, silent: int) -> np.ndarray:
    """Spikes [updates, T, N] while the network learns, by the step of v that they are of."""
    T = problems.STEPS[name]
    _, recorder, offset = build(name, updates, 1, record=False, silent=silent)
    first = int(min(nest.GetConnections(target=recorder).sources()))
    nest.Simulate(offset + updates * T * STEP + STEP)
    seen = recorder.get("events")
    z = np.zeros((updates * T, problems.N), bool)
    z[np.rint(seen["times"] - LATER - STEP).astype(int), seen["senders"] - first] = True
    return z.reshape(updates, T, problems.N)


def main(name: str, updates: int, threads: int) -> dict[str, Any]:
    T = problems.STEPS[name]
    known = losses(name, len(problems.KNOWN[name]))
    _, spikes, offset = build(name, updates + 1, threads, record=False)
    nest.Simulate(offset + T * STEP)
    first = int((spikes.get("events", "times") <= LATER + T * STEP).sum())
    begun = time.perf_counter()
    nest.Simulate(updates * T * STEP)
    seconds = (time.perf_counter() - begun) / updates
    rate = spikes.n_events / problems.N / ((updates + 1) * T * 1e-3)
    found = {"wall": seconds, "rate_hz": rate, "first_spikes": first}
    return {"version": nest.__version__, "losses": known, **found}


if __name__ == "__main__":
    nest.verbosity = nest.VerbosityLevel.ERROR
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
