"""What the page's script redraws, beside what Matplotlib draws of the same arrays."""

import json
import re
from importlib.resources import files
from io import BytesIO
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from serving import opened

from pcmlib.book.experiments.devices import DriftCurves
from pcmlib.book.explorers.crossbars import product_noise
from pcmlib.book.figures.crossbars import plot_saturation, plot_write_statistics
from pcmlib.book.figures.devices import plot_array_drift, plot_device_panels, plot_pulse_statistics
from pcmlib.book.live.artists import trace, written
from pcmlib.book.widgets.page import draw as as_svg
from pcmlib.book.widgets.page import picture

SCRIPT = files("pcmlib.book.live").joinpath("artists.js").read_text("utf-8")
REDRAW = """([artists, outputs]) => {
    for (const output of Object.values(outputs))
        output.data = Float32Array.from(output.data.map(Number));
    const svg = document.querySelector(".explorer-picture svg");
    const began = performance.now();
    redraw(svg, "f", artists, outputs);
    return performance.now() - began;
}"""
SHAPES = """() => [...document.querySelectorAll("g[id^='f-live-']")].map((group) => {
    const path = (element) => element.getAttribute("d") ?? "";
    const placed = (use) => [path(document.querySelector(use.getAttribute("href"))),
        Number(use.getAttribute("x")), Number(use.getAttribute("y"))];
    return [...group.querySelectorAll("use, :not(defs) > path")].map(
        (element) => element.tagName === "use" ? placed(element) : [path(element), 0, 0]);
})"""
X = np.arange(9.0)
LIMITS = {"xlim": (-0.5, 8.5), "ylim": (-3, 3)}
POINT = 0.02  # pt: both sides round to 1/100
PIXELS = 0.1  # of 255, mean over the figure at two pixels a CSS pixel
TEXT_PIXELS = 0.6  # the same where letters are the browser's


def samples(seed=0, count=3, **shapes):
    rng = np.random.default_rng(seed)
    return [
        {n: rng.uniform(-2.5, 2.5, shape).astype(np.float32) for n, shape in shapes.items()}
        for _ in range(count)
    ]


def of(paint, **limits):
    """A figure function of one axes, with a legend and a title that share letters and marks."""

    def draw(outputs):
        figure = Figure(figsize=(4, 3))
        axes = figure.subplots()
        paint(axes, outputs)
        axes.set(**(LIMITS | limits))
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="upper right")
        return figure

    return draw


class Page:
    """A tab with one figure in it."""

    def __init__(self, page):
        self.page = page

    def show(self, svg):
        head = "<!DOCTYPE html><style>body { margin: 0; background: white }</style>"
        script = f"<script>{{ {SCRIPT}\nwindow.redraw = redraw; }}</script>"
        self.page.set_content(f"{head}{picture(svg, 'figure')}{script}")

    def redraw(self, artists, outputs):
        packed = {
            name: {"data": [_number(x) for x in values.ravel()], "shape": list(values.shape)}
            for name, values in outputs.items()
        }
        return self.page.evaluate(REDRAW, [json.loads(json.dumps(artists)), packed])

    def pixels(self):
        shot = self.page.locator(".explorer-picture svg").screenshot()
        return 255 * imread(BytesIO(shot))[..., :3]

    def points(self):
        """Of each artist that is redrawn, the corners of all its paths."""
        shapes = self.page.evaluate(SHAPES)
        return [
            np.array([(x + u, y + v) for d, u, v in paths for x, y in corners(d)]).reshape(-1, 2)
            for paths in shapes
        ]


def _number(x):
    return float(x) if np.isfinite(x) else {"inf": "Infinity", "-inf": "-Infinity"}.get(str(x), "x")


def corners(d):
    """Points at which a path's segments end, without repetition."""
    x = y = 0.0
    found = []
    for letter, text in re.findall(r"([A-Za-z])([^A-Za-z]*)", d):
        n = [float(number) for number in re.findall(r"-?[\d.]+(?:e-?\d+)?", text)]
        if letter in "zZ":
            continue
        if letter == "V":
            y = n[0]
        elif letter == "v":
            y += n[0]
        elif letter == "H":
            x = n[0]
        elif letter == "a":
            x, y = x + n[5], y + n[6]
        else:
            assert letter in "MLCQ"
            x, y = n[-2:]
        if not found or (x, y) != found[-1]:
            found.append((x, y))
    return found


def apart(a, b):
    """The largest distance from a point of one set to the nearest of the other."""
    distance = np.hypot(*(a[:, None] - b[None]).transpose(2, 0, 1))
    return max(distance.min(0).max(), distance.min(1).max())


@pytest.fixture
def tab(browser):
    with opened(browser, 800, device_scale_factor=2) as page:
        yield Page(page)
        assert page.faults == []


def drawn(draw, outputs, traced):
    """Matplotlib's own drawing, with the ids of the traced figure."""
    figure = draw(outputs)
    figure.draw_without_rendering()  # makes the ticks
    for artist, named in zip(figure.findobj(), traced.findobj(), strict=True):
        if str(named.get_gid()).startswith("live-"):
            artist.set_gid(named.get_gid())
            artist.set_rasterized(False)
    return as_svg(figure, "f")


def compare(tab, draw, given, after=None, shapes=True, bound=PIXELS):
    """Redraw the first sample's figure with other outputs: it must be as Matplotlib draws those."""
    after = after or given[1]
    with mpl.rc_context({"path.simplify": False}):
        figure, artists = trace(draw, given)
        expected = drawn(draw, after, figure)
        before = as_svg(figure, "f")
    tab.show(expected)
    wanted, target = tab.points(), tab.pixels()
    tab.show(before)
    old, start = tab.points(), tab.pixels()
    tab.redraw(artists, after)
    found, pixels = tab.points(), tab.pixels()
    if shapes:
        assert len(found) == len(wanted) == len(artists)
        assert max(map(apart, found, wanted)) < POINT
        assert max(map(apart, old, wanted)) > 100 * POINT  # what is not redrawn fails
    assert np.abs(pixels - target).mean() < bound
    assert np.abs(start - target).mean() > 3 * bound  # likewise
    return artists


def marked(shape, **style):
    def paint(axes, o):
        axes.plot(o["x"], o["y"], shape, label="mark", **style)

    return paint


KINDS = {
    "line": (lambda axes, o: axes.plot(X, o["y"], lw=2, alpha=0.6, label="line"), {"y": 9}),
    "dashes": (lambda axes, o: axes.plot(X, o["y"], "--", color="black"), {"y": 9}),
    "row": (lambda axes, o: [axes.plot(X, row) for row in o["y"][1]], {"y": (2, 3, 9)}),
    "across": (lambda axes, o: axes.axhline(0, ls=":").set_ydata(o["y"]), {"y": 2}),
    "line and marks": (lambda axes, o: axes.plot(X, o["y"], "v-", ms=4, label="both"), {"y": 9}),
    "segments": (
        lambda axes, o: axes.vlines(X, o["low"], o["high"], ls="--", lw=1.2),
        {"low": 9, "high": 9},
    ),
    "band": (
        lambda axes, o: axes.fill_between(X, o["low"], o["high"], alpha=0.3, lw=0),
        {"low": 9, "high": 9},
    ),
    "band with an edge": (
        lambda axes, o: axes.fill_between(X, o["low"], o["high"], color="#d55e00", alpha=0.3),
        {"low": 9, "high": 9},
    ),
    "stairs": (lambda axes, o: axes.stairs(o["y"], np.arange(10) - 0.5), {"y": 9}),
    "dashed stairs": (
        lambda axes, o: axes.stairs(o["y"], np.arange(10) - 0.5, ls="--", baseline=-1),
        {"y": 9},
    ),
    "filled stairs": (
        lambda axes, o: axes.stairs(o["y"], np.arange(10) - 0.5, fill=True, alpha=0.45),
        {"y": 9},
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_drawn_as_matplotlib_draws_it(tab, kind):
    paint, shapes = KINDS[kind]
    compare(tab, of(paint), samples(**shapes))


@pytest.mark.parametrize("shape", [".", "o", "^", "v", "|", "s"])
@pytest.mark.parametrize("style", [{}, {"alpha": 0.35}, {"ms": 9, "mfc": "none", "mew": 2}])
def test_each_mark_is_drawn_as_matplotlib_draws_it(tab, shape, style):
    """Also where translucent ones overlap, and are darker."""
    given = samples(x=(60,), y=(60,))
    for sample in given:
        sample["x"] = np.abs(sample["x"])
    with_arcs = shape in ".o"  # for which Matplotlib has curves with other ends
    compare(tab, of(marked(shape, **style)), given, shapes=not with_arcs)


def test_two_inks(tab):
    style = {"mfc": "white", "mec": "black", "color": "#009e73", "ms": 8}
    artists = compare(tab, of(lambda axes, o: axes.plot(X, o["y"], "s-", **style)), samples(y=9))
    assert artists[0]["marker"]["stroke"]["stroke"] == "currentColor"
    assert artists[0]["marker"]["fill"]["fill"] == "var(--explorer-paper)"


def test_logarithmic_axes(tab):
    given = samples(y=9, counts=9)
    for sample in given:
        sample["y"], sample["counts"] = 10 ** sample["y"], np.abs(sample["counts"])
        sample["counts"][3] = 0  # which is far below

    def paint(axes, o):
        axes.loglog(X + 1, o["y"], "o-")
        axes.fill_between(X + 1, o["y"], 100, alpha=0.2, lw=0)
        axes.stairs(o["counts"], np.arange(10) + 0.5)

    compare(tab, of(paint, xlim=(0.5, 10), ylim=(1e-3, 1e3)), given, shapes=False)


def test_a_map(tab):
    def paint(axes, o):
        extent = (0, 4, 3, 0)
        image = axes.imshow(
            o["map"], "RdBu_r", vmin=-2, vmax=2, extent=extent, interpolation="none"
        )
        axes.figure.colorbar(image)

    given = samples(map=(3, 4))
    for sample in given:
        sample["map"][1, 2] = np.nan
    # along the edges of its cells, half a pixel may go to either side
    compare(tab, of(paint, xlim=(0, 4), ylim=(3, 0)), given, shapes=False, bound=2 * PIXELS)


def test_a_text(tab):
    """Its letters may be defined in it and used elsewhere."""

    def paint(axes, o):
        text = axes.text(0.5, 0.5, "", ha="center", transform=axes.transAxes, size=20)
        written(text, "reached {error:.2f} at {rate:.0f} Hz", error=o["error"], rate=o["rate"])
        axes.legend(axes.plot(X, X), ["reached at Hz"], loc="lower right")

    given = samples(error=1, rate=1)
    given[1]["error"] += 3000
    artists = compare(tab, of(paint), given, shapes=False, bound=TEXT_PIXELS)
    text = tab.page.locator("[id^='f-live-'] text").text_content()
    assert text == f"reached {given[1]['error'][0]:.2f} at {given[1]['rate'][0]:.0f} Hz"
    assert artists[0]["anchor"] == "middle"


@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_holes(tab, hole):
    """Neither NaN nor infinite values are drawn; a page may find them at any knob."""

    def paint(axes, o):
        axes.plot(X, o["y"], "o-", label="both")
        axes.fill_between(X, o["low"], o["high"], alpha=0.3, lw=0)
        axes.vlines(X, o["low"], o["high"])
        if np.isnan(hole):  # Matplotlib's stairs would go to infinity
            axes.stairs(o["low"], np.arange(10) - 0.5, fill=True, alpha=0.5)

    given = samples(y=9, low=9, high=9)
    after = samples(seed=1, y=9, low=9, high=9)[0]
    after["y"][[0, 4, 8]] = after["low"][[3, 6]] = hole
    compare(tab, of(paint), given, after, shapes=False)


def scaled(shapes, low=0.0, high=1.0, count=3):
    """Outputs between two values."""
    return [
        {n: (low + (high - low) * (x + 2.5) / 5).astype(np.float32) for n, x in sample.items()}
        for sample in samples(count=count, **shapes)
    ]


def pulses(o):
    write = SimpleNamespace(pulse=np.arange(1, 21), **o)
    read = SimpleNamespace(conductance=np.arange(1, 21), **o)
    curves = DriftCurves(np.geomspace(1e-3, 1e4, 20), np.arange(2.0), o["curve"])
    return plot_device_panels(write, read, curves)


def arrays(o):
    runs = {}
    for k, name in enumerate("ab"):
        band = {end: o[end][k] for end in ("mean", "low", "high")}
        runs[name] = SimpleNamespace(time=np.arange(50.0), pulse_times=o["pulse"], **band)
    return plot_array_drift(runs)


def moments(o):
    found = SimpleNamespace(pulse=np.arange(1, 21), **o)
    return plot_pulse_statistics(found, (o["exact"], o["other"]))


def sides(o):
    names = ("smaller", "middle", "larger", "response")
    rows = [dict(zip(names, curves, strict=True)) for curves in o["curves"]]
    runs = (SimpleNamespace(update=np.arange(1, 51), **row) for row in rows)
    return plot_saturation(dict(zip("ab", runs, strict=True)))


def product(o):
    return product_noise.draw(**o)


def maps(o):
    return plot_write_statistics(SimpleNamespace(target=np.arange(-10.0, 11), **o))


BOOK = {
    "device panels": (pulses, dict.fromkeys(("mean", "low", "high"), 20) | {"curve": (2, 20)}, 12),
    "array drift": (arrays, dict.fromkeys(("mean", "low", "high"), (2, 50)) | {"pulse": 9}, 16),
    "pulse statistics": (
        moments,
        dict.fromkeys(("mean", "std", "low", "high", "exact", "other"), 20),
        3,
    ),
    "saturation": (sides, {"curves": (2, 4, 50)}, 2),
    "product noise": (
        product,
        dict.fromkeys(("exact", "one", "many"), (5, 100))
        | dict.fromkeys(("number", "one_error", "many_error"), 1),
        35,
    ),
    "WRITE statistics": (
        maps,
        {"mean": (21, 21), "std": (21, 21), "error": 1, "spread": 1},
        4,
    ),
}


@pytest.mark.parametrize("name", BOOK)
def test_figures_of_the_book(tab, name):
    draw, shapes, high = BOOK[name]
    compare(tab, draw, scaled(shapes, high=high), shapes=False, bound=TEXT_PIXELS)


def test_it_is_fast(tab):
    """Three lines of 1000 points and 2000 marks, in a browser that shares its processor."""
    x = np.linspace(0, 8, 1000)

    def paint(axes, o):
        axes.plot(x, o["lines"].T[:, 0], x, o["lines"].T[:, 1], x, o["lines"].T[:, 2])
        axes.plot(o["x"], o["y"], ".")

    figure, artists = trace(of(paint), given := samples(lines=(3, 1000), x=2000, y=2000))
    tab.show(as_svg(figure, "f"))
    assert min(tab.redraw(artists, given[1]) for _ in range(5)) < 50  # ms
