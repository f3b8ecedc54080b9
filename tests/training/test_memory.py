"""What a run is reckoned to need is what it takes, and what this machine has not is refused."""

import json
import subprocess
import sys

import pytest
from runs import small

from pcmlib import PCMArray, train
from pcmlib.base import memory as base
from pcmlib.training import TrainConfig, memory

MEASURE = """
import json, re, sys
from pathlib import Path
from pcmlib import TrainConfig, train

def peak():  # of this program; getrusage tells that of the process which started it, too
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

config = TrainConfig.from_dict(json.loads(sys.argv[1]))
train(config.replace(n_in=4, n_rec=5, steps=20, replicas=1, samples=1, epochs=1), progress=False)
before = peak()
train(config, progress=False)
print(peak() - before)
"""
BRIEF = {"epochs": 1, "samples": 1, "steps": 50}


@pytest.mark.parametrize(
    "config",
    [
        TrainConfig(n_rec=1600, **BRIEF),
        TrainConfig(scheme="mixed-precision", kept_on_pcm=True, pairs=2, n_rec=500, **BRIEF),
        TrainConfig(n_rec=200, steps=10_000, epochs=1, replicas=2),
        TrainConfig(n_in=2000, n_rec=10, steps=4000, epochs=1, replicas=3),
    ],
    ids=["weights", "devices", "trial", "patterns"],
)
def test_a_run_takes_what_it_is_reckoned_to_need(config):
    """To within a factor of 1.5, each part in turn being most of it."""
    words = [sys.executable, "-c", MEASURE, json.dumps(config.to_dict())]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    taken = int(done.stdout)
    assert taken > 50e6
    assert taken / 1.5 < memory.needed(config) < taken * 1.5


def test_what_there_is_no_room_for_is_refused_before_the_work(monkeypatch):
    config = small("sign", epochs=1)
    monkeypatch.setattr(base, "available", lambda: memory.needed(config))
    train(config)
    for change in ({"n_rec": 17}, {"replicas": 2}, {"pairs": 2}, {"steps": 200}, {"n_in": 50}):
        with pytest.raises(ValueError, match=r"^size of the run = .*: must be less: it needs"):
            train(config.replace(**change))


@pytest.mark.parametrize("change", [{"n_rec": 100_000}, {"replicas": 1_000_000}])
def test_a_size_that_no_machine_here_has_is_refused(monkeypatch, change):
    monkeypatch.setattr(base, "available", lambda: 64e9)
    (name,) = change
    with pytest.raises(ValueError, match=rf"{name} = {change[name]}.* needs .* GB of memory"):
        train(TrainConfig(scheme="sign", **change))
    with pytest.raises(ValueError, match=r"^shape = .* needs 360,000,000.0 GB of memory"):
        PCMArray((10**8, 10**8))
