"""Reading flight records from text tables: strict, fast, and exact about what is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from heliid.data import csvscan
from heliid.data.csvparse import check_order, read_table
from heliid.data.dialect import detect
from heliid.data.record import Channel, FlightRecord, Source, StepDone
from heliid.data.tabletext import Dialect
from heliid.data.timeaxis import FAR_ORIGIN, gps_seconds, over_midnight
from heliid.errors import RecordError
from heliid.units import find_unit

MIN_SAMPLES = 16
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
        times, values, sha256 = read_table(path, dialect)
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


def _to_record(
    path: Path, name: str, dialect: Dialect, times: np.ndarray, values: np.ndarray, sha256: str
) -> FlightRecord:
    """The record of a table in file units; ``values`` is changed in place and then frozen."""
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
    kept = dialect.kept_columns
    channels = tuple(Channel.of(dialect.names[i], dialect.units[i] or "-") for i in kept)
    _convert_to_si(values, channels)
    for array in (values.base, values):  # nobody else has it: the record need not copy
        if isinstance(array, np.ndarray):
            array.setflags(write=False)
    return FlightRecord(name, time, values, channels, Source(path.name, sha256, str(path)), history)


def _convert_to_si(values: np.ndarray, channels: tuple[Channel, ...]) -> None:
    """(N, n_channels) from file units to SI, in place; factor 1 leaves every bit alone."""
    units = [find_unit(channel.unit) for channel in channels]
    factors = np.array([1.0 if unit is None else unit.factor for unit in units])
    if np.any(factors != 1.0):
        values *= factors
    for j, unit in enumerate(units):
        if unit is not None and unit.offset != 0.0:
            values[:, j] += unit.offset


def _time_axis(
    path: Path, dialect: Dialect, times: np.ndarray
) -> tuple[np.ndarray, tuple[StepDone, ...]]:
    """The time axis in s, strictly increasing, and what was done to it."""
    if dialect.time_format == "step":
        step = StepDone("time base", (("dt", dialect.time_step),))
        return np.arange(len(times)) * dialect.time_step, (step,)
    factor, raw = 1.0, times[:, 0]
    if dialect.time_format == "number":
        factor = _time_factor(path, dialect, raw)
    elif dialect.time_format == "gps":
        unit = find_unit(dialect.time_unit or dialect.units[dialect.time_columns[1]] or "s")
        raw = gps_seconds(times[:, 0], times[:, 1] * (unit.factor if unit else 1.0))
    elif dialect.time_format == "clock":
        raw = over_midnight(raw)
    check_order(path, dialect, raw, 0)
    if dialect.time_format == "number" and abs(raw[0]) * factor <= FAR_ORIGIN:
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
