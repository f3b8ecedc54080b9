"""Search the built pages for what a reader must never meet.

    python book/check_site.py _build/html

A page may link to another host, but loads nothing from one: no script, style, font, image or frame.
And it shows no traceback and no warning of a cell. Ends with status 1 and a list of what was found.
"""

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

OTHER_HOST = re.compile(r"\s*(https?:)?//", re.IGNORECASE)
CSS_LOAD = re.compile(r"(?:url\(|@import)\s*[\"']?\s*((?:https?:)?//[^\"')\s]+)", re.IGNORECASE)
CDN = re.compile(  # hosts that serve files to pages
    r"https?://[\w.-]*(?:cdn|unpkg|jsdelivr|cdnjs|googleapis|gstatic|jspm|skypack)[\w./@-]*"
)
LOADING = {"src", "srcset", "data", "poster"}  # attributes that load, on any element
PASSIVE_LINKS = {"canonical", "author", "license", "next", "prev", "search", "index", "me"}
FAULTS = {
    "traceback": "a traceback",
    "stderr": "a warning or error of a cell",
    "problematic": "bad markup",
}


class Page(HTMLParser):
    """Collects the faults of one page."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one element's attributes."""
        values = {name: value or "" for name, value in attrs}
        relations = set(values.get("rel", "").split())
        loading = LOADING | (
            {"href"} if tag == "link" and not relations <= PASSIVE_LINKS else set()
        )
        for name in loading & values.keys():
            if OTHER_HOST.match(values[name]):
                self.faults.append(f"<{tag} {name}> loads {values[name]}")
        self.faults += [f"a style loads {url}" for url in CSS_LOAD.findall(values.get("style", ""))]
        classes = set(values.get("class", "").split())
        self.faults += [FAULTS[name] for name in sorted(classes & FAULTS.keys())]


def faults_in(path: Path) -> Iterator[str]:
    """Yield what is wrong with one file of the site."""
    text = path.read_text(encoding="utf8")
    if path.suffix == ".html":
        page = Page()
        page.feed(text)
        yield from page.faults
        text = " ".join(re.findall(r"<style.*?</style>|<script.*?</script>", text, re.DOTALL))
    if path.suffix in {".html", ".css"}:
        yield from (f"a style loads {url}" for url in CSS_LOAD.findall(text))
    if path.suffix in {".html", ".js"}:
        yield from (f"a script names {url}" for url in CDN.findall(text))


def main(site: Path) -> int:
    """Print every fault; return the number of them."""
    files = sorted(p for p in site.rglob("*") if p.suffix in {".html", ".css", ".js"})
    found = [f"{path.relative_to(site)}: {fault}" for path in files for fault in faults_in(path)]
    print(
        "\n".join(found)
        or f"{len(files)} files checked: nothing comes from another host, no errors"
    )
    if not files:
        print(f"no pages in {site}")
    return len(found) + (not files)


if __name__ == "__main__":
    sys.exit(min(1, main(Path(sys.argv[1]))))
