"""Reading flight records from text tables: strict, fast, and exact about what is wrong."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from heliid.data import csvscan
from heliid.data.dialect import Dialect, detect, is_number, split_line, to_float
from heliid.data.record import Channel, FlightRecord, Source, StepDone
from heliid.errors import RecordError
from heliid.units import find_unit

MIN_SAMPLES = 16
MAX_MAGNITUDE = 1e30  # no quantity of flight is larger; 1e300 is a fault of the recorder
_SHOWN = 40  # characters of a bad cell that a message repeats


def read_csv(
    path: Path | str, *, name: str | None = None, dialect: Dialect | None = None
) -> FlightRecord:
    """The record in a text table, in SI, with its own time axis.

    Without ``dialect`` it is detected. Nothing is repaired on the way: a cell that is not a
    plain number, a missing value, a row of another length or a time that does not increase
    is refused with its place.

    Raises
    ------
    RecordError
        One sentence naming file, row (line of the file, from 1), column, value and remedy.
    """
    path = Path(path)
    csvscan.check_file(path)
    if dialect is None:
        dialect = detect(path)
    table = _read_table(path, dialect)
    return _to_record(path, name or path.stem, dialect, table)


class CsvReader:
    """The reader of text tables for the ``heliid.readers`` entry points."""

    suffixes = (".csv", ".txt", ".dat", ".asc", ".tsv", ".tab", ".prn", ".log")
    extra = ""

    def sniff(self, path: Path) -> bool:
        """True when the ending is one of a text table."""
        return path.suffix.lower() in self.suffixes

    def list_channels(self, path: Path) -> tuple[Channel, ...]:
        """The channels in the file, without reading the samples."""
        found = detect(path)
        return tuple(
            Channel.of(name, unit)
            for i, (name, unit) in enumerate(zip(found.names, found.units, strict=True))
            if i not in found.time_columns
        )

    def read(self, path: Path, *, name: str | None = None) -> FlightRecord:
        """As ``read_csv``."""
        return read_csv(path, name=name)


@dataclass(frozen=True, eq=False)
class _Table:
    """Numbers of all columns (N, n_columns), file units, and the hash of the file."""

    values: np.ndarray
    sha256: str


def _read_table(path: Path, dialect: Dialect) -> _Table:
    _check_names(path, dialect)
    encoding = csvscan.Encoding(dialect.encoding, dialect.bom)
    found = csvscan.scan(path, encoding, dialect.newline, dialect.delimiter)
    n_rows = found.n_line_ends + 2 - dialect.first_data_line
    n_cells = n_rows * dialect.n_columns
    if n_cells > csvscan.MAX_CELLS:
        raise RecordError(
            f"{path.name}: the table has {n_cells / 1e6:.0f} million cells, the limit is "
            f"{csvscan.MAX_CELLS / 1e6:.0f} million: split the file into manoeuvres."
        )
    values = np.empty((max(n_rows, 0), dialect.n_columns))
    filled = 0
    for line, block in _data_blocks(path, dialect, encoding):
        part = _parse_block(path, dialect, line, block)
        if filled + len(part) > len(values):
            raise RecordError(f"{path.name}: the file changed while it was read: open it again.")
        values[filled : filled + len(part)] = part
        filled += len(part)
    return _Table(values[:filled], found.sha256)


def _check_names(path: Path, dialect: Dialect) -> None:
    where = f"{path.name}, row {dialect.header_line}"
    seen: dict[str, int] = {}
    for i, name in enumerate(dialect.names):
        if not name.strip():
            raise RecordError(
                f"{where}, column {i + 1}: the name '' is empty, wanted one name per column: "
                f"write a name there or delete the column."
            )
        if name in seen:
            raise RecordError(
                f"{where}, column {i + 1}: the name '{name}' was already used by column "
                f"{seen[name] + 1}, wanted different names: rename or delete one of the two."
            )
        seen[name] = i
    if len(dialect.names) < 2:
        raise RecordError(
            f"{where}: only the column '{dialect.names[0] if dialect.names else ''}' was found, "
            f"wanted a time column and at least one channel: check the separator of columns."
        )


def _data_blocks(
    path: Path, dialect: Dialect, encoding: csvscan.Encoding
) -> Iterator[tuple[int, bytes]]:
    """First line number and bytes of blocks of data lines; blank lines at the end are gone."""
    line = 1
    held: tuple[int, bytes] | None = None
    for block in csvscan.line_blocks(path, encoding, dialect.newline):
        n_lines = block.count(b"\n")
        start = line
        skip = dialect.first_data_line - line
        line += n_lines
        if skip > 0:
            for _ in range(min(skip, n_lines)):
                block = block[block.index(b"\n") + 1 :]
            start += min(skip, n_lines)
            if skip > n_lines:
                continue
        if held is not None and block.strip():
            yield held
            held = None
        held = (start, block) if held is None else (held[0], held[1] + block)
    if held is not None:
        tail = held[1].rstrip(b"\r\n \t\x1a")
        if tail:
            yield held[0], tail + b"\n"


def _parse_block(path: Path, dialect: Dialect, line: int, block: bytes) -> np.ndarray:
    """The numbers of one block, (n, n_columns); falls back to the walk that finds the place."""
    if dialect.has_blank_lines or not _is_plain(block, dialect):
        return _walk(path, dialect, line, block)
    values = _parse_fast(block, dialect)
    if values is None or values.shape != (block.count(b"\n"), dialect.n_columns):
        return _walk(path, dialect, line, block)
    with np.errstate(invalid="ignore"):
        if not bool((np.abs(values) <= MAX_MAGNITUDE).all()):
            return _walk(path, dialect, line, block)
    return values


def _is_plain(block: bytes, dialect: Dialect) -> bool:
    """False when the block holds bytes that pandas would quietly accept or stumble over."""
    if b"\0" in block or dialect.has_trailing_delimiter:
        return False
    if not dialect.is_padded and (b" " in block or (dialect.delimiter != "\t" and b"\t" in block)):
        return False
    return not dialect.is_quoted or b'"' not in block or block.count(b'"') % 2 == 0


def _parse_fast(block: bytes, dialect: Dialect) -> np.ndarray | None:
    """The block through pandas' C parser, or None when it does not like it."""
    import pandas as pd

    options: dict[str, Any] = {}
    if tuple(int(part) for part in pd.__version__.split(".")[:2]) < (3, 1):
        options["float_precision"] = "round_trip"  # later versions are exact by default
    try:
        frame = pd.read_csv(
            io.BytesIO(block), header=None, dtype="float64", engine="c",
            sep=r"\s+" if dialect.delimiter == " " else dialect.delimiter,
            decimal=dialect.decimal, quoting=0 if dialect.is_quoted else 3,
            na_filter=False, keep_default_na=False, skip_blank_lines=False,
            skipinitialspace=dialect.is_padded, encoding="latin-1", low_memory=False, **options,
        )  # fmt: skip
    except (ValueError, OverflowError):  # pandas' ParserError and EmptyDataError are ValueErrors
        return None
    return frame.to_numpy()


def _walk(path: Path, dialect: Dialect, line: int, block: bytes) -> np.ndarray:
    """The block cell by cell: its numbers, or the first problem with its place."""
    codec = "utf-8" if dialect.encoding.startswith("utf") else dialect.encoding
    rows = []
    for i, text in enumerate(block.decode(codec, errors="replace").split("\n")[:-1]):
        text = text.removesuffix("\r")
        if not text.strip():
            if dialect.has_blank_lines:
                continue
            raise RecordError(
                f"{path.name}, row {line + i}: the line is blank in the middle of the data, wanted "
                f"{dialect.n_columns} numbers: delete the line or split the record there."
            )
        rows.append(_walk_line(path, dialect, line + i, text))
    return np.array(rows, dtype=float).reshape(-1, dialect.n_columns)


def _walk_line(path: Path, dialect: Dialect, line: int, text: str) -> list[float]:
    cells = split_line(text, dialect)
    if dialect.has_trailing_delimiter and len(cells) == dialect.n_columns + 1:
        if not cells[-1].strip():
            cells.pop()
    values = []
    for j, cell in enumerate(cells[: dialect.n_columns]):
        plain = cell.strip(" \t") if dialect.is_padded else cell
        if not is_number(plain, dialect.decimal):
            _refuse_cell(path, dialect, line, j, cell, cells)
        value = to_float(plain, dialect.decimal)
        if not abs(value) <= MAX_MAGNITUDE:
            _refuse_size(path, dialect, line, j, cell)
        values.append(value)
    if len(cells) != dialect.n_columns:
        _refuse_length(path, dialect, line, cells)
    return values


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
    plain = cell.strip()
    if len(cell.encode("utf-8", "replace")) > csvscan.MAX_CELL_BYTES:
        raise RecordError(
            f"{where}: the cell {_shown(cell)} has {len(cell)} characters, the limit is 64 KiB: "
            f"check that this is the right file."
        )
    repeated = [split.strip() for split in cells]
    if all(any(name and name in text for text in repeated) for name in dialect.names):
        raise RecordError(
            f"{where}: {_shown(cell)} repeats the header in the middle of the data, wanted a "
            f"number: split the file there, each part is a record of its own."
        )
    raise RecordError(f"{where}: {_shown(cell)} {_reason(cell, plain, dialect)}.")


def _reason(cell: str, plain: str, dialect: Dialect) -> str:
    """What is wrong with a cell, what was wanted and what to do."""
    comma = dialect.decimal == ","
    wanted = "wanted a plain number such as " + ("-1,25" if comma else "-1.25")
    if plain == "":
        return (
            f"is a missing value, {wanted}: fill the cell, delete the row, or choose in the "
            f"import dialog how missing values are bridged"
        )
    if "\0" in cell:
        return f"holds a zero byte (NUL), {wanted}: the file is damaged, export it again"
    if is_number(plain, dialect.decimal):
        return f"has a space beside the number, {wanted}: delete the space"
    if plain.startswith('"') or plain.count('"') % 2:
        return f"has a quotation mark that is never closed, {wanted}: delete the mark"
    if plain.lower().lstrip("+-") in ("nan", "inf", "infinity", "na", "n/a", "null", "none", ""):
        return (
            f"is not a finite number, {wanted}: correct the cell, delete the row, or choose in "
            f"the import dialog how missing values are bridged"
        )
    other = "." if comma else ","
    if is_number(plain.replace(other, "").replace("_", "").replace("'", ""), dialect.decimal):
        return f"has a separator of thousands, {wanted}: export without such separators"
    return f"is not a number, {wanted}: correct that cell or delete the row"


def _to_record(path: Path, name: str, dialect: Dialect, table: _Table) -> FlightRecord:
    n_samples = len(table.values)
    if n_samples < MIN_SAMPLES:
        raise RecordError(
            f"{path.name}: the table has {n_samples} row{'' if n_samples == 1 else 's'} of data, "
            f"wanted at least {MIN_SAMPLES}: export the whole manoeuvre."
        )
    column = dialect.time_columns[0]
    time = _time_in_seconds(path, dialect, table.values[:, column])
    kept = [
        i for i in range(dialect.n_columns)
        if i not in dialect.time_columns and i not in dialect.ignored
    ]  # fmt: skip
    channels = tuple(Channel.of(dialect.names[i], dialect.units[i] or "-") for i in kept)
    values = table.values[:, kept]
    for j, channel in enumerate(channels):
        unit = find_unit(channel.unit)
        if unit is not None:
            values[:, j] = unit.to_si(values[:, j])
    source = Source(path.name, table.sha256, str(path))
    return FlightRecord(name, time, values, channels, source, history=_history(dialect))


def _history(dialect: Dialect) -> tuple[StepDone, ...]:
    return ()


def _time_in_seconds(path: Path, dialect: Dialect, raw: np.ndarray) -> np.ndarray:
    """The time axis in s, strictly increasing; refuses with the row otherwise."""
    column = dialect.time_columns[0]
    name = dialect.names[column]
    text = dialect.time_unit or dialect.units[column]
    unit = find_unit(text) if text else None
    if text and (unit is None or unit.si != "s"):
        raise RecordError(
            f"{path.name}, row {dialect.header_line}, column '{name}': the unit '{text}' is not a "
            f"unit of time, wanted s, ms or us: name the time column and its unit, 'time [s]'."
        )
    steps = np.diff(raw)
    bad = np.flatnonzero(~(steps > 0.0))
    if len(bad):
        i = int(bad[0]) + 1
        what = "repeats" if raw[i] == raw[i - 1] else "goes back behind"
        raise RecordError(
            f"{path.name}, row {dialect.first_data_line + i}, column '{name}': the time {raw[i]:g} "
            f"{what} the {raw[i - 1]:g} of the row before, wanted an increasing time: "
            f"delete that row or split the record there."
        )
    if unit is None and np.median(steps) >= 2.0:
        raise RecordError(
            f"{path.name}, row {dialect.header_line}, column '{name}': the step of "
            f"{np.median(steps):g} has no unit, wanted one of s, ms, us: "
            f"write the unit into the header, for example '{name} [ms]'."
        )
    return unit.to_si(raw) if unit is not None else raw
