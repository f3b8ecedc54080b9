"""One page of live explorers in a real browser: no kernel, no network, every knob free."""

import numpy as np
import pytest
from moving import State, computed, move_all, settled
from serving import SLOW, opened, served

from pcmlib.book.explorers import crossbars, devices
from pcmlib.book.live.page import script
from pcmlib.book.widgets import Choice, Slider, Steps, Toggle, explorer

WIDTHS = (1280, 390)
HEAD = (
    '<!DOCTYPE html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<link rel="icon" href="data:,"><title>Explorers</title>'
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A page with two explorers and knobs of each kind, beside the book's script."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PCMLIB_BOOK", "1")
        maps = explorer(
            crossbars.write_statistics,
            caption="Maps <of> WRITE statistics.",
            scheme=Choice(["multi-mem", "upd-ready"], "multi-mem", "scheme"),
            pairs=Steps([1, 2, 4, 8], 4, "pairs N"),
            pulse_count=Choice(["constant", "mean curve"], "constant", "pulse count"),
            refresh=Toggle(True, "refresh"),
            assumed_pulse=Steps([0.5, 0.75, 1.0, 1.5], 0.75, "assumed step", "µS"),
        )
        cells = explorer(
            devices.staircase,
            caption="Three cells.",
            interval=Steps([5, 10, 20, 38.6, 80], 38.6, "time between pulses", "s"),
            g_max=Slider(4, 20, 2, 20, "upper limit", "µS"),
            write_noise=Slider(0, 2, 0.5, 1, "write noise"),
            read_noise=Slider(0, 2, 0.5, 1, "read noise"),
            drift=Slider(0, 2, 0.5, 1, "drift"),
        )
    folder = tmp_path_factory.mktemp("site")
    (folder / "live.js").write_text(script(), encoding="utf-8")
    text = f"{HEAD}{maps.html()}{cells.html()}<script src='live.js' defer></script>"
    (folder / "index.html").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def site(folder):
    with served(folder) as address:
        yield f"{address}/index.html"


def as_python_computes(name, knobs):
    module = crossbars if name == "write_statistics" else devices
    return getattr(module, name)(**knobs)


def assert_equal(found, expected, bound=1e-5):
    assert list(found) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=bound, err_msg=name)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_knob_moves_by_mouse_and_by_keyboard(browser, site, width):
    with opened(browser, width) as page:
        page.goto(site)
        maps, cells = page.locator("figure.explorer").all()
        assert move_all(maps) == 5
        assert move_all(cells) == 5
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.faults == []


def test_from_disk_too_and_the_numbers_are_python_s(browser, folder):
    with opened(browser) as page:
        page.goto((folder / "index.html").as_uri())
        for root in page.locator("figure.explorer").all():
            for slider in root.locator("input[type=range]").all()[:2]:
                slider.press("ArrowLeft")
            name, knobs, outputs, _ = computed(root)
            assert_equal(outputs, as_python_computes(name, knobs))
        assert knobs["interval"] == 37.4  # between two of the listed values
        assert knobs["g_max"] == 19.8
        call = page.locator(".explorer-call").last.text_content()
        assert call.startswith("staircase.plot(interval=37.4, g_max=19.8, write_noise=1")
        assert page.faults == []


def test_a_stale_copy_of_the_code_is_noticed(browser, folder, monkeypatch):
    """The page's object has the law of the day on which it was built."""
    with opened(browser) as page:
        page.goto((folder / "index.html").as_uri())
        cells = page.locator("figure.explorer").last
        cells.locator("input[type=range]").first.press("ArrowLeft")
        name, knobs, outputs, _ = computed(cells)
    usual = devices.staircase(**knobs)
    edited = {**usual, "conductance": usual["conductance"] * 1.001}  # as of a law 0.1 % away
    monkeypatch.setattr(devices.staircase, "_here", lambda **knobs: edited)
    with pytest.raises(AssertionError, match="conductance"):
        assert_equal(outputs, as_python_computes(name, knobs))


def test_a_knob_comes_back_to_the_same_figure(browser, site):
    with opened(browser) as page:
        page.goto(site)
        cells = page.locator("figure.explorer").last
        slider = cells.locator("input[type=range]").nth(1)
        start = State.of(cells)
        slider.press("ArrowLeft")
        first = settled(cells, start)
        slider.press("Home")
        least = settled(cells, first)
        assert least.texts[1] == "4 µS"
        for _ in range(3):
            slider.press("ArrowRight")
        computed(cells)
        slider.press("End")
        settled(cells, least)
        computed(cells)
        slider.press("ArrowLeft")
        computed(cells)
        page.wait_for_function(
            "([root, old]) => root.querySelector('.explorer-picture').innerHTML === old",
            arg=[cells.element_handle(), first.figure],
        )
        assert page.faults == []


def test_of_many_moves_the_last_one_stands(browser, site):
    with opened(browser) as page:
        page.goto(site)
        cells = page.locator("figure.explorer").last
        slider = cells.locator("input[type=range]").nth(2)
        slider.evaluate("""input => { for (const x of [0, 0.5, 1.5, 0.25, 2]) {
            input.value = x; input.dispatchEvent(new Event("input", { bubbles: true })); } }""")
        name, knobs, outputs, _ = computed(cells)
        assert knobs["write_noise"] == 2
        assert_equal(outputs, as_python_computes(name, knobs))


def test_without_an_address_a_reload_brings_the_defaults_back(browser, site):
    """Here are not the scripts by which the book's explorers can be cited."""
    with opened(browser) as page:
        page.goto(site)
        start = State.of(page.locator("figure.explorer").first)
        page.locator("input[type=range]").first.press("End")
        page.reload()
        assert State.of(page.locator("figure.explorer").first) == start


def test_without_javascript_and_in_print_a_figure_stands_alone(browser, site):
    with opened(browser, java_script_enabled=False) as page:
        page.goto(site)
        assert page.locator("figure.explorer svg").first.is_visible()
        assert page.locator(".explorer-state").first.is_visible()
        assert page.locator("input:visible").count() == 0
    with opened(browser) as page:
        page.goto(site)
        maps = page.locator("figure.explorer").first
        maps.locator("input[type=range]").first.press("End")
        computed(maps)
        page.emulate_media(media="print")
        assert page.locator("figure.explorer svg").first.is_visible()
        assert page.locator("input:visible").count() == 0
        assert "scheme: multi-mem; pairs N: 8" in page.locator("figcaption").first.inner_text()


def test_a_browser_that_cannot_says_so(browser, site):
    with opened(browser) as page:
        page.add_init_script("WebAssembly.compile = () => Promise.reject(new Error('no room'))")
        page.goto(site)
        maps = page.locator("figure.explorer").first
        maps.locator("input[type=range]").first.press("End")
        status = maps.locator(".explorer-status")
        page.wait_for_function("e => e.textContent", arg=status.element_handle())
        assert "could not compute it: Error: no room" in status.inner_text()
        assert "the figure is of the values before" in status.inner_text()
        page.faults.clear()


def test_a_figure_that_lags_behind_its_knobs_says_so(browser, site):
    with opened(browser) as page:
        page.goto(site)
        cells = page.locator("figure.explorer").last
        page.evaluate(SLOW)
        before = State.of(cells)
        cells.locator("input[type=range]").first.press("ArrowLeft")
        cells.locator(".explorer-stale").wait_for()
        status = cells.locator(".explorer-status")
        assert status.inner_text() == "computing … (the figure is of the values before)"
        assert float(cells.locator("svg").evaluate("e => getComputedStyle(e).opacity")) < 1
        after = settled(cells, before)
        assert after.sizes == before.sizes
        assert cells.locator(".explorer-stale").count() == 0
        assert status.inner_text() == ""
        assert page.faults == []


def test_a_screen_reader_finds_named_controls(browser, site):
    with opened(browser) as page:
        page.goto(site)
        maps = page.locator("figure.explorer").first
        assert maps.get_by_role("slider", name="pairs N").count() == 1
        assert maps.get_by_role("radiogroup", name="scheme").count() == 1
        assert maps.get_by_role("radio", name="upd-ready").count() == 1
        assert maps.get_by_role("checkbox", name="refresh").is_checked()
        assert maps.get_by_role("img", name="Maps <of> WRITE statistics.").count() == 1
        maps.get_by_role("slider", name="pairs N").press("End")
        maps.get_by_role("img", name="pairs N: 8").wait_for(timeout=10000)


def test_ink_and_paper_are_the_page_s(browser, site):
    with opened(browser) as page:
        page.goto(site)
        page.add_style_tag(
            content=":root {--pst-color-background: #102030; --pst-color-text-base: #d0e0f0}"
        )
        style = "element => [getComputedStyle(element).fill, getComputedStyle(element).stroke]"
        cells = page.locator("figure.explorer").last
        cells.locator("input[type=range]").first.press("ArrowLeft")
        computed(cells)
        paper, ink = (
            cells.locator("svg path[style*='explorer-paper']").first,
            cells.locator("svg g[id*='-live-'] [fill='currentColor']").first,
        )
        assert paper.evaluate(style)[0] == "rgb(16, 32, 48)"
        assert ink.evaluate(style)[0] == "rgb(208, 224, 240)"
