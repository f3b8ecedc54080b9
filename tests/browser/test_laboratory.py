"""The laboratory and the device bench in a real browser: runs, links, files, faults."""

import json
import shlex

import numpy as np
import pytest
from serving import opened, served
from typer.testing import CliRunner

from pcmlib import PCMArray, TrainConfig, evaluate, train
from pcmlib.__main__ import app
from pcmlib.book.experiments.training import reported
from pcmlib.book.explorers.whole_run import AGES as LATER

SMALL = "n_rec=30&epochs=12&samples=2&n_in=40"
BOUND = 1e-4  # of a noisy run's curves, page against Python: last bits of a product and a sum


@pytest.fixture(scope="module")
def folder(laboratories):
    return laboratories


@pytest.fixture(scope="module")
def site(folder):
    with served(folder) as address:
        yield address


def begin(page, state, address):
    """Open the laboratory at a state, and start."""
    page.goto(f"{address}/laboratory.html#{state}")
    page.get_by_role("button", name="Start").click()


def finished(page):
    """Wait for the end of the run; what the page says of it, and its file."""
    page.wait_for_function(
        "() => document.querySelector('.laboratory').run?.running === false", timeout=120_000
    )
    with page.expect_download() as download:
        page.get_by_role("button", name="Download JSON").click()
    return page.locator(".lab-status").inner_text(), json.loads(download.value.path().read_text())


def called(page):
    """The configuration that the page's call makes."""
    names = {}
    lines = page.locator(".lab-call").inner_text().splitlines()
    exec("\n".join(line for line in lines if not line.startswith(("run =", "later ="))), names)
    return names["config"]


def commanded(page, monkeypatch):
    """The configuration that the page's command makes."""
    asked = []

    class Enough(Exception):
        """No training here."""

    def note(config, **options):
        asked.append(config)
        raise Enough

    monkeypatch.setattr("pcmlib.commands.train.train", note)
    words = shlex.split(page.locator(".lab-command").inner_text().replace("\\\n", " "))
    assert words[0] == "pcmlib"
    assert words[-2:] == ["--json", "run.json"]
    CliRunner().invoke(app, words[1:-2])
    return asked[0]


def answered_later(page):
    """Loss and accuracy at each of AGES, as they are and compensated."""
    each = (
        f"run.later('{what}', {which})"
        for which in ("false", "true")
        for what in ("loss", "accuracy")
    )
    found = page.evaluate(
        f"(() => {{ const {{ run }} = document.querySelector('.laboratory');"
        f"return [{', '.join(each)}].map((x) => x.map((y) => Number.isNaN(y) ? null : y)); }})()"
    )
    return np.array(found, float).reshape(2, 2, len(AGES))


AGES = (0, *LATER)
RUNS = {
    "mixed precision": f"scheme=mixed-precision&networks=3&seed=5&{SMALL}",
    "another device": f"scheme=stochastic&networks=1&{SMALL}&m1=-0.05&nu_spread=0.01&nu_high=0.5",
    "8 pairs": f"scheme=multi-mem&networks=1&pairs=8&{SMALL}&refresh_period=none",
    "write-verify": f"scheme=multi-mem&networks=1&pairs=1&{SMALL}&write_verify=true&tolerance=0.6",
    "kept on PCM": f"scheme=mixed-precision&networks=1&{SMALL}&kept_on_pcm=true&kept_scale=600",
    "4 bits": f"scheme=upd-ready&bits=4&networks=2&{SMALL}&learn_rec=false&gradient_limit=none",
    "evidence": "scheme=mixed-precision&task=evidence&networks=2&n_rec=20&adaptive=10&epochs=6"
    "&samples=4&batch=2&steps=1200&n_in=16",
    "evidence, digital": "scheme=vanilla&task=evidence&networks=1&n_rec=20&adaptive=10&epochs=5"
    "&samples=4&fresh=false&steps=1200&n_in=16",
    "digital": f"scheme=vanilla&networks=1&{SMALL}&n_out=2&symmetric_feedback=true",
}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_is_python_s_from_call_command_link_and_file(browser, site, name, monkeypatch):
    with opened(browser) as page:
        begin(page, RUNS[name], site)
        said, file = finished(page)
        config, later = called(page), answered_later(page)
        assert commanded(page, monkeypatch) == config
        assert page.faults == []
    stated = dict(setting.split("=") for setting in RUNS[name].split("&"))
    assert stated["scheme"] == config.scheme
    assert int(stated["networks"]) == config.replicas
    run = train(config)
    expected = json.loads(json.dumps(run.to_json()))
    assert list(file) == list(expected)
    assert TrainConfig.from_dict(file["config"]) == config
    digital = not config.on_crossbar
    first = 3 if digital or config.bits else config.epochs  # without noise a last bit grows
    for curve in ("loss", "rate_hz"):
        found, wanted = np.array(file[curve]), np.array(expected[curve])
        assert found.shape == wanted.shape
        np.testing.assert_allclose(found[:, :first], wanted[:, :first], rtol=BOUND)
    if not digital and not config.bits:
        assert file["set_pulses"] == expected["set_pulses"]
        assert file["reset_pulses"] == expected["reset_pulses"]
        assert file["reads"] == expected["reads"]
        assert f"loss {run.final_loss().mean():.4f}" in said
        for row, compensation in zip(later, (None, "global"), strict=True):
            found = evaluate(run, AGES, compensation=compensation)
            np.testing.assert_allclose(row[0], found.loss.mean(1), rtol=BOUND)
            np.testing.assert_allclose(row[1], found.accuracy.mean(1), rtol=BOUND)
    assert ("SET" in said) is not digital


def addressed(page, state):
    """Wait for the address to have a state."""
    page.wait_for_function("state => location.hash === `#${state}`", arg=state)


def test_a_link_brings_the_state_back_and_the_set_takes_it_away(browser, site):
    state = "scheme=sign&bits=4&networks=2&n_rec=33&stop_level=0.5&learn_out=false"
    with opened(browser) as page:
        page.goto(f"{site}/laboratory.html#{state}")
        addressed(page, state)
        assert page.locator("[name=n_rec]").input_value() == "33"
        assert not page.locator("[name=learn_out]").is_checked()
        assert page.locator(".lab-edited").count() == 3
        page.locator("[name=scheme]").select_option("stochastic")
        assert page.locator("[name=n_rec]").input_value() == "33"  # the reader's own stays
        expected = TrainConfig.preset("stochastic", bits=4)
        assert float(page.locator("[name=prob_scale]").input_value()) == expected.prob_scale
        page.get_by_role("button", name="Back to the tuned set").click()
        assert page.locator(".lab-edited").count() == 0
        addressed(page, "scheme=stochastic&bits=4&networks=2")
        page.locator("[name=scheme]").select_option("vanilla")
        assert page.locator("[name=pairs]").is_disabled()
        addressed(page, "scheme=vanilla&networks=2")
        assert page.faults == []


def test_a_switch_brings_the_set_that_was_found_for_it(browser, site):
    with opened(browser) as page:
        page.goto(f"{site}/laboratory.html#scheme=mixed-precision&networks=1")
        page.get_by_text("Crossbar", exact=True).first.click()
        for ticked in (True, False):
            page.locator("[name=kept_on_pcm]").click()
            expected = TrainConfig.preset(
                "mixed-precision", **({"kept_on_pcm": True} if ticked else {})
            )
            for name in ("lr_in", "kept_scale", "prob_scale", "refresh_period"):
                assert float(page.locator(f"[name={name}]").input_value()) == getattr(
                    expected, name
                )
            assert called(page) == expected
            assert page.locator(".lab-edited").count() == ticked
        assert page.faults == []


def test_it_stops_when_told_keeps_what_there_is_and_starts_again(browser, folder):
    with opened(browser) as page:
        begin(page, "scheme=mixed-precision&networks=2&epochs=400", folder.as_uri())
        page.wait_for_function(
            "() => document.querySelector('.laboratory').run.networks"
            ".every(({ outputs }) => outputs?.loss.data[9] > 0)"
        )
        page.get_by_role("button", name="Stop").click()
        assert page.evaluate("document.activeElement.dataset.does") == "start"
        said, file = finished(page)
        assert said.startswith("mixed precision, PCM: stopped after")
        assert all(pulses > 0 for pulses in file["set_pulses"])
        assert file["reset_pulses"] == [0, 0]
        for loss in file["loss"]:
            assert len(loss) == 400
            reached = [x is not None for x in loss]
            assert 0 < sum(reached) < 400
            assert reached == sorted(reached, reverse=True)
        page.locator("[name=epochs]").fill("3")
        page.locator("[name=epochs]").press("Enter")  # the keyboard starts it too
        said, file = finished(page)
        assert said.startswith("mixed precision, PCM: loss")
        assert np.isfinite(file["loss"]).all()
        assert page.faults == []


FAULTS = {
    "n_rec=-1": "n_rec = -1: must be a whole number, at least 1, at most 1000",
    "n_rec=2.5": "n_rec = 2.5: must be a whole number",
    "threshold=0": "threshold = 0: must be a number, above 0",
    "lr_decay=1.5": "lr_decay = 1.5: must be a number, above 0, at most 1",
    "lr_in=1e39": "lr_in = 1e+39: must be a number, at least 0, of a size that float32 has",
    "tau_rec=1e-46": "tau_rec = 1e-46: must be a number, above 0, of a size that float32 has",
    "conductance=13": "conductance = 13: must be at most g_max = 12",
    "g_min=12": "g_min = 12: must be below g_max = 12",
    "nu_low=2": "nu_low = 2: must be at most nu_high = 1",
    "networks=9": "networks = 9: must be a whole number from 1 to 8",
    "task=evidence&n_in=10": "n_in = 10: must be a whole number, at least 4, at most 1000, a",
    "task=evidence&steps=1199": "steps = 1199: must be a whole number, at least 1200",
    "bits=17": "bits = 17: must be a whole number from 1 to 16",
}


@pytest.mark.parametrize("state", FAULTS)
def test_a_fault_is_named_before_any_work(browser, site, state):
    with opened(browser) as page:
        begin(page, f"scheme=mixed-precision&{state}", site)
        assert FAULTS[state] in page.locator(".lab-status").inner_text()
        focused = page.evaluate("document.activeElement.name")
        assert focused == state.split("&")[-1].split("=")[0]
        assert page.locator("[aria-invalid=true]").count() == 1
        assert page.evaluate("document.querySelector('.laboratory').run") is None


@pytest.mark.parametrize(
    "state", ["scheme=genetic", "task=xor", "colour=blue", "learn_in=maybe", "lr_in=x"]
)
def test_what_an_address_asks_for_in_vain_is_named(browser, site, state):
    with opened(browser) as page:
        page.goto(f"{site}/laboratory.html#{state}")
        known = not state.startswith("colour")
        why = "no value of it" if known else "is no setting of this laboratory"
        assert page.locator(".lab-status").inner_text() == f"{state.replace('=', ' = ')}: {why}"


def test_a_scheme_without_a_set_for_the_task_is_named(browser, site):
    with opened(browser) as page:
        begin(page, "scheme=accumulator&task=evidence", site)
        assert page.locator(".lab-status").inner_text().startswith("scheme = accumulator: must be")
        assert page.evaluate("document.activeElement.name") == "scheme"
        assert page.evaluate("document.querySelector('.laboratory').run") is None


def test_another_task_brings_its_set_and_hides_what_it_has_no_use_for(browser, site):
    with opened(browser) as page:
        page.goto(f"{site}/laboratory.html#scheme=mixed-precision&networks=1&n_rec=77")
        page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
        expected = TrainConfig.preset("mixed-precision", task="evidence", n_rec=77)
        page.locator("[name=task]").select_option("evidence")
        assert called(page) == expected
        addressed(page, "scheme=mixed-precision&task=evidence&networks=1&n_rec=77")
        assert page.locator("[name=n_out]").is_hidden()
        about = page.locator("[name=steps]").get_attribute("aria-describedby")
        assert page.locator(f"#{about}").inner_text() == "in time steps of 1 ms; 1200 to 5000"
        page.locator("[name=task]").select_option("pattern")
        assert called(page) == TrainConfig.preset("mixed-precision", n_rec=77)
        assert page.locator("[name=n_out]").is_visible()
        assert page.faults == []


def test_what_no_browser_has_room_for_is_refused(browser, site):
    with opened(browser) as page:
        begin(page, "scheme=multi-mem&n_rec=1000&n_in=1000&pairs=16", site)
        assert "MiB a network: must be at most 1024 MiB" in page.locator(".lab-status").inner_text()
        assert page.evaluate("document.querySelector('.laboratory').run") is None


def test_what_was_trained_keeps_its_name_and_a_link_shows_what_it_changes(browser, site):
    with opened(browser) as page:
        begin(page, f"scheme=sign&networks=1&epochs=1&{SMALL.replace('epochs=12&', '')}", site)
        said, _ = finished(page)
        assert said.startswith("sign descent, PCM: loss")
        assert page.locator(".lab-edited:visible").count() == 4
        assert page.locator(".lab-panels path[d$=h0]").count() >= 3  # a point is seen, too
        page.locator("[name=scheme]").select_option("vanilla")
        assert page.locator(".lab-status").inner_text() == said
        page.locator("[name=n_rec]").fill("0")
        assert page.locator(".lab-status").inner_text().startswith("n_rec = 0: must be")
        assert "preset" not in page.locator(".lab-call").inner_text()


def test_its_figures_fill_in_and_speak(browser, site):
    with opened(browser) as page:
        page.goto(f"{site}/laboratory.html#scheme=mixed-precision&networks=2&{SMALL}")
        paths = (
            "() => [...document.querySelectorAll('.lab-panels svg:not([hidden])')]"
            ".map((s) => s.innerHTML)"
        )
        empty = page.evaluate(paths)
        size = page.locator(".lab-panels").bounding_box()
        page.get_by_role("button", name="Start").click()
        finished(page)
        page.wait_for_function(
            "() => document.querySelector('[aria-label^=\"Learning curve: loss\"]')"
        )
        assert all(
            before != after for before, after in zip(empty, page.evaluate(paths), strict=True)
        )
        assert page.locator(".lab-panels").bounding_box()["height"] == size["height"]
        assert page.locator(".lab-panels [d*=NaN]").count() == 0
        other = page.evaluate(paths)
        page.locator("[name=shown-network]").fill("2")
        page.wait_for_function("() => document.querySelector('[aria-label*=\"of network 2\"]')")
        changed = [a != b for a, b in zip(other, page.evaluate(paths), strict=True)]
        assert changed == [False, False, False, False, True, True, True]
        assert page.get_by_role("progressbar").count() == 1
        assert page.faults == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["laboratory", "bench"])
def test_it_fits_the_screen_with_everything_unfolded(browser, site, name, width):
    with opened(browser, width) as page:
        page.goto(f"{site}/{name}.html")
        page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for control in page.locator("input, select, textarea").all():
            assert control.evaluate("e => e.labels.length") == 1
        assert page.faults == []


@pytest.mark.parametrize("name", ["laboratory", "bench"])
def test_without_javascript_it_says_so(browser, site, name):
    with opened(browser, java_script_enabled=False) as page:
        page.goto(f"{site}/{name}.html")
        assert "needs JavaScript" in page.inner_text("body")
        assert page.locator("button:visible").count() == 0


def test_a_run_of_the_book_s_size_ends_where_the_book_s_networks_do(browser, folder, capsys):
    """100 neurons, 3 patterns, 250 epochs, mixed precision on PCM."""
    with opened(browser) as page:
        begin(page, "scheme=mixed-precision&networks=1", folder.as_uri())
        said, file = finished(page)
        first = page.evaluate("document.querySelector('.laboratory').run.first")
    with capsys.disabled():
        print(f"\nlaboratory, the book's size: first figure after {first:.0f} ms; {said}")
    book = reported("mixed-precision").final_loss(20)
    assert len(file["loss"][0]) == 250
    assert book.min() <= np.mean(file["loss"][0][-20:]) <= book.max()


# The bench


def treated(page):
    """Wait for the figure of what is written; its readings, and those of the page's Python code."""
    written = page.locator(".lab-call").inner_text()
    devices = int(page.locator("[name=devices]").input_value())
    names = {"PCMArray": PCMArray}
    exec(written, names)
    wanted = len(names["steps"])
    page.wait_for_function(
        "([steps, devices]) => { const b = document.querySelector('.laboratory').bench;"
        " return b?.steps.length === steps && b.devices === devices; }",
        arg=[wanted, devices],
    )
    page.wait_for_timeout(100)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download JSON").click()
    file = json.loads(download.value.path().read_text())
    return file, np.array([reading.numpy() for reading in names["readings"]])


@pytest.mark.parametrize("width", [1280, 390])
def test_buttons_treat_devices_and_the_readings_are_python_s(browser, folder, width):
    with opened(browser, width) as page:
        page.goto((folder / "bench.html").as_uri())
        first, expected = treated(page)
        np.testing.assert_allclose(first["conductance"], expected, atol=1e-4)
        page.get_by_role("button", name="Clear").click()
        for name in ("SET", "SET", "Read", "RESET", "Read"):
            page.get_by_role("button", name=name, exact=True).click()
        assert page.locator("textarea").input_value().splitlines() == [
            "0 set", "38.6 set", "77.2 read", "115.8 reset", "154.4 read",
        ]  # fmt: skip
        page.locator("[name=devices]").fill("40")
        page.locator("summary", has_text="Device").click()
        page.locator("[name=nu_spread]").fill("0.02")
        page.locator("[name=g_max]").fill("20")
        page.wait_for_function("location.hash.includes('g_max=20')")
        file, expected = treated(page)
        assert file["time"] == [77.2, 154.4]
        assert file["pulse_times"] == [0, 38.6]
        assert file["reset_times"] == [115.8]
        np.testing.assert_allclose(file["conductance"], expected, atol=1e-4)
        address = page.evaluate("location.href")
        page.goto("about:blank")
        page.goto(address)
        again, _ = treated(page)
        assert again == file
        page.get_by_role("button", name="Back to the start").click()
        again, _ = treated(page)
        assert again == first
        assert page.faults == []


def test_steps_of_a_range_are_numpy_s(browser, site):
    with opened(browser) as page:
        page.goto(f"{site}/bench.html")
        page.locator("textarea").fill(
            "0:10:2.5 set 3\n# a comment\n5 read\n\n7.5 READ # and another"
        )
        file, expected = treated(page)
        assert file["pulse_times"] == list(np.arange(0, 10, 2.5))
        np.testing.assert_allclose(file["conductance"], expected, atol=1e-4)


@pytest.mark.parametrize(
    "line",
    [
        "set",
        "5 sett",
        "x read",
        "-1 set",
        "0:10 read",
        "0:10:0 read",
        "5 set 0",
        "5 read 2",
        "0:9:1:2 set",
        "0x10 set",
    ],
)
def test_a_step_that_is_none_is_named_with_its_line(browser, site, line):
    with opened(browser) as page:
        page.goto(f"{site}/bench.html")
        page.locator("textarea").fill(f"0 set\n{line}")
        assert page.locator(".lab-status").inner_text().startswith(f"line 2 = {line}: must be")
        page.locator("textarea").fill("0 set")
        page.wait_for_function("document.querySelector('.lab-status').textContent === ''")


def test_a_thousand_devices_and_many_reads_are_drawn(browser, site):
    with opened(browser) as page:
        page.goto(f"{site}/bench.html")
        page.locator("[name=devices]").fill("1000")
        page.locator("textarea").fill("0 set 20\n1:400:1 read")
        file, expected = treated(page)
        assert np.shape(file["conductance"]) == (399, 1000)
        np.testing.assert_allclose(file["conductance"], expected, atol=1e-4)
        assert file["steps"][0] == {"t": 0, "what": "set", "pulses": 20}
        page.get_by_role("img", name="SET pulses: 20, RESETs: 0, reads: 399").wait_for()
        assert page.faults == []


def test_too_many_steps_are_refused(browser, site):
    with opened(browser) as page:
        page.goto(f"{site}/bench.html")
        page.locator("textarea").fill("0:1e9:1 read")
        assert "more than 2000 steps" in page.locator(".lab-status").inner_text()
        page.locator("[name=devices]").fill("5000")
        assert "devices = 5000: must be" in page.locator(".lab-status").inner_text()
