"""A pytest plugin: what the tests in the browser note of themselves, printed at the end.

A test hands it over by `record_property`, since it may have run in another process (pytest-xdist).
"""

import json

from serving import ROOT


def noted(terminalreporter, name):
    """What the tests have recorded under a name, in the order of their ends."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call":
                yield from (value for key, value in report.user_properties if key == name)


def pytest_terminal_summary(terminalreporter):
    """Print what was moved in the built book."""
    moved = list(noted(terminalreporter, "moved"))
    for how in sorted({how for how, _, _ in moved}):
        pages = [entry for entry in moved if entry[0] == how]
        explorers, knobs = (sum(entry[i] for entry in pages) for i in (1, 2))
        terminalreporter.write_line(
            f"book {how}: {len(pages)} pages opened, {explorers} explorers and {knobs} knobs moved"
        )
    if moved:
        script = (ROOT / "_build" / "html" / "_static" / "live.js").read_text()
        told = json.loads(script.partition("\n")[0].removeprefix("const PCMLIB = ").rstrip(";"))
        terminalreporter.write_line(
            f"{len(told['functions'])} live functions in an object of {len(told['object'])} bytes, "
            f"packed; the whole script of a page with explorers: {len(script)} bytes"
        )
    tried = list(noted(terminalreporter, "axe"))
    if tried:
        pages, rules, _ = map(set, zip(*tried, strict=True))
        terminalreporter.write_line(
            f"axe-core: {len(pages)} pages, {len(tried)} views, each in two themes, by "
            f"{max(rules)} rules: {sum(count for _, _, count in tried)} violations"
        )
    for name, first, last in noted(terminalreporter, "times"):
        terminalreporter.write_line(
            f"{name}: first figure {first:.0f} ms after a move, last {last:.0f}"
        )
