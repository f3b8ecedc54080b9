"""Explorers on a page with no kernel and no network: every frame drawn beforehand, as SVG.

SVG stays sharp on any screen, takes ink and paper from the page (so that it is right in a dark
theme too), and packs well, since the frames of one explorer have nearly everything in common:

1. `draw` writes a figure as a list of short lines, one SVG element each;
2. `pack` keeps each line once, whichever frames use it, and a frame as a list of line numbers; the
   whole is deflated, and a browser inflates it with its own means;
3. `page` puts the packed frames, the knobs and a small script (explore.js) into one piece of HTML.
   The default frame stands in it as plain SVG, so that in print and without JavaScript an explorer
   is a figure like any other.
"""

from __future__ import annotations

import base64
import html
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from io import StringIO

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from pcmlib.explore.knobs import Choice, Knob, Toggle

Positions = tuple[int, ...]
"""A state of the knobs: for each knob, in order, the position of its value."""


def draw(figure: Figure, name: str) -> list[str]:
    """Draw a figure and close it: its SVG, one element a line, with every id under `name`.

    Black turns into the text colour of the page and white into its background; other colours stay
    as they are, and should be legible on both.
    """
    text = StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))  # bytes that tell of the run
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "pcmlib"}):
        figure.savefig(text, format="svg", facecolor="white", metadata=nothing)
    plt.close(figure)
    svg = text.getvalue()
    svg = svg[svg.index("<svg ") :]
    svg = re.sub(r"<!--.*?-->|<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' xmlns[:\w]*="[^"]*"', "", svg).replace("xlink:href", "href")
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    svg = re.sub(r'(\bid="|\bhref="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r'(?<= )(d|x|y)="([^"]*)"', _shorten, svg)
    svg = svg.replace("#000000", "currentColor").replace("#ffffff", "var(--explorer-paper)")
    # Matplotlib's own style sheet, as inherited properties: a <style> would rule the whole page.
    # Below 60 % of its size text is lost: there, on a phone, a wide figure scrolls sideways.
    inherited = (
        'fill="currentColor" stroke-linejoin="round" stroke-linecap="butt" '
        f'style="min-width:{0.6 * 72 * figure.get_figwidth():.0f}pt"'
    )
    svg = svg.replace("<svg ", f"<svg {inherited} ", 1)
    return re.sub(r">\s+<", ">\n<", re.sub(r"\s+", " ", svg)).strip().split("\n")


def _shorten(attribute: re.Match) -> str:
    """Round coordinates to 1/100 point, finer than a screen shows; write polylines as steps.

    The steps of a curve resemble each other, and its frames', far more than its points do: a page
    packs to a quarter.
    """
    key, text = attribute.groups()
    if key == "d" and set(re.findall("[A-Za-z]", text)) <= set("MLz"):
        return f'd="{_steps(text)}"'
    rounded = re.sub(r"-?\d+\.\d+", lambda number: f"{round(float(number[0]), 2):g}", text)
    return f'{key}="{rounded}"'


def _steps(path: str) -> str:
    """A path of M, L and z, its points rounded and written as steps from one to the next."""
    steps = []
    x, y = start = 0, 0
    for command, to_x, to_y in re.findall(r"([ML])\s*(\S+)\s+(\S+)|z", path):
        if not command:  # z closes the path: the pen is back where it started
            steps.append("z")
            x, y = start
            continue
        to = round(100 * float(to_x)), round(100 * float(to_y))
        if command == "M":
            start = to
            steps.append(f"M{to[0] / 100:g} {to[1] / 100:g}")
        else:
            steps.append(f"l{(to[0] - x) / 100:g} {(to[1] - y) / 100:g}")
        x, y = to
    return "".join(steps)


def pack(frames: Mapping[Positions, Sequence[str]], **settings: object) -> str:
    """Base64 of deflated JSON: {"lines": [...], "frames": {"0,3": [line numbers]}, **settings}."""
    numbers: dict[str, int] = {}
    index = {
        ",".join(map(str, positions)): [numbers.setdefault(line, len(numbers)) for line in lines]
        for positions, lines in frames.items()
    }
    packed = json.dumps({"lines": list(numbers), "frames": index, **settings}, ensure_ascii=False)
    return base64.b64encode(zlib.compress(packed.encode(), 9)).decode()


def page(
    name: str,
    caption: str,
    knobs: Mapping[str, Knob],
    frames: Mapping[Positions, Sequence[str]],
    grid: Sequence[str] = (),
) -> str:
    """The HTML of an explorer; a single frame makes a plain figure, without knobs.

    Parameters
    ----------
    name
        Unique on the page: the id of the figure.
    frames
        The lines of each state's drawing; the defaults' first.
    grid
        Knobs that keep their place while another one of them moves. Any other knob returns to its
        default as soon as another knob moves.
    """
    together = [k for k, key in enumerate(knobs) if key in grid]
    state = "; ".join(f"{knob.label}: {knob.texts[knob.start]}" for knob in knobs.values())
    parts = [
        f'<figure class="explorer" id="{name}" data-grid="{together}">',
        picture(next(iter(frames.values())), caption),
        f'<figcaption>{html.escape(caption)} <span class="explorer-state">({html.escape(state)})'
        "</span></figcaption>",
    ]
    if len(frames) > 1:
        packed = pack(
            frames,
            texts=[knob.texts for knob in knobs.values()],
            start=[knob.start for knob in knobs.values()],
        )
        controls = "".join(_control(f"{name}-{key}", knob) for key, knob in knobs.items())
        parts[-1:-1] = [
            f'<form class="explorer-knobs" autocomplete="off" hidden>{controls}'
            f"{_rule(knobs, grid)}</form>"
        ]
        parts += [
            f'<script type="text/plain">{packed}</script>',
            f"<script>{_asset('explore.js')}</script>",
        ]
    return "\n".join([*parts, "</figure>"])


def picture(lines: Sequence[str], caption: str) -> str:
    """One drawing, with its style and a text for screen readers."""
    label = html.escape(caption)
    svg = "".join(lines)
    return (
        f"<style>{_asset('explore.css')}</style>"
        f'<div class="explorer-picture" role="img" aria-label="{label}">{svg}</div>'
    )


def _asset(file: str) -> str:
    return files("pcmlib.explore").joinpath(file).read_text(encoding="utf-8")


def _control(name: str, knob: Knob) -> str:
    """Labelled native controls, which keyboards and screen readers know."""
    label = html.escape(knob.label)
    texts = [html.escape(text) for text in knob.texts]
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
        text = texts[knob.start]
        control = (
            f'<input type="range" min="0" max="{len(texts) - 1}" step="1" value="{knob.start}" '
            f'aria-valuetext="{text}"><output aria-live="off">{text}</output>'
        )
    return f'<label class="explorer-knob">{shown}{control}</label>'


def _rule(knobs: Mapping[str, Knob], grid: Sequence[str]) -> str:
    """Say what becomes of the other knobs when one moves."""
    if len(knobs) == 1 or set(grid) >= set(knobs):
        return ""
    together = " and ".join(knobs[key].label for key in grid)
    free = f" ({together} move together)" if grid else ""
    return (
        f"<p>One knob at a time{html.escape(free)}: moving one returns the others to their "
        "defaults. In a running notebook all move freely.</p>"
    )
