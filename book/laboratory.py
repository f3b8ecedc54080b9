"""Sphinx extension: the directives ``laboratory`` and ``bench``, forms that a page computes from.

The forms are made from pcmlib's own records: every field with its comment and its limits. What they
do is in ``static/laboratory.js`` and ``static/bench.js``; what is computed, in
`pcmlib.demos.laboratory`.
"""

import dataclasses
import inspect
import json
import re
from collections.abc import Callable, Iterable
from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from pcmlib.device import PCMParameters
from pcmlib.device.array import MOST_PULSES
from pcmlib.device.numbers import NAMES, NUMBERS
from pcmlib.experiments.training import NAMES as SCHEME_NAMES
from pcmlib.plots.style import BLUE, GREEN, ORANGE, PURPLE, RED, SKY
from pcmlib.schemes import SCHEMES
from pcmlib.training import TrainConfig
from pcmlib.training.alone import BINS, RUN

GROUPS = {
    "Run": ["epochs", "seed"],
    "Task": ["samples", "steps", "n_in", "n_out", "input_rate"],
    "Neurons": ["n_rec", "threshold", "tau_rec", "tau_out", "gamma", "recurrence"],
    "Learning": [
        "lr_in", "lr_rec", "lr_out", "lr_decay", "learn_in", "learn_rec", "learn_out",
        "regularisation", "target_rate", "feedback_gain", "symmetric_feedback", "gradient_limit",
    ],
    "Update rule": ["quantum", "stop_level", "prob_scale", "assumed_pulse", "gain"],
    "Crossbar": [
        "pairs", "scale", "conductance", "refresh_period", "symmetric_devices", "period", "g_max",
        "write_noise", "read_noise", "drift",
    ],
}  # fmt: skip
MOST = {
    "epochs": 5000, "seed": 2**53 - 100, "samples": 20, "steps": 5000, "n_in": 1000, "n_out": 5,
    "n_rec": 1000, "pairs": 16, "input_rate": 1000.0,
}  # fmt: skip
"""What a page takes at most, where pcmlib takes more."""
NETWORKS, BITS = 8, 16
ORDERED = [("conductance", "g_max", True), ("g_min", "g_max", False), ("g_reset", "g_max", False),
           ("nu_low", "nu_high", True)]  # fmt: skip
"""Fields of which the first must be below the second, or (True) at most as high."""
COLOURS = {
    "blue": BLUE, "red": RED, "green": GREEN, "orange": ORANGE, "purple": PURPLE, "sky": SKY,
}  # fmt: skip
PROGRAMME = """\
38.6:425:38.6 read
0:386:38.6 set
# and then it drifts
500:2000:100 read
2000 reset
2000:2501:100 read"""

_FIELDS = {field.name: field for field in dataclasses.fields(TrainConfig)}
CONSTANTS = [name for name in NAMES if name not in _FIELDS]


# What the fields are


def comments(kind: type) -> dict[str, str]:
    """The comment of each field of a dataclass: unit and meaning. One may be for several lines."""
    found, last = {}, ""
    for name, rest in re.findall(r"^    (\w+): (.+)$", inspect.getsource(kind), re.MULTILINE):
        last = found[name] = rest.partition("  # ")[2] or last
    return found | {"nu_low": "1: least nu(G)", "nu_high": "1: greatest nu(G)"}


def field(kind: str, accepts: Callable[[Any], bool], most: float | None = None) -> dict:
    """What a page has to know of a field; its limits are found by asking `accepts`."""
    if kind == "bool":
        return {"kind": "bool", "low": None, "above": False, "high": None, "none": False}
    lows = (0, 1, 2) if kind == "int" else (-1.0, 0.0, 1e-12)
    low = next(x for x in lows if accepts(x))
    above = low == 1e-12
    low = None if low == -1.0 else 0.0 if above else low
    tops = (1, 16) if kind == "int" else (1.0,)
    high = next((x for x in tops if accepts(x) and not accepts(x + 1)), most)
    return {"kind": kind, "low": low, "above": above, "high": high, "none": accepts(None)}


def run_fields() -> dict[str, dict]:
    """The fields of a training run."""
    usual = TrainConfig.preset("mixed-precision").replace(
        conductance=1e-13, dt=1e-4, constants=(("g_min", -2.0), ("g_reset", 0.0))
    )
    told = {}
    for name in [name for group in GROUPS.values() for name in group]:
        declared = str(_FIELDS[name].type)
        kind = "bool" if declared == "bool" else "int" if declared.startswith("int") else "float"
        told[name] = field(kind, _accepted(usual, name), MOST.get(name))
    return told


def constant_fields(names: Iterable[str]) -> dict[str, dict]:
    """The constants of a device."""
    usual = PCMParameters(g_min=-2.0, g_reset=0.0)
    told = {}
    for name in names:
        kind = "int" if name == "bits" else "float"
        told[name] = field(kind, _accepted(usual, name))
    return told


def _accepted(usual: Any, name: str) -> Callable[[Any], bool]:
    def accepts(value: Any) -> bool:
        change = {name: value}
        if name in ("nu_low", "nu_high"):
            change = {"nu_bounds": (value, 10.0) if name == "nu_low" else (0.0, value)}
        try:
            usual.replace(**change)
        except (ValueError, TypeError):
            return False
        return True

    return accepts


def sets() -> dict[str, dict[str, dict[str, Any]]]:
    """For each scheme, what the tuned set of each memory changes: "pcm", bits, or "8 pairs"."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for scheme in schemes():
        memories = {"pcm": {}}
        if SCHEMES[scheme].on_crossbar:
            memories |= {str(b): {"bits": b} for b in range(1, BITS + 1)}
            memories |= {f"{n} pairs": {"pairs": n} for n in range(1, int(MOST["pairs"]) + 1)}
        found[scheme] = {}
        for memory, changes in memories.items():
            config = TrainConfig.preset(scheme, **changes)
            own = {n: getattr(config, n) for n in _FIELDS if n not in ("scheme", "bits")}
            own = {n: x for n, x in own.items() if x != _FIELDS[n].default}
            if not memory.endswith("pairs") or _differs(own, found[scheme]["pcm"]):
                found[scheme][memory] = own
    return found


def _differs(own: dict[str, Any], usual: dict[str, Any]) -> bool:
    return {**own, "pairs": 0} != {**usual, "pairs": 0}


def schemes() -> list[str]:
    """The built-in ones, in the order in which compiled code counts them."""
    return [name for name, scheme in SCHEMES.items() if scheme.built_in]


# The forms


class Laboratory(SphinxDirective):
    """``{laboratory}``: takes no argument."""

    def run(self) -> list[nodes.Node]:
        """Return the form, the figures' places and what the script is told."""
        return [nodes.raw("", laboratory(), format="html")]


class Bench(SphinxDirective):
    """``{bench}``: takes no argument."""

    def run(self) -> list[nodes.Node]:
        """Return the form, the figure's place and what the script is told."""
        return [nodes.raw("", bench(), format="html")]


def laboratory() -> str:
    """The HTML of the laboratory."""
    constants = constant_fields(CONSTANTS)
    defaults = {n: getattr(TrainConfig(), n) for n in _FIELDS if n != "constants"}
    usual = {name: getattr(PCMParameters(), name) for name in CONSTANTS}
    told = {
        "fields": {**run_fields(), **constants},
        "defaults": {**defaults, **usual},
        "config": TrainConfig().to_dict(),
        "constants": CONSTANTS,
        "sets": sets(),
        "schemes": schemes(),
        "digital": [name for name in schemes() if not SCHEMES[name].on_crossbar],
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
    first = (
        f'<label>scheme<select name="scheme">{options}</select></label>'
        '<fieldset class="lab-crossbar"><legend>Memory</legend>'
        '<label><input type="radio" name="memory" value="pcm" checked>PCM, the full model</label>'
        '<label><input type="radio" name="memory" value="ideal">ideal</label>'
        f'<label>bits<input type="number" name="bits" min="1" max="{BITS}" value="8"></label>'
        "</fieldset>"
        f'<label>networks<input type="number" name="networks" min="1" max="{NETWORKS}" value="1">'
        "</label>"
    )
    about = comments(TrainConfig)
    groups = "".join(
        group(title, told["fields"], {name: about[name] for name in names})
        for title, names in GROUPS.items()
    )
    about = comments(PCMParameters)
    groups += group("Device", told["fields"], {name: about[name] for name in CONSTANTS})
    buttons = (
        '<button type="submit" data-does="start">Start</button>'
        '<button type="button" data-does="stop" disabled>Stop</button>'
        '<button type="button" data-does="reset">Back to the tuned set</button>'
        '<button type="button" data-does="json" disabled>Download JSON</button>'
    )
    shown = " ".join(
        f'<label>{name} <input type="number" name="shown-{name}" min="1" max="1" value="1"></label>'
        for name in ("network", "pattern")
    )
    return page(
        "data-laboratory",
        f'<form autocomplete="off" novalidate><div class="lab-first">{first}</div>{groups}'
        f'<p class="lab-buttons">{buttons}</p></form>'
        '<progress value="0" max="1" aria-label="epochs trained"></progress>',
        f'<div class="lab-panels"></div><p class="lab-shown">shown: {shown}</p>',
        '<pre class="lab-call"></pre><pre class="lab-command"></pre>',
        told,
    )


def bench() -> str:
    """The HTML of the device bench."""
    whole = {"kind": "int", "low": 0, "above": False, "high": 2**53 - 1, "none": False}
    own = {
        "devices": {**whole, "low": 1, "high": 1000},
        "seed": whole,
        "wait": {"kind": "float", "low": 0, "above": False, "high": None, "none": False},
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
        "programme": PROGRAMME,
        "colours": COLOURS,
    }
    about = {
        "devices": "how many, side by side",
        "seed": "of their random numbers",
        "wait": "s, before what a button adds",
    }
    first = "".join(label(name, told["fields"][name], text) for name, text in about.items())
    about = comments(PCMParameters)
    buttons = "".join(
        f'<button type="button" data-does="{what}">{text}</button>'
        for what, text in (
            ("set", "SET"), ("reset", "RESET"), ("read", "Read"), ("clear", "Clear"),
            ("usual", "Back to the start"), ("json", "Download JSON"),
        )
    )  # fmt: skip
    return page(
        "data-bench",
        f'<form autocomplete="off" novalidate><div class="lab-first">{first}</div>'
        '<label class="lab-programme">Treatment: a line a step, time in s or start:stop:step, then '
        'set, reset or read<textarea name="programme" rows="7" spellcheck="false"></textarea>'
        "</label>"
        f'<p class="lab-buttons">{buttons}</p>'
        f"{group('Device', told['fields'], {name: about[name] for name in NAMES})}</form>",
        '<div class="lab-panels lab-single"></div>'
        '<details><summary>Numbers</summary><table class="lab-numbers"><thead><tr><th>time (s)</th>'
        "<th>mean (µS)</th><th>sd (µS)</th></tr></thead><tbody></tbody></table></details>",
        '<pre class="lab-call"></pre>',
        told,
    )


def page(mark: str, form: str, figures: str, python: str, told: dict[str, Any]) -> str:
    """A form, a line that reports, figures, and the same in Python; hidden without the script."""
    packed = json.dumps(told, separators=(",", ":"), allow_nan=False).replace("</", "<\\/")
    return (
        f'<div class="laboratory" data-live {mark}><noscript><p>This page computes in the browser, '
        "which needs JavaScript.</p></noscript>"
        f'<div class="lab-live" hidden>{form}<p class="lab-status" role="status"></p>{figures}'
        "<details open><summary>Computed in your browser; the same in Python</summary>"
        f"{python}</details></div>"
        f'<script type="application/json" class="lab-told">{packed}</script></div>'
    )


def group(title: str, fields: dict[str, dict], about: dict[str, str]) -> str:
    """A folded group of inputs."""
    inputs = "".join(label(name, fields[name], text) for name, text in about.items())
    kind = ' class="lab-crossbar"' if title in ("Crossbar", "Device") else ""
    return (
        f"<details><summary>{title}</summary><fieldset{kind}><legend>{title}</legend>"
        f'<div class="lab-fields">{inputs}</div></fieldset></details>'
    )


def label(name: str, told: dict, text: str) -> str:
    """An input with its name and what it is."""
    kind = "checkbox" if told["kind"] == "bool" else "number"
    step = "" if kind == "checkbox" else f' step="{1 if told["kind"] == "int" else "any"}"'
    return (
        f'<label><span><code>{name}</code> {escape(text)}</span><input type="{kind}"{step} '
        f'name="{name}"></label>'
    )


# The pages


SCRIPTS = {
    "data-laboratory": (
        "panel.js",
        "form.js",
        "run_form.js",
        "training_figures.js",
        "laboratory.js",
    ),
    "data-bench": ("panel.js", "form.js", "bench.js"),
}


def load(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Let the pages of the two load their scripts, after the one that computes."""
    for mark, scripts in SCRIPTS.items():
        if mark in context.get("body", ""):
            for name in scripts:
                app.add_js_file(name, loading_method="defer", priority=900)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_directive("laboratory", Laboratory)
    app.add_directive("bench", Bench)
    app.connect("html-page-context", load)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
