"""Notebooks as Colab and Binder meet them: alone in an empty folder, pcmlib not installed.

nbval runs them: it fails a cell that raises, and one whose checked output is not the notebook's.

The environment has the libraries that a hosted notebook comes with (here: those of the tests), but
not pcmlib, and ipywidgets 7.7.1, as Colab has it, or 8. The first cell installs pcmlib: from this
checkout, which PCMLIB_SOURCE names in place of the repository's address.
"""

import importlib.metadata
import os
import shutil
import subprocess
import sysconfig
import venv

import nbformat
import pytest
from explorers import CHAPTERS, ROOT, explorers_of

COLAB, NEW = "7.7.1", importlib.metadata.version("ipywidgets")
SOURCE = ("pcmlib", "pyproject.toml", "README.md", "LICENSE")

BARE = """
import importlib.util, ipywidgets
assert ipywidgets.__version__ == {widgets!r}, ipywidgets.__version__
assert importlib.util.find_spec("pcmlib") is None
"""

INSTALLED = """
import pcmlib
assert pcmlib.__file__.startswith({prefix!r}), pcmlib.__file__
"""

MOVE = """
import asyncio
from pcmlib.book.widgets import Panel
shown = {call}
assert shown._repr_mimebundle_()["application/vnd.jupyter.widget-view+json"]["model_id"]
panel = Panel(shown)
before = panel.picture.value
control = panel.controls[0]
if hasattr(control, "index"):
    control.index = len(control.options) - 1 if control.index == 0 else 0
else:
    control.value = not control.value
while panel.picture.value == before:
    await asyncio.sleep(0.1)
assert "<svg" in panel.picture.value
"""


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout.strip()


class Host:
    """An environment that lacks pcmlib; what it runs, it runs in an empty folder."""

    def __init__(self, folder, widgets):
        self.folder, self.widgets, self.prefix = folder, widgets, folder / "env"
        venv.create(self.prefix, with_pip=True)
        self.python = self.prefix / "bin" / "python"
        site = run(self.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
        # The file lends the libraries only: an editable install needs more than this path.
        (self.prefix / site / "libraries.pth").write_text(sysconfig.get_path("purelib"))
        if widgets == COLAB:
            old = [f"ipywidgets=={COLAB}", "ipython_genutils"]
            run(self.python, "-m", "pip", "install", "--quiet", "--no-deps", *old)
        for name in SOURCE:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            (folder / "source").mkdir(exist_ok=True)
            copy(ROOT / name, folder / "source" / name)

    def check(self, name, cells):
        """Let nbval run cells in a new kernel, in a new empty folder."""
        folder = self.folder / name
        folder.mkdir()
        path = folder / f"{name}.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
        kept = {k: v for k, v in os.environ.items() if k not in ("PCMLIB_BOOK", "MPLBACKEND")}
        places = f"{self.python.parent}{os.pathsep}{kept['PATH']}"
        own = {"PATH": places, "PCMLIB_SOURCE": str(self.folder / "source")}
        own["IPYTHONDIR"] = str(self.folder / "ipython")
        call = (self.python, "-m", "pytest", "-q", "--nbval-lax", "-p", "no:cacheprovider", path)
        run(*call, cwd=folder, env=kept | own)


def cells_of(*sources):
    return list(map(nbformat.v4.new_code_cell, sources))


def moves(path):
    """Cells that make each explorer of a notebook and move its first knob."""
    return cells_of(*(MOVE.format(call=found.call) for found in explorers_of(path)))


@pytest.fixture(scope="module", params=[COLAB, NEW])
def host(request, tmp_path_factory):
    """The environment after a notebook's first cell has installed pcmlib into it."""
    host = Host(tmp_path_factory.mktemp("host"), request.param)
    before = BARE.format(widgets=host.widgets)
    after = INSTALLED.format(prefix=str(host.prefix))
    install = next(c.source for c in nbformat.read(CHAPTERS[0], 4).cells if c.cell_type == "code")
    host.check("install", cells_of(before, install, after))
    return host


@pytest.mark.parametrize("host", [COLAB], indirect=True)
def test_explorers_move_with_the_widgets_of_colab(host):
    imports = {path: cells_of(explorers_of(path)[0].imports) for path in CHAPTERS}
    host.check("explorers", [cell for path in CHAPTERS for cell in imports[path] + moves(path)])


@pytest.mark.parametrize("host", [NEW], indirect=True)
@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapter_runs_alone_and_gives_the_numbers_that_it_keeps(host, path):
    host.check(path.stem, nbformat.read(path, as_version=4).cells + moves(path))
