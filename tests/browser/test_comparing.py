"""The laboratory compares: runs side by side as curves and as rows, kept, renamed, taken away."""

import csv
import io
import itertools
import json
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from playwright.sync_api import expect
from serving import opened, served
from test_address import REFUSING

from pcmlib import TrainConfig, train

SMALL = "networks=2&n_rec=20&epochs=8&samples=2&n_in=30&steps=300&seed=3"
SCHEMES = {
    "mixed-precision": "mixed precision, PCM",
    "vanilla": "FP32",
    "sign": "sign descent, PCM",
}
BOUND = {"vanilla": 0.05}  # page against Python: without noise a last bit may become a spike
ENDED = "() => document.querySelector('.laboratory').run?.running === false"


@pytest.fixture(scope="module")
def site(laboratories):
    with served(laboratories) as address:
        yield f"{address}/laboratory.html"


def train_by_mouse(page, scheme):
    page.locator("[name=scheme]").select_option(scheme)
    page.get_by_role("button", name="Start").click()
    page.wait_for_function(ENDED, timeout=120_000)


def train_by_keyboard(page, scheme):
    """Choose by the name's first letters, and start from a field."""
    choice = page.locator("[name=scheme]")
    choice.focus()
    options = choice.locator("option").all_inner_texts()
    page.keyboard.press("Home")
    values = choice.locator("option").evaluate_all("all => all.map((option) => option.value)")
    for _ in range(values.index(scheme)):
        page.keyboard.press("ArrowDown")
    assert choice.input_value() == scheme, options
    page.locator("[name=networks]").press("Enter")
    page.wait_for_function(ENDED, timeout=120_000)


def rows(page):
    """The table of runs, as it is read."""
    return [
        [
            row.locator("th").inner_text().strip(),
            row.locator("input").input_value(),
            *row.locator("td").all_inner_texts()[1:7],
        ]
        for row in page.locator(".lab-runs tbody tr").all()
    ]


def panel(page, name):
    return page.locator(f".lab-panels svg[aria-label^='{name}']:not([hidden])")


def strokes(page, name):
    """The colours of a panel's curves, thick lines alone."""
    return (
        panel(page, name)
        .locator("path[stroke-width='2']")
        .evaluate_all("all => all.map((path) => getComputedStyle(path).stroke)")
    )


def table(page):
    with page.expect_download() as download:
        page.get_by_role("button", name="Table as CSV").click()
    return list(csv.DictReader(io.StringIO(download.value.path().read_text())))


@pytest.mark.parametrize("how", [train_by_mouse, train_by_keyboard])
def test_three_schemes_stand_side_by_side(browser, laboratories, how):
    with opened(browser) as page:
        page.goto(f"{(laboratories / 'laboratory.html').as_uri()}#{SMALL}")
        assert page.locator(".lab-runs").is_hidden()
        for scheme in SCHEMES:
            how(page, scheme)
        assert [row[:2] for row in rows(page)] == [
            [str(k), name] for k, name in enumerate(SCHEMES.values(), 1)
        ]
        page.wait_for_function("document.querySelector('[aria-label^=\"Learning curve: 1\"]')")
        for name, count in (("Learning curve", 3), ("Rate", 3), ("Pulses", 4)):  # SET and RESET
            colours = strokes(page, name)
            assert len(colours) == count
            assert len(set(colours)) == (2 if name == "Pulses" else 3)
            tags = panel(page, name).locator("text[font-weight='600']").all_text_contents()[1:]
            assert sorted(tags) == (["1", "3"] if name == "Pulses" else ["1", "2", "3"])
        spoken = panel(page, "Learning curve").get_attribute("aria-label")
        assert all(name in spoken for name in SCHEMES.values())
        # a name, and the numbers of the table
        name = page.get_by_role("textbox", name="name of run 2")
        name.fill('digital, "exact"')
        name.press("Enter")
        found = table(page)
        assert found[1]["name"] == 'digital, "exact"'
        assert page.locator("[name=shown-run] option").nth(1).inner_text() == '2 digital, "exact"'
        for row, scheme in zip(found, SCHEMES, strict=True):
            config = TrainConfig.preset(
                scheme, replicas=2, n_rec=20, epochs=8, samples=2, n_in=30, steps=300, seed=3
            )
            run = train(config)
            loss, bound = run.final_loss().numpy(), BOUND.get(scheme, 1e-3)
            assert row["scheme"] == scheme
            assert (row["networks"], row["seed"], row["epochs"], row["trained"]) == (
                "2",
                "3",
                "8",
                "8",
            )
            np.testing.assert_allclose(float(row["loss"]), loss.mean(), rtol=bound)
            np.testing.assert_allclose(float(row["loss_low"]), loss.min(), rtol=bound)
            np.testing.assert_allclose(float(row["loss_high"]), loss.max(), rtol=bound)
            rate = run.rate_hz[:, -1].numpy().mean()
            np.testing.assert_allclose(float(row["rate_hz"]), rate, rtol=bound, atol=0.1)
            for pulses in ("set_pulses", "reset_pulses"):
                count = getattr(run, pulses)[:, -1].numpy().mean() if config.on_crossbar else 0
                np.testing.assert_allclose(float(row[pulses]), count, rtol=0.01)
            assert float(row["seconds"]) >= 0
            state = dict(parse_qsl(urlsplit(row["link"]).fragment))
            assert state == dict(parse_qsl(SMALL)) | {"scheme": scheme}
        # taken away, by keyboard, and the numbers of the others stay
        page.get_by_role("button", name="remove run 2").press("Enter")
        assert [row[0] for row in rows(page)] == ["1", "3"]
        assert page.evaluate("document.activeElement.ariaLabel") == "remove run 3"
        page.wait_for_function("document.querySelector('[aria-label^=Rate] path') !== null")
        page.wait_for_timeout(100)
        assert len(strokes(page, "Rate")) == 2
        page.get_by_role("link", name="bring back the settings of run 1").click()
        page.wait_for_function(
            "document.querySelector('[name=scheme]').value === 'mixed-precision'"
        )
        page.get_by_role("button", name="Remove all").click()
        assert page.locator(".lab-runs").is_hidden()
        expect(page.locator(".lab-panels path[stroke-width='2']")).to_have_count(0)
        assert page.faults == []


def test_every_output_has_its_figure(browser, site):
    with opened(browser) as page:
        page.goto(f"{site}#scheme=vanilla&{SMALL}&n_out=3")
        assert panel(page, "Output").count() == 1
        page.get_by_role("button", name="Start").click()
        page.wait_for_function(ENDED)
        page.wait_for_function("document.querySelector('[aria-label^=\"Output 3: pattern 1\"]')")
        curves = [panel(page, f"Output {k}").inner_html() for k in (1, 2, 3)]
        assert len(set(curves)) == 3
        with page.expect_download() as download:
            page.get_by_role("button", name="Download JSON").click()
        assert json.loads(download.value.path().read_text())["config"]["n_out"] == 3
        targets = page.evaluate(
            "[...document.querySelector('.laboratory').run.networks[0].outputs.targets.data]"
        )
        target = np.array(targets).reshape(2, 300, 3)[0]
        for k in range(3):  # the curve is its output's target
            d = panel(page, f"Output {k + 1}").locator("[stroke-dasharray]").get_attribute("d")
            y = np.array([float(point.split()[1]) for point in d[1:].split("L")])
            np.testing.assert_allclose(y, 194 - (target[:, k] + 2) / 4 * (194 - 28), atol=0.01)
        assert page.faults == []


def test_a_reload_and_the_way_back_keep_the_runs_and_the_settings(browser, site):
    with opened(browser) as page:
        page.goto(f"{site}#{SMALL}")
        for scheme in ("sign", "vanilla"):
            train_by_mouse(page, scheme)
        before, curves = rows(page), strokes(page, "Learning curve")
        exact = table(page)
        page.wait_for_function("location.hash.includes('scheme=vanilla')")  # as soon as it may
        page.reload()
        page.wait_for_function("document.querySelectorAll('.lab-runs tbody tr').length === 2")
        page.wait_for_timeout(100)
        assert rows(page) == before
        assert strokes(page, "Learning curve") == curves
        assert [{**row, "link": ""} for row in table(page)] == [
            {**row, "link": ""} for row in exact
        ]
        assert page.locator("[name=scheme]").input_value() == "vanilla"
        assert "of a run before the reload" in panel(page, "Raster").text_content()
        page.goto("about:blank")
        page.go_back()
        page.wait_for_function("document.querySelectorAll('.lab-runs tbody tr').length === 2")
        train_by_mouse(page, "sign")
        assert [row[:2] for row in rows(page)][2] == ["3", "sign descent, PCM (2)"]
        assert page.faults == []


def test_without_storage_history_clipboard_and_workers_it_compares(browser, laboratories):
    with opened(browser) as page:
        page.add_init_script(REFUSING + "delete window.Worker;")
        page.goto(f"{(laboratories / 'laboratory.html').as_uri()}#{SMALL}")
        for scheme in ("sign", "vanilla"):
            train_by_mouse(page, scheme)
        assert len(rows(page)) == 2
        assert all(float(row[2]) > 0 for row in rows(page))
        page.get_by_role("button", name="Copy link").click()
        field = page.locator(".lab-status .link-field")
        field.wait_for()
        state = dict(parse_qsl(urlsplit(field.input_value()).fragment))
        assert state == dict(parse_qsl(SMALL)) | {"scheme": "vanilla"}
        assert page.faults == []


def test_only_what_counts_is_shown_and_what_it_does_is_said(browser, site):
    with opened(browser) as page:
        page.goto(f"{site}#scheme=vanilla")
        page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
        assert page.locator("summary:visible").filter(has_text="Crossbar").count() == 0
        assert page.locator("[name=memory]:visible").count() == 0
        page.locator("[name=scheme]").select_option("mixed-precision")
        assert page.locator("[name=memory]:visible").count() == 2
        for name in page.locator(".lab-field input").evaluate_all("all => all.map((e) => e.name)"):
            field = page.locator(f"[name={name}]")
            assert field.is_visible() is field.is_enabled(), name
        neurons = page.get_by_role("spinbutton", name="Neurons n_rec")
        about = page.locator(f"#{neurons.get_attribute('aria-describedby')}")
        assert about.inner_text() == "of the recurrent layer; 1 to 1000"
        box = page.get_by_role("checkbox", name="Write-verify write_verify")
        assert "ticked: " in page.locator(f"#{box.get_attribute('aria-describedby')}").inner_text()


def contrast(a, b):
    """WCAG's, of two colours as a browser writes them."""

    def luminance(colour):
        c = np.array([float(x) for x in colour[4:-1].split(",")]) / 255
        linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


# Machado, Oliveira and Fernandes 2009, on linear light: without long, middle and short cones
BLIND = {
    "nobody": np.eye(3),
    "protan": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deutan": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritan": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(colour, seen_as):
    """CIE L*a*b* of a colour as somebody sees it."""
    c = np.array([float(x) for x in colour[4:-1].split(",")]) / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    x = XYZ @ np.clip(np.array(seen_as) @ linear, 0, 1) / [0.9505, 1, 1.089]
    f = np.where(x > 0.008856, np.cbrt(x), 7.787 * x + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_are_told_apart_by_everyone_in_both_themes(browser, site, theme):
    paper = {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 18, 18)"}[theme]
    with opened(browser) as page:
        page.goto(site)
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        colours = page.evaluate(
            """() => [1, 2, 3, 4, 5, 6].map((k) => {
              const lab = document.querySelector(".laboratory");
              lab.style.color = `var(--run-${k})`;
              return getComputedStyle(lab).color;
            })"""
        )
    assert all(contrast(colour, paper) >= 3 for colour in colours)
    for who, seen_as in BLIND.items():
        for one, other in itertools.combinations(colours, 2):
            assert np.linalg.norm(lab(one, seen_as) - lab(other, seen_as)) > 20, (who, one, other)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_with_runs_it_fits_and_focus_is_seen(browser, site, theme):
    with opened(browser, 390, color_scheme=theme) as page:
        page.goto(f"{site}#{SMALL}")
        for scheme in ("sign", "vanilla"):
            train_by_mouse(page, scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        sizes = page.locator(".lab-panels svg:not([hidden]) text").evaluate_all(
            "all => all.map((text) => text.getBoundingClientRect().height)"
        )
        assert min(sizes) > 10
        page.locator("[name=scheme]").focus()
        page.keyboard.press("Tab")
        reached = set()
        while page.evaluate("document.activeElement.closest('.laboratory') !== null"):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", page.evaluate("document.activeElement.outerHTML")
            name = "document.activeElement.ariaLabel ?? document.activeElement.name"
            reached.add(page.evaluate(name))
            page.keyboard.press("Tab")
        assert {"name of run 1", "remove run 2", "shown-run", "networks"} <= reached
        assert page.faults == []
