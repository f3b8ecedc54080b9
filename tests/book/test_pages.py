"""The check of the built pages finds what it must."""

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils import nodes

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))
import check_site  # noqa: E402
import docstrings  # noqa: E402
import gallery  # noqa: E402
import modules  # noqa: E402
import side_by_side  # noqa: E402


def faults(tmp_path, name, text):
    page = tmp_path / name
    page.write_text(text, encoding="utf8")
    return list(check_site.faults_in(page))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.html", '<script src="https://example.org/a.js"></script>'),
        ("a.html", '<script src="//example.org/a.js"></script>'),
        ("a.html", '<link rel="stylesheet" href="https://example.org/a.css">'),
        ("a.html", '<link rel="preload" as="font" href="https://example.org/a.woff2">'),
        ("a.html", '<img src="http://example.org/a.png">'),
        ("a.html", '<p style="background: url(https://example.org/a.png)">x</p>'),
        ("a.html", "<style>@import 'https://example.org/a.css';</style>"),
        ("a.html", '<script>load("https://cdn.jsdelivr.net/npm/x")</script>'),
        ("a.html", '<div class="highlight-ipythontb output traceback">Traceback</div>'),
        ("a.html", '<div class="output stderr">UserWarning</div>'),
        ("a.css", "a { background: url('//example.org/a.png') }"),
        ("a.js", 'import("https://unpkg.com/x")'),
    ],
)
def test_fault_is_found(tmp_path, name, text):
    assert len(faults(tmp_path, name, text)) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.html", '<a href="https://example.org">a link</a><img src="a.png">'),
        ("a.html", '<link rel="canonical" href="https://example.org/a.html">'),
        (
            "a.html",
            '<img src="data:image/png;base64,AAAA"><svg xmlns="http://www.w3.org/2000/svg"/>',
        ),
        ("a.html", "<p>A page may speak of //cdn and of https://unpkg.com in its text.</p>"),
        ("a.css", "a { background: url(a.png) } /* https://example.org */"),
        ("a.js", "// see https://example.org"),
    ],
)
def test_harmless_page_passes(tmp_path, name, text):
    assert faults(tmp_path, name, text) == []


def test_empty_site_fails(tmp_path, capsys):
    assert check_site.main(tmp_path) == 1
    assert "no pages" in capsys.readouterr().out


def test_package_reference_goes_from_the_bottom_up():
    """Every module once, after those that it imports: no circle, of files or of folders."""
    parts = modules.in_order()
    package = ROOT / "pcmlib"
    names = [name for found in parts.values() for name in found]
    files = [path.relative_to(package).with_suffix("") for path in package.rglob("[!_]*.py")]
    assert sorted(names) == sorted(".".join(file.parts) for file in files)
    place = {name: position for position, name in enumerate(names)}
    for upper, lower in [
        ("device.array", "device.laws"),
        ("crossbar.array", "device.array"),
        ("training.run", "network.epoch"),
        ("book.explorers.training", "book.figures.training"),
    ]:
        assert place[upper] > place[lower]


def test_package_reference_has_a_page_a_folder(tmp_path):
    """The pages follow the package: each part's own, each module on one, and no stale page."""
    folder = tmp_path / modules.PAGES
    folder.mkdir(parents=True)
    (folder / "gone.md").write_text("# gone")
    modules.write_pages(SimpleNamespace(srcdir=tmp_path))
    pages = {path.stem: path.read_text() for path in folder.iterdir()}
    package = ROOT / "pcmlib"
    files = [p.relative_to(package).with_suffix("").parts for p in package.rglob("[!_]*.py")]
    assert set(pages) == {".".join(parts[:-1] or parts) for parts in files}
    named = re.findall(r"automodule:: (\S+)", "\n".join(pages.values()))
    parts = modules.in_order()
    expected = {*parts, *(name for found in parts.values() for name in found)}
    assert sorted(named) == sorted(f"pcmlib.{name}" for name in expected)
    index = [(ROOT / "notebooks/pages/api.md").read_text()]
    modules.insert(None, "", index)
    assert re.findall(r"\]\(api/([\w.]+)\.md\) \| \S", index[0]) == list(parts)
    assert f"glob: {modules.PAGES}/*" in (ROOT / "_toc.yml").read_text()


@pytest.mark.parametrize("files", [["laws.py"], ["laws/__init__.py", "laws/drift.py"]])
def test_a_part_is_a_file_or_a_folder(tmp_path, files):
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('"""Laws of a device."""')
    ((part, found),) = modules.in_order(tmp_path).items()
    named = re.findall(r"automodule:: (\S+)", modules.page(part, found))
    assert named == ["pcmlib.laws", "pcmlib.laws.drift"][: len(files)]


def test_gallery_asks_for_a_figure_and_a_question():
    chapter = nodes.document(None, None)
    chapter += nodes.paragraph("", "It rains. Does\nit hold? It does.")
    assert gallery.question(chapter) == "It rains. Does it hold?"
    with pytest.raises(LookupError, match="figure"):
        gallery.picture(chapter)
    chapter.replace(chapter[0], nodes.paragraph("", "It holds."))
    with pytest.raises(LookupError, match="question"):
        gallery.question(chapter)


def test_neighbouring_chapters_are_read_by_different_processes(monkeypatch):
    """Sphinx cuts the list into runs of neighbours, one process each."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # which `setup` would leave behind
    app = SimpleNamespace(parallel=1, connect=lambda *_: None)
    side_by_side.setup(app)
    assert 1 <= app.parallel <= 4
    pages = [f"{k:02}" for k in range(10)]
    side_by_side.deal(SimpleNamespace(parallel=2), None, pages)
    assert pages == ["00", "02", "04", "06", "08", "01", "03", "05", "07", "09"]


def test_docstrings_are_shown_as_they_stand():
    """Markup characters mean themselves, code is code, indented lines are literal."""
    shown = docstrings.blocks(["|dG| of `Crossbar`", "    w = G*", "after", "- one", "  two_"])
    assert list(shown) == [
        r"\ \|dG\| of \ ``Crossbar``\ ",
        *["", "::", "", "    w = G*", ""],
        r"\ after",
        "- one",
        r"  two\_",
    ]
