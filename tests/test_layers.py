"""The rooms of the package stand one above the other, and none looks up."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import pcmlib

PACKAGE = Path(pcmlib.__file__).parent
ROOMS = [
    "base", "device", "crossbar", "schemes", "nn", "tasks", "network", "training", "interop",
    "sweep",
]  # fmt: skip
"""Of the model, from the bottom up."""
FLOORS = ["live", "experiments", "figures", "widgets", "explorers"]
"""Of the book, likewise."""
ORDER = [*ROOMS, *(f"book.{floor}" for floor in FLOORS), "commands", "__main__"]
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.parent != PACKAGE or path.stem != "__init__"  # which hands out what all rooms make
}


def room(module):
    """The room that a module stands in."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "book" and len(parts) > 1 else parts[0]


def needs(name):
    """The modules that one imports, at any place, for type checkers too."""
    tree = ast.parse(MODULES[name].read_text(encoding="utf8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = (node.module or "").removeprefix("pcmlib").removeprefix(".")
            if (node.module or "").startswith("pcmlib"):
                within = {f"{module}.{alias.name}".removeprefix(".") for alias in node.names}
                found |= (within & MODULES.keys()) or ({module} & MODULES.keys())
    return found


def test_every_room_has_its_place():
    assert {room(name) for name in MODULES} == {*ORDER, "book"}


@pytest.mark.parametrize("name", MODULES)
def test_no_module_imports_from_above(name):
    here = room(name)
    if here == "book":
        assert not needs(name)
        return
    for other in needs(name):
        assert ORDER.index(room(other)) <= ORDER.index(here), f"{name} imports {other}"


def test_there_is_no_circle_among_the_modules():
    """A room's own page (`__init__`) hands out what its modules make; these need none of it."""
    graph = {name: needs(name) - {name} for name in MODULES}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(error.args[1])}")
    assert len(order) == len(MODULES)


def test_no_file_is_longer_than_300_lines():
    long = {n: len(p.read_text(encoding="utf8").splitlines()) for n, p in MODULES.items()}
    assert {name: count for name, count in long.items() if count > 300} == {}
