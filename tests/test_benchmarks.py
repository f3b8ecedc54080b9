"""The page on speed says what its record says, and the benchmark runs."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks"
sys.path.append(str(FOLDER))  # as Python has it for a script that lies there


def load(name):
    """A module of the benchmarks."""
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_page_is_made_from_the_record():
    page = load("page")
    assert page.PAGE.read_text() == page.page(json.loads(page.RECORD.read_text()))


def test_the_record_meets_its_targets():
    """Times faster than the reference and than before, a network and update, in one run."""
    runs = json.loads((FOLDER / "results.json").read_text())["comparison"]
    mixed, vanilla = runs["reference, mixed-precision"], runs["reference, vanilla"]
    for name, reference, target, over_before in (
        ("mixed precision on PCM, 1 network", mixed, 12_000, 2.2),
        ("mixed precision on PCM, 32 networks", mixed, 20_000, 1.9),
        ("vanilla FP32, 1 network", vanilla, 20_000, 1),  # "before" drew a number for each read
        ("vanilla FP32, 32 networks", vanilla, 20_000, 1),
    ):
        assert reference["wall_ms"] / runs[name]["wall_ms"] >= target, name
        assert runs[f"{name}, before"]["wall_ms"] / runs[name]["wall_ms"] >= over_before, name


def test_the_profile_adds_up_and_stays_above_the_floor():
    profile = load("parts").profile(load("run").MIXED, repeats=3)
    part = profile["parts"]["input and recurrence"]
    assert part["ms"] > part["floor_ms"] / 4  # timings of a busy machine scatter
    assert profile["reads"] == pytest.approx(1.1e6, rel=0.3)


def test_updates_of_any_checkout_can_be_timed():
    benchmark = load("run")
    config = benchmark.VANILLA.replace(steps=20, n_rec=5)
    found = benchmark.trained(FOLDER.parent, config, epochs=50)
    assert found["updates"] == 150
    assert found["wall"] > 0


def test_a_layer_can_be_timed():
    beside = load("beside_aihwkit")
    assert 1e-5 < beside.train("mixed-precision", 400) < 1
