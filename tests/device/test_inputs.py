"""What a user hands to a crossbar: the same in any form, or refused with all as it was."""

import copy
import math
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from typecheck import unchecked

from pcmlib.crossbar import Crossbar, make_update_ready, replicas
from pcmlib.device import PCMArray, array, pulses


@pytest.fixture(scope="module", autouse=True)
def as_a_reader():
    with unchecked():
        yield


FORMS = {
    "tensor": lambda x: x,
    "array": lambda x: x.numpy(),
    "list": lambda x: x.tolist(),
    "float64": lambda x: x.double(),
    "transposed": lambda x: x.mT.contiguous().mT,
    "with a gradient": lambda x: x.clone().requires_grad_(),
    "whole": lambda x: x.int(),
}
CHANGE = torch.tensor([[[3.0, -3.0], [6.0, 1.0], [0.0, -9.0]]])


def history(x, form, whole=True):
    """All that a crossbar and its devices can be handed, in one form."""
    counts = (lambda c: c.numpy() if form is FORMS["array"] else c.tolist()) if whole else None
    x.devices.put(form(torch.full(x.devices.shape, 2.0)))
    x.program(form(CHANGE), 1.0, assumed_pulse=1.5)
    make_update_ready(x, form(2 * CHANGE), 2.0)
    x.deal(counts(torch.ones(1, 2, 3, 2, dtype=torch.int64)), np.float64(3))
    x.verify(form(CHANGE), 3.0, tolerance=np.float32(1))
    one = counts(torch.ones(1, 2, 3, 2, dtype=torch.int64))
    x.write(one, 3.0, assumed_pulse=[2], tolerance=0.5)
    x.reset(counts(torch.eye(3, 2).bool().expand(1, 2, 3, 2)), torch.tensor(4.0))
    x.devices.set(5.0, counts(torch.ones(x.devices.shape, dtype=torch.uint8)))
    return [x.matvec(form(torch.tensor([[1.0, 2.0, 0.0]])), 6.0), x.read(6.0, [2, 0]), x.devices.G]


@pytest.mark.parametrize("form", FORMS)
def test_numbers_do_the_same_in_any_form(form):
    make = lambda: Crossbar(3, 2, pairs=2, seed=np.int64(4), scale=[2])  # noqa: E731
    for ours, plain in zip(
        history(make(), FORMS[form]), history(make(), FORMS["tensor"]), strict=True
    ):
        assert torch.equal(ours, plain)
        assert not ours.requires_grad


def test_the_devices_keep_no_hold_on_what_they_were_given():
    G = torch.ones(2, 3)
    devices = PCMArray((2, 3))
    devices.put(G)
    devices.set(0.0)
    assert (G == 1).all()


@given(step=st.floats(0.3, 2.5), change=st.integers(-9, 9))
def test_whole_numbers_are_worth_as_many_pulses_as_floats(step, change):
    counts = [
        Crossbar(1, 1).pulses(torch.tensor([[[change]]], dtype=dtype), step)
        for dtype in (torch.int64, torch.int8, torch.float32, torch.float64)
    ]
    assert all(torch.equal(count, counts[0]) for count in counts)
    wanted = abs(change) / step
    assert math.floor(wanted * (1 - 1e-5)) <= counts[0].sum() <= math.floor(wanted * (1 + 1e-5))


NAN = torch.full((1, 3, 2), math.nan)
REFUSED = {
    "time before": lambda x: x.program(CHANGE, 0.5),
    "negative time": lambda x: x.devices.set(-1.0),
    "time is text": lambda x: x.devices.reset("2"),
    "NaN in matvec": lambda x: x.matvec([[1.0, 2.0, math.nan]], 2.0),
    "NaN in pulses": lambda x: x.pulses(NAN),
    "NaN in program": lambda x: x.program(NAN, 2.0),
    "NaN in put": lambda x: x.devices.put(torch.full(x.devices.shape, math.nan)),
    "bool in put": lambda x: x.devices.put(torch.ones(x.devices.shape, dtype=torch.bool)),
    "text": lambda x: x.program("abc", 2.0),
    "nothing": lambda x: x.matvec(None, 2.0),
    "shape of x": lambda x: x.matvec(torch.ones(3), 2.0),
    "shape of counts": lambda x: x.deal(torch.ones(2, 3, 2, dtype=torch.int32), 2.0),
    "whole floats as counts": lambda x: x.deal(torch.ones(1, 2, 3, 2), 2.0),
    "negative counts": lambda x: x.deal(-torch.ones(1, 2, 3, 2, dtype=torch.int32), 2.0),
    "counts beyond int32": lambda x: x.deal(torch.full((1, 2, 3, 2), 2**32 + 1), 2.0),
    "shape of what is verified": lambda x: x.verify(torch.ones(3, 2), 2.0, tolerance=1.0),
    "time of what is verified": lambda x: x.verify(0 * CHANGE, "now", tolerance=1.0),
    "no tolerance": lambda x: x.verify(CHANGE, 2.0, tolerance=0.0),
    "none to verify with": lambda x: x.verify(CHANGE, 2.0, tolerance=None),
    "no tolerance in a refresh": lambda x: x.refresh(2.0, threshold=0.1, tolerance=-1.0),
    "shape of what is written": lambda x: x.write(
        torch.ones(2, 3, 2, dtype=torch.int32), 2.0, assumed_pulse=1.0, tolerance=1.0
    ),
    "negative counts, verified": lambda x: x.write(
        -torch.ones(1, 2, 3, 2, dtype=torch.int32), 2.0, assumed_pulse=1.0, tolerance=1.0
    ),
    "time of what is written": lambda x: x.write(
        torch.zeros(1, 2, 3, 2, dtype=torch.int32), 0.5, assumed_pulse=1.0, tolerance=1.0
    ),
    "a pulse below nothing": lambda x: x.write(
        torch.ones(1, 2, 3, 2, dtype=torch.int32), 2.0, assumed_pulse=-1.0
    ),
    "too many counts": lambda x: x.deal(torch.full((1, 2, 3, 2), 20_001), 2.0),
    "too many pulses": lambda x: x.devices.set(2.0, torch.full(x.devices.shape, 10_001)),
    "too great a change": lambda x: x.program(CHANGE * 1e5, 2.0),
    "too small a pulse": lambda x: x.program(CHANGE, 2.0, assumed_pulse=1e-9),
    "too small a pulse to refresh": lambda x: x.refresh(2.0, threshold=0.1, assumed_pulse=1e-9),
    "no pulse": lambda x: x.program(CHANGE, 2.0, assumed_pulse=0),
    "pulses of others": lambda x: x.program(CHANGE, 2.0, assumed_pulse=[1.0, 2.0]),
    "counts as a mask": lambda x: x.devices.reset(2.0, torch.ones(x.devices.shape, dtype=int)),
    "numbers as sides": lambda x: x.reset(torch.ones(1, 2, 3, 2), 2.0),
    "no such neuron": lambda x: x.read(2.0, [3]),
    "a mask of neurons": lambda x: x.read(2.0, torch.tensor([True, False, True])),
    "a list as a mask": lambda x: x.read(2.0, [True, False, True]),
    "no such index": lambda x: x.devices.read(2.0, (..., torch.tensor([9]))),
    "a device alone": lambda x: x.devices.read(2.0, (torch.tensor([0, 0]),)),
    "complex": lambda x: make_update_ready(x, CHANGE * 1j, 2.0),
}


@pytest.mark.parametrize("action", REFUSED)
def test_a_refused_call_leaves_all_as_it_was(action):
    x = Crossbar(3, 2, pairs=2)
    x.program(CHANGE, 1.0)
    before = copy.deepcopy((vars(x.devices), x.turn, x.reads))
    with pytest.raises(ValueError, match=r"must be") as error:
        REFUSED[action](x)
    assert " = " in str(error.value)
    after = vars(x.devices)
    assert torch.equal(x.turn, before[1])
    assert torch.equal(x.reads, before[2])
    for name, value in before[0].items():
        same = (
            np.array_equal if isinstance(value, np.ndarray | torch.Tensor) else lambda a, b: a == b
        )
        assert same(after[name], value), name


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: PCMArray((True, 2)), "shape"),
        (lambda: PCMArray(3), "shape"),
        (lambda: PCMArray((3,), conductance=torch.ones(2, 1)), "conductance"),
        (lambda: Crossbar(1, 1, seed=1.5), "seed"),
        (lambda: Crossbar(1, 1, seed="1"), "seed"),
        (lambda: Crossbar(1, 1, exists=[[1]]), "exists"),
        (lambda: Crossbar(2.0, 1), "n_pre"),
    ],
)
def test_what_cannot_be_made_is_refused_by_name(make, name):
    with pytest.raises(ValueError, match=rf"^{name}\S* = .*must be"):
        make()


def test_sizes_and_seeds_may_come_from_numpy():
    ours = Crossbar(np.int64(3), np.uint8(2), replicas=np.int32(2), seed=np.array([5, 6]))
    assert torch.equal(ours.devices.G, Crossbar(3, 2, replicas=2, seed=5).devices.G)
    assert PCMArray(np.array([2, 3]), seed=torch.tensor(1)).shape == (2, 3)


def in_parts(monkeypatch, module, name, step):
    """Let the kernel `name` see slices of about `step` pulses; the list of them."""
    parts, kernel = [], getattr(module, name)
    monkeypatch.setattr(module, name, lambda *a: parts.append(a[-2:]) or kernel(*a))
    monkeypatch.setattr(pulses, "_SLICE", step)
    return parts


@pytest.mark.parametrize("most", [1, 40])
def test_slices_of_the_work_do_not_change_a_bit(monkeypatch, most):
    def run():
        devices = PCMArray((3, 5000), seed=[1, 2, 3])
        counts = torch.arange(15_000).view(3, 5000) % (most + 1)
        devices.set(1.0, counts)
        devices.set(2.0)
        return devices

    whole = run()
    parts = in_parts(monkeypatch, array, "apply_set", 2 * 1024 * most)
    sliced = run()
    assert len(parts) >= 8
    for ours, theirs in zip(sliced.state, whole.state, strict=True):
        assert torch.equal(ours, theirs)


def programmed(x):
    for t, change in ((1.0, CHANGE), (2.0, -CHANGE)):
        x.program(change, t)
    x.verify(CHANGE, 3.0, tolerance=0.5)
    x.refresh(4.0, threshold=1.0, tolerance=0.5)
    return [*x.devices.state, x.turn, x.reads]


def test_slices_of_a_crossbar_do_not_change_a_bit(monkeypatch):
    whole = programmed(Crossbar(3, 2, pairs=2))
    parts = in_parts(monkeypatch, replicas, "_program_rows", 1)
    assert all(map(torch.equal, programmed(Crossbar(3, 2, pairs=2)), whole))
    assert len(parts) == 4 * 3


def test_a_crossbar_that_is_stopped_is_as_it_was(monkeypatch):
    """Ctrl-C comes between two slices."""
    x = Crossbar(3, 2, pairs=2)
    x.program(CHANGE, 1.0)
    before = copy.deepcopy([*x.devices.state, x.turn, x.reads])
    parts, kernel = [], replicas._program_rows

    def interrupted(*a):
        kernel(*a)
        parts.append(a[-2:])
        if len(parts) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(pulses, "_SLICE", 1)
    monkeypatch.setattr(replicas, "_program_rows", interrupted)
    with pytest.raises(KeyboardInterrupt):
        x.program(CHANGE, 2.0)
    assert all(map(torch.equal, [*x.devices.state, x.turn, x.reads], before))
    assert x.devices.t_last == 1.0


def test_ctrl_c_stops_a_long_set_and_leaves_the_devices_as_they_were():
    code = """
        import signal
        import torch
        from pcmlib.device import PCMArray
        signal.signal(signal.SIGINT, signal.default_int_handler)
        devices = PCMArray((1_000_000,))
        devices.set(0.0)
        before = devices.G.clone()
        counts = torch.full((1_000_000,), 10_000)
        print("go", flush=True)
        try:
            devices.set(1.0, counts)  # half a minute and more
        except KeyboardInterrupt:
            print(torch.equal(devices.G, before), devices.t_last, int(devices.n_set.max()))
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout.readline() == "go\n"
        time.sleep(1.0)
        child.send_signal(signal.SIGINT)
        began = time.monotonic()
        out, _ = child.communicate(timeout=8)  # one or two; the machine may be busy
        assert time.monotonic() - began < 8
        assert out == "True 0.0 1\n"
    finally:
        child.kill()
        child.wait()
