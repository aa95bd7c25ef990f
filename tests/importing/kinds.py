"""The 54 kinds of hostile and odd tables that the reader must load or answer in one sentence."""

from __future__ import annotations

import gzip
import math
from collections.abc import Callable

N_ROWS = 60
HEADER = ["time [s]", "delta_lon [%]", "q [deg/s]", "theta [deg]"]
BAD_ROW = 30  # index of the data row that is spoilt
BAD_LINE = BAD_ROW + 2
BAD_COLUMN = 2

Table = list[list[str]]


def table(n_rows: int = N_ROWS) -> Table:
    """Header and rows of a small plausible record, 50 Hz."""
    rows = [
        [
            f"{0.02 * k:.2f}",
            f"{10 * math.sin(0.3 * k):.4f}",
            f"{5 * math.cos(0.2 * k):.4f}",
            f"{2 + math.sin(0.1 * k):.4f}",
        ]
        for k in range(n_rows)
    ]
    return [list(HEADER), *rows]


def text(rows: Table, delimiter: str = ",", end: str = "\n") -> str:
    return end.join(delimiter.join(row) for row in rows) + end


def with_cell(cell: str, row: int = BAD_ROW, column: int = BAD_COLUMN) -> bytes:
    rows = table()
    rows[row + 1][column] = cell
    return text(rows).encode()


def _comma(rows: Table) -> Table:
    return [rows[0], *([cell.replace(".", ",") for cell in row] for row in rows[1:])]


def _edit(change: Callable[[Table], object]) -> bytes:
    rows = table()
    change(rows)
    return text(rows).encode()


def _jitter(rows: Table) -> None:
    for k, row in enumerate(rows[1:]):
        row[0] = f"{0.02 * k + 0.006 * math.sin(7.1 * k):.4f}"


def _gap(rows: Table) -> None:
    for row in rows[BAD_ROW + 1 :]:
        row[0] = f"{float(row[0]) + 3.0:.2f}"


def _insert_line(rows: Table, at: int, line: list[str]) -> None:
    rows.insert(at, line)


LOADS: dict[str, bytes] = {
    "good": text(table()).encode(),
    "crlf": text(table(), end="\r\n").encode(),
    "bom": b"\xef\xbb\xbf" + text(table()).encode(),
    "semicolon": text(table(), ";").encode(),
    "utf16": text(table()).encode("utf-16"),
    "decimal comma": text(_comma(table()), ";").encode(),
    "cr only": text(table(), end="\r").encode(),
    "tab": text(table(), "\t").encode(),
    "units row": text(
        [["time", "delta_lon", "q", "theta"], ["s", "%", "deg/s", "deg"], *table()[1:]]
    ).encode(),
    "comment lines": b"# flight 7\n# pilot: A\n" + text(table()).encode(),
    # loaded, because nothing in them is unclear; the doctor tells what is wrong with them
    "gap": _edit(_gap),
    "jitter": _edit(_jitter),
    "constant channel": _edit(lambda rows: [row.__setitem__(1, "5.0") for row in rows[1:]]),
}

CELLS: dict[str, str] = {
    "text": "abc",
    "blank": "",
    "nan": "nan",
    "inf": "inf",
    "1e400": "1e400",
    "hex": "0x1F",
    "underscore": "1_000",
    "thousands": '"1,000.5"',
    "arabic digits": "\u0661\u0662\u0663",
    "dash": "-",
    "div0": "#DIV/0!",
    "unit suffix": "1.5 deg",
    "date": "2024-05-17",
    "1.2.3": "1.2.3",
    "nul": "1\x002",
    "trailing space": "1.5 ",
    "full width": "\uff11.\uff15",
    "bool": "True",
    "none": "None",
    "formula": "=1+1",
    "1e300": "1e300",
    "latin-1": "caf\xe9",
    "unclosed quote": '"1.5',
}

REFUSED: dict[str, bytes] = {
    **{name: with_cell(cell) for name, cell in CELLS.items() if name != "latin-1"},
    "latin-1": with_cell("1.5").replace(b",1.5,", b",1\xb05,"),
    "row too short": _edit(lambda rows: rows[BAD_ROW + 1].pop()),
    "row too long": _edit(lambda rows: rows[BAD_ROW + 1].append("1.0")),
    "all rows longer": _edit(lambda rows: [row.append("1.0") for row in rows[1:]]),
    "duplicate name": _edit(lambda rows: rows[0].__setitem__(3, "q [deg/s]")),
    "empty name": _edit(lambda rows: rows[0].__setitem__(2, "")),
    "no header": text(table()[1:]).encode(),
    "header only": text(table()[:1]).encode(),
    "empty": b"",
    "only newlines": b"\n" * 50,
    "time repeats": _edit(lambda rows: rows[BAD_ROW + 1].__setitem__(0, rows[BAD_ROW][0])),
    "time goes back": _edit(lambda rows: rows[BAD_ROW + 1].__setitem__(0, "0.01")),
    "blank line midway": _edit(lambda rows: _insert_line(rows, BAD_ROW + 1, [""])),
    "second header": _edit(lambda rows: _insert_line(rows, BAD_ROW + 1, list(HEADER))),
    "truncated last row": text(table()).encode()[:-18],
    "binary": bytes((37 * k * k + 11 * k) % 256 for k in range(5000)),
    "gzip": gzip.compress(text(table()).encode()),
    "mixed separators": text(table()[:BAD_ROW]).encode() + text(table()[BAD_ROW:], ";").encode(),
    "one sample": text(table(1)).encode(),
}

N_KINDS = len(LOADS) + len(REFUSED)
