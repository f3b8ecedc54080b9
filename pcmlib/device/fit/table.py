"""A table of reads, as a probe station leaves it: taken where it is plain what is meant, else
refused with the line and the column.

Columns, in any order, others are passed over:

    device       any label
    pulse        SETs since the RESET, from 0
    time         s since the last pulse; where there is no such column, drift is not asked for
    conductance  µS; several reads of one state are several rows

A name may carry its unit, as in "time (ms)" or "G_uS". Commas, semicolons and tabs part the
columns; where it is not the comma, a decimal comma will do.
"""

from __future__ import annotations

import csv
import dataclasses
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from pcmlib.base.checks import plain, require
from pcmlib.base.records import Record
from pcmlib.base.times import in_words
from pcmlib.device.pulses import MOST_PULSES

NAMES = {
    "device": r"device|devices|cell|dut|(device|cell)[ _]?(id|no|number|label|name)",
    "pulse": r"pulses?|pulse[ _]?(no|number|count|index|#)|n[ _]?pulses?",
    "time": r"time|t|delay|time[ _]since[ _](the[ _])?(last[ _])?pulse",
    "conductance": r"conductance|g",
}
UNITS = {
    "time": {
        "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0, "d": 86400.0,
        "sec": 1.0, "seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86400.0,
    },
    "conductance": {"us": 1.0, "ms": 1e3, "ns": 1e-3, "s": 1e6, "microsiemens": 1.0},
}  # fmt: skip
MISSING = ("", "nan", "na", "n/a", "null", "none", "-")


@dataclass(frozen=True, eq=False)
class Measurements(Record):
    """Reads of devices, checked. Rows of one device are in the order in which they were given."""

    labels: tuple[str, ...]  # of the devices
    device: Int64[np.ndarray, " reads"]  # number of the device
    pulse: Int64[np.ndarray, " reads"]  # SETs since RESET
    time: Float64[np.ndarray, " reads"] | None  # s since the last pulse
    conductance: Float64[np.ndarray, " reads"]  # µS
    passed_over: tuple[str, ...] = ()  # columns that were not used
    places: tuple[str, ...] = ()  # of the rows, such as "line 2"

    def __len__(self) -> int:
        return len(self.conductance)

    @property
    def devices(self) -> int:
        return len(self.labels)

    def without(self, rows: Any) -> Measurements:
        """The table but for some rows."""
        kept = np.delete(np.arange(len(self)), rows)  # numbers, or a mask
        time = self.time
        return dataclasses.replace(
            self, device=self.device[kept], pulse=self.pulse[kept],
            time=None if time is None else time[kept], conductance=self.conductance[kept],
            places=tuple(map(self.place, kept.tolist())),
        )  # fmt: skip

    def summary(self) -> str:
        """How many reads, of what, in units that show what a number was taken for."""
        low, high = self.conductance.min(), self.conductance.max()
        told = f"{self.devices} devices, {len(self)} reads: {low:.3g} to {high:.3g} µS"
        if self.looks_like_nS:
            told += " (if these were nS, name the column conductance_nS)"
        if self.time is None:
            return told
        first, last = in_words(self.time.min()), in_words(self.time.max())
        return f"{told}, {first if first == last else f'{first} to {last}'} after the last pulse"

    @property
    def looks_like_nS(self) -> bool:
        """Whether reads are a hundred times what PCM has, which other devices do have."""
        return bool(self.conductance.max() > 1e3)

    def place(self, row: int) -> str:
        """Where a read stands: the file's line, or the row of columns, from 0."""
        return self.places[row] if self.places else f"row {row}"


def measurements(table: Any) -> Measurements:
    """A table of reads: a CSV file's path, or the file itself, open, such as sys.stdin; or columns
    by name (a dict, a data frame).

    Raises:
        ValueError: naming the file's line (the row of columns, from 0), the column, its value and
            what is allowed.
    """
    if isinstance(table, Measurements):
        return table
    if isinstance(table, str | Path):
        return _checked(*_read(Path(table).name, Path(table).read_bytes()))
    if hasattr(table, "read"):
        content = getattr(table, "buffer", table).read()  # in bytes, of a text file too
        raw = content.encode() if isinstance(content, str) else content
        return _checked(*_read(Path(str(getattr(table, "name", "table"))).name, raw))
    as_columns = getattr(table, "to_dict", lambda _: table)  # a data frame's
    columns = table if isinstance(table, Mapping) else as_columns("list")
    require(isinstance(columns, Mapping), "table", type(table).__name__, "a file or columns")
    cells = {str(name): list(plain(np.asarray(x).tolist())) for name, x in columns.items()}
    count = max((len(x) for x in cells.values()), default=0)
    for name, x in cells.items():
        require(
            len(x) == count, f"table: rows of {name}", len(x), f"as many as the others' {count}"
        )
    rows = [list(map(str, row)) for row in zip(*cells.values(), strict=True)]
    return _checked("table", list(cells), [(f"row {n}", row) for n, row in enumerate(rows)], ".")


def _read(name: str, raw: bytes) -> tuple[str, list[str], list[tuple[str, list[str]]], str]:
    """Name, header, rows with their places, and the decimal mark."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = raw.decode("utf-16", errors="replace")
    else:
        binary = b"\0" in raw or raw[:2] == b"PK"
        require(not binary, name, raw[:4], "a table in text; save a spreadsheet as CSV")
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
    rows = enumerate(text.removeprefix("\ufeff").splitlines(), 1)
    lines = [(n, x) for n, x in rows if x.strip(" \t,;")]
    lines = [(n, x) for n, x in lines if not x.lstrip(' "').startswith(("#", "sep="))]
    require(bool(lines), name, "", f"a table whose first line names {', '.join(NAMES)}")
    parts = {mark: len(_cells(lines[0][1], mark)) for mark in (";", "\t", ",")}
    mark = max(parts, key=lambda x: parts[x])
    cells = [(f"line {n}", _cells(line, mark)) for n, line in lines[1:]]
    return name, _cells(lines[0][1], mark), cells, "." if mark == "," else ","


def _cells(line: str, mark: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line], delimiter=mark))]


def _meaning(header: str) -> tuple[str, float] | None:
    """The column that a header means, and its unit in ours."""
    text = header.strip().lower().replace("µ", "u").replace("μ", "u")
    for name, pattern in NAMES.items():
        found = re.fullmatch(rf"(?:{pattern})(?:[ _]*[\[(/ _][ _]*([a-z]+)[\])]?)?", text)
        units = UNITS.get(name, {})
        unit = found and found.groups()[-1]
        if found and (not unit or unit in units):
            return name, units.get(unit or "", 1.0)
        if re.fullmatch(pattern, text):
            return name, 1.0
        in_brackets = found and units and re.search(r"[\[(/]", text)
        require(not in_brackets, f"unit of {header!r}", unit, f"one of {', '.join(units)}")
    return None


def _checked(
    file: str, header: list[str], rows: list[tuple[str, list[str]]], decimal: str
) -> Measurements:
    columns: dict[str, tuple[int, float, str]] = {}
    for i, title in enumerate(header):
        if meant := _meaning(title):
            twice = meant[0] in columns
            require(not twice, f"{file}: columns", header, f"one for each of {', '.join(NAMES)}")
            columns[meant[0]] = (i, meant[1], title)
    for name in ("device", "pulse", "conductance"):
        allowed = f"names in the first line, one of them {name}, with commas, semicolons or tabs"
        if len(header) == 1 and len(header[0].split()) > 2:
            allowed += "; these stand apart by spaces alone: put commas in their place"
        require(name in columns, f"{file}: columns", header, allowed)
    require(bool(rows), f"{file}: rows", 0, "reads, one a row")
    for place, row in rows:
        fits = len(row) == len(header)
        allowed = f"{len(header)}, as in the first line; decimal commas need semicolons"
        require(fits, f"{file}, {place}: cells", len(row), allowed)

    def numbers(name: str) -> np.ndarray:
        i, unit, title = columns[name]
        blank = [row[i].strip().lower() in MISSING for _, row in rows]
        count = f"{sum(blank)} row" + ("s" if sum(blank) != 1 else "")
        allowed = f"a number; delete the rows that have none ({count})"
        if name == "time":
            allowed += "; the whole column may be missing, single values may not"
        refuse(np.array(blank), name, allowed)
        found = [_number(row[i], decimal, f"{file}, {place}, {title}") for place, row in rows]
        return unit * np.array(found)

    def refuse(bad: np.ndarray, name: str, allowed: str, order: Any = None) -> None:
        if bad.any():
            first = np.flatnonzero(bad)[0]
            place, row = rows[first if order is None else order[first]]
            i, _, title = columns[name]
            require(False, f"{file}, {place}, {title}", row[i], allowed)

    at = columns["device"][0]
    names = np.array([row[at] for _, row in rows])
    refuse(np.isin(np.char.lower(names), MISSING), "device", "a label of the device")
    labels, device = np.unique(names, return_inverse=True)
    pulse = numbers("pulse")
    whole = (pulse >= 0) & (pulse <= MOST_PULSES) & (pulse == np.rint(pulse))
    refuse(~whole, "pulse", f"a whole number, the SETs since RESET: from 0 to {MOST_PULSES}")
    r = numbers("conductance")
    time = numbers("time") if "time" in columns else None

    order = np.argsort(device, kind="stable")  # each device's rows, one after the other
    same = np.r_[False, device[order][1:] == device[order][:-1]]
    step = np.r_[0, np.diff(pulse[order])]
    allowed = "no less than in the device's row before; after a RESET, or for another ramp of the "
    refuse(same & (step < 0), "pulse", allowed + "same device, give it another label", order)
    if time is not None:
        allowed = "s since the last pulse, above 0: the drift law has no value in the pulse's own "
        refuse(time <= 0, "time", allowed + "instant")
        back = same & (step == 0) & (np.r_[0, np.diff(time[order])] < 0)
        refuse(back, "time", "no less than in the row before: time went back", order)
        forward = np.diff(time[order])[same[1:] & (step[1:] > 0)]
        clock = len(forward) >= 5 * len(labels) and bool((forward > 0).all())
        require(
            not clock, f"{file}, {columns['time'][2]}", "rising through all pulses",
            "counted from the last pulse, and not from the start of the measurement",
        )  # fmt: skip
    middle, spread = float(np.median(r)), float(np.ptp(r))
    title = f"{file}, {columns['conductance'][2]}"
    require(
        middle > 0, f"{title} (median)", middle, "above 0: is the sign that of the read voltage?"
    )
    allowed = "µS; these look like siemens: name the column conductance_S, or multiply by 1e6"
    require(middle > 0.02, f"{title} (median)", middle, allowed)
    allowed = "µS; these look like ohms or another unit, which the column's name can say: G (nS)"
    require(middle < 1e5, f"{title} (median)", middle, allowed)
    require(spread > 0, title, f"{middle:g} everywhere", "reads that differ")
    require(len(labels) > 1, f"{file}: devices", 1, "two or more, for the spread between them")
    require(
        bool(pulse.max() > 0), f"{file}, {columns['pulse'][2]}", "0 everywhere", "reads after SETs"
    )
    require(len(r) >= 20, f"{file}: rows", len(r), "at least 20 reads for some ten constants")
    used = {i for i, _, _ in columns.values()}
    others = tuple(title for i, title in enumerate(header) if i not in used and title)
    return Measurements(
        tuple(labels.tolist()), device.astype(np.int64), pulse.astype(np.int64), time, r, others,
        tuple(place for place, _ in rows),
    )  # fmt: skip


def _number(cell: str, decimal: str, place: str) -> float:
    text = cell.strip()
    if decimal == ",":
        text = text.replace(",", ".")
    plain_number = re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text)
    require(plain_number is not None, place, cell, "a number, such as 3.25 or 3.2e-1")
    value = float(text)
    require(math.isfinite(value), place, cell, "a number, finite")
    return value
