"""How a table file is written: encoding, separators, header, units, time; found or told.

The detector proposes and never converts on a guess: what it cannot read is refused by
the reader with the place, and the import dialog lets the user say otherwise.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from heliid.data import csvscan
from heliid.data.header import is_time_name, looks_like_unit, split_header, unit_of_cell
from heliid.errors import RecordError

DELIMITERS = (",", ";", "\t", "|", " ")  # " " stands for runs of spaces
DECIMALS = (".", ",")
COMMENTS = ("#", "%", "//", "!", "*", "'")
MISSING_MARKS = (
    "", "nan", "NaN", "NAN", "na", "NA", "n/a", "N/A", "#N/A", "null", "NULL", "none", "None",
    "-", "--", "---", "*", "?", "Inf", "missing", "-9999", "-999.25",
)  # fmt: skip
MISSING_POLICIES = ("refuse", "interpolate", "hold", "drop")
_WORDS_FOR_MISSING = frozenset(mark for mark in MISSING_MARKS if not mark.startswith("-9"))
HEAD_LINES = 400
_NUMBER = {
    ".": re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"),
    ",": re.compile(r"[+-]?(?:[0-9]+,?[0-9]*|,[0-9]+)(?:[eE][+-]?[0-9]+)?"),
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """Everything the reader must be told about a text table; lines count from 1, columns from 0.

    ``names`` and ``units`` cover every column of the file, the time columns included; an empty
    unit means that none is written. ``time_format`` is one of ``heliid.data.timeaxis.FORMATS``.
    ``missing`` are cell texts that stand for no value; what happens to them is
    ``missing_policy``: refused unless the user chose otherwise.
    """

    encoding: str = "utf-8"
    bom: int = 0
    newline: str = "\n"
    delimiter: str = ","
    decimal: str = "."
    is_quoted: bool = False
    is_padded: bool = False  # spaces around cells
    has_trailing_delimiter: bool = False
    has_blank_lines: bool = False
    comment: str = ""
    header_line: int = 1  # 0: the names are given, not read
    unit_line: int = 0  # 0: no unit row
    first_data_line: int = 2
    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    time_columns: tuple[int, ...] = (0,)
    time_format: str = "number"
    time_unit: str = ""  # "": as in the header
    ignored: tuple[int, ...] = ()  # columns left out, e.g. text
    missing: tuple[str, ...] = ()
    missing_policy: str = "refuse"

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        out: dict[str, Any] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            out[item.name] = list(value) if isinstance(value, tuple) else value
        return out

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Dialect:
        """The inverse of ``to_dict``; unknown keys are refused."""
        known = {item.name for item in fields(cls)}
        unknown = sorted(set(data) - known)
        if unknown:
            raise RecordError(
                f"The import profile has the unknown setting '{unknown[0]}': "
                f"delete the profile and import the file again."
            )
        values = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        return cls(**values)

    @property
    def n_columns(self) -> int:
        """Columns of the file, time and ignored ones included."""
        return len(self.names)


def is_number(cell: str, decimal: str = ".") -> bool:
    """True for a plain ASCII decimal number; no ``inf``, no hex, no separators of thousands."""
    return _NUMBER[decimal].fullmatch(cell) is not None


def to_float(cell: str, decimal: str = ".") -> float:
    """The value of a cell for which ``is_number`` holds."""
    return float(cell.replace(",", ".") if decimal == "," else cell)


def split_line(line: str, dialect: Dialect) -> list[str]:
    """The cells of one line, padding kept, quotes removed; an open quote leaves its mark."""
    if dialect.delimiter == " ":
        return line.split()
    if dialect.is_quoted and '"' in line:
        try:
            return next(csv.reader([line], delimiter=dialect.delimiter, strict=True))
        except (csv.Error, StopIteration):
            return line.split(dialect.delimiter)
    return line.split(dialect.delimiter)


def detect(path: Path | str) -> Dialect:
    """The dialect that the first lines of the file show.

    Raises
    ------
    RecordError
        Not a text table: empty, binary, no numbers in columns, no header.
    """
    path = Path(path)
    csvscan.check_file(path)
    head = csvscan.read_head(path)
    encoding = csvscan.find_encoding(path, head)
    newline = _find_newline(path, head, encoding)
    lines = _head_lines(path, head, encoding, newline)
    base = Dialect(encoding=encoding.codec, bom=encoding.bom, newline=newline)
    base = replace(base, comment=_find_comment(lines))
    base = _find_separators(path, lines, base)
    return _find_time(path, lines, _find_header(path, lines, base))


def _find_newline(path: Path, head: bytes, encoding: csvscan.Encoding) -> str:
    text = head
    if encoding.is_wide:
        whole = head[encoding.bom : encoding.bom + (len(head) - encoding.bom) // 2 * 2]
        text = whole.decode(encoding.codec, errors="replace").encode("utf-8")
    n_feed, n_return, n_both = text.count(b"\n"), text.count(b"\r"), text.count(b"\r\n")
    newline = "\r" if n_return > 2 * n_feed else "\r\n" if n_both > n_feed / 2 else "\n"
    longest = text.find(newline[-1].encode())
    if longest < 0 and len(text) > csvscan.MAX_LINE_BYTES or longest > csvscan.MAX_LINE_BYTES:
        raise RecordError(
            f"{path.name}, row 1: the line is longer than 1 MiB, which no table of flight data "
            f"is: check that this is the right file."
        )
    return newline


def _head_lines(path: Path, head: bytes, encoding: csvscan.Encoding, newline: str) -> list[str]:
    body = head[encoding.bom :]
    if encoding.is_wide:
        body = body[: len(body) // 2 * 2]
    text = body.decode(encoding.codec, errors="replace")
    lines = [line.rstrip("\r\n") for line in text.split(newline[-1])]
    if len(head) >= csvscan.HEAD_BYTES:
        lines.pop()  # cut in the middle
    if not any(line.strip() for line in lines):
        raise RecordError(
            f"{path.name}: the file has no content but empty lines: export the record again."
        )
    return lines[:HEAD_LINES]


def _find_comment(lines: list[str]) -> str:
    """The comment mark that begins lines of the head, or ""."""
    for mark in COMMENTS:
        if any(line.lstrip().startswith(mark) for line in lines[:100]):
            return mark
    return ""


def _is_comment(line: str, dialect: Dialect) -> bool:
    return bool(dialect.comment) and line.lstrip().startswith(dialect.comment)


def _find_separators(path: Path, lines: list[str], base: Dialect) -> Dialect:
    """Delimiter and decimal sign, scored together by how many cells come out as numbers."""
    body = [line for line in lines if line.strip() and not _is_comment(line, base)]
    body = body[len(body) // 4 :][:200] if len(body) > 12 else body
    best, best_score = base, 0.0
    for delimiter in DELIMITERS:
        for decimal in DECIMALS:
            if decimal == delimiter:
                continue
            trial = replace(
                base, delimiter=delimiter, decimal=decimal,
                is_quoted=any('"' in line for line in lines[:200]),
            )  # fmt: skip
            score = _score(body, trial)
            if score > best_score + 1e-9:
                best, best_score = trial, score
    if best_score == 0.0:
        raise RecordError(
            f"{path.name}: no table of numbers was found in this text (wanted columns separated "
            f"by comma, semicolon, tab, bar or spaces): choose the file with flight data."
        )
    return best


def _score(lines: list[str], dialect: Dialect) -> float:
    """Share of consistent lines times share of number cells, a little more for more columns."""
    rows = [split_line(line, dialect) for line in lines]
    counts = Counter(len(row) for row in rows if len(row) >= 2)
    if not counts:
        return 0.0
    width, n_alike = counts.most_common(1)[0]
    good = total = 0
    for row in rows:
        if len(row) == width:
            cells = [cell.strip() for cell in row]
            good += sum(_is_value(cell, dialect.decimal) for cell in cells)
            total += len(cells)
    share = good / total
    if share < 0.2:
        return 0.0
    # a decimal sign that is never used must not win over the usual one
    usual = 1.0 if dialect.decimal == "." else 0.999
    return usual * share**2 * n_alike / len(lines) * (1.0 + 0.001 * min(width, 100))


_DATE_LIKE = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?)?"
    r"|(\d+[:/])?\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?"
)


def _is_value(cell: str, decimal: str) -> bool:
    """True for a number, a date, a time or a mark for a missing one."""
    return (
        is_number(cell, decimal)
        or bool(_DATE_LIKE.fullmatch(cell))
        or (cell in _WORDS_FOR_MISSING and cell != "")
    )


def _find_header(path: Path, lines: list[str], base: Dialect) -> Dialect:
    rows = [
        None if not line.strip() or _is_comment(line, base) else split_line(line, base)
        for line in lines
    ]
    width = _usual_width(rows, base)
    first = _first_data_row(rows, width, base)
    above = [i for i in range(first) if rows[i] is not None]
    named = [i for i in above if _is_text_row(rows[i], width, base)]
    if not named:
        _refuse_no_header(path, lines, first, base)
    unit_at = -1
    header_at = named[-1]
    if (
        len(named) >= 2
        and named[-2] == _previous(rows, named[-1])
        and _is_unit_row(rows[named[-1]])
    ):
        header_at, unit_at = named[-2], named[-1]
    start = max(header_at, unit_at) + 1
    while start < len(rows) and rows[start] is None and lines[start].strip():
        start += 1  # comment lines directly under the header
    header = list(rows[header_at] or [])
    unit_row = list(rows[unit_at] or []) if unit_at >= 0 else []
    base = replace(
        base,
        header_line=header_at + 1,
        unit_line=unit_at + 1,
        first_data_line=start + 1,
        is_padded=_find_padding(rows[first : first + 50], base),
        has_blank_lines=_has_blank_lines(lines[start : start + 60]),
    )
    return _name_columns(path, base, header, unit_row, rows[first : first + 50])


def _usual_width(rows: list[list[str] | None], base: Dialect) -> int:
    widths: Counter[int] = Counter()
    for row in rows:
        if row is not None and len(row) >= 2:
            good = sum(_is_value(cell.strip(), base.decimal) for cell in row)
            widths[len(row)] += good
    return widths.most_common(1)[0][0]


def _first_data_row(rows: list[list[str] | None], width: int, base: Dialect) -> int:
    for i, row in enumerate(rows):
        if row is not None and abs(len(row) - width) <= 1:
            good = sum(_is_value(cell.strip(), base.decimal) for cell in row)
            if good >= max(1, len(row) / 2) and is_number_or_time(row[0], base.decimal):
                return i
    return len(rows)


def is_number_or_time(cell: str, decimal: str) -> bool:
    """True for a number, a date or a time of day."""
    text = cell.strip()
    return is_number(text, decimal) or bool(_DATE_LIKE.fullmatch(text))


def _is_text_row(row: list[str] | None, width: int, base: Dialect) -> bool:
    if row is None or len(row) < 2:
        return False
    cells = [cell.strip() for cell in row]
    n_numbers = sum(is_number(cell, base.decimal) for cell in cells)
    near = abs(len(cells) - width) <= max(1, width // 3)
    return near and n_numbers <= len(cells) // 4 and any(cells)


def _previous(rows: list[list[str] | None], at: int) -> int:
    """The index of the last non-empty row before ``at``."""
    return next((i for i in range(at - 1, -1, -1) if rows[i] is not None), -1)


def _is_unit_row(row: list[str] | None) -> bool:
    cells = [cell.strip() for cell in row or [] if cell.strip()]
    return bool(cells) and sum(looks_like_unit(cell) for cell in cells) >= 0.6 * len(cells)


def _refuse_no_header(path: Path, lines: list[str], first: int, base: Dialect) -> None:
    if first >= len(lines):
        raise RecordError(
            f"{path.name}: no table of numbers was found in this text: "
            f"choose the file with flight data."
        )
    cell = split_line(lines[first], base)[0].strip()
    raise RecordError(
        f"{path.name}, row {first + 1}, column 1: '{cell}' is a number where a column name such "
        f"as 'time [s]' was wanted: add a header line with one name per column."
    )


def _find_padding(rows: list[list[str] | None], base: Dialect) -> bool:
    """True when spaces around cells are the habit of this file, not one slip."""
    if base.delimiter == " ":
        return True
    cells = [cell for row in rows if row is not None for cell in row]
    n_padded = sum(cell != cell.strip() for cell in cells)
    return n_padded > 0.1 * len(cells)


def _has_blank_lines(lines: list[str]) -> bool:
    """True when blank lines are the habit of this file (every second line)."""
    used = lines[: max((i for i, line in enumerate(lines) if line.strip()), default=0)]
    return len(used) >= 6 and sum(not line.strip() for line in used) >= 0.4 * len(used)


def _name_columns(
    path: Path,
    base: Dialect,
    header: list[str],
    unit_row: list[str],
    rows: list[list[str] | None],
) -> Dialect:
    data = [row for row in rows if row is not None]
    width = Counter(len(row) for row in data).most_common(1)[0][0] if data else len(header)
    ends_empty = bool(data) and all(
        len(r) >= 2 and not r[-1].strip() for r in data if len(r) == width
    )
    if ends_empty and (len(header) == width - 1 or not header[-1].strip()):
        header = header[: width - 1]
        unit_row = unit_row[: width - 1]
        base = replace(base, has_trailing_delimiter=True)
    if len(header) > csvscan.MAX_COLUMNS or width > csvscan.MAX_COLUMNS:
        raise RecordError(
            f"{path.name}: the table has {max(len(header), width)} columns, the limit is "
            f"{csvscan.MAX_COLUMNS}: export only the channels you need."
        )
    pairs = [split_header(cell) for cell in header]
    units = [unit for _, unit in pairs]
    for i, cell in enumerate(unit_row[: len(units)]):
        if cell.strip():
            units[i] = unit_of_cell(cell)
    names = tuple(
        cell.strip() if unit_row and i < len(unit_row) and unit_row[i].strip() else pairs[i][0]
        for i, cell in enumerate(header)
    )
    return replace(base, names=names, units=tuple(units))


def _find_time(path: Path, lines: list[str], base: Dialect) -> Dialect:
    """Which column is the time; the first of a usual name, else the first column."""
    named = [i for i, name in enumerate(base.names) if is_time_name(name)]
    return replace(base, time_columns=(named[0] if named else 0,))
