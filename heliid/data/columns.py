"""Which columns of a text table are the time, words, or have values missing."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from heliid.data.header import is_time_name
from heliid.data.tabletext import MISSING_MARKS, Dialect, is_number
from heliid.data.timeaxis import column_kind, looks_like_time
from heliid.errors import RecordError
from heliid.units import find_unit

_TEXT_CELL = re.compile(r"[^\W\d_][\w \-/.:]*")  # a word, not a spoilt number
_WEEK_NAMES = frozenset({"gps_week", "gpsweek", "week", "gpswk", "wn", "gwk", "gps_wk"})
_TOW_NAMES = frozenset(
    {"tow", "gps_tow", "sow", "gps_sow", "itow", "gpssow", "seconds_of_week", "gms", "gps_seconds",
     "gps_ms", "time_of_week"}
)  # fmt: skip


def _columns(data: list[list[str]], n: int) -> list[list[str]]:
    """Cells by column, short rows left out."""
    return [[row[j].strip() for row in data if len(row) > j] for j in range(n)]


def find_time(path: Path, base: Dialect, data: list[list[str]]) -> Dialect:
    """Which columns are the time and how it is written."""
    columns = _columns(data, base.n_columns)
    lowered = [name.strip().lower().replace(" ", "_") for name in base.names]
    is_numeric = [_mostly_numbers(cells, base) for cells in columns]
    weeks = [i for i, name in enumerate(lowered) if name in _WEEK_NAMES and is_numeric[i]]
    tows = [i for i, name in enumerate(lowered) if name in _TOW_NAMES and is_numeric[i]]
    if weeks and tows:
        in_ms = lowered[tows[0]] in ("itow", "gms", "gps_ms") and not base.units[tows[0]]
        unit = "ms" if in_ms else ""
        return replace(base, time_columns=(weeks[0], tows[0]), time_format="gps", time_unit=unit)
    named = [i for i, name in enumerate(base.names) if is_time_name(name) and is_numeric[i]]
    named.sort(key=lambda i: not _has_time_unit(base.units[i]))
    named += [i for i in range(base.n_columns) if is_numeric[i] and _has_time_unit(base.units[i])]
    if named:
        return replace(base, time_columns=(named[0],))
    kinds = [column_kind(cells) for cells in columns]
    if "datetime" in kinds:
        return replace(base, time_columns=(kinds.index("datetime"),), time_format="datetime")
    if "clock" in kinds:
        clock = kinds.index("clock")
        if "date" in kinds:
            both = (kinds.index("date"), clock)
            return replace(base, time_columns=both, time_format="date+clock")
        return replace(base, time_columns=(clock,), time_format="clock")
    if columns and _increases(columns[0], base):
        return base
    first = next((i for i, name in enumerate(base.names) if is_time_name(name)), -1)
    if first >= 0:
        return replace(base, time_columns=(first,))  # its cells are refused with their place
    if len(data) < 3:
        return base
    raise RecordError(
        f"{path.name}, row {base.header_line}: no column is named as a time and the first one, "
        f"'{base.names[0]}', does not increase: name the time column 'time [s]'."
    )


def _mostly_numbers(cells: list[str], base: Dialect) -> bool:
    return bool(cells) and sum(is_number(c, base.decimal) for c in cells) > 0.5 * len(cells)


def _has_time_unit(unit: str) -> bool:
    found = find_unit(unit) if unit else None
    return found is not None and found.si == "s"


def _increases(cells: list[str], base: Dialect) -> bool:
    """True when most steps of a column's numbers go up."""
    values = [
        float(cell.replace(",", ".") if base.decimal == "," else cell)
        for cell in cells
        if is_number(cell, base.decimal)
    ]
    n_up = sum(b > a for a, b in pairwise(values))
    return len(values) >= 3 and n_up >= 0.8 * (len(values) - 1)


def find_text_and_missing(base: Dialect, data: list[list[str]]) -> Dialect:
    """Columns of words are left out; marks for missing values are noted, not acted upon."""
    ignored: list[int] = []
    marks: set[str] = set()
    for j, cells in enumerate(_columns(data, base.n_columns)):
        if j in base.time_columns:
            continue
        used = [cell for cell in cells if cell not in MISSING_MARKS]
        if used and all(_TEXT_CELL.fullmatch(c) or looks_like_time(c) for c in used):
            ignored.append(j)
        else:
            marks.update(cell for cell in cells if cell in MISSING_MARKS)
    return replace(base, ignored=tuple(ignored), missing=tuple(sorted(marks)))
