"""The laboratory disables the fields that change nothing in a run, and no others."""

import re

import numpy as np
import pytest
from laboratory import CONSTANTS
from serving import opened, served

from pcmlib.book.explorers.whole_run import AGES, BINS, train_run
from pcmlib.device.record import ENDS
from pcmlib.schemes import SCHEMES
from pcmlib.training.record import numbers

TINY = "n_rec=6&n_in=9&steps=80&samples=2&epochs=4&input_rate=300&threshold=0.02&refresh_period=3"
STATES = [
    "",
    "learn_in=false&learn_rec=false&learn_out=false",
    "recurrence=false&symmetric_feedback=true",
    "bits=3",
    "write_verify=true&kept_on_pcm=true",
    "write_verify=true&kept_on_pcm=true&bits=5",
    "task=evidence&steps=1200&n_in=8&adaptive=3&input_rate=40&batch=1",
]
BUILT_IN = [name for name, scheme in SCHEMES.items() if scheme.built_in]
# Where half as much again, and a bit, would not do
OTHER = {
    "lr_decay": 0.5,
    "nu_low": 0.5,
    "nu_high": 0.01,
    "nu_spread_low": 0.01,
    "nu_spread_high": 0.001,
    "t_min": 10.0,
    "nu_slope": 0.02,
    "nu_spread_slope": 0.02,
    "refresh_period": 2,
}


@pytest.fixture(scope="module")
def site(laboratories):
    with served(laboratories) as address:
        yield address


def called(page):
    """The configuration that the page's call makes."""
    names = {}
    exec(re.sub(r"(?m)^(run|later) =.*", "", page.locator(".lab-call").inner_text()), names)
    return names["config"]


def outcome(config):
    """All that training leaves, but for the number of reads."""
    curves = np.zeros((6, config.epochs), np.float32)
    shape = config.samples, config.steps, config.n_out
    targets, outputs = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    spikes = np.zeros((config.steps, config.n_rec), np.float32)
    conductance = np.zeros((3, 2, BINS), np.float32)
    run, aged = numbers(config)[0], np.zeros((2, 1 + len(AGES), 2), np.float32)
    train_run(run, False, *curves, targets, outputs, spikes, conductance, aged)
    return np.concatenate([x.ravel() for x in (curves[:5], outputs, spikes, conductance, aged)])


def changed(config, name):
    """The same run with another value of one field."""
    parameters = config.parameters
    value = getattr(config, name, None) if name not in CONSTANTS else getattr(parameters, name)
    other = OTHER.get(name)
    if other is None:
        other = not value if isinstance(value, bool) else (value or 0.5) * 1.5
        other = round(other) if isinstance(value, int) and not isinstance(value, bool) else other
    if name not in CONSTANTS:
        return config.replace(**{name: other})
    constants = dict(config.constants)
    constants[name] = other
    for pair, ends in ENDS.items():
        if name in ends:
            both = dict(zip(ends, getattr(parameters, pair), strict=True))
            constants[pair] = tuple((both | {name: constants.pop(name)}).values())
    return config.replace(constants=constants)


def test_a_field_is_disabled_where_it_changes_nothing(browser, site):
    """What the page disables does not touch the run, to the bit, for each scheme in each state; and
    each field that it disables somewhere makes another run where it is enabled."""
    idle, matters = set(), set()
    with opened(browser) as page:
        for scheme in BUILT_IN:
            for state in STATES:
                if scheme == "accumulator" and "evidence" in state:
                    continue  # it has no set for it
                page.goto("about:blank")
                page.goto(f"{site}/laboratory.html#scheme={scheme}&networks=1&{TINY}&{state}")
                config = called(page)
                usual = outcome(config)
                fields = page.locator(".lab-fields input").evaluate_all(
                    "all => all.map((input) => [input.name, input.matches(':disabled')])"
                )
                for name, disabled in fields:
                    try:
                        other = outcome(changed(config, name))
                    except ValueError:  # no such run: a digital scheme has no pairs
                        assert disabled, f"{scheme} {state} {name}"
                        continue
                    if disabled:
                        idle.add(name)
                        np.testing.assert_array_equal(other, usual, f"{scheme} {state} {name}")
                    elif other.shape != usual.shape or (other != usual).any():
                        matters.add(name)
    assert idle - matters == set()


def test_a_switch_frees_its_field_and_what_has_no_effect_is_named(browser, site):
    with opened(browser) as page:
        page.goto(f"{site}/laboratory.html#scheme=mixed-precision&networks=1&tolerance=0.7")
        status = page.locator(".lab-status")
        assert status.inner_text() == "tolerance = 0.7: has no effect on such a run"
        page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
        for switch, field in (("write_verify", "tolerance"), ("kept_on_pcm", "kept_scale")):
            assert page.locator(f"[name={field}]").is_disabled()
            page.locator(f"[name={switch}]").click()
            assert page.locator(f"[name={field}]").is_enabled()
        assert page.locator("[name=tolerance]").input_value() == "0.7"  # the reader's own
        assert called(page).tolerance == 0.7
        page.locator("[name=scheme]").select_option("stochastic")
        assert page.locator("[name=kept_on_pcm]").is_disabled()
        assert page.locator("[name=kept_scale]").is_disabled()
        assert called(page).kept_on_pcm is False
        assert called(page).tolerance == 0.7
        page.locator("[name=scheme]").select_option("mixed-precision")
        assert called(page).kept_on_pcm is True
        assert page.faults == []
