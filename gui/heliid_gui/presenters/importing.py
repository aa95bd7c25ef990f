"""Import with options, without Qt: a dialect that the user changes, a live preview, a profile."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from heliid.channels import Role, find_kind
from heliid.data.record import FlightRecord
from heliid.data.tabletext import Dialect
from heliid.errors import HeliIDError, RecordError
from heliid_gui.loading import TABLES, elsewhere, read_records
from heliid_gui.presenters.setup import Setup, with_role

if TYPE_CHECKING:
    from heliid.data.dialect import Preview
    from heliid.data.profiles import ImportProfile
    from heliid.data.suggest import Suggestion

ENCODINGS = ("utf-8", "cp1252", "latin-1", "utf-16-le", "utf-16-be", "cp437", "mac-roman")
DELIMITERS = {",": "comma  ,", ";": "semicolon  ;", "\t": "tab", "|": "bar  |", " ": "spaces"}
DECIMALS = {".": "point  .", ",": "comma  ,"}
TIME_FORMATS = {
    "number": "a number", "datetime": "date and time", "clock": "time of day",
    "date+clock": "date, then time of day", "gps": "GPS week, then seconds", "step": "no column",
}  # fmt: skip
POLICIES = {
    "refuse": "refuse them", "interpolate": "straight line between neighbours",
    "hold": "the value before", "drop": "leave out the row",
}  # fmt: skip
TWO_COLUMNS = ("date+clock", "gps")


@dataclass(frozen=True, slots=True)
class Column:
    """One column as the dialog shows it."""

    index: int
    name: str  # in the file
    channel: str  # in HeliID
    unit: str
    sign: int
    role: str  # input, output, ignored (not in the model), time, or left out
    problem: str = ""


@dataclass(frozen=True)
class Import:
    """What the user has said so far about one file."""

    path: Path
    detected: Dialect
    dialect: Dialect  # names and units as in the file
    channels: dict[int, str] = field(default_factory=dict)  # column to name in HeliID
    units: dict[int, str] = field(default_factory=dict)
    signs: dict[int, int] = field(default_factory=dict)
    roles: dict[int, str] = field(default_factory=dict)
    has_profile: bool = False
    problem: str = ""  # the file shows no table at all

    def final(self) -> Dialect:
        """The dialect with the user's names and units."""
        names, units = list(self.dialect.names), list(self.dialect.units)
        for index, name in self.channels.items():
            if index < len(names) and name:
                names[index] = name
        for index, unit in self.units.items():
            if index < len(units):
                units[index] = unit
        return replace(self.dialect, names=tuple(names), units=tuple(units))


def begin(path: Path, folder: Path | None = None) -> Import:
    """What the file shows, with the profile remembered for its header."""
    from heliid.data.dialect import detect
    from heliid.data.profiles import find_profile

    try:
        detected = detect(path)
    except HeliIDError as error:
        return Import(path, Dialect(), Dialect(), problem=str(error))
    made = Import(path, detected, detected)
    profile = find_profile(detected, folder)
    return made if profile is None else _with_profile(made, profile)


def _with_profile(made: Import, profile: ImportProfile) -> Import:
    """The remembered choices; encoding and line ends are this file's own."""
    now = made.detected
    dialect = replace(
        profile.dialect, encoding=now.encoding, bom=now.bom, newline=now.newline,
        names=now.names, units=now.units,
    )  # fmt: skip
    places = {name: index for index, name in enumerate(now.names)}
    known = [(places[c.column], c) for c in profile.columns if c.column in places]
    return replace(
        made,
        dialect=dialect,
        channels={k: c.channel for k, c in known if c.channel},
        units={k: c.unit for k, c in known if c.unit},
        signs={k: c.sign for k, c in known if c.sign != 1},
        roles={k: c.role for k, c in known if c.role != "ignored"},
        has_profile=True,
    )


def columns(made: Import) -> tuple[Column, ...]:
    """The columns of the file with what becomes of them."""
    final = made.final()
    used: dict[str, int] = {}
    rows = []
    for index, name in enumerate(made.dialect.names):
        channel = final.names[index]
        problem = ""
        if not channel.strip():
            problem = "needs a name"
        elif channel in used:
            problem = f"has the name of column {used[channel] + 1}"
        used.setdefault(channel, index)
        role = "time" if index in final.time_columns and final.time_format != "step" else ""
        role = role or ("left out" if index in final.ignored else made.roles.get(index, ""))
        kind = find_kind(channel)
        role = role or str(kind.usual_role if kind else Role.IGNORED)
        rows.append(
            Column(index, name, channel, final.units[index], made.signs.get(index, 1), role,
                   problem if role != "left out" else "")
        )  # fmt: skip
    return tuple(rows)


def show(made: Import) -> Preview:
    """The first 50 rows as they are split now, bad cells marked."""
    from heliid.data.dialect import Preview, preview

    if made.problem and not made.dialect.names:
        return Preview(made.dialect, problem=made.problem)
    return preview(made.path, made.final())


LOOKED_AT = 1500  # rows that a suggestion looks at


def suggestions(made: Import) -> dict[int, Suggestion]:
    """A catalogue channel for columns whose name is not in the catalogue, by column, with why."""
    from heliid.data.dialect import preview
    from heliid.data.suggest import suggest

    final = made.final()
    if not final.names or made.problem:
        return {}
    rows = preview(made.path, final, LOOKED_AT).rows
    values = np.full((len(rows), final.n_columns), np.nan)
    for k, cells in enumerate(rows):
        for j, cell in enumerate(cells[: final.n_columns]):
            values[k, j] = _number(cell, final.decimal)
    step = _step_of(final, values)
    found = suggest(final.names, final.units, values, step)
    skipped = {*final.time_columns, *final.ignored}
    return {k: one for k, one in found.items() if k not in skipped}


def _number(cell: str, decimal: str) -> float:
    try:
        return float(cell.strip().replace(decimal, "."))
    except ValueError:
        return float("nan")


def _step_of(dialect: Dialect, values: np.ndarray) -> float:
    """The sample time, s; 0 when the time is no plain number."""
    from heliid.units import find_unit

    if dialect.time_format == "step":
        return dialect.time_step
    if dialect.time_format != "number" or len(values) < 2:
        return 0.0
    column = dialect.time_columns[0]
    unit = find_unit(dialect.time_unit or dialect.units[column] or "s")
    step = float(np.median(np.diff(values[:, column])))
    return step * unit.factor if unit is not None and step > 0.0 else 0.0


def with_suggestions(made: Import, found: dict[int, Suggestion]) -> Import:
    """With the suggested names, which a profile then remembers."""
    return replace(made, channels={**made.channels, **{k: s.symbol for k, s in found.items()}})


# ---- changes ---------------------------------------------------------------------------------


def with_format(made: Import, **changes: object) -> Import:
    """Another encoding, delimiter, decimal sign, header or unit line: the header is read anew."""
    dialect = replace(made.dialect, **changes)  # type: ignore[arg-type]
    if "first_data_line" not in changes and ("header_line" in changes or "unit_line" in changes):
        first = max(dialect.header_line, dialect.unit_line) + 1
        dialect = replace(dialect, first_data_line=first)
    dialect = _with_header(made.path, dialect)
    return replace(made, dialect=dialect, channels={}, units={}, signs={}, roles={})


def _with_header(path: Path, dialect: Dialect) -> Dialect:
    """Names and units from the header and unit lines as they are split now."""
    from heliid.data.header import split_header, unit_of_cell
    from heliid.data.tabletext import split_line

    lines = _head_lines(path, dialect)

    def cells(number: int) -> list[str]:
        if not 1 <= number <= len(lines):
            return []
        text = lines[number - 1].lstrip().removeprefix(dialect.comment or "\0").strip()
        return [cell.strip() for cell in split_line(text, dialect)]

    header = cells(dialect.header_line)
    if not header:
        header = [f"column_{k + 1}" for k in range(len(cells(dialect.first_data_line)))]
    width = len(header) - (1 if dialect.has_trailing_delimiter and not header[-1] else 0)
    below = cells(dialect.unit_line) if dialect.unit_line else []
    names, units = [], []
    for index, cell in enumerate(header[:width]):
        name, unit = split_header(cell)
        if index < len(below) and below[index]:
            name, unit = cell, unit_of_cell(below[index])
        names.append(name)
        units.append(unit)
    time_columns = tuple(k for k in dialect.time_columns if k < len(names)) or (0,)
    ignored = tuple(k for k in dialect.ignored if k < len(names))
    return replace(
        dialect, names=tuple(names), units=tuple(units), time_columns=time_columns, ignored=ignored
    )


def _head_lines(path: Path, dialect: Dialect) -> list[str]:
    from heliid.data.csvscan import read_head

    try:
        body = read_head(path)[dialect.bom :]
        text = body.decode(dialect.encoding, errors="replace")
    except (OSError, LookupError, RecordError):
        return []
    return [line.rstrip("\r\n") for line in text.split(dialect.newline[-1])]


def with_time(
    made: Import, *, column: int | None = None, kind: str | None = None, unit: str | None = None,
    step: float | None = None,
) -> Import:  # fmt: skip
    """Which column is the time and how it is written."""
    dialect = made.dialect
    kind = kind or dialect.time_format
    first = dialect.time_columns[0] if column is None and dialect.time_columns else (column or 0)
    places: tuple[int, ...] = (first,)
    if kind in TWO_COLUMNS:
        places = (first, min(first + 1, max(dialect.n_columns - 1, 0)))
    elif kind == "step":
        places = ()
    dialect = replace(
        dialect,
        time_format=kind,
        time_columns=places,
        time_unit=dialect.time_unit if unit is None else unit,
        time_step=dialect.time_step if step is None else step,
        ignored=tuple(k for k in dialect.ignored if k not in places),
    )
    return replace(made, dialect=dialect)


def with_missing(made: Import, policy: str, marks: tuple[str, ...]) -> Import:
    """What stands for no value and what happens to it."""
    return replace(made, dialect=replace(made.dialect, missing=marks, missing_policy=policy))


def with_column(made: Import, index: int, **changes: object) -> Import:
    """Another name, unit, sign or role of one column."""
    if "channel" in changes:
        made = replace(made, channels={**made.channels, index: str(changes["channel"])})
    if "unit" in changes:
        made = replace(made, units={**made.units, index: str(changes["unit"])})
    if "sign" in changes:
        made = replace(made, signs={**made.signs, index: int(str(changes["sign"]))})
    if "role" in changes:
        role = str(changes["role"])
        if role == "time":
            return with_time(made, column=index)
        ignored = set(made.dialect.ignored) - {index}
        if role == "left out":
            ignored.add(index)
        else:
            made = replace(made, roles={**made.roles, index: role})
        made = replace(made, dialect=replace(made.dialect, ignored=tuple(sorted(ignored))))
    return made


# ---- the end ---------------------------------------------------------------------------------


def read(made: Import) -> FlightRecord:
    """The record, read as the user said.

    Raises
    ------
    HeliIDError
        The first thing that is wrong, with row and column.
    """
    from heliid.data.conditioning import Scale, apply
    from heliid.data.csvfile import read_csv

    if made.problem and not made.dialect.names:
        raise RecordError(made.problem)
    final = made.final()
    record = read_csv(made.path, dialect=final)
    turned = [final.names[k] for k, sign in made.signs.items() if sign < 0]
    return apply(record, [Scale(name, -1.0) for name in turned if name in record.names])


def remember(made: Import, folder: Path | None = None) -> None:
    """Keep the answer for the next file with this header."""
    from heliid.data.profiles import ColumnChoice, ImportProfile, header_signature, save_profile

    final = made.final()
    choices = tuple(
        ColumnChoice(
            made.dialect.names[one.index],
            one.channel if one.channel != made.dialect.names[one.index] else "",
            one.unit if one.unit != made.dialect.units[one.index] else "",
            one.sign,
            made.roles.get(one.index, "ignored"),
        )
        for one in columns(made)
    )
    signature = header_signature(made.detected) if made.detected.names else None
    save_profile(ImportProfile(final, choices), folder, signature)


def roles(made: Import) -> dict[str, str]:
    """Channel to role for those the user gave one."""
    names = made.final().names
    return {names[k]: role for k, role in made.roles.items() if k < len(names)}


def with_roles(setup: Setup, wanted: dict[str, str]) -> Setup:
    """The set-up with these roles, where its records have the channels."""
    for name, role in wanted.items():
        now = "input" if name in setup.inputs else "output" if name in setup.outputs else "ignored"
        if role != now:
            setup = with_role(setup, name, Role(role))
    return setup


Problem = tuple[str, str]  # sentence, details


def read_all(
    paths: Iterable[Path], folder: Path | None = None
) -> tuple[list[FlightRecord], list[Problem], list[tuple[Path, str]]]:
    """Every record that can be read; problems; and text tables to ask about, with the reason.

    A file whose header has a remembered profile is read by it. Tables are read by the helper
    process where there is one; other formats always are, within limits.
    """
    records: list[FlightRecord] = []
    problems: list[Problem] = []
    to_ask: list[tuple[Path, str]] = []
    for path in paths:
        if not _may_be_table(path):
            found, wrong = read_records([path])
            records += found
            problems += wrong
            continue
        try:
            record, sentence, has_table = elsewhere(f"{__name__}:read_table", path, folder)
        except Exception as error:  # one bad file must not keep the others out
            problems.append((f"{path.name}: {error}", traceback.format_exc()))
            continue
        if record is not None:
            records.append(record)
        elif has_table:
            to_ask.append((path, sentence))
        else:
            problems.append((sentence, ""))
    return records, problems, to_ask


def read_table(path: Path, folder: Path | None) -> tuple[FlightRecord | None, str, bool]:
    """The record, or why there is none and whether the dialog has a table to show."""
    from heliid.data.csvfile import CsvReader, read_csv
    from heliid.data.readers import reader_for

    try:
        reader = reader_for(path)
        made = begin(path, folder)
        if made.has_profile:
            record = read(made)
        elif made.problem or not isinstance(reader, CsvReader):
            record = reader.read(path)
        else:
            record = read_csv(path, dialect=made.detected)
        _ = record.dt, record.is_uniform  # worked out once, here, and not while the window waits
    except HeliIDError as error:
        return None, str(error), _is_table(path)
    return record, "", False


def _may_be_table(path: Path) -> bool:
    return path.suffix.lower() in (*TABLES, ".txt")


def _is_table(path: Path) -> bool:
    """True when the dialog has something to show: a table was found, only its content is wrong."""
    made = begin(path)
    return bool(made.dialect.names) and bool(show(made).rows)
