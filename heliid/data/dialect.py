"""The dialect detector: how a text table is written, from its first lines.

It proposes and never converts on a guess: what does not fit is refused by the reader with
its place, and the import dialog lets the user say otherwise (``preview``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from heliid.data import csvscan
from heliid.data.columns import find_text_and_missing, find_time
from heliid.data.csvwalk import cell_problem
from heliid.data.header import looks_like_unit, split_header, unit_of_cell
from heliid.data.tabletext import (
    DECIMALS,
    DELIMITERS,
    MISSING_MARKS,
    Dialect,
    is_comment,
    is_number,
    split_line,
)
from heliid.data.timeaxis import looks_like_time, parser_for
from heliid.errors import RecordError

__all__ = ["BadCell", "Dialect", "Preview", "detect", "preview", "split_line"]

HEAD_LINES = 400
_COMMENTS = ("#", "%", "//", "!", "*")
Row = list[str] | None  # None: a blank or comment line


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
    newline, text = _decode(path, head, encoding)
    lines = _head_lines(path, text, newline, is_whole=len(head) < csvscan.HEAD_BYTES)
    _refuse_width(path, 1 + max((line.count(d) for line in lines for d in ",;\t|"), default=0))
    base = Dialect(encoding=encoding.codec, bom=encoding.bom, newline=newline)
    base = _find_separators(path, lines, replace(base, comment=_find_comment(lines)))
    rows: list[Row] = [
        None if not line.strip() or is_comment(line, base) else split_line(line, base)
        for line in lines
    ]
    found, data = _find_header(path, lines, rows, base)
    return find_text_and_missing(find_time(path, found, data), data)


def _refuse_width(path: Path, n_columns: int) -> None:
    """Say so before hundreds of thousands of cells are looked at."""
    if n_columns > csvscan.MAX_COLUMNS:
        raise RecordError(
            f"{path.name}: the table has {n_columns} columns, the limit is "
            f"{csvscan.MAX_COLUMNS}: export only the channels you need."
        )


def _decode(path: Path, head: bytes, encoding: csvscan.Encoding) -> tuple[str, str]:
    """The line end in use and the text of the head, its byte-order mark removed."""
    body = head[encoding.bom :]
    if encoding.is_wide:
        body = body[: len(body) // 2 * 2]
    text = body.decode(encoding.codec, errors="replace")
    n_feed, n_return, n_both = text.count("\n"), text.count("\r"), text.count("\r\n")
    newline = "\r" if n_return > 2 * n_feed else "\r\n" if n_both > n_feed / 2 else "\n"
    if len(text.split(newline[-1], 1)[0]) >= csvscan.MAX_LINE_BYTES // (1 + encoding.is_wide):
        raise RecordError(
            f"{path.name}, row 1: the line is longer than 1 MiB, which no table of flight data "
            f"is: check that this is the right file."
        )
    return newline, text


def _head_lines(path: Path, text: str, newline: str, *, is_whole: bool) -> list[str]:
    lines = [line.rstrip("\r\n") for line in text.split(newline[-1], HEAD_LINES + 1)]
    if not is_whole or len(lines) > HEAD_LINES:
        lines.pop()  # cut in the middle, or the rest of the file
    if not any(line.strip("\x1a \t") for line in lines):
        raise RecordError(
            f"{path.name}: the file has no content but empty lines: export the record again."
        )
    return lines[:HEAD_LINES]


def _find_comment(lines: list[str]) -> str:
    """The mark that begins comment lines of the head, or ""."""
    for mark in _COMMENTS:
        n = sum(line.lstrip().startswith(mark) for line in lines[:100])
        if 0 < n < 0.8 * len(lines):
            return mark
    return ""


def _find_separators(path: Path, lines: list[str], base: Dialect) -> Dialect:
    """Delimiter and decimal sign, scored together by how many cells come out as numbers."""
    body = [line for line in lines if line.strip() and not is_comment(line, base)]
    body = body[len(body) // 4 :][:200] if len(body) > 12 else body
    base = replace(base, is_quoted=any('"' in line for line in lines[:200]))
    best, best_score = base, 0.0
    for delimiter in DELIMITERS:
        for decimal in DECIMALS:
            if decimal != delimiter or base.is_quoted:  # "0,5","1,5" is written by spreadsheets
                trial = replace(base, delimiter=delimiter, decimal=decimal)
                score = _score(body, trial)
                if score > best_score + 1e-9:
                    best, best_score = trial, score
    if best_score == 0.0:
        if len(body) == 1 and max(len(body[0].split(mark)) for mark in DELIMITERS) > 1:
            raise RecordError(
                f"{path.name}: there is a header but 0 rows of data: export the manoeuvre again."
            )
        raise RecordError(
            f"{path.name}: no table of numbers was found in this text (wanted columns separated "
            f"by comma, semicolon, tab, bar or spaces): choose the file with flight data."
        )
    return best


def _score(lines: list[str], dialect: Dialect) -> float:
    """Share of lines alike times share of number cells, squared; 0 when it is no table."""
    rows = [split_line(line, dialect) for line in lines]
    counts = Counter(len(row) for row in rows if len(row) >= 2)
    if not counts:
        return 0.0
    width, n_alike = counts.most_common(1)[0]
    good = total = n_numbers = 0
    for row in rows:
        if len(row) == width:
            cells = [cell.strip() for cell in row]
            numbers = sum(is_number(cell, dialect.decimal) for cell in cells)
            others = sum(cell in MISSING_MARKS or looks_like_time(cell) for cell in cells)
            good += numbers + others
            n_numbers += numbers
            total += len(cells)
    if n_numbers < 0.2 * total:
        return 0.0
    # a decimal sign that is never used must not win over the usual one, nor spaces over a mark
    usual = 1.0 if dialect.decimal == "." else 0.999
    usual *= 0.998 if dialect.delimiter == " " else 1.0
    return usual * (good / total) ** 2 * n_alike / len(lines) * (1.0 + 1e-5 * min(width, 50))


def _find_header(
    path: Path, lines: list[str], rows: list[Row], base: Dialect
) -> tuple[Dialect, list[list[str]]]:
    """The dialect with header, unit row and names, and the data rows of the head."""
    width = _usual_width(rows, base)
    first = _first_data_row(rows, width, base)
    named = [i for i in range(first) if _is_text_row(rows[i], width, base)]
    if not named:
        in_comment = _header_in_comment(lines[:first], width, base)
        if in_comment < 0:
            _refuse_no_header(path, rows, first)
        rows = [*rows]
        text = lines[in_comment].lstrip().removeprefix(base.comment).strip()
        rows[in_comment] = split_line(text, base)
        named = [in_comment]
    header_at, unit_at = _header_and_units(rows, named)
    start = max(header_at, unit_at, named[-1] if unit_at >= 0 else -1) + 1
    while start < first and rows[start] is None and lines[start].strip():
        start += 1  # comment lines directly under the header
    body = lines[start : start + 60]
    has_blank_lines = _has_blank_lines(body)
    if has_blank_lines:
        while start < first and not lines[start].strip():
            start += 1
    data = [row for row in rows[start:] if row is not None]
    base = replace(
        base,
        header_line=header_at + 1,
        unit_line=unit_at + 1,
        first_data_line=start + 1,
        is_padded=_is_padded(data[:50], base),
        has_blank_lines=has_blank_lines,
    )
    unit_row = list(rows[unit_at] or []) if unit_at >= 0 else []
    return _name_columns(path, base, list(rows[header_at] or []), unit_row, data[:50]), data


def _usual_width(rows: Sequence[Row], base: Dialect) -> int:
    """Cells per line, counted by how many numbers lines of that width hold."""
    widths: Counter[int] = Counter()
    for row in rows:
        if row is not None and len(row) >= 2:
            widths[len(row)] += sum(is_number(cell.strip(), base.decimal) for cell in row)
    return widths.most_common(1)[0][0]


def _first_data_row(rows: Sequence[Row], width: int, base: Dialect) -> int:
    for i, row in enumerate(rows):
        if row is not None and abs(len(row) - width) <= 1:
            n_numbers = sum(_starts_data(cell, base) for cell in row)
            if _starts_data(row[0], base) and n_numbers >= max(1, len(row) // 2):
                return i
    return next((i for i, row in enumerate(rows) if row and _starts_data(row[0], base)), len(rows))


def _starts_data(cell: str, base: Dialect) -> bool:
    text = cell.strip()
    return is_number(text, base.decimal) or looks_like_time(text)


def _is_text_row(row: Row, width: int, base: Dialect) -> bool:
    """True for a line that can be a header or a unit row."""
    if row is None or len(row) < 2 or _starts_data(row[0], base):
        return False
    cells = [cell.strip() for cell in row]
    n_numbers = sum(is_number(cell, base.decimal) for cell in cells)
    is_near = abs(len(cells) - width) <= max(1, width // 3)
    return is_near and n_numbers <= len(cells) // 4 and any(cells)


def _header_in_comment(lines: list[str], width: int, base: Dialect) -> int:
    """The last comment line whose words are as many as the columns, as numpy writes it; or -1."""
    for i in range(len(lines) - 1, -1, -1):
        if is_comment(lines[i], base):
            text = lines[i].lstrip().removeprefix(base.comment).strip()
            row = split_line(text, base)
            if len(row) == width and _is_text_row(row, width, base):
                return i
    return -1


def _header_and_units(rows: Sequence[Row], named: list[int]) -> tuple[int, int]:
    """Indices of header and unit row (-1: none) among the text rows above the data."""
    for back in (1, 2):  # the unit row is last, or one line of explanations stands below it
        if len(named) > back and _is_unit_row(rows[named[-back]]):
            before = named[-back - 1]
            if all(rows[i] is None for i in range(before + 1, named[-back])):
                return before, named[-back]
    return named[-1], -1


def _is_unit_row(row: Row) -> bool:
    cells = [cell.strip() for cell in row or [] if cell.strip()]
    return bool(cells) and sum(looks_like_unit(cell) for cell in cells) >= 0.6 * len(cells)


def _refuse_no_header(path: Path, rows: Sequence[Row], first: int) -> NoReturn:
    row = rows[first] if first < len(rows) else None
    if row is None:
        raise RecordError(
            f"{path.name}: no table of numbers was found in this text: "
            f"choose the file with flight data."
        )
    raise RecordError(
        f"{path.name}, row {first + 1}, column 1: '{row[0].strip()[:40]}' is a number where a "
        f"column name such as 'time [s]' was wanted: add a header line with one name per column."
    )


def _is_padded(data: list[list[str]], base: Dialect) -> bool:
    """True when spaces around cells are the habit of this file, not one slip."""
    if base.delimiter == " ":
        return True
    cells = [cell for row in data for cell in row]
    return sum(cell != cell.strip() for cell in cells) > 0.1 * len(cells)


def _has_blank_lines(lines: list[str]) -> bool:
    """True when blank lines are the habit of this file (every second line)."""
    used = lines[: max((i for i, line in enumerate(lines) if line.strip()), default=0)]
    return len(used) >= 6 and sum(not line.strip() for line in used) >= 0.4 * len(used)


def _name_columns(
    path: Path, base: Dialect, header: list[str], unit_row: list[str], data: list[list[str]]
) -> Dialect:
    width = Counter(len(row) for row in data).most_common(1)[0][0] if data else len(header)
    _refuse_width(path, max(len(header), width))
    ends_empty = bool(data) and all(not row[-1].strip() for row in data if len(row) == width)
    if ends_empty and width > 2 and (len(header) == width - 1 or not header[-1].strip()):
        header, unit_row = header[: width - 1], unit_row[: width - 1]
        base = replace(base, has_trailing_delimiter=True)
    unit_row = unit_row + [""] * (len(header) - len(unit_row))
    names, units = [], []
    for cell, below in zip(header, unit_row, strict=False):
        name, unit = split_header(cell)
        if below.strip():
            name, unit = cell.strip(), unit_of_cell(below)
        names.append(name)
        units.append(unit)
    return replace(base, names=tuple(names), units=tuple(units))


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell of the preview that the reader would refuse; both indices from 0 in the preview."""

    row: int
    column: int
    line: int  # of the file, from 1
    reason: str


@dataclass(frozen=True, slots=True)
class Preview:
    """The first data rows as the dialect splits them, and what is wrong with them.

    ``problem`` is the one sentence the reader would refuse the file with on what is shown, ""
    when the rows are fine. Rows keep their own number of cells.
    """

    dialect: Dialect
    rows: tuple[tuple[str, ...], ...] = ()
    lines: tuple[int, ...] = ()  # line of the file of each row
    bad: tuple[BadCell, ...] = ()
    problem: str = ""


def preview(path: Path | str, dialect: Dialect | None = None, n_rows: int = 50) -> Preview:
    """The first ``n_rows`` data rows, bad cells marked; never raises for what is in the file."""
    path = Path(path)
    try:
        found = dialect or detect(path)
        head = csvscan.read_head(path)
        encoding = csvscan.Encoding(found.encoding, found.bom)
        body = head[found.bom :]
        body = body[: len(body) // 2 * 2] if encoding.is_wide else body
        text = body.decode(found.encoding, errors="replace").split(found.newline[-1])
    except (RecordError, LookupError) as reason:
        return Preview(dialect or Dialect(), problem=str(reason))
    if len(head) >= csvscan.HEAD_BYTES:
        text.pop()
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    bad: list[BadCell] = []
    for number, ended in enumerate(text[found.first_data_line - 1 :], found.first_data_line):
        line = ended.rstrip("\r\n")
        if len(rows) >= n_rows:
            break
        if line.strip("\x1a \t") and not is_comment(line, found):
            cells = split_line(line, found)
            bad += _bad_cells(found, cells, len(rows), number)
            rows.append(tuple(cells))
            lines.append(number)
    problem = ""
    if bad:
        names = found.names
        column = names[bad[0].column] if bad[0].column < len(names) else str(bad[0].column + 1)
        problem = f"{path.name}, row {bad[0].line}, column '{column}': the cell {bad[0].reason}."
    return Preview(found, tuple(rows), tuple(lines), tuple(bad), problem)


def _bad_cells(dialect: Dialect, cells: list[str], row: int, line: int) -> list[BadCell]:
    if dialect.has_trailing_delimiter and len(cells) == dialect.n_columns + 1:
        cells = cells[:-1]
    out = []
    for j, cell in enumerate(cells):
        reason = ""
        if j >= dialect.n_columns:
            reason = "has no column name"
        elif j not in dialect.text_columns:
            reason = cell_problem(cell, dialect)
        elif j in dialect.time_columns:
            parts = [cells[i].strip() for i in dialect.time_columns if i < len(cells)]
            if parser_for(dialect.time_format)(" ".join(parts)) is None:
                reason = f"'{cell[:40]}' is not a time"
        if reason:
            out.append(BadCell(row, j, line, reason))
    if len(cells) < dialect.n_columns:
        out.append(BadCell(row, len(cells), line, "is missing, the row is too short"))
    return out
