"""Run by test_bounds.py in a process whose kernels check each index (NUMBA_BOUNDSCHECK=1) and count
their arrays (NUMBA_NRT_STATS=1): networks of all schemes and sizes train, answer and age."""

import gc

import numba
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numba.core.runtime import rtsys

from pcmlib import TrainConfig, evaluate, train
from pcmlib.schemes import SCHEMES

assert numba.config.BOUNDSCHECK
done = {name: 0 for name, scheme in SCHEMES.items() if scheme.built_in}
yes = st.booleans()
sizes = st.fixed_dictionaries(
    {
        "n_in": st.integers(1, 12),
        "n_rec": st.integers(1, 9),
        "steps": st.sampled_from([2, 15, 17, 60]),
        "samples": st.integers(1, 3),
        "epochs": st.integers(1, 4),
        "batch": st.integers(1, 3),
        "threshold": st.sampled_from([0.02, 1.0]),
        "input_rate": st.sampled_from([5.0, 200.0, 1000.0]),
        "recurrence": yes,
        "symmetric_feedback": yes,
        "fresh": yes,
    },
    optional={"refractory": st.integers(1, 5), "adaptive": st.integers(1, 9)},
)
evidence = {"task": "evidence", "steps": 1200, "n_out": 2, "input_rate": 40.0}
changes = [
    {"pairs": 2},
    {"pairs": 5},
    {"reads": "each"},
    {"read_noise": 0.0},
    {"read_noise": 3.0},
    {"write_noise": 0.0},
    {"drift": 0.0},
    {"bits": 3},
    {"write_verify": True},
    {"kept_on_pcm": True},
    {"refresh_period": 1},
    {"symmetric_devices": True},
    {"period": 0.1},
    {"constants": {"nu_spread": 0.02}},
    {"constants": {"nu_slope": 0.02}},
]
devices = st.tuples(
    st.lists(st.sampled_from(changes), max_size=2),
    st.sampled_from([0.1, 1.0, 4.0, 5.0, 7.0, 9.0, 11.9]),
)


def run(scheme, sizes, devices, counted):
    if counted == 0:
        sizes = sizes | evidence | {"n_in": 4 * (1 + sizes["n_in"] // 4)}
    try:
        config = TrainConfig(scheme=scheme, **sizes)
    except ValueError:
        assume(False)
    changes, conductance = devices
    for change in ({"conductance": conductance, "scale": 20.0}, *changes):
        try:  # what the scheme has
            config = config.replace(**change)
        except ValueError:
            continue
    trained = train(config, progress=False)
    if config.samples < 3:
        evaluate(trained, after=[0, 100.0], compensation="global")
    done[scheme] += 1


for scheme in done:
    all_examples = settings(max_examples=60, deadline=None, derandomize=True, database=None)
    all_examples(given(st.just(scheme), sizes, devices, st.integers(0, 5))(run))()
print(done)
assert min(done.values()) >= 60
gc.collect()
arrays = rtsys.get_allocation_stats()
print(arrays)
assert arrays.mi_alloc == arrays.mi_free > 1000
