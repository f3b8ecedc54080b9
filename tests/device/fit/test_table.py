"""Tables as probe stations leave them: what is plainly meant is taken, what is not is refused."""

import dataclasses
import io

import numpy as np
import pytest

from pcmlib.device.fit import measurements, simulate_reads
from pcmlib.device.laws import PCMParameters

TABLE = simulate_reads(PCMParameters(), devices=3, pulses=4, delays=(38.6, 386.0), seed=1)
HEADER = "device,pulse,time,conductance"
ROWS = [
    f"d{d},{k},{t:g},{g:.6g}"
    for d, k, t, g in zip(TABLE.device, TABLE.pulse, TABLE.time, TABLE.conductance, strict=True)
]


def lines(*rows, header=HEADER, also=True):
    """A table with other first rows."""
    return "\n".join([header, *rows, *(ROWS[len(rows) :] if also else [])]) + "\n"


def column(name, change):
    """The table with one column changed."""
    place = HEADER.split(",").index(name)
    rows = [row.split(",") for row in ROWS]
    return lines(*(",".join([*r[:place], change(r[place]), *r[place + 1 :]]) for r in rows))


BAD = {
    "empty": ("", "a table whose first line names device, pulse, time, conductance"),
    "blank lines": ("\n\n , ,\n", "a table whose first line names"),
    "a spreadsheet": (b"PK\x03\x04\x00", "save a spreadsheet as CSV"),
    "binary": (b"\x89HDF\r\n\x00", "a table in text"),
    "no header": (lines(*ROWS[1:], header=ROWS[0], also=False), "one of them device"),
    "no rows": (HEADER + "\n", "rows = 0: must be reads, one a row"),
    "no device": (lines(header="who,pulse,time,conductance"), "one of them device"),
    "no pulse": (lines(header="device,number,time,conductance"), "one of them pulse"),
    "no conductance": (lines(header="device,pulse,time,current"), "one of them conductance"),
    "two of a column": (lines(header="device,pulse,G,conductance"), "one for each of device"),
    "a short row": (lines("d0,0,38.6"), "line 2: cells = 3: must be 4"),
    "a long row": (lines(ROWS[0], "d0,0,386,0,1"), "line 3: cells = 5: must be 4"),
    "no label": (lines(",0,38.6,0.1"), "line 2, device = '': must be a label"),
    "an empty cell": (
        lines("d0,0,38.6,"),
        r"line 2, conductance = '': must be a number; delete the rows that have none \(1 row\)$",
    ),
    "NaN": (lines("d0,0,38.6,NaN"), "line 2, conductance = 'NaN': must be .* delete the rows"),
    "no time": (lines("d0,0,n/a,0.1"), r"line 2, time = 'n/a': .* none \(1 row\); the whole"),
    "no times in two rows": (
        lines("d0,0,38.6,0.1", "d0,0,,0.1", "d0,0,-,0.1"),
        r"line 3, time = '': .* \(2 rows\); the whole column may be missing, single values may",
    ),
    "a word": (lines(ROWS[0], "d0,0,386,overload"), "line 3, conductance = 'overload'"),
    "infinite": (lines("d0,0,38.6,1e999"), "line 2, conductance = '1e999': .*, finite"),
    "a unit in the cell": (lines("d0,0,38.6 s,0.1"), "line 2, time = '38.6 s': must be a number"),
    "half a pulse": (lines("d0,0.5,38.6,0.1"), "line 2, pulse = '0.5': must be a whole number"),
    "pulse -1": (lines("d0,-1,38.6,0.1"), "line 2, pulse = '-1': must be a whole number"),
    "too many pulses": (lines(*ROWS, "d2,1000000,38.6,9"), "must be a whole number, the SETs"),
    "a pulse that goes back": (
        lines(*ROWS, "d2,0,38.6,0.1"), "line 32, pulse = '0': .* give it another label",
    ),
    "time 0": (lines("d0,0,0,0.1"), "line 2, time = '0': .*the pulse's own instant"),
    "a time before the pulse": (lines("d0,0,-1,0.1"), "line 2, time = '-1': must be s since"),
    "time that goes back": (
        lines("d0,0,386,0.1", "d0,0,38.6,0.1"), "line 3, time = '38.6': .*time went back",
    ),
    "a clock": (
        lines(*(f"d{n // 9},{n % 9},{n % 9 * 40 + 1},{n % 9 + 1}" for n in range(27)), also=False),
        "counted from the last pulse, and not from the start",
    ),
    "siemens": (column("conductance", lambda g: f"{float(g) * 1e-6:.6g}"), "look like siemens"),
    "picosiemens": (column("conductance", lambda g: f"{float(g) * 1e6:.6g}"), "or another unit"),
    "ohms": (column("conductance", lambda g: f"{1e6 / float(g):.6g}"), "look like ohms"),
    "a negative voltage": (column("conductance", lambda g: f"-{g}"), "that of the read voltage"),
    "one device": (column("device", lambda _: "d0"), "pulse = '0': .* give it another label"),
    "really one device": (
        lines(*(f"d0,{n},38.6,{n + 1}" for n in range(25)), also=False),
        "devices = 1: must be two or more",
    ),
    "all alike": (column("conductance", lambda _: "5"), "5 everywhere.*: must be reads that"),
    "no SETs": (
        lines(*(f"d{n // 10},0,38.6,{n + 1}" for n in range(20)), also=False),
        "0 everywhere.*: must be reads after SETs",
    ),
    "few": (lines(*ROWS[:2], *ROWS[12:14], also=False), "rows = 4: must be at least 20 reads"),
    "an unknown unit": (
        lines(header="device,pulse,time (fortnights),conductance"),
        r"'time \(fortnights\)' = 'fortnights': must be one of s, ms",
    ),
    "millisiemens": (column("conductance", lambda g: f"{float(g) / 1e3:.6g}"), "look like"),
    "decimal commas among commas": (lines("d0,0,38,6,0,1"), "line 2: cells = 6: must be 4"),
    "thousands": (
        lines("d0;0;38,6;1.234,5", header=HEADER.replace(",", ";"), also=False),
        "line 2, conductance = '1.234,5': must be a number",
    ),
    "spaces": (
        lines().replace(",", " "), "columns = .*these stand apart by spaces alone: put commas"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused(name, tmp_path):
    content, message = BAD[name]
    path = tmp_path / "reads.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=f"(reads.csv|unit of).*{message}"):
        measurements(path)


def test_there_are_thirty_of_them():
    assert len(BAD) >= 30


def rewritten(mark=",", decimal=".", header=HEADER):
    rows = [row.replace(",", mark).replace(".", decimal) for row in ROWS]
    return "\n".join([header.replace(",", mark), *rows])


GOOD = {
    "as it should be": lines(),
    "semicolons and decimal commas": rewritten(";", ","),
    "tabs": rewritten("\t"),
    "Excel's first line": "sep=;\n" + rewritten(";", ","),
    "a byte-order mark": "\ufeff" + lines(),
    "comments and blank lines": "# probe station 3\n\n" + lines().replace("\n", "\r\n\r\n"),
    "quotes and spaces": lines().replace("d0", '"d0"').replace(",", ", ").replace(', "', ',"'),
    "other names": lines(header="Cell ID,Pulse number,Delay (s),G [µS]"),
    "other columns": "\n".join(f"{row},0.1" for row in lines(header=HEADER).splitlines()),
    "milliseconds, nanosiemens": "\n".join(
        ["device,pulse,time_ms,G (nS)"]
        + [
            f"{d},{k},{float(t) * 1e3:.6e},{float(g) * 1e3:.6e}"
            for d, k, t, g in (row.split(",") for row in ROWS)
        ]
    ),
    "siemens that say so": "\n".join(
        ["device,pulse,time,conductance_S"]
        + [f"{d},{k},{t},{float(g) * 1e-6:.6e}" for d, k, t, g in (r.split(",") for r in ROWS)]
    ),
    "pulse by pulse": "\n".join([HEADER, *sorted(ROWS, key=lambda row: int(row.split(",")[1]))]),
}


@pytest.mark.parametrize("mode", ["r", "rb", "none"])
def test_an_open_file_is_taken_as_its_path_is(mode, tmp_path):
    """In UTF-16, which text files are not open in; and text of no file at all."""
    path = tmp_path / "reads.csv"
    path.write_bytes(GOOD["as it should be"].encode("utf-16"))
    with io.StringIO(lines()) if mode == "none" else path.open(mode) as file:
        assert measurements(file) == measurements(path)
    path.write_text(lines("d0,0,0,0.1"))
    with path.open() as file, pytest.raises(ValueError, match=r"reads\.csv, line 2, time = '0'"):
        measurements(file)
    with pytest.raises(ValueError, match="table, line 2, time = '0'"):
        measurements(io.StringIO(lines("d0,0,0,0.1")))


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("encoding", ["utf8", "utf-16"])
def test_a_good_file_is_taken_whole(name, encoding, tmp_path):
    path = tmp_path / "reads.csv"
    path.write_bytes(GOOD[name].encode(encoding))
    found = measurements(path)
    assert found.labels == ("d0", "d1", "d2")
    order = np.lexsort((found.time, found.pulse, found.device))
    for own, its in (("device", 0), ("pulse", 0), ("time", 1e-5), ("conductance", 1e-5)):
        values = np.asarray(getattr(found, own))[order]
        np.testing.assert_allclose(values, getattr(TABLE, own), rtol=its)
    assert found.passed_over == (("0.1",) if name == "other columns" else ())


def test_the_summary_shows_what_numbers_were_taken_for(tmp_path):
    """Times in ms that do not say so are hours: the drift law has no scale that would tell."""
    r = TABLE.conductance
    told = f"3 devices, 30 reads: {r.min():.3g} to {r.max():.3g} µS"
    path = tmp_path / "reads.csv"
    in_ms = column("time", lambda t: f"{1e3 * float(t):g}")
    for content, times in (
        (lines(), "38.6 s to 6.433 min"),
        (in_ms, "10.72 h to 4.468 d"),
        (in_ms.replace("time", "time (ms)"), "38.6 s to 6.433 min"),
        (column("time", lambda _: "38.6"), "38.6 s"),
    ):
        path.write_text(content)
        assert measurements(path).summary() == f"{told}, {times} after the last pulse"
    assert dataclasses.replace(TABLE, time=None).summary() == told
    path.write_text(column("conductance", lambda g: f"{1e3 * float(g):g}"))
    assert " µS (if these were nS, name the column conductance_nS)" in measurements(path).summary()


def test_columns_do_as_well_as_a_file():
    columns = {name: getattr(TABLE, name) for name in ("device", "pulse", "conductance")}
    found = measurements(columns)
    assert found.time is None
    np.testing.assert_allclose(found.conductance, TABLE.conductance)
    with pytest.raises(ValueError, match=r"row 3, pulse = '0\.5'"):
        measurements(columns | {"pulse": [0, 0, 1, 0.5, *TABLE.pulse[4:]]})
    with pytest.raises(ValueError, match="table: rows of pulse = 2: must be as many as"):
        measurements(columns | {"pulse": [0, 1]})
    with pytest.raises(ValueError, match="table = 'int': must be a file or columns"):
        measurements(3)
