"""Long work shows how far it is and can be stopped, and what is shown says what it is of."""

import json

import pytest
from serving import SLOW, opened, served

LONG = "0:1000:1 set 10000\n0.5:1000:1 read"  # 10^10 pulses to 1000 devices
BEFORE = "Figure and numbers: of the treatment before"


@pytest.fixture(scope="module")
def site(laboratories):
    with served(laboratories) as address:
        yield address


def says(page, text, selector=".lab-status"):
    """Wait for a line to hold a text."""
    page.wait_for_function(
        "([selector, text]) => document.querySelector(selector).textContent.includes(text)",
        arg=[selector, text],
    )


def file_of(page):
    with page.expect_download() as download:
        page.get_by_role("button", name="Download JSON").click()
    return json.loads(download.value.path().read_text())


def quick(page):
    """A treatment that is computed at once, and shown."""
    page.locator("[name=devices]").fill("3")
    page.locator("textarea").fill("0 set\n1 read\n2 read")
    page.get_by_role("img", name="devices: 3, SET pulses: 1, RESETs: 0, reads: 2").wait_for()
    assert page.locator(".lab-stale").count() == 0
    assert page.locator(".lab-other").inner_text() == ""
    assert page.locator(".lab-status").inner_text() == ""
    assert page.get_by_role("button", name="Stop").is_disabled()
    file = file_of(page)
    assert (file["devices"], file["time"]) == (3, [1, 2])


def test_a_long_treatment_shows_how_far_it_is_and_stops(browser, site):
    with opened(browser) as page:
        page.goto(f"{site}/bench.html")
        quick(page)
        page.locator("[name=devices]").fill("1000")
        page.locator("textarea").fill(LONG)
        assert page.get_by_role("button", name="Download JSON").is_disabled()
        says(page, "of 2000 steps")
        page.get_by_role("img", name="devices: 1000, SET pulses: ").wait_for()
        assert page.locator(".lab-stale").count() == 0
        assert page.get_by_role("button", name="Download JSON").is_disabled()
        first = page.locator("progress").evaluate("bar => bar.value")
        page.wait_for_function(
            "first => document.querySelector('progress').value > first", arg=first
        )
        page.get_by_role("button", name="Stop").click()
        says(page, "stopped after")
        status = page.locator(".lab-status").inner_text()
        done = page.locator("progress").evaluate("bar => bar.value")
        assert status == f"stopped after {done} of 2000 steps; what was read until then stays"
        assert 0 < done < 2000
        file = file_of(page)
        assert len(file["steps"]) == done
        assert len(file["conductance"]) == len(file["time"]) == done // 2
        assert min(map(min, file["conductance"])) > 0
        assert page.locator(".lab-numbers tbody tr").count() == done // 2
        quick(page)
        assert page.faults == []


def test_what_is_written_next_breaks_a_long_treatment_off(browser, site):
    with opened(browser) as page:
        page.goto(f"{site}/bench.html")
        page.locator("[name=devices]").fill("1000")
        page.locator("textarea").fill(LONG)
        quick(page)  # before the long one is a tenth of a second old
        page.locator("[name=devices]").fill("1000")
        page.locator("textarea").fill(LONG)
        says(page, "computing")
        quick(page)
        page.locator("[name=devices]").fill("1000")
        page.locator("textarea").fill(LONG)
        says(page, "computing")
        page.locator("textarea").fill("0 sett")
        says(page, BEFORE, ".lab-other")
        assert page.locator(".lab-status").inner_text().startswith("line 1 = 0 sett: must be")
        assert page.get_by_role("button", name="Stop").is_disabled()
        page.wait_for_timeout(500)
        assert page.locator(".lab-stale").count() == 1
        quick(page)


def test_what_is_not_computed_yet_is_not_shown_as_if_it_were(browser, site):
    with opened(browser) as page:
        page.goto(f"{site}/bench.html")
        quick(page)
        page.evaluate(SLOW)
        page.locator("[name=devices]").fill("4")
        assert page.get_by_role("button", name="Download JSON").is_disabled()
        says(page, "computing")
        assert page.locator(".lab-other").inner_text() == BEFORE
        assert float(page.locator(".lab-results").evaluate("e => getComputedStyle(e).opacity")) < 1
        page.get_by_role("img", name="devices: 4").wait_for()
        assert page.locator(".lab-other").inner_text() == ""
        page.locator("[name=devices]").fill("5")
        says(page, "computing")
        page.get_by_role("button", name="Stop").click()
        says(page, "stopped after 0 of 3 steps")
        page.get_by_role("img", name="devices: 5, SET pulses: 0, RESETs: 0, reads: 0").wait_for()
        assert page.locator(".lab-numbers tbody tr").count() == 0


def test_a_run_s_figures_say_that_the_form_has_other_settings(browser, site):
    with opened(browser) as page:
        page.goto(f"{site}/laboratory.html#scheme=sign&n_rec=20&epochs=2&steps=50")
        page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
        page.get_by_role("button", name="Start").click()
        page.wait_for_function("() => document.querySelector('.laboratory').run?.running === false")
        other = page.locator(".lab-other")
        assert other.inner_text() == ""
        for wrong in ("21", "0"):
            page.locator("[name=n_rec]").fill(wrong)
            assert other.inner_text().startswith("The figures are of a run with other settings")
        other.get_by_role("link").click()
        page.wait_for_function("() => document.querySelector('[name=n_rec]').value === '20'")
        assert other.inner_text() == ""
        assert page.faults == []


def test_until_an_epoch_is_over_a_run_is_seen_to_be_under_way(browser, site):
    with opened(browser) as page:
        page.goto(f"{site}/laboratory.html#n_rec=20&epochs=2&steps=50")
        page.evaluate(SLOW)
        page.get_by_role("button", name="Start").click()
        assert page.locator("progress:indeterminate").count() == 1
        assert page.get_by_role("button", name="Stop").is_enabled()
        page.wait_for_function("() => document.querySelector('progress').position === 1")
