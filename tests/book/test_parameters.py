"""Each chapter at other values of its parameters, as papermill would set them.

A cell with the new values comes right after the one tagged `parameters`. The cells run in this
process, where warnings are errors, and the book's training runs are short ones.
"""

import ast
import io
import re
import sys
from dataclasses import dataclass

import nbformat
import pytest
from explorers import CHAPTERS
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

import pcmlib.book.explorers.network  # noqa: F401 - before TrainConfig is another
from pcmlib import training
from pcmlib.book.experiments import reproduction
from pcmlib.training import store

# What a reader would try first: zero, one, few, many, the ends of a range, another seed.
SETTINGS = {
    "01_one_cell": [
        {"interval": 10, "seconds": 100, "g_max": 8, "seed": 0},
        {"interval": 99.0, "seconds": 100.0, "g_max": 40.0, "seed": 7},
        {"interval": 0.5, "seconds": 20, "g_max": 12.0, "seed": 3},
    ],
    "02_pulse_statistics": [
        {"devices": 100, "pulses": 10, "seed": 2},
        {"devices": 2, "pulses": 1, "seed": 0},
        {"devices": 50, "pulses": 40, "seed": 3},
    ],
    "03_drift_of_an_array": [
        {"devices": 100, "interval": 10, "stop": 60, "seconds": 200, "seed": 0},
        {"devices": 2, "interval": 1.0, "stop": 50.0, "seconds": 50.0, "seed": 1},
        {"devices": 5, "interval": 7.3, "stop": 7.4, "seconds": 9.5, "seed": 2},
    ],
    "04_device_panels": [
        {"devices": 100, "reads": 50, "g_max": 8, "seed": 0},
        {"devices": 2, "reads": 2, "g_max": 40.0, "seed": 1},
    ],
    "05_crossbar": [
        {
            **{"pairs": 1, "size": 10, "active": 1, "reads": 2, "seed": 0},
            **{"updates": 1, "refresh_every": 0},
        },
        {
            **{"pairs": 2, "size": 2, "active": 0.05, "reads": 5, "seed": 1},
            **{"updates": 12, "refresh_every": 1},
        },
    ],
    "06_write_statistics": [
        {"rows": 2, "sweep_rows": 2, "sweep": (2, 8), "seed": 0},
        {"rows": 3, "sweep_rows": 3, "sweep": (4, 1, 2), "seed": 1},
    ],
    "07_network_and_eprop": [
        {"threshold": 2.0, "networks": 1, "epochs": (0,)},
        {"threshold": 0.1, "networks": 2, "epochs": (1, 0)},
    ],
    "08_fp32": [{"networks": 1}, {"networks": 3}],
    "09_sign": [
        {"networks": 1, "levels": (0.0,)},
        {"networks": 2, "levels": (10.0, 1.0)},
    ],
    "10_stochastic": [
        {"networks": 1, "rarities": (100.0,)},
        {"networks": 2, "rarities": (3.0, 1.0)},
    ],
    "11_multi_memristor": [
        {"networks": 1, "pairs": (1,), "epochs": 1},
        {"networks": 2, "pairs": (3, 2), "epochs": 2},
    ],
    "12_mixed_precision": [
        {"networks": 1, "quanta": (10.0,)},
        {"networks": 2, "quanta": (1.0, 0.1)},
    ],
    "13_comparison": [{"networks": 1, "bits": (3,)}, {"networks": 2, "bits": (8, 2)}],
    "14_ablations": [
        {"networks": 1, "epochs": 1, "few": 1},
        {"networks": 3, "epochs": 2, "few": 2},
    ],
    "15_cost": [
        {"networks": 1, "set_pulse": 1e-12, "reset_pulse": 0.0, "level": 10.0},
        {"networks": 2, "set_pulse": 1e-11, "reset_pulse": 1e-9, "level": 0.001},
    ],
    "16_tuning": [{"candidates": 1}, {"candidates": 2}],
    "17_forgetting": [
        {"networks": 1, "repeats": 1, "spreads": (0.0,), "epochs": 1},
        {"networks": 2, "repeats": 2, "spreads": (0.02, 0.01), "epochs": 7},
    ],
    "18_a_network_that_remembers": [
        {"networks": 1, "shown": 0},
        {"networks": 3, "shown": 5},
    ],
    "19_where_the_memory_is": [
        {"networks": 1, "few": 1, "shares": (5,), "times": (0.1,)},
        {"networks": 2, "few": 3, "shares": (90, 3), "times": (1.0, 0.3)},
    ],
    "20_memory_on_pcm": [{"networks": 1, "best": "sign"}, {"networks": 2, "best": "stochastic"}],
    "21_your_device": [
        {"many": 30, "few": 5, "pulses": 5, "late": (1e4,), "seed": 3},
        {"many": 12, "few": 6, "pulses": 3, "late": (1e3, 1e4), "seed": 2},
    ],
    "22_your_network": [{"networks": 1, "epochs": 1}, {"networks": 2, "epochs": 3}],
}
EACH = [
    pytest.param(path, setting, id=f"{path.stem}-{number}")
    for path in CHAPTERS
    for number, setting in enumerate(SETTINGS.get(path.stem, []), 1)
]
PHASES = {"cues": 3, "cue": 15, "pause": 5, "recall": 20}  # of a short trial
GLUED = re.compile(r"\{glue:text\}`(\w+)(?::([^`]+))?`")


def tagged(path, tag):
    cells = nbformat.read(path, as_version=4).cells
    (cell,) = (cell for cell in cells if tag in cell.metadata.get("tags", []))
    return cell


@pytest.fixture
def glued(monkeypatch):
    """What the cells record, by name; nothing is printed."""
    found = {}

    def record(bundle, *, raw, metadata):
        assert raw
        (found[metadata["scrapbook"]["name"]],) = bundle.values()

    monkeypatch.setattr(reproduction, "display", record)
    return found


@dataclass(frozen=True)
class ShortTrial(training.TrainConfig):
    """What a chapter gets that makes its own configuration."""

    steps: int = 100


@pytest.fixture
def short_runs(monkeypatch):
    """Whoever asks the store for a run gets a short one, trained here, that learns fast.

    The runs of explorers and of the live search, of one pattern, are small as they are.
    """
    stored, known = store.stored_train, {}

    def brisk(rate):
        return tuple(map(brisk, rate)) if isinstance(rate, tuple) else 30 * rate

    def short(config, **options):
        if config.samples == 1:
            return stored(config, **options)
        if config.task == "evidence":
            tiny = config.replace(epochs=2, steps=100, task_settings=PHASES)
            return known.setdefault(tiny, training.train(tiny, progress=False))
        rates = {name: brisk(getattr(config, name)) for name in ("lr_in", "lr_rec", "lr_out")}
        config = config.replace(epochs=min(config.epochs, 30), steps=100, **rates)
        if config not in known:
            known[config] = training.train(config, progress=False)
        return known[config]

    monkeypatch.setattr(training, "TrainConfig", ShortTrial)
    for name, module in list(sys.modules.items()):
        if name.startswith("pcmlib.") and getattr(module, "stored_train", None) is stored:
            monkeypatch.setattr(module, "stored_train", short)


def run(path, setting):
    """Run a chapter with `setting`, and draw its figures."""
    names = {}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        lines = ("" if line.startswith("%") else line for line in cell.source.splitlines())
        body = ast.parse("\n".join(lines)).body
        last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), path.name, "exec"), names)
        if last is not None:
            shown = eval(compile(ast.Expression(last.value), path.name, "eval"), names)
            if isinstance(shown, Figure):
                shown.savefig(io.BytesIO(), dpi=40)
                assert repr(shown).count("\n") >= len(shown.axes)
        plt.close("all")
        if "parameters" in cell.metadata.get("tags", []):
            names |= setting


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_parameter_is_set_twice(path):
    defaults = {}
    exec(tagged(path, "parameters").source, defaults)
    del defaults["__builtins__"]
    settings = SETTINGS[path.stem]
    for name, default in defaults.items():
        values = {setting[name] for setting in settings}
        assert len(values) >= 2, name
        assert default not in values, name
    assert all(setting.keys() == defaults.keys() for setting in settings)


@pytest.mark.parametrize(("path", "setting"), EACH)
def test_chapter_runs_with_other_parameters(path, setting, glued, short_runs):
    """Its cells run, and each of its sentences finds its numbers, in the form that it asks for."""
    run(path, setting)
    cells = nbformat.read(path, as_version=4).cells
    prose = [cell.source for cell in cells if cell.cell_type == "markdown"]
    wanted = [match for text in prose for match in GLUED.findall(text)]
    assert wanted
    for name, form in wanted:
        value = ast.literal_eval(glued[name])
        assert format(value, form)
