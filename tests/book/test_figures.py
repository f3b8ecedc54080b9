"""What holds the data of each captioned figure of a chapter.

Either its cell is checked: then nbval compares the figure's text, which tells its data
(`pcmlib.book.figures.contents`). Or it draws what belongs to a processor, trained networks above
all; then each variable that it draws is one that a checked number is computed from, and the tests
of `pcmlib.book.figures` see to it that a figure shows what it is given.
"""

import ast
import copy
import sys

import nbformat
import pytest
from explorers import CHAPTERS, ROOT, source_of

sys.path.insert(0, str(ROOT / "book"))
import notebooks as tools

REARRANGE = {"dict", "list", "max", "min", "sorted", "tuple", "zip"}  # calls that make no data


def names(node, context=ast.Load):
    """Variables that a piece of code reads or sets; those of a comprehension are its own."""
    loops = [n.target for n in ast.walk(node) if isinstance(n, ast.comprehension)]
    inner = {n.id for target in loops for n in ast.walk(target) if isinstance(n, ast.Name)}
    every = (n for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, context))
    return {n.id for n in every} - inner


def makes_data(node):
    """Whether it calls more than methods and what rearranges."""
    calls = {n.func.id for n in ast.walk(node) if isinstance(n, ast.Call) and hasattr(n.func, "id")}
    return bool(calls - REARRANGE)


def tagged(cell, tag):
    return tag in cell.metadata.get("tags", [])


def unheld(notebook):
    """Each captioned figure that is not checked, and the variables that nothing holds."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    trees = {id(cell): ast.parse(source_of(cell)) for cell in code}
    made_of, rearranged = {}, set()
    for cell in code:
        for node in trees[id(cell)].body * (not tagged(cell, "parameters")):
            for name in names(node, ast.Store):
                made_of.setdefault(name, set()).update(names(node))
                rearranged |= set() if makes_data(node) else {name}
    held = set().union(*(names(trees[id(c)]) for c in code if tagged(c, tools.CHECKED)))
    while more := set().union(*(made_of.get(name, set()) for name in held)) - held:
        held |= more
    while more := {n for n in rearranged - held if made_of[n] & made_of.keys() <= held}:
        held |= more
    for cell in code:
        if "figure" in cell.metadata.get("mystnb", {}) and not tagged(cell, tools.CHECKED):
            drawn = names(trees[id(cell)].body[-1]) & made_of.keys()
            yield cell.metadata.mystnb.figure.name, (drawn - held) if drawn else {"what it draws"}


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_the_data_of_each_figure_are_held(path):
    notebook = nbformat.read(path, as_version=4)
    assert not {name: missing for name, missing in unheld(notebook) if missing}


FIGURE = {"mystnb": {"figure": {"name": "a-figure"}}}
CHECK = {"tags": [tools.CHECKED]}


def chapter(make, draw="plot(run)", check="compare(numbers)", **metadata):
    cells = [(make, {}), (draw, FIGURE | metadata), ("numbers = f(run, 1)", {}), (check, CHECK)]
    cells = [nbformat.v4.new_code_cell(s, metadata=copy.deepcopy(m)) for s, m in cells]
    return nbformat.v4.new_notebook(cells=cells)


@pytest.mark.parametrize(
    ("notebook", "missing"),
    [
        (chapter("run = train(1)"), set()),
        (chapter("run = train(1)", "plot({k: v for k, v in run.items()})"), set()),
        (chapter("run = train(1)\nnamed = {'a': run}", "plot(named)"), set()),
        (chapter("run = train(1)", "other = train(2)\nplot(other)"), {"other"}),
        (chapter("run = train(1)\nother = twice(run)", "plot(other)"), {"other"}),
        (chapter("run = train(1)", "plot(train(2))"), {"what it draws"}),
        (chapter("run = train(1)", check="compare(1)"), {"run"}),
    ],
)
def test_a_figure_of_other_data_is_found(notebook, missing):
    assert list(unheld(notebook)) == [("a-figure", missing)]


def test_a_checked_figure_holds_itself():
    assert not list(unheld(chapter("run = 1", "plot(train(2))", tags=[tools.CHECKED])))
