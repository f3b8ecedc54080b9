"""The PDF of a few pages of the built book: what is in it, in which order, and where links lead."""

import pdf
import pytest
from pypdf import PdfReader

TITLE = "A small book"
TOC = """
root: intro
parts:
  - caption: One device
    chapters:
      - file: notebooks/01_one_cell
      - file: notebooks/11_multi_memristor
  - caption: Laboratory
    chapters:
      - file: notebooks/pages/laboratory
  - caption: Reference
    chapters:
      - file: notebooks/pages/glossary
"""
CHAPTERS = [
    "Training spiking networks with phase-change memory",
    "One cell",
    "Multi-memristor synapses: more devices per weight",
    "Glossary",
]


def squeezed(text):
    """Without the white space, which says where lines end."""
    return "".join(text.split())


@pytest.fixture(scope="module")
def printed(book, chromium, tmp_path_factory):
    """The PDF, and the text of each of its pages, squeezed."""
    path = tmp_path_factory.mktemp("pdf") / "book.pdf"
    pdf.make(book, TOC, TITLE, chromium).write(path)
    reader = PdfReader(path)
    return reader, [squeezed(page.extract_text()) for page in reader.pages]


def starts_of(reader):
    """{title: number of its first page}, of what stands at the outline's top."""
    tops = [entry for entry in reader.outline if not isinstance(entry, list)]
    return {entry.title: reader.get_destination_page_number(entry) + 1 for entry in tops}


def test_the_outline_and_the_contents_name_the_chapters_with_their_pages(printed):
    reader, texts = printed
    starts = starts_of(reader)
    assert list(starts) == ["Contents", *CHAPTERS]
    assert sorted(starts.values()) == list(starts.values())
    line = [f"{title} {starts[title]}" for title in CHAPTERS]
    contents = f"{TITLE} {line[0]} One device {line[1]} {line[2]} Reference {line[3]}"
    assert squeezed(contents) in texts[0]


def test_every_page_has_its_number_and_begins_with_its_chapter(printed):
    reader, texts = printed
    starts = starts_of(reader)
    assert len(texts) > 2 * len(starts)
    for number, text in enumerate(texts[1:], 2):
        chapter = squeezed([title for title, start in starts.items() if start <= number][-1])
        edges = [f"{number}{chapter}", f"{chapter}{number}"]  # in which order, differs
        ends = text.startswith(chapter) and text.endswith(str(number))
        assert ends or text.startswith(tuple(edges)), text


def test_sections_are_in_the_outline(printed):
    reader, _ = printed
    (cell,) = (
        below
        for entry, below in zip(reader.outline, reader.outline[1:], strict=False)
        if not isinstance(entry, list) and entry.title == "One cell"
    )
    assert [entry.title for entry in cell][:2] == ["A cell by hand", "A row of pulses"]


def test_nothing_is_there_that_a_screen_is_needed_for(printed):
    _, texts = printed
    text = "".join(texts)
    for button in ("Search", "Ctrl+K", "previous", "Showcodecell", "Download", "Stop"):
        assert button not in text
    assert "timebetweenpulses:38.6s" in text  # an explorer's figure, and what it is of
    assert "importstaircase" in text  # a folded cell


def test_links_lead_into_the_file_or_out_to_the_web(printed):
    reader, _ = printed
    notes = [note.get_object() for page in reader.pages for note in page.get("/Annots", ())]
    addresses = {note["/A"]["/URI"] for note in notes if "/URI" in note.get("/A", {})}
    assert {address.partition(":")[0] for address in addresses} <= {"https", "http"}
    starts = starts_of(reader)
    glossary = reader.pages[starts["Glossary"] - 1].indirect_reference
    chapter = reader.pages[starts["One cell"] - 1 : starts[CHAPTERS[2]] - 1]
    notes = [note.get_object() for page in chapter for note in page.get("/Annots", ())]
    assert glossary in [note["/Dest"][0] for note in notes if "/Dest" in note]
