"""The page of conventions: its table is the records that convert, its example runs."""

import dataclasses
import re
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))
import conventions  # noqa: E402

from pcmlib.device import PCMArray, PCMParameters  # noqa: E402
from pcmlib.interop import OURS, SIMULATORS  # noqa: E402

PAGE = (ROOT / "notebooks" / "pages" / "conventions.md").read_text(encoding="utf8")


def rows(text):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]


def test_the_table_is_in_its_place():
    source = [PAGE]
    conventions.insert(None, "", source)
    assert conventions.table() in source[0]
    assert conventions.PLACE not in source[0]


def test_the_table_is_the_records():
    head, _, versions, *table = rows(conventions.table())
    columns = [OURS, *SIMULATORS.values()]
    assert head[1:] == [c.title for c in columns]
    assert versions[1:] == [c.version for c in columns]
    assert {len(row) for row in table} == {len(columns) + 1}
    cells = {row[0].strip("*"): row[1:] for row in table}
    fields = [f for f in dataclasses.fields(OURS) if "title" in f.metadata]
    assert len(cells) == len(fields) + 1
    for f in fields:
        shown = [{"t": 0, "t + 1": 1, "t + 2": 2}.get(c, c) for c in cells[f.metadata["title"]]]
        assert shown == [getattr(c, f.name) for c in columns]
    assert table[-1][2:] == [f"`{n}`" if c.names else "not moved" for n, c in SIMULATORS.items()]


@pytest.mark.filterwarnings("ignore")  # snnTorch's own
def test_the_example_moves_a_network():
    pytest.importorskip("snntorch", reason="in the extra `interop`")
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    torch.manual_seed(0)
    made = {}
    exec(compile(code, "conventions.md", "exec"), made)
    assert made["net"].later == made["there"].sooner == 1
    assert made["run"].set_pulses[0, -1] > 0
    given, got = made["net"].weights["rec"].T, made["hidden"].recurrent.weight
    assert not torch.equal(got, given)
    assert (got - given).abs().max() < 1


@pytest.mark.parametrize(("column", "g_max"), [(2, 12.0), (3, 20.0)])
def test_our_staircase_beside_aihwkit_is_ours(column, g_max):
    """Standard errors of 20,000 devices are below 0.0015; the page's digits are of other ones."""
    found = [row for row in rows(PAGE) if len(row) == 4 and "±" in row[column]]
    assert [int(row[0]) for row in found] == [1, 5, 20, 100]
    array, done = PCMArray((20_000,), PCMParameters(g_max=g_max)), 0
    for pulses, *columns in found:
        array.set(1.0, torch.full((20_000,), int(pulses) - done))
        done = int(pulses)
        mean, sd = map(float, columns[column - 1].split(" ± "))
        assert (array.G / g_max).mean().item() == pytest.approx(mean, abs=0.006)
        assert (array.G / g_max).std().item() == pytest.approx(sd, abs=0.006)
