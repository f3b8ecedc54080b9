"""How simulators mean a network of leaky integrate-and-fire neurons: one record for each.

`pcmlib.interop.move` converts by the first part of a record, and the book's page of conventions
shows all of it. Everything was measured, with the version that the record names.
"""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Form(NamedTuple):
    """A way to write a number, and the way back; both take it and the step dt (s)."""

    read: Callable[[float, float], float]
    write: Callable[[float, float], float]


LEAKS = {  # what is left of v after a step, from a time constant in s
    "exact": Form(lambda tau, dt: math.exp(-dt / tau), lambda leak, dt: -dt / math.log(leak)),
    "Euler": Form(lambda tau, dt: 1 - dt / tau, lambda leak, dt: dt / (1 - leak)),
    "as given": Form(lambda leak, dt: leak, lambda leak, dt: leak),
}
UNITS = {  # seconds, from what the simulator is told
    "s": Form(lambda x, dt: x, lambda s, dt: s),
    "ms": Form(lambda x, dt: x * 1e-3, lambda s, dt: s * 1e3),
    "1/s": Form(lambda x, dt: 1 / x, lambda s, dt: 1 / s),
    "steps": Form(lambda x, dt: x * dt, lambda s, dt: s / dt),
    "of the leak, a factor": Form(lambda x, dt: x, lambda x, dt: x),
}


def reset_by_difference(z: Any, v: Any, v_reset: Any, v_th: Any) -> Any:
    """A soft reset for Norse's LIFBox (its `reset_method`): a spike lowers v by v_th - v_reset."""
    return v - z * (v_th - v_reset)


# what multiplies a weight, by the leak of a step
GAINS: Mapping[str, Callable[[float], float]] = {"1": lambda z: 1.0, "1 - leak": lambda z: 1 - z}


def _row(title: str, default: Any = dataclasses.MISSING) -> Any:
    """A field that is a row of the page's table."""
    return field(default=default, metadata={"title": title})


@dataclass(frozen=True)
class Conventions:
    """How one simulator means a network. Its rows are those of the table in the book."""

    title: str
    version: str
    arrives: int = _row("Input of step t moves v at")
    recurs: int = _row("Spike of step t moves others' v at")
    reset: str = _row("Reset")  # soft: v is lowered; hard: v is set
    resets: int = _row("Spike of step t resets v at")
    fires: str = _row("Spike where v against θ is")  # > or >= the threshold
    leak: str = _row("Leak of a step, of τ")  # a key of LEAKS
    unit: str = _row("Unit of τ")  # a key of UNITS
    gain: str = _row("Weight enters v times")  # a key of GAINS
    current: str = _row("Synaptic current", "none")
    autapses: str = _row("Self-connections", "no")
    bias: str = _row("Bias", "none")
    refractory: str = _row("Refractory time", "none")
    adaptation: str = _row("Adaptation", "none")
    surrogate: str = _row("Surrogate gradient: height at θ; half-width", "")
    detached: str = _row("Reset in the gradient", "")
    state: str = _row("State after a run", "")
    # Classes of neurons and of readouts that these conventions are of, with those derived from them
    models: tuple[str, ...] = ()
    readouts: tuple[str, ...] = ()
    # What a neuron there calls its constants ("a.b": attribute b of a): leak, threshold, lowered_to
    # (where a spike at the threshold leaves v), refractory, current, w_in, w_rec, bias, dt
    names: Mapping[str, str] = field(default_factory=dict)
    # The simulator's options that change a convention: {name: {value: fields of this record}}
    options: Mapping[str, Mapping[Any, Mapping[str, Any]]] = field(default_factory=dict)
    must: Mapping[str, Any] = field(default_factory=dict)  # what has to be so: we have no other
    readout: Mapping[str, Any] = field(default_factory=dict)  # likewise, of a leaky readout
    sends: Mapping[str, Any] = field(default_factory=dict)  # options that a network of ours takes


OURS = Conventions(
    "pcmlib", "this one", arrives=1, recurs=1, reset="soft", resets=1, fires=">", leak="exact",
    unit="s", gain="1", refractory="none, or whole steps", adaptation="b = ρ b + β z, as NEST's",
    surrogate="triangle: γ = 0.3; θ/2", detached="none", state="the run's: saved, copied, pickled",
)  # fmt: skip

SNNTORCH = Conventions(
    "snnTorch Leaky, RLeaky", "1.0.0", arrives=0, recurs=1, reset="soft", resets=1, fires=">",
    leak="as given", unit="of the leak, a factor", gain="1", autapses="yes", bias="yes",
    surrogate="ATan, α = 2: 1; 0.318", detached="none",
    state="in no state_dict; deepcopy fails with a graph, pickle always",
    models=("Leaky", "RLeaky"), readouts=("Leaky",),
    names={"leak": "beta", "threshold": "threshold", "w_rec": "recurrent.weight",
           "bias": "recurrent.bias"},
    options={"reset_mechanism": {"subtract": {}, "zero": {"reset": "hard"},
                                 "none": {"reset": "none"}},
             "reset_delay": {True: {}, False: {"resets": 0}}},
    must={"all_to_all": True, "inhibition": False, "state_quant": False,
          "graded_spikes_factor": 1.0},
    readout={"reset_mechanism": "none"},
    sends={"reset_mechanism": "subtract", "reset_delay": True},
)  # fmt: skip

NORSE = Conventions(
    "Norse LIF", "1.1.0", arrives=0, recurs=1, reset="hard", resets=0, fires=">", leak="Euler",
    unit="1/s", gain="1 - leak", current="τ_syn 5 ms, Euler, too",
    refractory="none (LIFRefrac: 5 steps whatever dt)", surrogate="SuperSpike, 100: 1; 0.0041",
    detached="none in lif_step; kept in lif_feed_forward_step", state="a tuple that you keep",
    models=("LIF", "LIFCell", "LIFRecurrent", "LIFRecurrentCell"), readouts=("LI", "LICell"),
    names={"leak": "p.tau_mem_inv", "threshold": "p.v_th", "current": "p.tau_syn_inv",
           "lowered_to": "p.v_reset", "w_in": "input_weights", "w_rec": "recurrent_weights",
           "dt": "dt"},
    must={"p.v_leak": 0.0},
)  # fmt: skip

_BOX = {"leak": "p.tau_mem_inv", "threshold": "p.v_th", "dt": "dt"}
NORSE_BOX = dataclasses.replace(
    NORSE, title="Norse LIFBox", current="none", refractory="none", autapses="no recurrence",
    detached="kept",
    models=("LIFBox", "LIFBoxCell"), readouts=("LIBox", "LIBoxCell"),
    names=_BOX | {"lowered_to": "p.v_reset"},
    options={"p.reset_method": {
        "reset_value": {}, "reset_by_difference": {"reset": "soft"},
        "reset_subtract": {"reset": "soft", "names": _BOX},
    }},
    sends={"p.reset_method": reset_by_difference},
)  # fmt: skip

LSNN = dataclasses.replace(
    NORSE, title="Norse LSNN", arrives=1, recurs=2, autapses="no",
    adaptation="threshold + 1.8 a spike, 800 s", detached="as LIF", refractory="none",
    names={}, must={},
)  # fmt: skip

NEST = Conventions(
    "NEST eprop_iaf_bsshslm_2020", "3.10.0", arrives=1, recurs=1, reset="soft", resets=1,
    fires=">=", leak="exact", unit="ms", gain="1", autapses="yes, of all_to_all",
    refractory="t_ref = 2 ms by default", surrogate="linear: 0.3; 0.5", detached="none",
    adaptation="a = ρ a + z of a step before, threshold + β a; τ 10 ms, β 1",
    state='get("weight") is stale until the next spike',
    names={"leak": "tau_m", "threshold": "V_th", "refractory": "t_ref"},
    options={"regular_spike_arrival": {True: {}, False: {"gain": "1 - leak"}}},
    must={"model": "eprop_iaf_bsshslm_2020", "E_L": 0.0, "I_e": 0.0, "V_min": -sys.float_info.max},
    readout={"E_L": 0.0, "I_e": 0.0},
    sends={"E_L": 0.0, "I_e": 0.0, "regular_spike_arrival": True},
)  # fmt: skip

SPIKINGJELLY = Conventions(
    "SpikingJelly LIFNode", "2.0.0", arrives=0, recurs=1, reset="hard", resets=0, fires=">=",
    leak="Euler", unit="steps", gain="1 - leak", autapses="yes", bias="yes",
    adaptation="Izhikevich only", surrogate="Sigmoid, 4: 1; 0.44", detached="kept",
    state="in no state_dict; deepcopy fails with a graph",
)  # fmt: skip

ROCKPOOL = Conventions(
    "Rockpool LIFTorch", "3.1.0", arrives=0, recurs=1, reset="soft", resets=0,
    fires="floor(v/θ) times", leak="exact", unit="s", gain="1", current="exact, its leak a factor",
    autapses="yes", bias="0, but trained", adaptation="not run",
    surrogate="1/θ for every v ≥ θ − 0.5", detached="kept",
    state="in state_dict, of sample 0 only; pickle fails",
)  # fmt: skip

SIMULATORS = {
    "snntorch": SNNTORCH, "norse": NORSE, "norse-box": NORSE_BOX, "norse-lsnn": LSNN,
    "spikingjelly": SPIKINGJELLY, "rockpool": ROCKPOOL, "nest": NEST,
}  # fmt: skip
"""By the names that `bring` and `send` take; those without `names` are in the table alone."""
