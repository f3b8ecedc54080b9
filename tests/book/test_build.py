"""The strict build, on a small book with the project's own configuration.

A notebook that raises fails the build with its traceback in view; so does a broken reference. The
number that a chapter compares reaches the status page.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[2]
PAGES = [f"page{k}" for k in range(5)]  # so many pages are read side by side, as the book's are
TOC = "\n".join(
    ["format: jb-book", "root: intro", "chapters:", "  - file: notebooks/chapter"]
    + [f"  - file: {page}" for page in PAGES]
)
INTRO = "# A book\n\n```{reproduction-status}\n```\n"
COMPARE = """\
from pcmlib.experiments.reproduction import Quantity, compare, glue
glue("ours", 2.0567)
compare("Fig. 5", Quantity("mean after 1 pulse", "µS", 2.0567, reference=2.06, tolerance=0.1))"""


def build(folder, code, text="The mean is {glue:text}`ours:.2f` µS."):
    """Build a book whose one notebook runs `code`; return the finished process."""
    shutil.copytree(ROOT / "book", folder / "book")
    for name in ("_config.yml", "references.bib"):
        shutil.copy(ROOT / name, folder)
    (folder / "_toc.yml").write_text(TOC)
    (folder / "intro.md").write_text(INTRO)
    for page in PAGES:
        (folder / f"{page}.md").write_text(f"# {page}\n")
    (folder / "notebooks").mkdir()
    cells = [
        nbformat.v4.new_markdown_cell(f"# A chapter\n\n{text}"),
        nbformat.v4.new_code_cell(code),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=kernel)
    nbformat.write(notebook, folder / "notebooks" / "chapter.ipynb")
    # What `make book` runs, without the console script, which a moved environment would break.
    command = "from jupyter_book.cli.main import main; main()"
    arguments = ["build", str(folder), "-W", "-n", "--keep-going"]
    return subprocess.run(
        [sys.executable, "-c", command, *arguments], cwd=folder, capture_output=True, text=True
    )


def test_numbers_of_the_run_reach_the_pages(tmp_path):
    done = build(tmp_path, COMPARE)
    assert done.returncode == 0, done.stdout + done.stderr
    site = tmp_path / "_build" / "html"
    chapter = (site / "notebooks" / "chapter.html").read_text()
    assert '<span class="pasted-text">2.06</span>' in chapter
    status = (site / "intro.html").read_text()
    for cell in ("Fig. 5", "mean after 1 pulse", "2.06 µS", "2.06 ± 0.1 µS", "yes"):
        assert f"<p>{cell}</p>" in status.replace("\N{NO-BREAK SPACE}", " ")
    assert "1 of 1 compared numbers lie within their tolerance" in status
    check = [sys.executable, str(tmp_path / "book" / "check_site.py"), str(site)]
    assert subprocess.run(check).returncode == 0


def test_notebook_that_raises_fails_the_build_with_its_traceback(tmp_path):
    done = build(tmp_path, COMPARE + "\nquotient = 1 / 0")
    assert done.returncode != 0
    assert "quotient = 1 / 0" in done.stdout + done.stderr
    assert "ZeroDivisionError" in done.stdout + done.stderr


def test_broken_references_fail_the_build(tmp_path):
    text = "See {numref}`no-figure`, {term}`no-term`, {glue:text}`no-number`, {cite:p}`nobody1999`."
    done = build(tmp_path, COMPARE, text)
    assert done.returncode != 0
    for name in ("no-figure", "no-term", "no-number", "nobody1999"):
        assert name in done.stderr


def test_warning_of_a_cell_is_found_on_the_page(tmp_path):
    warn = COMPARE + "\nimport warnings\nwarnings.warn('deprecated')"
    assert build(tmp_path, warn).returncode == 0
    site = tmp_path / "_build" / "html"
    check = [sys.executable, str(tmp_path / "book" / "check_site.py"), str(site)]
    found = subprocess.run(check, capture_output=True, text=True)
    assert found.returncode == 1
    assert "notebooks/chapter.html: a warning or error of a cell" in found.stdout
