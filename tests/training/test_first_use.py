"""The first training compiles in two processes; what they keep is what a training calls."""

import os
import subprocess
import sys

import numba
import numpy as np
import pytest

from pcmlib import TrainConfig, train
from pcmlib.base import kernels
from pcmlib.network.epoch import pass_over
from pcmlib.training import first_use
from pcmlib.training.network import Network

CONFIGS = [
    TrainConfig(epochs=1, n_rec=3),
    TrainConfig(scheme="mixed-precision", kept_on_pcm=True, epochs=1, n_rec=3),
    TrainConfig(scheme="sign", bits=4, epochs=1, n_rec=3),
    TrainConfig(scheme="sign", reads="each", constants={"nu_spread": 0.01}, epochs=1, n_rec=3),
    TrainConfig(epochs=1, n_rec=4, adaptive=2, refractory=3, fresh=True, samples=4, batch=2),
]


@pytest.fixture
def compiled():
    """What `pass_over` was compiled for meanwhile; other tests call it with other types."""
    before = set(pass_over.overloads)
    return lambda: set(pass_over.overloads) - before


@pytest.mark.parametrize("number", range(len(CONFIGS)))
def test_every_training_calls_what_was_compiled_for_it(number, compiled):
    config, types = CONFIGS[number], first_use.pass_over_types()
    network = Network(config)
    assert numba.typeof(network.states[0]) == types[0]
    train(config)
    assert types in pass_over.overloads
    assert compiled() <= {types}


def test_so_do_samples_of_ones_own(compiled):
    inputs, counts = np.zeros((2, 20, 3), bool), np.ones((2, 20), bool)
    config = TrainConfig(epochs=1, n_rec=3)
    run = train(config, inputs=inputs, targets=[0, 1], counts=counts)
    run.predict(inputs)
    assert compiled() <= {first_use.pass_over_types()}


def test_two_processes_share_a_first_use(tmp_path):
    """In a new cache: what compiles here is `pass_over` alone, and the rest is found."""
    code = """
from pcmlib import TrainConfig, train
from pcmlib.network.epoch import pass_over
from pcmlib.network.start import make_state
from pcmlib.tasks.pattern import draw
train(TrainConfig(scheme="sign", epochs=1))
for kernel in (pass_over, make_state, draw):
    print(len(kernel.stats.cache_hits), len(kernel.stats.cache_misses))
"""
    names = ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "HOME", "TMPDIR")
    env = os.environ | dict.fromkeys(names, str(tmp_path)) | {"NUMBA_NUM_THREADS": "2"}
    call = [sys.executable, "-c", code]
    out = subprocess.run(call, env=env, capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["0", "1", "1", "0", "1", "0"]
    assert out.stderr == ""


@pytest.fixture
def new_process(monkeypatch):
    """As in a process that has compiled nothing, and finds nothing kept."""
    compiled = []
    monkeypatch.setattr(first_use, "is_kept", lambda *_: False)
    monkeypatch.setattr(first_use.pass_over, "overloads", {})
    monkeypatch.setattr(first_use.pass_over, "compile", compiled.append)
    return compiled


@pytest.mark.parametrize("command", ["/no/such/python", "/bin/false", "", None])
def test_without_a_second_process_all_is_compiled_here(command, new_process, monkeypatch):
    monkeypatch.setattr(sys, "executable", command)
    first_use.compile_kernels(TrainConfig())
    assert new_process == [first_use.pass_over_types()]


def test_the_second_process_ends_with_the_first(new_process, monkeypatch):
    started = []
    original = subprocess.Popen

    def popen(*args, **options):
        started.append(original(*args, **options))
        return started[-1]

    def interrupted(types):
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", popen)
    monkeypatch.setattr(first_use.pass_over, "compile", interrupted)
    with pytest.raises(KeyboardInterrupt):
        first_use.compile_kernels(TrainConfig())
    assert [other.returncode is not None for other in started] == [True]


def test_a_kept_kernel_is_known_by_its_types(tmp_path, monkeypatch):
    monkeypatch.setattr(kernels, "_folders", lambda create=False: iter([tmp_path]))

    def twice(x):
        return 2 * x

    twice.__module__ = "pcmlib.base.rng"
    compiled = kernels.kernel(twice)
    assert not kernels.is_kept(compiled, (numba.int64,))
    compiled(3)
    assert kernels.is_kept(compiled, (numba.int64,))
    assert not kernels.is_kept(compiled, (numba.float32,))
