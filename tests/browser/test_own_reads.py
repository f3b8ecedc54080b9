"""A reader's table on the device bench: taken as `pcmlib fit` takes it, drawn beside the model."""

import numpy as np
import pytest
from serving import opened, served

from pcmlib import PCMArray, PCMParameters
from pcmlib.device.fit import measurements, simulate_reads

TABLE = simulate_reads(PCMParameters(c1=1.2), devices=30, pulses=4, delays=(10.0, 100.0), seed=3)
ROWS = [
    f"d{d},{k},{t:g},{g:.6g}"
    for d, k, t, g in zip(TABLE.device, TABLE.pulse, TABLE.time, TABLE.conductance, strict=True)
]
HEADER = "device,pulse,time,conductance"


@pytest.fixture(scope="module")
def site(laboratories):
    with served(laboratories) as address:
        yield f"{address}/bench.html"


def give(page, content, name="reads.csv"):
    content = content if isinstance(content, bytes) else content.encode()
    file = {"name": name, "mimeType": "text/csv", "buffer": content}
    page.locator("[name=table]").set_input_files(file)


def numbers(page):
    """The rows of the table below the figure: pulse, measured mean and sd, the model's."""
    rows = page.locator(".lab-measured tbody tr")
    rows.first.wait_for(state="attached")
    cells = [row.locator("td").all_text_contents() for row in rows.all()]
    return np.array(cells, float).T


def modelled(p, delay):
    """What the model's devices read `delay` seconds after each of four pulses."""
    cells, found = PCMArray((400,), p, seed=0), []
    for k in range(5):
        if k:
            cells.set(k * delay, [1] * 400)
        found.append(cells.read((k + 1) * delay).numpy())
    return np.array(found)


@pytest.mark.parametrize("how", ["a file", "a drop", "the keyboard"])
def test_a_table_is_drawn_beside_the_model_of_the_form(browser, laboratories, tmp_path, how):
    text = "\n".join([HEADER, *ROWS])
    with opened(browser) as page:
        page.goto((laboratories / "bench.html").as_uri())
        assert page.locator(".lab-measured").is_hidden()
        if how == "a drop":
            page.evaluate(
                """(text) => {
                  const dataTransfer = new DataTransfer();
                  dataTransfer.items.add(new File([text], "reads.csv"));
                  const event = new DragEvent("drop", { dataTransfer, bubbles: true });
                  document.querySelector("textarea").dispatchEvent(event);
                }""",
                text,
            )
        elif how == "the keyboard":
            (tmp_path / "reads.csv").write_text(text)
            with page.expect_file_chooser() as chooser:
                # Within: the browser needs a round trip to hear that Playwright takes the chooser.
                page.locator("[name=table]").focus()
                page.keyboard.press("Enter")
            chooser.value.set_files(tmp_path / "reads.csv")
        else:
            give(page, text)
        pulse, *found = numbers(page)
        assert pulse.tolist() == [0, 1, 2, 3, 4]
        first = np.array([g for g, t in zip(TABLE.conductance, TABLE.time, strict=True) if t == 10])
        measured = np.array([first[n::5] for n in range(5)])
        model = modelled(PCMParameters(), 10.0)
        for row, values in zip(found, (measured, measured, model, model), strict=True):
            expected = (
                values.mean(1) if row is found[0] or row is found[2] else values.std(1, ddof=1)
            )
            np.testing.assert_allclose(row, expected, atol=1e-3)
        said = page.locator(".lab-read").inner_text()
        assert said.startswith("reads.csv: 30 devices, 300 reads; ")
        assert said.endswith("are read 10 s after each pulse")
        spoken = page.locator(".lab-measured svg").get_attribute("aria-label")
        assert f"after 4 pulses {found[0][-1]:.2f} ± {found[1][-1]:.2f} µS" in spoken
        assert page.locator(".lab-measured svg [d*=NaN]").count() == 0
        page.locator("summary", has_text="Device").first.click()
        page.locator("[name=c1]").fill("1.2")  # the band follows the form
        page.wait_for_function(
            "before => document.querySelector('.lab-measured svg').ariaLabel !== before", arg=spoken
        )
        own = modelled(PCMParameters(c1=1.2), 10.0)
        np.testing.assert_allclose(numbers(page)[3], own.mean(1), atol=1e-3)
        assert page.faults == []


def test_other_forms_of_a_table_are_the_same_table(browser, site):
    other = {
        "semicolons": "\n".join([HEADER, *ROWS]).replace(",", ";").replace(".", ","),
        "tabs": "\n".join(
            ["Cell ID\tpulses\tDelay (s)\tG [µS]", *(row.replace(",", "\t") for row in ROWS)]
        ),
        "siemens": "\n".join(
            ["device,pulse,time_ms,conductance_S"]
            + [
                f'"{d}",{k},{float(t) * 1e3:g},{float(g) * 1e-6:.6e}'
                for d, k, t, g in (row.split(",") for row in ROWS)
            ]
        ),
        "a comment and more": "\n".join(["# probe", HEADER + ",note", *(f"{r},x" for r in ROWS)]),
    }  # fmt: skip
    with opened(browser) as page:
        page.goto(site)
        give(page, "\n".join([HEADER, *ROWS]))
        usual = numbers(page)
        for name, text in other.items():
            page.locator(".lab-measured tbody").evaluate("body => body.replaceChildren()")
            give(page, text.encode("utf-16") if name == "tabs" else text)
            np.testing.assert_allclose(numbers(page), usual, atol=1e-3, err_msg=name)
        assert page.faults == []


def changed(row, *, also=True, header=HEADER):
    return "\n".join([header, row, *(ROWS[1:] if also else [])])


BAD = {
    "empty": "",
    "no rows": HEADER,
    "no device": changed(ROWS[0], header="who,pulse,time,conductance"),
    "two of a column": changed(ROWS[0], header="device,pulse,G,conductance"),
    "another unit": changed(ROWS[0], header="device,pulse,time (fortnights),conductance"),
    "spaces": changed(ROWS[0]).replace(",", " "),
    "a short row": changed("d0,0,10"),
    "no label": changed(",0,10,0.1"),
    "an empty cell": changed("d0,0,10,"),
    "no time": changed("d0,0,,0.1"),
    "a word": changed("d0,0,10,overload"),
    "infinite": changed("d0,0,10,1e999"),
    "half a pulse": changed("d0,0.5,10,0.1"),
    "pulse -1": changed("d0,-1,10,0.1"),
    "a pulse that goes back": changed("d0,3,10,0.1"),
    "time 0": changed("d0,0,0,0.1"),
    "a time before the pulse": changed("d0,0,-1,0.1"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_in_python_s_words(browser, site, tmp_path, name):
    path = tmp_path / "reads.csv"
    path.write_text(BAD[name])
    with pytest.raises(ValueError, match="must be") as caught:
        measurements(path)
    with opened(browser) as page:
        page.goto(site)
        give(page, "\n".join([HEADER, *ROWS]))
        numbers(page)
        give(page, BAD[name])
        page.wait_for_selector("[name=table][aria-invalid=true]")
        assert page.locator(".lab-read").inner_text() == str(caught.value)
        assert page.locator(".lab-measured").is_hidden()
        give(page, "\n".join([HEADER, *ROWS]))
        page.wait_for_selector("[name=table]:not([aria-invalid])")
        assert page.faults == []


def test_what_is_no_text_and_what_looks_like_siemens_is_said(browser, site):
    with opened(browser) as page:
        page.goto(site)
        give(page, b"PK\x03\x04\x00\x00", "reads.xlsx")
        page.wait_for_selector("[name=table][aria-invalid=true]")
        assert "save a spreadsheet as CSV" in page.locator(".lab-read").inner_text()
        small = "\n".join(f"d{k % 3},{k // 3},10,{k + 1}e-6" for k in range(30))
        give(page, f"{HEADER}\n{small}")
        page.wait_for_function(
            "document.querySelector('.lab-read').textContent.includes('siemens')"
        )
