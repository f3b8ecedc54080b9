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
    columns = [*SIMULATORS.values(), OURS]
    assert head[1:] == [c.title for c in columns]
    assert versions[1:] == [c.version for c in columns]
    assert {len(row) for row in table} == {len(columns) + 1}
    cells = {row[0].strip("*"): row[1:] for row in table}
    fields = [f for f in dataclasses.fields(OURS) if "title" in f.metadata]
    assert len(cells) == len(fields) + 1
    for f in fields:
        shown = [{"t": 0, "t + 1": 1, "t + 2": 2}.get(c, c) for c in cells[f.metadata["title"]]]
        assert shown == [getattr(c, f.name) for c in columns]
    last = table[-1][1:-1]
    assert last == [f"`{n}`" if c.names else "no" for n, c in SIMULATORS.items()]


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
