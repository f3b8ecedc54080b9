"""The notebooks as files: order, first cell, tags, and no output that could go stale.

Their cells are run by nbval (`make test`) and by the book's build.
"""

import copy
import re
import sys
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))
import notebooks as tools  # noqa: E402

CHAPTERS = tools.chapters()
READ = {path: nbformat.read(path, as_version=4) for path in CHAPTERS}
each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def tags(cell):
    return cell.metadata.get("tags", [])


def test_every_chapter_is_in_the_table_of_contents_in_order():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    files = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    listed = [name for name in files if not name.startswith("notebooks/pages/")]
    assert listed == [f"notebooks/{path.stem}" for path in CHAPTERS]
    pages = {f"notebooks/pages/{path.stem}" for path in (ROOT / "notebooks/pages").glob("*.md")}
    assert {name for name in files if name.startswith("notebooks/pages/")} == pages


@each_chapter
def test_first_code_cell_installs_from_the_one_address(path):
    assert tools.first_code_cell(READ[path]).source == tools.install_cell()


PASSED_OVER = re.compile("skip|raises-exception|ignore-output|NBVAL_")  # by a runner of cells


def fault_of(notebook):
    """What is wrong with the outputs that a notebook keeps, or with their check; None if nothing.

    nbval takes a checked cell that has no stored output for right, whatever it prints.
    """
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    checked = [cell for cell in code if tools.CHECKED in tags(cell)]
    if any(cell.outputs or cell.execution_count for cell in code if cell not in checked):
        return "an output of a cell that is not checked"
    if not all(cell.outputs and cell.execution_count for cell in checked):
        return "a checked cell without an output: run `make notebooks`"
    if any(re.search(r"^\s*compare\(", cell.source, re.M) for cell in code if cell not in checked):
        return "a comparison that is not checked"
    marks = [mark for cell in code for mark in (*tags(cell), *re.findall("#.*", cell.source))]
    if any(PASSED_OVER.search(mark) for mark in marks):
        return "a cell that is passed over"
    if "image/" in str([cell.outputs for cell in checked]):
        return "a stored picture"
    return None if checked else "nothing is checked"


@each_chapter
def test_only_checked_cells_keep_outputs(path):
    assert fault_of(READ[path]) is None


def last_checked(notebook):
    return [cell for cell in notebook.cells if tools.CHECKED in tags(cell)][-1]


BREAK = {
    "without an output": lambda cell: cell.outputs.clear(),
    "run `make": lambda cell: cell.update(execution_count=None),
    "that is not checked": lambda cell: cell.metadata.tags.clear(),
    "comparison": lambda cell: (
        cell.metadata.tags.clear() or cell.update(outputs=[], execution_count=None)
    ),
    "passed over": lambda cell: cell.metadata.tags.append("raises-exception"),
    "is passed": lambda cell: cell.update(source="# NBVAL_SKIP\n" + cell.source),
    "picture": lambda cell: cell.outputs.append(
        nbformat.v4.new_output("display_data", {"image/png": "AAAA"})
    ),
}


@pytest.mark.parametrize("fault", BREAK)
@each_chapter
def test_a_check_that_cannot_fail_is_found(path, fault):
    broken = copy.deepcopy(READ[path])
    BREAK[fault](last_checked(broken))
    assert fault in fault_of(broken)


@each_chapter
def test_chapter_has_its_parts(path):
    """One title, one cell of parameters, and a figure with a caption and a text for the blind."""
    notebook = READ[path]
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    titles = [line for line in prose.splitlines() if line.startswith("# ")]
    assert len(titles) == 1
    assert sum("parameters" in tags(cell) for cell in notebook.cells) == 1
    figures = [cell.metadata.mystnb for cell in notebook.cells if "mystnb" in cell.metadata]
    captioned = [figure for figure in figures if "figure" in figure]
    assert captioned
    assert all(f.figure.get("caption") and f.figure.get("name") for f in captioned)
    assert all(f.get("image", {}).get("alt") for f in captioned)


HIDDEN = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
COLUMNS = 80  # of code in the book; the rest of a line is cut off


def fenced(markdown):
    """The lines of the code blocks of a text; a directive's, such as an admonition's, are prose."""
    blocks = re.findall(r"^(`{3,})(.*?)\n(.*?)^\1", markdown, re.DOTALL | re.MULTILINE)
    code = [text for _, head, text in blocks if not head.startswith("{")]
    return [line for text in code for line in text.splitlines()]


def test_code_blocks_of_a_text_are_found():
    text = "a\n```python\nb = 1\nc = 2\n```\n```{tip}\nprose\n```\n```\nd\n```\n"
    assert fenced(text) == ["b = 1", "c = 2", "d"]


@each_chapter
def test_a_reader_sees_what_a_reader_would_type(path):
    """No plumbing of the book, and no line that the page cuts off."""
    for cell in READ[path].cells:
        if HIDDEN & set(tags(cell)):
            continue
        code = cell.cell_type == "code"
        lines = cell.source.splitlines() if code else fenced(cell.source)
        assert max(map(len, lines), default=0) <= COLUMNS, max(lines, key=len)
        assert not code or "glue(" not in cell.source, cell.source


def test_strip_keeps_checked_outputs_only():
    """The tool behind `make notebooks`, on a notebook made here."""
    output = nbformat.v4.new_output("stream", text="2.06\n")
    picture = nbformat.v4.new_output(
        "display_data", {"image/png": "AAAA", "text/plain": "y 9"}, metadata={"image/png": {}}
    )
    cells = [
        nbformat.v4.new_code_cell("a", outputs=[output], execution_count=1),
        nbformat.v4.new_code_cell(
            "b", outputs=[output, picture], execution_count=2, metadata={"tags": [tools.CHECKED]}
        ),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    tools.strip(notebook)
    assert [len(cell.outputs) for cell in notebook.cells] == [0, 2]
    kept = notebook.cells[1].outputs[1]
    assert (kept.data, kept.metadata) == ({"text/plain": "y 9"}, {})
    assert [cell.execution_count for cell in notebook.cells] == [None, 2]


def test_repository_address_is_set_everywhere(tmp_path, monkeypatch):
    """`make repo` changes the one address, the first cells and the files for people."""
    url = "https://example.org/someone/pcmlib"
    old = tools.repository_url()
    files = ["_config.yml", "README.md", "CITATION.cff"]
    for name in files:
        (tmp_path / name).write_text((ROOT / name).read_text())
    (tmp_path / "notebooks").mkdir()
    chapter = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(tools.install_cell())])
    nbformat.write(chapter, tmp_path / "notebooks" / "01_a.ipynb")
    monkeypatch.setattr(tools, "ROOT", tmp_path)
    monkeypatch.setattr(tools, "CONFIG", tmp_path / "_config.yml")
    tools.set_repository(url)
    assert tools.repository_url() == url
    for name in [*files, "notebooks/01_a.ipynb"]:
        text = (tmp_path / name).read_text()
        assert url in text
        assert old not in text
    written = nbformat.read(tmp_path / "notebooks" / "01_a.ipynb", as_version=4)
    assert written.cells[0].source == tools.install_cell()


@pytest.mark.parametrize("url", ["", "pcmlib", "https://example.org/pcmlib", "https://a/b/c d"])
def test_repository_address_must_be_one(url):
    with pytest.raises(ValueError, match=r"URL = .*must be like"):
        tools.set_repository(url)
