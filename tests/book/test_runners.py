"""What breaks a chapter fails `make test`: copies of one, broken on purpose, as nbval runs them.

Runners differ in what they pass over. nbclient, which builds the book, takes no offence at an error
inside `with Output():` or in a callback; nbval does. nbval passes a checked cell that has no stored
output, which `test_notebooks.py` finds, and compares no picture, but the text of a checked figure.
"""

import copy
import re
import subprocess
import sys
from contextlib import suppress

import nbformat
import pytest
from explorers import CHAPTERS, ROOT
from nbclient.exceptions import CellTimeoutError

sys.path.insert(0, str(ROOT / "book"))
import notebooks as tools

CHAPTER = CHAPTERS[0]
BROKEN = "raise ZeroDivisionError('broken')"
IMPORT = "from ipywidgets import Button, Output\n"
DRAWING = """
draw = demos.staircase.draw
def broken(**outputs):
    figure = draw(**outputs)
    figure.axes[0].set_title(r"$\\frac{$")
    return figure
demos.staircase.draw = broken
"""
# what is done to the chapter: a pattern in it, once, and what takes its place
BREAKS = {
    "nothing": ("", ""),
    "function of the explorer": (r"    demos\.staircase,", "    lambda **knobs: 1 / 0,"),
    "drawing of the explorer": (r"^explorer\(", DRAWING + "explorer("),
    "inside an Output": (r"^explorer\(", f"{IMPORT}with Output():\n    {BROKEN}\nexplorer("),
    "callback": (
        r"^explorer\(",
        f"{IMPORT}def fail(_):\n    {BROKEN}\nb = Button()\nb.on_click(fail)\nb.click()\nexplorer(",
    ),
    "data of the picture": (r"plot_staircase\(\[run\]", "plot_staircase([run, run]"),
    "a little of the data": (
        r"^plot_staircase\(\[run\]",
        "run.drifted[300:500] *= 1.1\nplot_staircase([run]",
    ),
    "data of the numbers": (r"run\.drifted\[-1\]\)", "1.1 * run.drifted[-1])"),
}


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    """The broken copies that nbval fails, and what it says of each."""
    folder = tmp_path_factory.mktemp("chapters")
    for name, (pattern, replacement) in BREAKS.items():
        notebook = nbformat.read(CHAPTER, as_version=4)
        count = 0
        for cell in notebook.cells:
            if pattern and cell.cell_type == "code":
                cell.source, times = re.subn(
                    pattern, lambda _, new=replacement: new, cell.source, flags=re.MULTILINE
                )
                count += times
        assert count == bool(pattern), name
        nbformat.write(notebook, folder / f"{name}.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "--nbval-lax", "--color=no", "-rf"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "--rootdir", folder, folder],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return re.findall(r"^FAILED .*?([\w ]+)\.ipynb", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_chapter_fails_and_a_whole_one_does_not(failed, name):
    assert (name in failed) == (name != "nothing"), failed


def _execute(path):
    """Of an error in an Output, now and then nbclient never sees the kernel's reply (ipykernel 7.4,
    nbclient 0.11; jupyter/nbclient#312): then the notebook runs again."""
    for _ in range(4):
        with suppress(CellTimeoutError):
            return tools.execute([path], timeout=40)


@pytest.mark.parametrize("cell", ["with Output():\n    1 / 0", "b.on_click(fail)\nb.click()"])
def test_what_renews_the_outputs_stops_at_an_error_that_nbclient_passes_over(tmp_path, cell):
    source = f"{IMPORT}b = Button()\ndef fail(_):\n    1 / 0\n{cell}"
    cells = [nbformat.v4.new_code_cell(s) for s in (tools.install_cell(), source)]
    path = tmp_path / "a.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=copy.deepcopy(cells)), path)
    before = path.read_bytes()
    with pytest.raises(RuntimeError, match=r"a\.ipynb: ZeroDivisionError: division by zero"):
        _execute(path)
    assert path.read_bytes() == before
