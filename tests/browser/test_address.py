"""The address of the laboratory and of the bench: what is a state of the form, and what is none."""

import itertools

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

        leaves()
        page.wait_for_function("address => location.href === address", arg=address)
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
        page.wait_for_function("field => location.hash.includes(`${field}=8`)", arg=FIELDS[name])
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


# What only decorates

REFUSING = """
const refuse = () => { throw new DOMException("no", "SecurityError"); };
history.replaceState = history.pushState = refuse;
for (const name of ["localStorage", "sessionStorage"])
  Object.defineProperty(window, name, { get: refuse });
Object.defineProperty(navigator, "clipboard", { get: refuse });
Object.defineProperty(document, "title", { set: refuse });
"""
# As Safari: 100 calls in a period, and a SecurityError for each more
COUNTING = """
const [replace, calls] = [history.replaceState.bind(history), []];
window.calls = calls;
window.most = Infinity;
history.replaceState = (...state) => {
  const now = performance.now();
  if (calls.push(now) > most) throw new DOMException("too many", "SecurityError");
  replace(...state);
};
"""
SHOWN = "n => document.querySelector('.laboratory').bench?.devices === n"


def test_a_browser_that_refuses_every_ornament_computes(browser, site):
    with opened(browser) as page:
        page.add_init_script(REFUSING)
        visit(page, f"{site}/bench.html")
        for devices in (1, 20, 300):
            page.locator("[name=devices]").fill(str(devices))
            page.wait_for_function(SHOWN, arg=devices)
            assert f"PCMArray(({devices},)" in page.locator(".lab-call").inner_text()
        visit(page, f"{site}/laboratory.html#n_rec=20&epochs=2&steps=50")
        page.locator("[name=n_in]").fill("9")
        assert "n_in=9" in page.locator(".lab-call").inner_text()
        page.get_by_role("button", name="Start").click()
        page.wait_for_function("() => document.querySelector('.laboratory').run?.running === false")
        assert "loss" in page.locator(".lab-status").inner_text()
        assert page.faults == []


def test_the_history_is_changed_seldom_and_the_address_has_the_last_state(browser, site, name):
    with opened(browser) as page:
        page.add_init_script(COUNTING)
        visit(page, f"{site}/{name}.html")
        field = page.locator(f"[name={FIELDS[name]}]")
        field.fill("1")
        for _ in range(129):
            field.press("ArrowUp")
        page.wait_for_function(
            "field => new URLSearchParams(location.hash.slice(1)).get(field) === '130'",
            arg=FIELDS[name],
        )
        assert field.input_value() == "130"
        times = page.evaluate("calls")
        gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
        assert min(gaps) > 300  # ms: at most 100 in 30 s
        if name == "bench":
            page.wait_for_function(SHOWN, arg=130)
        assert page.faults == []


def test_what_the_history_refuses_is_tried_again(browser, site, name):
    with opened(browser) as page:
        page.add_init_script(COUNTING)
        visit(page, f"{site}/{name}.html")
        page.evaluate("most = 0")
        page.locator(f"[name={FIELDS[name]}]").fill("17")
        page.wait_for_function("calls.length > 1")
        assert f"{FIELDS[name]}=17" not in page.evaluate("location.hash")
        page.evaluate("most = Infinity")
        page.wait_for_function("field => location.hash.includes(`${field}=17`)", arg=FIELDS[name])
        assert page.faults == []
