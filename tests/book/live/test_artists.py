"""Which artist shows which output, found by its values."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

from pcmlib.book.figures.devices import plot_array_drift
from pcmlib.book.live.artists import trace, written

RNG = np.random.default_rng(0)


def samples(**shapes):
    return [
        {name: RNG.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
        for _ in range(3)
    ]


def drawn(paint):
    """A figure function of one axes."""

    def draw(outputs):
        figure = Figure(figsize=(4, 3))
        axes = figure.subplots()
        paint(axes, outputs)
        axes.set(xlim=(0, 5), ylim=(-3, 3))
        return figure

    return draw


def bound(paint, given):
    figure, artists = trace(drawn(paint), given)
    return figure, [
        (a["kind"], {n: d.get("output", "constant") for n, d in a["data"].items()}) for a in artists
    ]


def test_each_kind_of_artist_is_known_by_its_data():
    x = np.arange(5)

    def paint(axes, o):
        axes.plot(x, o["line"])
        axes.plot(o["xs"], o["line"], "o", color="black")
        axes.fill_between(x, o["low"], o["high"], alpha=0.5)
        axes.vlines(x, o["low"], o["high"])
        axes.stairs(o["line"], np.arange(6))
        axes.imshow(o["map"], extent=(0, 5, -3, 3))
        axes.plot(x, x)  # which no knob moves
        written(axes.set_title("", loc="left"), "loss {one:.2f}", one=o["one"])

    given = samples(line=5, xs=5, low=5, high=5, map=(3, 5), one=1)
    figure, found = bound(paint, given)
    assert sorted(found, key=str) == sorted(
        [
            ("line", {"x": "constant", "y": "line"}),
            ("line", {"x": "xs", "y": "line"}),
            ("band", {"x": "constant", "low": "low", "high": "high"}),
            ("segments", {"x": "constant", "low": "low", "high": "high"}),
            ("stairs", {"x": "constant", "y": "line"}),
            ("image", {"values": "map"}),
            ("text", {"one": "one"}),
        ],
        key=str,
    )
    gids = {a.get_gid() for a in figure.axes[0].get_children() if a.get_gid()}
    assert gids == {f"live-{k}" for k in range(7)}


def test_rows_of_an_output_are_found_with_their_place():
    def paint(axes, o):
        for row in o["curves"][1]:
            axes.plot(np.arange(4), row)

    _, artists = trace(drawn(paint), samples(curves=(2, 3, 4)))
    assert [a["data"]["y"]["index"] for a in artists] == [[1, 0], [1, 1], [1, 2]]


def test_nan_is_as_good_as_a_number():
    given = samples(y=4)
    for sample in given:
        sample["y"][2] = np.nan
    _, found = bound(lambda axes, o: axes.plot(np.arange(4), o["y"]), given)
    assert found == [("line", {"x": "constant", "y": "y"})]


@pytest.mark.parametrize(
    ("paint", "fault"),
    [
        (lambda axes, o: axes.plot(np.arange(4), 2 * o["y"]), "y of a Line2D"),
        (
            lambda axes, o: axes.fill_between(np.arange(4), o["y"] - 1, o["y"]),
            "low of a FillBetween",
        ),
        (lambda axes, o: axes.set_title(f"{o['y'][0]}"), "limits of|a Text"),
        (lambda axes, o: axes.axhspan(0, o["y"][0], label="span"), "'span', a Rectangle"),
        (lambda axes, o: axes.scatter(np.arange(4), o["y"], label="dots"), "'dots', a PathColl"),
        (lambda axes, o: axes.set_xlabel(f"{o['y'][0]}"), "labels of"),
        (lambda axes, o: axes.figure.suptitle(f"{o['y'][0]}"), "a text of the figure"),
        (
            lambda axes, o: written(axes.text(0, 0, ""), "{y:.1f}", y=2 * o["y"][:1]),
            "of one number",
        ),
    ],
)
def test_what_is_no_output_is_named(paint, fault):
    with pytest.raises(ValueError, match=fault):
        trace(drawn(paint), samples(y=4))


@pytest.mark.parametrize(
    ("paint", "fault"),
    [
        (lambda axes, o: axes.plot(np.arange(4), o["y"], "D"), "marker = 'D'"),
        (lambda axes, o: axes.step(np.arange(4), o["y"]), "without step lines"),
        (lambda axes, o: axes.hlines(o["y"], 0, 1), "LineCollections are vertical"),
        (lambda axes, o: written(axes.text(0, 0, "", va="top"), "{a:.1f}", a=o["a"]), "baseline"),
        (
            lambda axes, o: axes.imshow(o["map"], norm="symlog", extent=(0, 5, -3, 3)),
            "linear scale",
        ),
    ],
)
def test_what_a_page_cannot_draw_is_refused(paint, fault):
    with pytest.raises(ValueError, match=fault):
        trace(drawn(paint), samples(y=4, a=1, map=(2, 3)))


def test_limits_that_move_are_refused():
    def draw(outputs):
        figure = Figure()
        figure.subplots().plot(np.arange(4), outputs["y"])
        return figure

    with pytest.raises(ValueError, match="limits of"):
        trace(draw, samples(y=4))


def test_a_level_across_the_axes_has_the_axes_coordinates():
    _, [artist] = trace(drawn(lambda axes, o: axes.axhline(0).set_ydata(o["y"])), samples(y=2))
    assert artist["axes"]["x"] == [0, 1, False]
    assert artist["axes"]["y"] == [-3, 3, False]


def test_figures_with_other_artists_are_refused():
    count = iter((1, 2, 3))

    def paint(axes, o):
        for _ in range(next(count)):
            axes.plot(np.arange(4), o["y"])

    with pytest.raises(ValueError, match=r"the same artists for all knobs"):
        trace(drawn(paint), samples(y=4))


def test_a_template_has_the_outputs_names_and_a_number_of_digits():
    figure = Figure()
    title = figure.subplots().set_title("")
    assert written(title, "{a:.1f} of {b:.0f}", a=1.26, b=np.array([3.0])).get_text() == "1.3 of 3"
    for wrong in ("{a:.1f}", "{a} of {b:.0f}", "{a:.1f} {b:.0f} {c:.0f}"):
        with pytest.raises(ValueError, match=r"^template = "):
            written(title, wrong, a=1, b=2)


def test_places_are_those_of_the_drawing():
    figure, [artist] = trace(
        drawn(lambda axes, o: axes.plot(np.arange(4), o["y"], "--", color="#123456", lw=2)),
        samples(y=4),
    )
    left, right, bottom, top = artist["axes"]["box"]
    box = figure.axes[0].get_position()
    assert left == pytest.approx(box.x0 * 4 * 72, abs=1e-3)
    assert right == pytest.approx(box.x1 * 4 * 72, abs=1e-3)
    assert bottom == pytest.approx((1 - box.y0) * 3 * 72, abs=1e-3)
    assert top == pytest.approx((1 - box.y1) * 3 * 72, abs=1e-3)
    assert artist["axes"]["x"] == [0, 5, False]
    assert artist["stroke"]["stroke"] == "#123456"
    assert artist["stroke"]["stroke-dasharray"] == "7.4 3.2"


def test_a_figure_of_the_book():
    given = samples(mean=(2, 9), low=(2, 9), high=(2, 9), pulse=3)

    def draw(o):
        runs = {}
        for k, name in enumerate("ab"):
            band = {end: o[end][k] for end in ("mean", "low", "high")}
            runs[name] = SimpleNamespace(time=np.arange(9), pulse_times=o["pulse"], **band)
        return plot_array_drift(runs)

    _, artists = trace(draw, given)
    assert [a["kind"] for a in artists].count("band") == 2
    assert [a["kind"] for a in artists].count("line") == 3
