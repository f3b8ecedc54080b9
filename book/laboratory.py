"""Sphinx extension: the directives ``laboratory`` and ``bench``, forms that a page computes from.

The forms are made from pcmlib's own records (`form_fields`) and labelled by `form_labels`. What
they do is in ``static/laboratory.js`` and ``static/bench.js``; what is computed, in
`pcmlib.book.explorers.laboratory`.
"""

import json
from collections.abc import Iterable
from html import escape
from typing import Any

from docutils import nodes
from form_fields import (
    BITS,
    CONSTANTS,
    FIELDS,
    GROUPS,
    NETWORKS,
    ON_PCM,
    ORDERED,
    constant_fields,
    evidence_fields,
    evidence_sets,
    needs,
    run_fields,
    schemes,
    sets,
)
from form_labels import LABELS
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from pcmlib.book.experiments.training import NAMES as SCHEME_NAMES
from pcmlib.book.explorers.whole_run import AGES, BINS
from pcmlib.book.figures.style import BLUE, GREEN, ORANGE, PURPLE, RED, SKY
from pcmlib.device import PCMParameters
from pcmlib.device.fit.table import MISSING, UNITS
from pcmlib.device.fit.table import NAMES as NAMES_OF
from pcmlib.device.pulses import MOST_PULSES
from pcmlib.device.record import NAMES, NUMBERS
from pcmlib.schemes import SCHEMES
from pcmlib.tasks import TASKS
from pcmlib.training import TrainConfig
from pcmlib.training.presets import SWITCHES
from pcmlib.training.record import RUN, TRIAL

COLOURS = {
    "blue": BLUE, "red": RED, "green": GREEN, "orange": ORANGE, "purple": PURPLE, "sky": SKY,
}  # fmt: skip
RUNS = """\
<div class="lab-runs" hidden><div><table>
<caption>Runs</caption><thead><tr><th>run</th><th>name</th><th>loss</th>\
<th>correct (%)</th><th>rate (Hz)</th>\
<th>SET</th><th>RESET</th><th>time (s)</th><th>settings</th><th>remove</th></tr></thead>\
<tbody></tbody></table></div><p class="lab-buttons">\
<button type="button" data-does="csv">Table as CSV</button>\
<button type="button" data-does="json" disabled>Download JSON</button>\
<button type="button" data-does="forget">Remove all</button></p></div>"""
TASK_NAMES = {"pattern": "pattern generation", "evidence": "evidence accumulation"}
AGE_NAMES = ("minute", "hour", "day", "month", "year")  # of AGES
LATER = """\
<details><summary>After training: numbers</summary><table class="lab-numbers lab-later">\
<thead><tr><th>time after</th><th>loss</th><th>compensated</th><th>correct (%)</th>\
<th>compensated</th></tr></thead><tbody></tbody></table></details>"""
MEASURED = """\
<div class="lab-measured" hidden><div class="lab-panels lab-single"></div>\
<details><summary>Numbers of your reads</summary><table class="lab-numbers"><thead><tr>\
<th>pulse</th><th>mean (µS)</th><th>sd (µS)</th><th>model's mean</th><th>model's sd</th>\
</tr></thead><tbody></tbody></table></details></div>"""
PROGRAMME = """\
38.6:425:38.6 read
0:386:38.6 set
# and then it drifts
500:2000:100 read
2000 reset
2000:2501:100 read"""


class Form(SphinxDirective):
    """``{laboratory}`` and ``{bench}``: take no argument."""

    def run(self) -> list[nodes.Node]:
        """Return the form, the figures' places and what the script is told."""
        return [nodes.raw("", FORMS[self.name](), format="html")]


def laboratory() -> str:
    """The HTML of the laboratory."""
    constants = constant_fields(CONSTANTS)
    defaults = {n: getattr(TrainConfig(), n) for n in FIELDS if n != "constants"}
    usual = {name: getattr(PCMParameters(), name) for name in CONSTANTS}
    told = {
        "fields": {**run_fields(), **constants},
        "defaults": {**defaults, **TRIAL, **usual},
        "evidence": {"fields": evidence_fields(run_fields()), "sets": evidence_sets()},
        "tasks": list(TASKS),
        "ages": dict(zip(AGE_NAMES, AGES, strict=True)),
        "config": TrainConfig().to_dict(),
        "constants": CONSTANTS,
        "sets": sets(),
        "switches": SWITCHES,
        "schemes": schemes(),
        "digital": [name for name in schemes() if not SCHEMES[name].on_crossbar],
        "needs": {name: needs(name) for name in schemes()},
        "on_pcm": ON_PCM,
        "ordered": ORDERED,
        "record": {"names": list(RUN.names), "size": RUN.itemsize},
        "bins": BINS,
        "colours": COLOURS,
    }
    options = "".join(
        f'<option value="{name}"{" selected" * (name == "mixed-precision")}>'
        f"{escape(SCHEME_NAMES[name])}</option>"
        for name in schemes()
    )
    tasks = "".join(f'<option value="{n}">{text}</option>' for n, text in TASK_NAMES.items())
    first = (
        f'<label>task<select name="task">{tasks}</select></label>'
        f'<label>scheme<select name="scheme">{options}</select></label>'
        '<fieldset class="lab-crossbar"><legend>Memory</legend>'
        '<label><input type="radio" name="memory" value="pcm" checked>PCM, the full model</label>'
        '<label><input type="radio" name="memory" value="ideal">ideal</label>'
        f'<label>bits<input type="number" name="bits" min="1" max="{BITS}" value="8"></label>'
        "</fieldset>"
        f'<label>networks<input type="number" name="networks" min="1" max="{NETWORKS}" value="1">'
        "</label>"
    )
    titles = {**GROUPS, "Device": CONSTANTS}
    groups = "".join(group(title, told["fields"], names) for title, names in titles.items())
    buttons = (
        '<button type="submit" data-does="start">Start</button>'
        '<button type="button" data-does="stop" disabled>Stop</button>'
        '<button type="button" data-does="reset">Back to the tuned set</button>'
        '<button type="button" data-does="link">Copy link</button>'
    )
    shown = '<label>run <select name="shown-run"></select></label>' + "".join(
        f'<label>{text} <input type="number" name="shown-{name}" min="1" max="1" value="1"></label>'
        for name, text in (("network", "network"), ("pattern", "pattern or trial"))
    )
    return page(
        "data-laboratory",
        f'<form autocomplete="off" novalidate><div class="lab-first">{first}</div>{groups}'
        f'<p class="lab-buttons">{buttons}</p></form>'
        '<progress value="0" max="1" aria-label="epochs trained"></progress>',
        f'{RUNS}<div class="lab-panels"></div><p class="lab-shown">shown: {shown}</p>{LATER}',
        '<pre class="lab-call"></pre><pre class="lab-command"></pre>',
        told,
    )


def bench() -> str:
    """The HTML of the device bench."""
    whole = {"kind": "int", "low": 0, "high": 2**53 - 1}
    own = {
        "devices": {**whole, "low": 1, "high": 1000},
        "seed": whole,
        "wait": {"kind": "float", "low": 0},
    }
    usual = PCMParameters()
    constants = {name: getattr(usual, name) for name in NAMES}
    told = {
        "fields": {**own, **constant_fields(NAMES)},
        "defaults": {"devices": 5, "seed": 0, "wait": usual.T0, **constants},
        "constants": list(NAMES),
        "ordered": [entry for entry in ORDERED if entry[0] in NAMES],
        "record": {"names": list(NAMES), "size": NUMBERS.itemsize},
        "pulses": MOST_PULSES,
        "table": {"names": NAMES_OF, "units": UNITS, "missing": MISSING, "pulses": MOST_PULSES},
        "programme": PROGRAMME,
        "colours": COLOURS,
    }
    first = "".join(label(name, told["fields"][name]) for name in own)
    buttons = "".join(
        f'<button type="button" data-does="{what}">{text}</button>'
        for what, text in (
            ("set", "SET"), ("reset", "RESET"), ("read", "Read"), ("clear", "Clear"),
            ("usual", "Back to the start"), ("stop", "Stop"), ("json", "Download JSON"),
            ("link", "Copy link"),
        )
    )  # fmt: skip
    own_reads = (
        '<div class="lab-first"><label>Your own reads (CSV, chosen or dropped on this page)'
        '<input type="file" name="table" accept=".csv,.tsv,.txt,text/csv"></label></div>'
        '<p class="lab-read" role="status"></p>'
    )
    return page(
        "data-bench",
        f'<form autocomplete="off" novalidate><div class="lab-first">{first}</div>'
        '<label class="lab-programme">Treatment: one line per step, time in s or start:stop:step, '
        'then set, reset or read<textarea name="programme" rows="7" spellcheck="false"></textarea>'
        "</label>"
        f'<p class="lab-buttons">{buttons}</p>'
        f"{group('Device', told['fields'], NAMES)}{own_reads}</form>"
        '<progress value="0" max="1" aria-label="steps computed"></progress>',
        '<div class="lab-panels lab-single"></div>'
        '<details><summary>Numbers</summary><table class="lab-numbers"><thead><tr><th>time (s)</th>'
        "<th>mean (µS)</th><th>sd (µS)</th></tr></thead><tbody></tbody></table></details>"
        f"{MEASURED}",
        '<pre class="lab-call"></pre>',
        told,
    )


def page(mark: str, form: str, figures: str, python: str, told: dict[str, Any]) -> str:
    """A form, a line that reports, figures, and the same in Python; hidden without the script."""
    packed = json.dumps(told, separators=(",", ":"), allow_nan=False).replace("</", "<\\/")
    return (
        f'<div class="laboratory" data-live {mark}><noscript><p>This page computes in the browser, '
        "which needs JavaScript.</p></noscript>"
        f'<div class="lab-live" hidden>{form}<p class="lab-status" role="status"></p>'
        f'<p class="lab-other"></p><div class="lab-results">{figures}</div>'
        "<details open><summary>Computed in your browser; the same in Python</summary>"
        f"{python}</details></div>"
        f'<script type="application/json" class="lab-told">{packed}</script></div>'
    )


def group(title: str, fields: dict[str, dict], names: Iterable[str]) -> str:
    """A folded group of inputs."""
    inputs = "".join(label(name, fields[name]) for name in names)
    kind = ' class="lab-crossbar"' if title in ("Crossbar", "Device") else ""
    return (
        f"<details><summary>{title}</summary><fieldset{kind}><legend>{title}</legend>"
        f'<div class="lab-fields">{inputs}</div></fieldset></details>'
    )


def label(name: str, told: dict) -> str:
    """An input with its label, and what it means below."""
    kind = "checkbox" if told["kind"] == "bool" else "number"
    step = "" if kind == "checkbox" else f' step="{1 if told["kind"] == "int" else "any"}"'
    text, unit, meaning = LABELS[name]
    text += f" ({unit})" * bool(unit)
    return (
        f'<div class="lab-field"><label><span>{escape(text)} <code>{name}</code></span>'
        f'<input type="{kind}"{step} name="{name}"></label><small>{escape(meaning)}</small></div>'
    )


FORMS = {"laboratory": laboratory, "bench": bench}


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    for name in FORMS:
        app.add_directive(name, Form)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
