"""The address of the laboratory and of the bench: what is a state of the form, and what is none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from serving import opened, served

FIELDS = {"laboratory": "n_rec", "bench": "devices"}
OF_EVERY_OBJECT = """() => [...Object.getOwnPropertyNames(Object.prototype)].sort()"""
LETTERS = st.characters(exclude_categories=["Cs"])
SETTLED = "() => new Promise((resolve) => setTimeout(resolve, 20))"


@pytest.fixture(scope="module")
def site(laboratories):
    with served(laboratories) as address:
        yield address


@pytest.fixture(params=FIELDS)
def name(request):
    return request.param


def visit(page, address):
    """Open a page, and unfold its form."""
    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")


def go(page, fragment):
    """Follow a link within the page."""
    page.evaluate("fragment => { location.hash = fragment }", fragment)
    page.evaluate(SETTLED)


def test_a_fragment_that_is_no_state_leaves_the_fields_and_the_state_in_the_address(
    browser, site, name
):
    with opened(browser) as page:
        visit(page, f"{site}/{name}.html")
        field = page.locator(f"[name={FIELDS[name]}]")
        field.fill("7")
        address = page.evaluate("location.href")
        assert f"{FIELDS[name]}=7" in address

        @settings(max_examples=40, deadline=None)
        @given(st.text(LETTERS).filter(lambda text: "=" not in text))
        def leaves(fragment):
            go(page, fragment)
            assert field.input_value() == "7"
            assert page.evaluate("location.href") == address

        leaves()
        page.reload()
        assert field.input_value() == "7"
        assert page.faults == []


def test_a_link_within_the_page_is_followed_and_the_way_back_too(browser, site, name):
    with opened(browser) as page:
        visit(page, f"{site}/{name}.html#below")
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<h2 id=below>Below</h2>')")
        # Until something is changed, so that the browser scrolls there
        assert page.evaluate("location.hash") == "#below"
        field = page.locator(f"[name={FIELDS[name]}]")
        field.fill("7")
        go(page, "below")
        assert page.evaluate("document.querySelector(':target')?.id") == "below"
        field.fill("8")
        page.evaluate("history.back()")
        page.evaluate(SETTLED)
        assert field.input_value() == "7"  # as it was when the link was followed
        page.evaluate("history.forward()")
        page.evaluate(SETTLED)
        assert field.input_value() == "8"


def test_names_that_every_object_has_are_no_settings(browser, site, name):
    with opened(browser) as page:
        visit(page, f"{site}/{name}.html")
        names = page.evaluate(OF_EVERY_OBJECT)
        assert "__proto__" in names
        for word in names:
            for state in (f"{word}=1", f"scheme={word}"):
                page.goto("about:blank")
                page.goto(f"{site}/{name}.html#{state}")
                assert page.locator(".lab-live").is_visible()
                assert (
                    page.locator(".lab-status").inner_text().startswith(state.replace("=", " = "))
                )
                assert page.evaluate(OF_EVERY_OBJECT) == names
        assert page.faults == []


def test_whatever_the_address_says_the_form_lives(browser, site, name):
    with opened(browser) as page:
        visit(page, f"{site}/{name}.html")
        names = page.evaluate(OF_EVERY_OBJECT)
        inputs = page.locator("form [name]").evaluate_all("all => all.map((input) => input.name)")
        keys = st.sampled_from([*inputs, *names]) | st.text(LETTERS)
        values = st.sampled_from([*names, "none", "true", "-1", "1e999"]) | st.text(LETTERS)

        @settings(max_examples=60, deadline=None)
        @given(st.dictionaries(keys, values, min_size=1))
        def lives(state):
            page.faults.clear()
            page.evaluate(
                "state => { location.hash = new URLSearchParams(state) }", list(state.items())
            )
            page.evaluate(SETTLED)
            assert page.evaluate(OF_EVERY_OBJECT) == names
            field = page.locator(f"[name={FIELDS[name]}]")
            field.fill("0")  # the form still answers
            assert f"{FIELDS[name]} = 0: must be" in page.locator(".lab-status").inner_text()
            assert page.faults == []

        lives()
