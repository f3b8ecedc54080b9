"""Find the explorers of a notebook, and make them without running the rest of it."""

import ast
from dataclasses import dataclass
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@dataclass(frozen=True)
class Found:
    """The call of one explorer, and the imports of its notebook, as source."""

    chapter: str
    number: int
    imports: str
    call: str

    def __str__(self):
        return f"{self.chapter}-{self.number}"

    def make(self):
        """Make the explorer. Its cell may need nothing but imports: figures are the package's."""
        names = {}
        exec(self.imports, names)
        return eval(self.call, names)


def source_of(cell):
    """Source of a code cell, without IPython's own lines."""
    lines = cell.source.splitlines()
    return "\n".join("" if line.startswith(("%", "!")) else line for line in lines)


def explorers_of(path):
    """The explorers of a notebook, in order."""
    cells = nbformat.read(path, as_version=4).cells
    sources = [source_of(cell) for cell in cells if cell.cell_type == "code"]
    statements = [node for source in sources for node in ast.parse(source).body]
    imports = [node for node in statements if isinstance(node, ast.Import | ast.ImportFrom)]
    calls = [
        node.value
        for node in statements
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and getattr(node.value.func, "id", "") == "explorer"
    ]
    source = "\n".join(map(ast.unparse, imports))
    return [Found(path.stem, i, source, ast.unparse(call)) for i, call in enumerate(calls, 1)]
