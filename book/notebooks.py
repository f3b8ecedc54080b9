"""Keep the notebooks in order.

    python book/notebooks.py execute [NOTEBOOK ...]   run in place, keep only the checked outputs
    python book/notebooks.py repository URL           set the project's address everywhere

Only cells tagged ``nbval-check-output`` keep their outputs, which nbval compares, and no pictures:
the build computes every figure anew, so that none can go stale. Of a checked cell that makes one,
the text stays, which tells the data (`pcmlib.book.figures.contents`).
"""

import re
import sys
from pathlib import Path

import nbformat
import yaml
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "_config.yml"
CHECKED = "nbval-check-output"
INSTALL = """\
# Installs pcmlib where it is missing (Colab, Binder); does nothing elsewhere.
import importlib.util
import os
import subprocess
import sys

if importlib.util.find_spec("pcmlib") is None:
    url = "git+{url}"
    source = os.environ.get("PCMLIB_SOURCE", url)
    pip = [sys.executable, "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, source], check=True)"""


def chapters() -> list[Path]:
    """Return the notebooks in reading order."""
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


def repository_url() -> str:
    """Return the project's address; _config.yml is the one place for it."""
    return yaml.safe_load(CONFIG.read_text(encoding="utf8"))["repository"]["url"]


def install_cell() -> str:
    """Return the source of every notebook's first code cell."""
    return INSTALL.format(url=repository_url())


def first_code_cell(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return the cell that installs pcmlib, or what stands in its place."""
    return next(cell for cell in notebook.cells if cell.cell_type == "code")


def strip(notebook: nbformat.NotebookNode) -> None:
    """Clear all outputs but those of the checked cells, and there the pictures."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code" and CHECKED not in cell.metadata.get("tags", []):
            cell.execution_count, cell.outputs = None, []
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            for kind in [kind for kind in data if kind.startswith("image/")]:
                del data[kind]
                output.metadata.pop(kind, None)


def errors_in(notebook: nbformat.NotebookNode) -> list[str]:
    """Errors that did not stop the execution: of a callback, or inside `with Output():`."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    for widgets in notebook.metadata.get("widgets", {}).values():
        for model in widgets["state"].values():
            outputs += model["state"].get("outputs", ())
    return [f"{o['ename']}: {o['evalue']}" for o in outputs if o["output_type"] == "error"]


def execute(paths: list[Path], timeout: float = 600) -> None:
    """Run the notebooks in place. An error stops, with its traceback, and leaves the file alone.

    timeout: of each cell, in s.
    """
    for path in paths:
        print(path.name, flush=True)
        notebook = nbformat.read(path, as_version=4)
        first_code_cell(notebook).source = install_cell()
        NotebookClient(
            notebook, timeout=timeout, resources={"metadata": {"path": path.parent}}
        ).execute()
        if errors := errors_in(notebook):
            raise RuntimeError(f"{path.name}: {'; '.join(errors)}")
        strip(notebook)
        nbformat.write(notebook, path)


def set_repository(url: str) -> None:
    """Write `url` into _config.yml and into the notebooks' first code cells."""
    if not re.fullmatch(r"https://[\w.-]+/[\w.-]+/[\w.-]+[^/]", url):
        raise ValueError(f"URL = {url!r}: must be like https://github.com/NAME/pcmlib")
    old = repository_url()
    for path in [CONFIG, *chapters(), *(ROOT / name for name in ("README.md", "CITATION.cff"))]:
        text = path.read_text(encoding="utf8")
        path.write_text(text.replace(old, url), encoding="utf8")


def main(arguments: list[str]) -> None:
    """Run one of the two commands of the module's docstring."""
    match arguments:
        case ["execute", *names]:
            execute([Path(name) for name in names] or chapters())
        case ["repository", url]:
            set_repository(url)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
