"""Sphinx extension: a figure stays legible on a phone, where it scrolls sideways in a frame.

A picture is as wide as the book's text, and its letters are nearly as high as the text's. Below
four fifths of that they are hard to read, so it gets no narrower: book.css sees to it, by the
natural width that the frame hands on. scroll.js lets the keyboard into what scrolls, under a name;
print.js prints a page in its light theme.

A picture of the class ``pinned-19`` keeps the last 19 % of its width in view.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.writers.html5 import HTML5Translator


class Frame(nodes.Element):
    """Around the picture of a figure, but not around its caption."""


class FramePictures(SphinxPostTransform):
    """Put every figure's picture into a frame."""

    default_priority = 300  # after MyST-NB has chosen the picture among a cell's outputs

    def run(self) -> None:
        """Called once for each page, after all pages are read."""
        for figure in self.document.findall(nodes.figure):
            for picture in list(figure.findall(nodes.image)):
                if "width" in picture:
                    outer = (
                        picture.parent if isinstance(picture.parent, nodes.reference) else picture
                    )
                    frame = Frame("", width=picture["width"])
                    outer.replace_self(frame)
                    frame += outer
                    pins = [re.fullmatch(r"pinned-(\d+)", name) for name in picture["classes"]]
                    for pin in filter(None, pins):
                        frame["pinned"] = int(pin[1]) / 100
                        copy = nodes.image(uri=picture["uri"], candidates=picture["candidates"])
                        copy["alt"] = ""  # screen readers have the picture itself
                        frame += nodes.container("", copy, classes=["pinned"])


def open_frame(writer: HTML5Translator, frame: Frame) -> None:
    """Write the frame's start, with the picture's natural width."""
    width = frame["width"].removesuffix("px")
    pinned = f"; --pinned: {frame['pinned']:g}" if "pinned" in frame else ""
    writer.body.append(f'<div class="frame" style="--natural: {float(width):g}px{pinned}">')


def close_frame(writer: HTML5Translator, frame: Frame) -> None:
    """Write the frame's end."""
    writer.body.append("</div>\n")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_node(Frame, html=(open_frame, close_frame))
    app.add_post_transform(FramePictures)
    app.add_js_file("scroll.js", loading_method="defer")
    app.add_js_file("print.js", loading_method="defer")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
