"""The book as one PDF, from the built pages: ``python book/pdf.py [FOLDER [FILE]]`` (`make pdf`).

Chromium prints each page of the table of contents as print.css has it, numbered on from the page
before; pypdf puts them together behind a list of contents. The outline holds the chapters and their
sections. Links lead to other pages of the file, or out to the web. What only lives on a screen is
left out (the laboratory and the bench), and so is the package reference.
"""

from __future__ import annotations

import html
import io
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urldefrag

import yaml
from playwright.sync_api import Page, sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""Names of the program; the first has no windows, and opens a page at a quarter of the cost."""
OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
ON_A_SCREEN = ("notebooks/pages/laboratory", "notebooks/pages/bench")
# The number before a page's first sheet; what runs along the edges of all others.
SHEETS = """
html { counter-reset: page %d }
@page :first { @top-left { content: "" } }
@page {
  @top-left { content: "%s"; font: 8pt sans-serif; color: #555 }
  @bottom-center { content: counter(page); font: 9pt sans-serif }
}
"""
CONTENTS = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Contents</title><style>
@page { size: A4; margin: 20mm } body { font: 10.5pt/1.55 sans-serif } h1 { font-size: 2.2em }
h2 { font-size: 1em; margin: 0.8em 0 0 } a { color: black; text-decoration: none; display: flex }
a span { flex: 1 }</style>%s"""
HEADINGS = "[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map((e) => e.innerText)"
# All of a page is there: formulas, pictures, and the figures of its explorers.
READY = """async () => {
  await window.MathJax?.startup?.promise;
  for (const image of document.images) image.loading = "eager";
  await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
  await document.fonts.ready;
}"""


def chromium() -> str | None:
    """The path of a Chromium, where there is one."""
    return next(filter(None, map(shutil.which, CHROMIUMS)), None)


def table_of_contents(text: str) -> list[tuple[str, list[str]]]:
    """The parts of _toc.yml: (caption, its pages); the front page is a part without a caption."""
    toc = yaml.safe_load(text)
    parts = toc.get("parts") or [{"caption": "", "chapters": toc.get("chapters", [])}]
    found = [("", [toc["root"]])]
    for part in parts:
        files = [entry["file"] for entry in part["chapters"]]
        found.append((part["caption"], [name for name in files if name not in ON_A_SCREEN]))
    return [(caption, files) for caption, files in found if files]


def printed(page: Page, first: int, running: str) -> PdfReader:
    """The page that is open, its sheets numbered from `first`, under a running title."""
    quoted = running.replace("\\", r"\\").replace('"', r"\"")
    page.add_style_tag(content=SHEETS % (first - 1, quoted))
    data = page.pdf(prefer_css_page_size=True, print_background=True, outline=True, tagged=True)
    return PdfReader(io.BytesIO(data))


def chapters(page: Page, addresses: list[str]) -> Iterator[tuple[list[str], PdfReader, int]]:
    """(headings, the title first; sheets; number of the first) of each page of the book."""
    number = 2  # behind the contents
    for address in addresses:
        page.goto(address)
        page.emulate_media(media="print", color_scheme="light")
        page.evaluate(READY)
        headings = [text.removesuffix("#").strip() for text in page.evaluate(HEADINGS)]
        reader = printed(page, number, headings[0])
        yield headings, reader, number
        number += len(reader.pages)


def contents(page: Page, title: str, lines: Iterable[tuple[str, str, str, int]]) -> PdfReader:
    """The list: (caption of the part that begins here, chapter, its address, its number)."""
    body = [f"<h1>{html.escape(title)}</h1>"]
    for caption, chapter, address, number in lines:
        body += [f"<h2>{html.escape(caption)}</h2>"] * bool(caption)
        body.append(f'<a href="{address}"><span>{html.escape(chapter)}</span>{number}</a>')
    page.goto("about:blank")
    page.set_content(CONTENTS % "".join(body))
    reader = printed(page, 1, "")
    if len(reader.pages) != 1:
        raise RuntimeError(f"the contents take {len(reader.pages)} sheets, and must take one")
    return reader


def link(writer: PdfWriter, starts: dict[str, int]) -> None:
    """Let links to files lead to that page's first sheet here; those to no page of ours go."""
    for sheet in writer.pages:
        kept = ArrayObject()
        for reference in sheet.get("/Annots", ()):
            note = reference.get_object()
            address = str(note.get("/A", {}).get("/URI", ""))
            if address.startswith("file:"):
                number = starts.get(urldefrag(address).url)
                if number is None:
                    continue
                target = writer.pages[number - 1].indirect_reference
                del note["/A"]
                note[NameObject("/Dest")] = ArrayObject([target, NameObject("/Fit")])
            kept.append(reference)
        if "/Annots" in sheet:
            sheet[NameObject("/Annots")] = kept


def name(outline: DictionaryObject, headings: list[str]) -> None:
    """Give the outline's entries their titles, in which Chromium leaves no space between lines."""
    known = {"".join(heading.split()): heading for heading in headings}
    following = outline.get("/First")
    while following:
        entry = following.get_object()
        squeezed = "".join(entry["/Title"].split())
        entry[NameObject("/Title")] = TextStringObject(known.get(squeezed, entry["/Title"]))
        name(entry, headings)
        following = entry.get("/Next")


def make(folder: Path, toc: str, title: str, program: str) -> PdfWriter:
    """The PDF of the pages in `folder` that the table of contents names, printed by `program`."""
    parts = table_of_contents(toc)
    files = [file for _, names in parts for file in names]
    addresses = [(folder / f"{file}.html").as_uri() for file in files]
    captions = {names[0]: caption for caption, names in parts}
    writer = PdfWriter()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(OPTIONS))
        page = browser.new_page(color_scheme="light")
        titles, readers, numbers = zip(*chapters(page, addresses), strict=True)
        openings = [captions.get(file, "") for file in files]
        lines = zip(openings, [found[0] for found in titles], addresses, numbers, strict=True)
        writer.append(contents(page, title, lines), "Contents", import_outline=False)
        browser.close()
    for reader in readers:
        writer.append(reader)
    name(writer.root_object["/Outlines"], [text for found in titles for text in found])
    link(writer, dict(zip(addresses, numbers, strict=True)))
    writer.add_metadata({"/Title": title})
    writer.root_object[NameObject("/PageMode")] = NameObject("/UseOutlines")
    return writer


def main(folder: Path = SITE, file: Path = ROOT / "_build" / "pcmlib.pdf") -> None:
    """Write the PDF of the book that is built."""
    program = chromium()
    if program is None:
        sys.exit(f"Chromium is needed, under one of the names {', '.join(CHROMIUMS)}")
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    writer = make(folder, (ROOT / "_toc.yml").read_text(), config["title"], program)
    writer.write(file)
    print(f"{file}: {len(writer.pages)} pages")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
