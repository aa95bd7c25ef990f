"""The slow, exact reading of a block of lines: every cell checked, the first problem told."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import numpy as np

from heliid.data import csvscan
from heliid.data.header import split_header
from heliid.data.tabletext import Dialect, is_comment, is_number, split_line, to_float
from heliid.data.timeaxis import TimeParser
from heliid.errors import RecordError

MAX_MAGNITUDE = 1e30  # no quantity of flight is larger; 1e300 is a fault of the recorder
_SHOWN = 40  # characters of a bad cell that a message repeats


def walk_block(
    path: Path, dialect: Dialect, line: int, block: bytes, parse_time: TimeParser
) -> np.ndarray:
    """The numbers of a block whose first line is ``line``, (n, n_columns).

    Ignored columns come back as zeros, missing cells as nan when the dialect accepts them,
    text times in seconds (in the first time column).

    Raises
    ------
    RecordError
        The first cell or row that does not fit, in one sentence.
    """
    rows = [
        walk_line(path, dialect, number, text, parse_time)
        for number, text in block_lines(path, dialect, line, block)
    ]
    return np.array(rows, dtype=float).reshape(-1, dialect.n_columns)


def block_lines(path: Path, dialect: Dialect, line: int, block: bytes) -> Iterator[tuple[int, str]]:
    """Line number and text of every data line; comment lines are passed over."""
    codec = "utf-8" if dialect.encoding.startswith("utf") else dialect.encoding
    for i, ended in enumerate(block.decode(codec, errors="replace").split("\n")[:-1]):
        text = ended.removesuffix("\r")
        if is_comment(text, dialect) or (dialect.has_blank_lines and not text.strip()):
            continue
        if not text.strip():
            raise RecordError(
                f"{path.name}, row {line + i}, column '{dialect.names[0]}': the line '' is blank "
                f"in the middle of the data, wanted {dialect.n_columns} numbers: "
                f"delete the line or split the record there."
            )
        yield line + i, text


def walk_line(
    path: Path, dialect: Dialect, line: int, text: str, parse_time: TimeParser
) -> list[float]:
    """The numbers of one line, n_columns of them."""
    cells = split_line(text, dialect)
    n = dialect.n_columns
    if dialect.has_trailing_delimiter and len(cells) == n + 1 and not cells[-1].strip():
        cells.pop()
    text_columns = dialect.text_columns
    values = [
        0.0 if j in text_columns else _number(path, dialect, line, j, cell, cells)
        for j, cell in enumerate(cells[:n])
    ]
    if len(cells) != n:
        _refuse_length(path, dialect, line, cells)
    if dialect.has_text_time:
        first = dialect.time_columns[0]
        cell = " ".join(cells[j].strip() for j in dialect.time_columns)
        seconds = parse_time(cell)
        if seconds is None:
            refuse_time(path, dialect, line, first, cell)
        values[first] = seconds
    return values


def refuse_time(path: Path, dialect: Dialect, line: int, column: int, cell: str) -> NoReturn:
    """Refuse a cell that is no time of the kind the dialect names."""
    example = "12:34:56.789" if dialect.time_format == "clock" else "2024-05-17 12:34:56.789"
    raise RecordError(
        f"{_where(path, dialect, line, column)}: {_shown(cell)} is not a time, wanted one such as "
        f"{example}: correct that cell or delete the row."
    )


def _number(
    path: Path, dialect: Dialect, line: int, column: int, cell: str, cells: list[str]
) -> float:
    plain = cell.strip(" \t") if dialect.is_padded else cell
    if not is_number(plain, dialect.decimal):
        may_miss = dialect.accepts_missing and column not in dialect.time_columns
        if may_miss and cell.strip() in dialect.missing_marks:
            return math.nan
        _refuse_cell(path, dialect, line, column, cell, cells)
    value = to_float(plain, dialect.decimal)
    if dialect.accepts_missing and cell.strip() in dialect.missing:
        return math.nan  # a number such as -9999 that the user declared to stand for no value
    if not abs(value) <= MAX_MAGNITUDE:
        _refuse_size(path, dialect, line, column, cell)
    return value


def _where(path: Path, dialect: Dialect, line: int, column: int) -> str:
    return f"{path.name}, row {line}, column '{dialect.names[column]}'"


def _shown(cell: str) -> str:
    text = "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in cell)
    return f"'{text}'" if len(text) <= _SHOWN else f"'{text[:_SHOWN]}...'"


def _refuse_size(path: Path, dialect: Dialect, line: int, column: int, cell: str) -> NoReturn:
    raise RecordError(
        f"{_where(path, dialect, line, column)}: {_shown(cell)} is larger than any quantity of "
        f"flight (limit {MAX_MAGNITUDE:g}): correct that cell or cut the record before it."
    )


def _refuse_length(path: Path, dialect: Dialect, line: int, cells: list[str]) -> NoReturn:
    n, wanted = len(cells), dialect.n_columns
    if n < wanted:
        raise RecordError(
            f"{_where(path, dialect, line, n)}: the value '' is missing, the row ends after {n} "
            f"of {wanted} cells: complete the row or delete it."
        )
    raise RecordError(
        f"{path.name}, row {line}, column {wanted + 1}: {_shown(cells[wanted])} has no column "
        f"name, the row has {n} cells and the header {wanted} names: "
        f"correct the row or the header."
    )


def _refuse_cell(
    path: Path, dialect: Dialect, line: int, column: int, cell: str, cells: list[str]
) -> NoReturn:
    where = _where(path, dialect, line, column)
    if len(cell.encode("utf-8", "replace")) > csvscan.MAX_CELL_BYTES:
        raise RecordError(
            f"{where}: the cell {_shown(cell)} has {len(cell)} characters, the limit is 64 KiB: "
            f"check that this is the right file."
        )
    if _repeats_header(dialect, cells):
        raise RecordError(
            f"{where}: {_shown(cell)} repeats the header in the middle of the data, wanted a "
            f"number: split the file there, each part is a record of its own."
        )
    raise RecordError(f"{where}: {_shown(cell)} {_reason(cell, dialect)}.")


def _repeats_header(dialect: Dialect, cells: list[str]) -> bool:
    return len(cells) == dialect.n_columns and all(
        name in (cell.strip(), split_header(cell)[0])
        for name, cell in zip(dialect.names, cells, strict=True)
    )


def cell_problem(cell: str, dialect: Dialect) -> str:
    """What is wrong with a number cell, "" when nothing is; for the preview's bad marks."""
    plain = cell.strip(" \t") if dialect.is_padded else cell
    if is_number(plain, dialect.decimal):
        return "" if abs(to_float(plain, dialect.decimal)) <= MAX_MAGNITUDE else "is too large"
    if dialect.accepts_missing and cell.strip() in dialect.missing_marks:
        return ""
    return _reason(cell, dialect)


def _reason(cell: str, dialect: Dialect) -> str:
    """What is wrong with a cell, what was wanted and what to do."""
    plain = cell.strip()
    comma = dialect.decimal == ","
    wanted = "wanted a plain number such as " + ("-1,25" if comma else "-1.25")
    bridge = "choose in the import dialog how missing values are bridged"
    if plain == "":
        return f"is a missing value, {wanted}: fill the cell, delete the row, or {bridge}"
    if "\0" in cell:
        return f"holds a zero byte (NUL), {wanted}: the file is damaged, export it again"
    if is_number(plain, dialect.decimal):
        return f"has a space beside the number, {wanted}: delete the space"
    if plain.count('"') % 2:
        return f"has a quotation mark that is never closed, {wanted}: delete the mark"
    if plain.lower().lstrip("+-") in ("nan", "inf", "infinity", "na", "n/a", "null", "none", ""):
        return f"is not a finite number, {wanted}: correct the cell, delete the row, or {bridge}"
    other = "." if comma else ","
    if is_number(plain.replace(other, "").replace("_", "").replace("'", ""), dialect.decimal):
        return f"has a separator of thousands, {wanted}: export without such separators"
    if plain[0] in "=@" and len(plain) > 1:
        return f"is a formula, {wanted}: export values, not formulas"
    return f"is not a number, {wanted}: correct that cell or delete the row"
