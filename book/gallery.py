"""Sphinx extension: the directive ``gallery``, a card a chapter: its first figure and its question.

A chapter opens with its question: the paragraph under its title up to the last question mark. The
picture is the one that the build has just drawn for the chapter's own page.
"""

from collections.abc import Iterator

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective
from sphinx.util.logging import getLogger

LOGGER = getLogger(__name__)


class Gallery(nodes.Element):
    """Where the cards go, until all chapters have run."""


class GalleryDirective(SphinxDirective):
    """``{gallery}``: takes no argument."""

    def run(self) -> list[nodes.Node]:
        """Leave a placeholder."""
        return [Gallery()]


class FillGallery(SphinxPostTransform):
    """Put the cards in the placeholder's place, under the parts of the table of contents."""

    default_priority = 5

    def run(self) -> None:
        """Called once for each page, after all pages are read."""
        for placeholder in list(self.document.findall(Gallery)):
            placeholder.replace_self(list(self.parts()))

    def parts(self) -> Iterator[nodes.Element]:
        """Yield the name of each part that has chapters, and their cards."""
        for part in self.env.get_doctree(self.config.root_doc).findall(addnodes.toctree):
            chapters = [page for _, page in part["entries"] if self.is_chapter(page)]
            if chapters:
                yield nodes.rubric("", part.get("caption") or "")
                yield nodes.bullet_list("", *self.cards(chapters), classes=["gallery"])

    def cards(self, pages: list[str]) -> Iterator[nodes.list_item]:
        """Yield the chapters' cards; warn, which fails the build, of one that cannot have any."""
        for page in pages:
            try:
                yield self.card(page)
            except LookupError as lack:
                LOGGER.warning("The gallery needs %s", lack.args[0], location=page)

    def is_chapter(self, page: str) -> bool:
        """Whether a page is a notebook."""
        return self.env.doc2path(page).endswith(".ipynb")

    def card(self, page: str) -> nodes.list_item:
        """Build one chapter's card: a link with the picture, the title and the question."""
        chapter = self.env.get_doctree(page)
        link = nodes.reference(
            "",
            "",
            picture(chapter),
            nodes.strong("", self.env.titles[page].astext()),
            nodes.inline("", question(chapter)),
            internal=True,
            refuri=self.app.builder.get_relative_uri(self.env.docname, page),
        )
        return nodes.list_item("", nodes.paragraph("", "", link))


def picture(chapter: nodes.document) -> nodes.image:
    """Return the picture of the first captioned figure."""
    for figure in chapter.findall(nodes.figure):
        for image in figure.findall(nodes.image):
            kept = ("uri", "candidates", "alt")
            return nodes.image("", **{key: image[key] for key in kept if key in image})
    raise LookupError("a captioned figure in every chapter")


def question(chapter: nodes.document) -> str:
    """Return what stands under the title, up to its last question mark."""
    first = next(chapter.findall(nodes.paragraph), nodes.paragraph())
    text, mark, _ = first.astext().replace("\n", " ").rpartition("?")
    if not mark:
        raise LookupError("a question in the first paragraph of every chapter")
    return text + mark


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_node(Gallery)
    app.add_directive("gallery", GalleryDirective)
    app.add_post_transform(FillGallery)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
