"""One page of explorers in a real browser: every knob, no kernel, no network."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from moving import State, move_all, settled
from serving import opened, served

from pcmlib.explore import Choice, Slider, Steps, Toggle, explorer

WIDTHS = (1280, 390)


def drift(nu, pairs=1, scheme="none", noise=False):
    figure = Figure(figsize=(9, 3.5))
    axes = figure.subplots()
    time = np.logspace(-3, 4, 50)
    wiggle = 1 + 0.2 * noise * np.sin(30 * np.log(time)) / np.sqrt(pairs)
    axes.semilogx(time, 10 * (time / 38.6) ** -nu * wiggle + len(scheme))
    axes.set(ylim=(0, 40), xlabel="time, s", ylabel="conductance, µS", title=f"{pairs}, {scheme}")
    return figure


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A page with two explorers: one knob at a time, and a grid."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PCMLIB_BOOK", "1")
        alone = explorer(
            drift,
            caption="Drift <alone>.",
            nu=Slider(0, 0.1, 0.01, 0.04, "drift exponent", "µS"),
            pairs=Steps([1, 4, 16], 4, "pairs"),
            scheme=Choice(["sign", "stochastic", "mixed"], "stochastic", "scheme"),
            noise=Toggle(True, "noise"),
        )
        grid = explorer(
            drift,
            caption="Drift over a grid.",
            grid=["nu", "noise"],
            nu=Slider(0, 0.1, 0.05, 0.05, "drift exponent"),
            pairs=Steps([1, 4], 1, "pairs"),
            noise=Toggle(True, "noise"),
        )
    folder = tmp_path_factory.mktemp("site")
    head = (
        '<!DOCTYPE html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    )
    icon = '<link rel="icon" href="data:,">'
    text = f"{head}{icon}<title>Explorers</title>{alone.html()}{grid.html()}"
    (folder / "index.html").write_text(text, encoding="utf-8")
    with served(folder) as address:
        yield f"{address}/index.html"


@pytest.mark.parametrize("width", WIDTHS)
def test_every_knob_moves_by_mouse_and_by_keyboard(browser, site, width):
    with opened(browser, width) as page:
        page.goto(site)
        alone, grid = page.locator("figure.explorer").all()
        assert move_all(alone) == 4
        assert move_all(grid, together=(0, 2)) == 3
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.faults == []


def test_a_knob_steps_through_all_its_values_and_returns_to_the_same_figure(browser, site):
    with opened(browser) as page:
        page.goto(site)
        alone = page.locator("figure.explorer").first
        slider = alone.locator("input[type=range]").first
        start = state = State.of(alone)
        seen = []
        slider.press("Home")
        while True:
            state = settled(alone, state)
            seen.append((state.positions[0], state.texts[0]))
            if state.positions[0] == 10:
                break
            slider.press("ArrowRight")
        assert seen == [(i, f"{i / 100:g} µS") for i in range(11)]
        for _ in range(6):
            slider.press("ArrowLeft")
            state = settled(alone, state)
        assert state.figure == start.figure
        assert page.faults == []


def test_knobs_of_a_grid_keep_their_places(browser, site):
    with opened(browser) as page:
        page.goto(site)
        grid = page.locator("figure.explorer").nth(1)
        start = State.of(grid)
        nu, pairs = grid.locator("input[type=range]").all()
        nu.press("End")
        moved = settled(grid, start)
        grid.locator("input[type=checkbox]").press("Space")
        both = settled(grid, moved)
        assert both.positions == (2, 0, 0)
        pairs.press("End")
        assert settled(grid, both).positions == (1, 1, 1)


def test_a_reload_brings_the_defaults_back(browser, site):
    with opened(browser) as page:
        page.goto(site)
        start = State.of(page.locator("figure.explorer").first)
        page.locator("input[type=range]").first.press("End")
        page.reload()
        assert State.of(page.locator("figure.explorer").first) == start


def test_without_javascript_and_in_print_the_default_figure_stands_alone(browser, site):
    with opened(browser, java_script_enabled=False) as page:
        page.goto(site)
        assert page.locator("figure.explorer svg").first.is_visible()
        assert page.locator(".explorer-state").first.is_visible()
        assert page.locator("input:visible").count() == 0
    with opened(browser) as page:
        page.goto(site)
        page.locator("input[type=range]").first.press("End")
        page.emulate_media(media="print")
        assert page.locator("figure.explorer svg").first.is_visible()
        assert page.locator("input:visible").count() == 0
        assert "drift exponent: 0.1 µS; pairs: 4" in page.locator("figcaption").first.inner_text()


def test_a_screen_reader_finds_named_controls(browser, site):
    with opened(browser) as page:
        page.goto(site)
        alone = page.locator("figure.explorer").first
        assert alone.get_by_role("slider", name="drift exponent").count() == 1
        assert alone.get_by_role("radiogroup", name="scheme").count() == 1
        assert alone.get_by_role("radio", name="mixed").count() == 1
        assert alone.get_by_role("checkbox", name="noise").is_checked()
        assert alone.get_by_role("img", name="Drift <alone>.").count() == 1
        alone.get_by_role("slider", name="pairs").press("End")
        alone.get_by_role("img", name="pairs: 16").wait_for(timeout=5000)


def test_ink_and_paper_are_the_page_s(browser, site):
    with opened(browser) as page:
        page.goto(site)
        page.add_style_tag(
            content=":root {--pst-color-background: #102030; --pst-color-text-base: #d0e0f0}"
        )
        style = "element => [getComputedStyle(element).fill, getComputedStyle(element).stroke]"
        paper, spine = (
            page.locator("svg path[style*='explorer-paper']").first,
            page.locator(
                "svg path[style*='stroke:currentColor'], path[style*='stroke: currentColor']"
            ),
        )
        assert paper.evaluate(style)[0] == "rgb(16, 32, 48)"
        assert spine.first.evaluate(style)[1] == "rgb(208, 224, 240)"
