"""The examples of the pages and the docstrings: each is run, and does what it promises."""

import ast
import importlib
import re
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch

from pcmlib.book import live
from pcmlib.book.live import function
from pcmlib.schemes import SCHEMES

ROOT = Path(__file__).resolve().parents[2]


def examples():
    """Code by place: the Python blocks of a page, the indented calls of a docstring."""
    for path in sorted(ROOT.glob("*.md")):
        found = re.findall(r"^```python\n(.*?)^```", path.read_text(), re.DOTALL | re.MULTILINE)
        yield from ((f"{path.name} {n}", code) for n, code in enumerate(found, 1))
    for path in sorted((ROOT / "pcmlib").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            text = (ast.get_docstring(node) if documented else None) or ""
            code = "\n\n".join(filter(calls, text.split("\n\n")))
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            if code:
                yield f"{name} {getattr(node, 'name', '')}".strip(), textwrap.dedent(code)


def calls(paragraph):
    """Whether it is indented Python that calls something; equations and lists are not."""
    try:
        tree = ast.parse(textwrap.dedent(paragraph))
    except SyntaxError:
        return False
    indented = all(line.startswith("    ") for line in paragraph.strip("\n").splitlines())
    return indented and any(isinstance(node, ast.Call) for node in ast.walk(tree))


FOUND = dict(examples())


# What an example takes as given, by the place where it stands; its module's names are, too


def line():
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    return {"axes": axes, "artist": axes.plot([0, 1], [2.0, 3.0])[0]}


def drawing():
    def draw(outputs):
        given = line()
        given["artist"].set_ydata(outputs["height"])
        return given["axes"].figure

    return {"draw": draw, "samples": [{"height": np.array(y)} for y in ([1.0, 2.0], [3.0, 5.0])]}


def places():
    """Arrays for the whole run of a network that stands in `pcmlib.book.explorers.whole_run`."""
    from pcmlib.book.explorers.whole_run import AGES, BINS
    from pcmlib.training import TrainConfig
    from pcmlib.training.record import numbers

    sizes = *[(250,)] * 6, (3, 1000, 1), (3, 1000, 1), (1000, 100), (3, 2, BINS)
    sizes = *sizes, (2, 1 + len(AGES), 2)
    outputs = [np.zeros(size, np.float32) for size in sizes]
    return {"TrainConfig": TrainConfig, "numbers": numbers, "outputs": outputs}


def trained():
    """What stands above a module of `pcmlib.training`."""
    from pcmlib.training import TrainConfig, train

    return {"TrainConfig": TrainConfig, "train": train}


GIVEN = {
    "pcmlib.training.evaluation": trained,
    "pcmlib.training.pulses": trained,
    "pcmlib.book.experiments.reproduction": lambda: {"mean": [2.07], "loss": 0.008},
    "pcmlib.book.widgets.widgets": lambda: {"staircase": lambda interval: line()["axes"].figure},
    "pcmlib.book.live.artists": drawing,
    "pcmlib.book.live.function": lambda: {"live": live.live},
    "pcmlib.book.live.looks": line,
    "pcmlib.book.explorers.whole_run": places,
}


# What it promises, of the names that it leaves and of what it prints


def staircase_rises(names, printed):
    readings = [float(x) for x in re.findall(r"\d+\.\d+", printed)]
    return len(readings) == 20 and readings[-1] > readings[0] + 3


def network_learns(names, printed):
    loss = names["run"].loss  # 0.24 is that of an output of 0
    return (loss[:, 0] > 0.15).all() and (loss[:, -1] < 0.05).all()


def forgets_and_is_compensated(names, printed):
    now, _, month, compensated = map(float, re.findall(r"loss (\S+?),", printed))
    silent = (names["run"].targets ** 2).mean()
    return now < silent / 5 and month > 2 * now and compensated < (now + month) / 2


def law_holds(names, printed):
    p = type("p", (), {"level": 1.0, "slope": 0.5})
    expected = [0.25, np.log(2) + 1]
    return np.allclose(names["law"](torch.tensor([0.5, 2.0]), p), expected)


PROMISED = {
    "README.md 1": lambda names, printed: (
        abs(names["conductance"].mean() - 8.89) < 0.1 and "after 20 SET pulses" in printed
    ),
    "README.md 2": network_learns,
    "intro.md 1": staircase_rises,
    "pcmlib.base.arithmetic": law_holds,
    "pcmlib.book.experiments.reproduction": lambda names, printed: (
        len(re.findall(r"^(mean after|loss ).* yes$", printed, re.MULTILINE)) == 2
    ),
    "pcmlib.book.widgets.widgets": lambda names, printed: (
        names["_"]._repr_mimebundle_()["text/html"].count("time between pulses") > 0
    ),
    "pcmlib.book.live.artists": lambda names, printed: len(names["artists"]) == 1,
    "pcmlib.book.live.function": lambda names, printed: (
        {n: x.shape for n, x in names["staircase"](interval=38.6, g_max=20).items()}
        == {"time": (400,), "conductance": (3, 400)}
    ),
    "pcmlib.book.live.looks": lambda names, printed: names["describe"](**line())["kind"] == "line",
    "pcmlib.book.live.webassembly": lambda names, printed: (
        "staircase" in names["built"]["functions"]
    ),
    "pcmlib.book.explorers.whole_run": lambda names, printed: names["outputs"][0][-1] < 0.02,
    "README.md 3": forgets_and_is_compensated,
    "README.md 4": lambda names, printed: float(re.search(r"loss (\S+),", printed)[1]) < 1.3,
    "README.md 5": lambda names, printed: (
        names["run"].loss[0, -1] < 0.12 and "'beta': 0.97" in printed
    ),
    "pcmlib.training.evaluation": lambda names, printed: (
        (names["month"].loss.mean(1).diff() > -1e-3).all()
        and names["month"].loss[-1].mean() > 3 * names["month"].loss[0].mean()
    ),
    "pcmlib.training.pulses": lambda names, printed: (
        sum(x.sum(dtype=int) for x in names["pulses"].set.values())
        == names["run"].set_pulses[:, -1].sum()
    ),
    "pcmlib.training.run": network_learns,
}


def run(code, names):
    """As in a notebook: what the last line gives is _."""
    *lines, last = ast.parse(code).body
    if isinstance(last, ast.Expr):
        last = ast.copy_location(ast.Assign([ast.Name("_", ast.Store())], last.value), last)
    module = ast.fix_missing_locations(ast.Module([*lines, last], []))
    exec(compile(module, "example", "exec"), names)


@pytest.fixture(autouse=True)
def as_before():
    """The schemes and live functions that examples add are gone after them."""
    registries = SCHEMES, function.FUNCTIONS
    before = [dict(registry) for registry in registries]
    yield
    for registry, names in zip(registries, before, strict=True):
        registry.clear()
        registry.update(names)


def test_every_example_has_its_promise():
    assert FOUND.keys() == PROMISED.keys()


@pytest.mark.parametrize("place", FOUND)
def test_an_example_does_what_it_promises(place, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(function, "FUNCTIONS", {})  # where the chapters have one of that name
    module = place if place.startswith("pcmlib.") else "builtins"
    names = {**vars(importlib.import_module(module)), **GIVEN.get(place, dict)()}
    run(FOUND[place], names)
    assert PROMISED[place](names, capsys.readouterr().out)
