"""The strict build, on a small book with the project's own configuration.

A notebook that raises fails the build with its traceback in view; so does a broken reference. The
number that a chapter compares reaches the status page, its figure and its question the gallery.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [f"page{k}" for k in range(5)]  # so many pages are read side by side, as the book's are
TOC = "\n".join(
    ["format: jb-book", "root: intro", "chapters:", "  - file: notebooks/chapter"]
    + [f"  - file: {page}" for page in PAGES]
)
INTRO = """\
# A book

```{gallery}
```

```{reproduction-status}
```

:::{only} address
Press the rocket.
:::
"""
OPENING = "It rains. Does it\nhold? The mean is {glue:text}`ours:.2f` µS.\n\nWhat?"
COMPARE = """\
from pcmlib.book.experiments.reproduction import Quantity, compare, glue, measured
glue("ours", 2.0567)
compare("Fig. 5", Quantity("mean after 1 pulse", "µS", 2.0567, reference=2.06, tolerance=0.1))
compare(
    "Fig. 7 & more",
    Quantity("hit", "", 1.0, reference=1.0, tolerance=0.0),
    Quantity("miss", "", 1.0, reference=2.0, tolerance=0.5, source="closed form"),
    Quantity("free", "", 1.0),
)
compare("Ours", Quantity("alone", "", 1.0))
measured("Trained", Quantity("loss", "", 1.0, expected=1.0, tolerance=0.1))"""
FIGURE = """\
%matplotlib inline
from matplotlib.figure import Figure
figure = Figure(figsize=(7.2, 3))
figure.subplots().plot([1, 2])
figure"""
FIGURE_METADATA = {
    "mystnb": {"figure": {"caption": "A line.", "name": "line"}, "image": {"alt": "up"}}
}
UNSET, SET = "https://github.com/OWNER/pcmlib", "https://github.com/someone/pcmlib"


def build(folder, code, text=OPENING, url=UNSET):
    """Build a book whose one notebook runs `code`; return the finished process."""
    shutil.copytree(ROOT / "book", folder / "book")
    for name in ("_config.yml", "references.bib"):
        shutil.copy(ROOT / name, folder)
    config = folder / "_config.yml"
    config.write_text(re.sub(r"(?<=  url: )\S+", url, config.read_text(), count=1))
    (folder / "_toc.yml").write_text(TOC)
    (folder / "intro.md").write_text(INTRO)
    for page in PAGES:
        (folder / f"{page}.md").write_text(f"# {page}\n")
    (folder / "notebooks").mkdir()
    cells = [
        nbformat.v4.new_markdown_cell(f"# A chapter\n\n{text}"),
        nbformat.v4.new_code_cell(code),
        nbformat.v4.new_code_cell(FIGURE, metadata=FIGURE_METADATA),
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


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The small book, built without a fault, while the project has no address."""
    folder = tmp_path_factory.mktemp("book")
    done = build(folder, COMPARE)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "_build" / "html"


def test_numbers_of_the_run_reach_the_pages(site):
    chapter = (site / "notebooks" / "chapter.html").read_text()
    assert '<span class="pasted-text">2.06</span>' in chapter
    check = [sys.executable, str(ROOT / "book" / "check_site.py"), str(site)]
    assert subprocess.run(check).returncode == 0


def tables(text):
    """Each table's body: its rows of cells, as plain text."""
    text = text.replace("\N{NO-BREAK SPACE}", " ")
    return [
        [
            [re.sub(r"<[^>]*>", "", cell).strip() for cell in re.findall(r"(?s)<td.*?</td>", row)]
            for row in re.findall(r"(?s)<tr.*?</tr>", body)
        ]
        for body in re.findall(r"(?s)<tbody>.*?</tbody>", text)
    ]


def test_status_page_has_a_row_a_figure_and_the_numbers_folded(site):
    status = (site / "intro.html").read_text()
    assert "2 of 3 compared numbers lie within their tolerance</strong>; 3 more" in status
    assert "No number of a paper is among them, since none could be read" in status
    assert "come from: reference code, run by us: 2; closed form: 1. The tolerances" in status
    figures, *numbers = tables(status)
    assert figures == [
        ["Fig. 5", "1", "yes", ""],
        ["Fig. 7 &amp; more", "2", "1 of 2", "1"],
        ["Ours", "none", "", "1"],
        ["Trained", "none", "", "1"],
    ]
    code = "reference code, run by us"
    assert numbers[0] == [["mean after 1 pulse", "2.06 µS", "2.06 ± 0.1 µS", "yes", code]]
    assert [row[-2:] for row in numbers[1]] == [["yes", code], ["no", "closed form"], ["", ""]]
    assert numbers[3] == [["loss", "1.00", "not given", "", "own expectation"]]
    folded = re.findall(r"(?s)<details><summary>(.*?)</summary>.*?</details>", status)
    assert folded == [row[0] for row in figures]


def test_gallery_shows_a_chapter_s_figure_and_question(site):
    (card,) = re.findall(r'(?s)<ul class="gallery.*?</ul>', (site / "intro.html").read_text())
    (link,) = re.findall(r'(?s)<a [^>]*href="notebooks/chapter.html">.*?</a>', card)
    (source,) = re.findall(r'src="(.*?)"', link)
    chapter = (site / "notebooks" / "chapter.html").read_text()
    assert f'src="../{source}"' in chapter
    assert (site / source).stat().st_size > 1000
    assert 'alt="up"' in link
    assert re.sub(r"\s*<[^>]*>\s*", "|", link).strip("|") == "A chapter||It rains. Does it hold?"


BUTTONS = ("mybinder.org", "colab.research", "source-repository-button", "issues-button", "rocket")


def test_no_button_leads_nowhere(site, tmp_path):
    """Without an address there is no button that needs one, and with it there are all."""
    without = [(site / page).read_text() for page in ("intro.html", "notebooks/chapter.html")]
    assert not [name for text in without for name in (*BUTTONS, "OWNER") if name in text]
    done = build(tmp_path, COMPARE, url=SET)
    assert done.returncode == 0, done.stdout + done.stderr
    site = tmp_path / "_build" / "html"
    chapter = (site / "notebooks" / "chapter.html").read_text()
    assert all(name in chapter for name in BUTTONS)
    assert f'href="{SET}"' in chapter
    assert "github/someone/pcmlib/blob" in chapter
    assert "Press the rocket." in (site / "intro.html").read_text()


def test_notebook_that_raises_fails_the_build_with_its_traceback(tmp_path):
    done = build(tmp_path, COMPARE + "\nquotient = 1 / 0")
    assert done.returncode != 0
    assert "quotient = 1 / 0" in done.stdout + done.stderr
    assert "ZeroDivisionError" in done.stdout + done.stderr


def test_broken_references_fail_the_build(tmp_path):
    text = (
        "Why? {numref}`no-figure`, {term}`no-term`, {glue:text}`no-number`, {cite:p}`nobody1999`."
    )
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
