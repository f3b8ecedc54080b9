"""Explorers on a page with no kernel and no network: a figure, native knobs, and what is computed.

The figure at the defaults stands in the page as plain SVG, which is sharp on any screen and takes
ink and paper from the page, so that it is right in a dark theme too. In print, without JavaScript
or away from the book's script (`pcmlib.book.live.page`) it is a figure like any other. With the
script the knobs show, and each move computes the live function anew and redraws the figure's
artists.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from io import StringIO
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from pcmlib.book.widgets.knobs import Choice, Knob, Toggle


def draw(figure: Figure, name: str) -> str:
    """Draw a figure and close it: its SVG, with every id under `name`.

    Black turns into the text colour of the page and white into its background; other colours stay
    as they are, and should be legible on both.
    """
    text = StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))  # bytes that tell of the run
    whole = {"savefig.bbox": None, "svg.image_inline": True}  # whatever a matplotlibrc says
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "pcmlib", **whole}):
        figure.savefig(text, format="svg", facecolor="white", metadata=nothing)
    plt.close(figure)
    svg = text.getvalue()
    svg = svg[svg.index("<svg ") :]
    svg = re.sub(r"<!--.*?-->|<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' xmlns[:\w]*="[^"]*"', "", svg).replace("xlink:href", "href")
    svg = re.sub(r'<g id="(?!live-)[^"]*"', "<g", svg)  # of artists that are redrawn alone
    svg = re.sub(r'(\bid="|\bhref="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r'(?<= )(d|x|y)="([^"]*)"', _shorten, svg)
    svg = re.sub(r"<g([^>]*)>((?:\s*<use [^>]*/>){2,}\s*)</g>", _share_style, svg)
    svg = svg.replace("#000000", "currentColor").replace("#ffffff", "var(--explorer-paper)")
    # Matplotlib's own style sheet, as inherited properties: a <style> would rule the whole page.
    # Below 60 % of its size text is lost: there, on a phone, a wide figure scrolls sideways.
    inherited = (
        'fill="currentColor" stroke-linejoin="round" stroke-linecap="butt" '
        f'style="min-width:{0.6 * 72 * figure.get_figwidth():.0f}pt"'
    )
    svg = svg.replace("<svg ", f"<svg {inherited} ", 1)
    return re.sub(r">\s+<", "><", re.sub(r"\s+", " ", svg)).strip()


def _shorten(attribute: re.Match) -> str:
    """Round coordinates to 1/100 point, finer than a screen shows."""
    key, text = attribute.groups()
    rounded = re.sub(r"-?\d+\.\d+", lambda number: f"{round(float(number[0]), 2):g}", text)
    return f'{key}="{rounded}"'


def _share_style(group: re.Match) -> str:
    """Markers that look alike say so once."""
    attributes, markers = group.groups()
    style = re.compile(r' style="[^"]*"')
    found = set(style.findall(markers))
    if len(found) != 1:
        return group[0]
    return f"<g{attributes}{found.pop()}>{style.sub('', markers)}</g>"


def page(
    name: str, caption: str, knobs: Mapping[str, Knob], svg: str, live: Mapping[str, Any] | None
) -> str:
    """The HTML of an explorer.

    Parameters
    ----------
    name
        Unique on the page: the id of the figure.
    svg
        The drawing at the defaults.
    live
        What the page's script needs to compute others: function, data and artists; None for a
        plain figure, without knobs.
    """
    state = "; ".join(f"{knob.label}: {knob.texts[knob.start]}" for knob in knobs.values())
    parts = [
        f'<figure class="explorer" id="{name}"{" data-live" * (live is not None)}>',
        picture(svg, caption),
        f'<figcaption>{html.escape(caption)} <span class="explorer-state">({html.escape(state)})'
        "</span></figcaption>",
    ]
    if live is not None:
        controls = "".join(_control(f"{name}-{key}", knob) for key, knob in knobs.items())
        told = {"knobs": [{"key": key, **knob.describe()} for key, knob in knobs.items()], **live}
        packed = json.dumps(told, separators=(",", ":")).replace("</", "<\\/")
        parts[-1:-1] = [
            f'<form class="explorer-knobs" autocomplete="off" hidden>{controls}'
            '<p class="explorer-status" role="status"></p></form>'
            "<details hidden><summary>Computed in your browser; the same in Python</summary>"
            f"<pre>from {live['module']} import {live['function']}\n"
            f'<span class="explorer-call">{live["function"]}</span></pre></details>'
        ]
        parts.append(f'<script type="application/json" class="explorer-live">{packed}</script>')
    return "\n".join([*parts, "</figure>"])


def picture(svg: str, caption: str) -> str:
    """One drawing, with its style and a text for screen readers."""
    style = files("pcmlib.book.widgets").joinpath("explore.css").read_text(encoding="utf-8")
    return (
        f"<style>{style}</style>"
        f'<div class="explorer-picture" role="img" aria-label="{html.escape(caption)}">{svg}</div>'
    )


def _control(name: str, knob: Knob) -> str:
    """Labelled native controls, which keyboards and screen readers know."""
    label = html.escape(knob.label)
    texts: Sequence[str] = [html.escape(text) for text in knob.texts]
    shown = f'<span class="explorer-label">{label}</span>'
    if isinstance(knob, Choice):
        checked = [" checked" * (i == knob.start) for i in range(len(texts))]
        buttons = "".join(
            f'<label><input type="radio" name="{name}"{checked[i]}>{text}</label>'
            for i, text in enumerate(texts)
        )
        return (
            f'<div class="explorer-knob" role="radiogroup" aria-label="{label}">'
            f"{shown}<div>{buttons}</div></div>"
        )
    if isinstance(knob, Toggle):
        control = f'<input type="checkbox"{" checked" * knob.default}>'
    else:
        low, high, step, start = knob.track
        text = texts[knob.start]
        control = (
            f'<input type="range" min="{low:g}" max="{high:g}" step="{step:g}" value="{start:g}" '
            f'aria-valuetext="{text}"><output aria-live="off">{text}</output>'
        )
    return f'<label class="explorer-knob">{shown}{control}</label>'
