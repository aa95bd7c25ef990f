"""Reading flight records from text tables: strict, fast, and exact about what is wrong."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from heliid.data import csvscan
from heliid.data.csvwalk import MAX_MAGNITUDE, block_lines, walk_block
from heliid.data.dialect import detect
from heliid.data.record import Channel, FlightRecord, Source, StepDone
from heliid.data.tabletext import Dialect
from heliid.data.timeaxis import FAR_ORIGIN, TimeParser, gps_seconds, over_midnight, parser_for
from heliid.errors import RecordError
from heliid.units import find_unit

MIN_SAMPLES = 16
_SMALL_BLOCK = 64 * 1024  # bytes; a bad block is halved down to this before it is walked
_UNSTATED_STEP = 2.0  # a time column without unit and with larger steps is hardly in seconds


def read_csv(
    path: Path | str, *, name: str | None = None, dialect: Dialect | None = None
) -> FlightRecord:
    """The record in a text table, in SI, with its own time axis.

    Without ``dialect`` it is detected. Nothing is repaired on the way: a cell that is not a
    plain number, a missing value, a row of another length or a time that does not increase
    is refused with its place. Missing values pass only with a ``dialect`` whose
    ``missing_policy`` says how to bridge them, and the history then says how many there were.

    Raises
    ------
    RecordError
        One sentence naming file, row (line of the file, from 1), column, value and remedy.
    """
    path = Path(path)
    csvscan.check_file(path)
    if dialect is None:
        dialect = detect(path)
    _check_columns(path, dialect)
    try:
        times, values, sha256 = _read_table(path, dialect)
    except OSError as reason:
        raise RecordError(
            f"{path.name}: reading stopped ({reason.strerror or reason}): "
            f"check the disk or the network and open the file again."
        ) from None
    return _to_record(path, name or path.stem, dialect, times, values, sha256)


class CsvReader:
    """The reader of text tables for the ``heliid.readers`` entry points."""

    name = "Text table (CSV)"
    suffixes = (".csv", ".txt", ".dat", ".asc", ".tsv", ".tab", ".prn")

    def sniff(self, path: Path) -> bool:
        """True when the ending is one of a text table."""
        return path.suffix.lower() in self.suffixes

    def list_channels(self, path: Path) -> tuple[Channel, ...]:
        """The channels in the file, without reading the samples."""
        found = detect(path)
        return tuple(Channel.of(found.names[i], found.units[i] or "-") for i in found.kept_columns)

    def read(self, path: Path, *, name: str | None = None) -> FlightRecord:
        """As ``read_csv``."""
        return read_csv(path, name=name)


def _check_columns(path: Path, dialect: Dialect) -> None:
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
    if not dialect.kept_columns:
        names = ", ".join(f"'{name}'" for name in dialect.names)
        raise RecordError(
            f"{where}: only {names or 'no column'} was found, wanted a time column and at least "
            f"one channel: check the separator of the columns."
        )


def _read_table(path: Path, dialect: Dialect) -> tuple[np.ndarray, np.ndarray, str]:
    """Raw times (N, n_time), channel values (N, n_kept) in file units, and the file's hash."""
    encoding = csvscan.Encoding(dialect.encoding, dialect.bom)
    found = csvscan.scan(path, encoding, dialect.newline)
    n_rows = max(found.n_line_ends + 2 - dialect.first_data_line, 0)
    if n_rows * dialect.n_columns > csvscan.MAX_CELLS:
        raise RecordError(
            f"{path.name}: the table has {n_rows * dialect.n_columns / 1e6:.0f} million cells, the "
            f"limit is {csvscan.MAX_CELLS / 1e6:.0f} million: split the file into manoeuvres."
        )
    columns, kept = list(dialect.time_columns), list(dialect.kept_columns)
    times, values = np.empty((n_rows, len(columns))), np.empty((n_rows, len(kept)))
    parse_time = parser_for(dialect.time_format)
    n = 0
    for line, block in _data_blocks(path, dialect, encoding):
        part = _parse_block(path, dialect, line, block, parse_time)
        if n + len(part) > n_rows:
            raise RecordError(f"{path.name}: the file changed while it was read: open it again.")
        times[n : n + len(part)] = part[:, columns]
        values[n : n + len(part)] = part[:, kept]
        n += len(part)
    return times[:n], values[:n], found.sha256


def _data_blocks(
    path: Path, dialect: Dialect, encoding: csvscan.Encoding
) -> Iterator[tuple[int, bytes]]:
    """First line number and bytes of blocks of data lines; blank lines at the end are gone."""
    line, to_skip = 1, dialect.first_data_line - 1
    blank = b""  # blank lines wait here until it is known whether the file ends with them
    for whole in csvscan.line_blocks(path, encoding, dialect.newline):
        n_lines = whole.count(b"\n")
        block = whole
        while to_skip and block:
            block = block[block.find(b"\n") + 1 :] if b"\n" in block else b""
            to_skip, n_lines, line = to_skip - 1, n_lines - 1, line + 1
        if not block.strip(b"\r\n \t\x1a"):
            blank += block
            continue
        body = block.rstrip(b"\r\n \t\x1a")
        end = block.find(b"\n", len(body)) + 1 or len(block)
        piece = blank + block[:end]
        yield line - blank.count(b"\n"), piece if piece.endswith(b"\n") else piece + b"\n"
        line += n_lines
        blank = block[end:]


def _parse_block(
    path: Path, dialect: Dialect, line: int, block: bytes, parse_time: TimeParser
) -> np.ndarray:
    """The numbers of one block, (n, n_columns): fast if all is well, else the place of the fault.

    A block that the fast parser refuses is halved until the fault is in a small one, so that
    the slow walk answers at once.
    """
    fast = _parse_fast(block, dialect, parse_time) if _is_plain(block, dialect) else None
    if fast is not None:
        return fast
    if len(block) > _SMALL_BLOCK:
        cut = block.find(b"\n", len(block) // 2) + 1
        if 0 < cut < len(block):
            first = _parse_block(path, dialect, line, block[:cut], parse_time)
            later = line + block.count(b"\n", 0, cut)
            second = _parse_block(path, dialect, later, block[cut:], parse_time)
            return np.concatenate([first, second])
    return walk_block(path, dialect, line, block, parse_time)


def _is_plain(block: bytes, dialect: Dialect) -> bool:
    """False when the block holds bytes that pandas would quietly accept or stumble over."""
    if b"\0" in block or (not dialect.is_quoted and b'"' in block):
        return False
    if dialect.is_padded or dialect.has_text_time or dialect.ignored:
        return True
    return b" " not in block and (dialect.delimiter == "\t" or b"\t" not in block)


def _parse_fast(block: bytes, dialect: Dialect, parse_time: TimeParser) -> np.ndarray | None:
    """The block through pandas' C parser, or None when anything at all is unusual."""
    import pandas as pd

    text_columns = [*dialect.text_columns]
    n_columns = dialect.n_columns + dialect.has_trailing_delimiter
    if dialect.has_trailing_delimiter:
        text_columns.append(n_columns - 1)
    n_rows = block.count(b"\n")
    if dialect.has_blank_lines:
        n_rows -= sum(not text.strip() for text in block.split(b"\n")[:-1])
    try:
        frame = pd.read_csv(io.BytesIO(block), **_pandas_options(dialect, n_columns, text_columns))
    except (ValueError, OverflowError):  # pandas' own errors are ValueErrors
        return None
    if frame.shape != (n_rows, n_columns):
        return None
    if dialect.accepts_missing and block.count(dialect.delimiter.encode()) != n_rows * (
        n_columns - 1
    ):
        return None  # a short row would be filled up as missing
    if dialect.has_trailing_delimiter and any(cell.strip() for cell in frame[n_columns - 1]):
        return None
    return _columns_of(frame, dialect, parse_time)


def _pandas_options(dialect: Dialect, n_columns: int, text_columns: list[int]) -> dict[str, Any]:
    import pandas as pd

    kinds: dict[int, Any] = dict.fromkeys(range(n_columns), "float64")
    kinds.update(dict.fromkeys(text_columns, object))
    options: dict[str, Any] = {
        "header": None,
        "dtype": kinds if text_columns else "float64",
        "engine": "c",
        "sep": r"\s+" if dialect.delimiter == " " else dialect.delimiter,
        "decimal": dialect.decimal,
        "quoting": 0 if dialect.is_quoted else 3,
        "na_filter": False,
        "keep_default_na": False,
        "skip_blank_lines": dialect.has_blank_lines,
        "skipinitialspace": dialect.is_padded,
        "encoding": "utf-8" if dialect.encoding.startswith("utf") else dialect.encoding,
        "encoding_errors": "replace",
        "low_memory": False,
    }
    if dialect.accepts_missing:
        numbers = set(range(n_columns)) - set(text_columns) - set(dialect.time_columns)
        marks = sorted(dialect.missing_marks)
        options |= {"na_filter": True, "na_values": dict.fromkeys(sorted(numbers), marks)}
    if tuple(int(part) for part in pd.__version__.split(".")[:2]) < (3, 1):
        options["float_precision"] = "round_trip"  # later versions are exact by default
    return options


def _columns_of(frame: Any, dialect: Dialect, parse_time: TimeParser) -> np.ndarray | None:
    """(n, n_columns) numbers of a parsed block, None when one is out of range or no time."""
    text_columns = dialect.text_columns
    if not text_columns and not dialect.has_trailing_delimiter:
        values = frame.to_numpy()
    else:
        values = np.zeros((len(frame), dialect.n_columns))
        numbers = [i for i in range(dialect.n_columns) if i not in text_columns]
        values[:, numbers] = frame[numbers].to_numpy(dtype=float)
    with np.errstate(invalid="ignore"):
        is_good = np.abs(values) <= MAX_MAGNITUDE
    if dialect.accepts_missing:
        is_good |= np.isnan(values)
    if not is_good.all():
        return None
    if dialect.has_text_time:
        cells = [frame[j] for j in dialect.time_columns]
        seconds = [parse_time(" ".join(c.strip() for c in row)) for row in zip(*cells, strict=True)]
        if None in seconds:
            return None
        values[:, dialect.time_columns[0]] = seconds
    return values


def _to_record(
    path: Path, name: str, dialect: Dialect, times: np.ndarray, values: np.ndarray, sha256: str
) -> FlightRecord:
    if len(values) < MIN_SAMPLES:
        raise RecordError(
            f"{path.name}: the table has {len(values)} row{'' if len(values) == 1 else 's'} of "
            f"data, wanted at least {MIN_SAMPLES}: export the whole manoeuvre."
        )
    time, history = _time_axis(path, dialect, times)
    if dialect.accepts_missing:
        time, values, done = _bridge_missing(path, dialect, time, values)
        history += done
    if dialect.ignored:
        left_out = [dialect.names[i] for i in dialect.ignored]
        history += (StepDone("columns left out", (("names", left_out),)),)
    channels = tuple(
        Channel.of(dialect.names[i], dialect.units[i] or "-") for i in dialect.kept_columns
    )
    for j, channel in enumerate(channels):
        unit = find_unit(channel.unit)
        if unit is not None and unit.symbol != unit.si:
            values[:, j] = unit.to_si(values[:, j])
    return FlightRecord(name, time, values, channels, Source(path.name, sha256, str(path)), history)


def _time_axis(
    path: Path, dialect: Dialect, times: np.ndarray
) -> tuple[np.ndarray, tuple[StepDone, ...]]:
    """The time axis in s, strictly increasing, and what was done to it."""
    if dialect.time_format == "step":
        return np.arange(len(times)) * dialect.time_step, (
            StepDone("time base", (("dt", dialect.time_step),)),
        )
    column = dialect.time_columns[0]
    if dialect.time_format == "number":
        raw = times[:, 0]
        factor = _time_factor(path, dialect, raw)
    elif dialect.time_format == "gps":
        unit = find_unit(dialect.time_unit or dialect.units[dialect.time_columns[1]] or "s")
        factor, raw = 1.0, gps_seconds(times[:, 0], times[:, 1] * (unit.factor if unit else 1.0))
    else:
        factor, raw = 1.0, times[:, 0]
        if dialect.time_format == "clock":
            raw = over_midnight(raw)
    bad = np.flatnonzero(~(np.diff(raw) > 0.0))
    if len(bad):
        _refuse_time_order(path, dialect, int(bad[0]) + 1, raw, column)
    is_far = abs(raw[0]) * factor > FAR_ORIGIN or dialect.time_format != "number"
    if not is_far:
        return raw * factor if factor != 1.0 else raw, ()
    start = StepDone("time origin", (("first_s", float(raw[0] * factor)),))
    return (raw - raw[0]) * factor, (start,)


def _time_factor(path: Path, dialect: Dialect, raw: np.ndarray) -> float:
    """Seconds per unit of the time column."""
    column = dialect.time_columns[0]
    where = f"{path.name}, row {dialect.header_line}, column '{dialect.names[column]}'"
    text = dialect.time_unit or dialect.units[column]
    if text:
        unit = find_unit(text)
        if unit is None or unit.si != "s":
            raise RecordError(
                f"{where}: the unit '{text}' is not a unit of time, wanted s, ms or us: "
                f"name the time column and its unit, for example 'time [s]'."
            )
        return unit.factor
    step = float(np.median(np.diff(raw)))
    if step >= _UNSTATED_STEP:
        raise RecordError(
            f"{where}: the time has steps of {step:g} and no unit, wanted one of s, ms, us: "
            f"write the unit into the header, for example '{dialect.names[column]} [ms]'."
        )
    return 1.0


def _refuse_time_order(
    path: Path, dialect: Dialect, sample: int, raw: np.ndarray, column: int
) -> None:
    line = _line_of_sample(path, dialect, sample)
    what = "repeats" if raw[sample] == raw[sample - 1] else "goes back behind"
    raise RecordError(
        f"{path.name}, row {line}, column '{dialect.names[column]}': the time {raw[sample]:.10g} "
        f"{what} the {raw[sample - 1]:.10g} of the row before, wanted an increasing time: "
        f"delete that row or split the record there."
    )


def _line_of_sample(path: Path, dialect: Dialect, sample: int) -> int:
    """The line of the file that holds this sample; only asked for when something is wrong."""
    encoding = csvscan.Encoding(dialect.encoding, dialect.bom)
    seen = 0
    for line, block in _data_blocks(path, dialect, encoding):
        for number, _ in block_lines(path, dialect, line, block):
            if seen == sample:
                return number
            seen += 1
    return dialect.first_data_line + sample


def _bridge_missing(
    path: Path, dialect: Dialect, time: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple[StepDone, ...]]:
    """Time and values without nan, by the dialect's policy; the history says how many cells."""
    is_missing = np.isnan(values)
    n_missing = int(is_missing.sum())
    if not n_missing:
        return time, values, ()
    policy = dialect.missing_policy
    if policy == "drop":
        rows = ~is_missing.any(axis=1)
        if rows.sum() < MIN_SAMPLES:
            raise RecordError(
                f"{path.name}: only {rows.sum()} rows have every value, wanted at least "
                f"{MIN_SAMPLES}: leave out the columns with missing values, or interpolate them."
            )
        time, values = time[rows], values[rows]
    else:
        _fill_columns(path, dialect, time, values, is_missing)
    done = StepDone("missing values", (("policy", policy), ("n_cells", n_missing)))
    return time, values, (done,)


def _fill_columns(
    path: Path, dialect: Dialect, time: np.ndarray, values: np.ndarray, is_missing: np.ndarray
) -> None:
    """Fill nan in place: straight lines between neighbours, or the value before; ends held."""
    for j in np.flatnonzero(is_missing.any(axis=0)):
        there = np.flatnonzero(~is_missing[:, j])
        if not len(there):
            raise RecordError(
                f"{path.name}, column '{dialect.names[dialect.kept_columns[j]]}': every value is "
                f"missing: leave the column out in the import dialog."
            )
        if dialect.missing_policy == "hold":
            latest = np.searchsorted(there, np.arange(len(time)), side="right") - 1
            values[:, j] = values[there[np.maximum(latest, 0)], j]
        else:
            values[:, j] = np.interp(time, time[there], values[there, j])
