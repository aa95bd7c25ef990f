"""The grammar of text tables: the ``Dialect`` value, what a number is, how a line splits."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, fields
from typing import Any

from heliid.errors import RecordError

DELIMITERS = (",", ";", "\t", "|", " ")  # " " stands for runs of spaces and tabs
DECIMALS = (".", ",")
TIME_FORMATS = ("number", "datetime", "clock", "date+clock", "gps", "step")
MISSING_POLICIES = ("refuse", "interpolate", "hold", "drop")
MISSING_MARKS = (
    "", "nan", "NaN", "NAN", "-nan", "na", "NA", "n/a", "N/A", "#N/A", "null", "NULL", "none",
    "None", "-", "--", "---", "*", "?", "missing",
)  # fmt: skip

_NUMBER = {
    ".": re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"),
    ",": re.compile(r"[+-]?(?:[0-9]+,?[0-9]*|,[0-9]+)(?:[eE][+-]?[0-9]+)?"),
}

_KINDS: dict[str, type | tuple[type, ...]] = {
    "str": str, "int": int, "bool": bool, "float": (float, int),
    "tuple[str, ...]": tuple, "tuple[int, ...]": tuple,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dialect:
    """Everything the reader must be told about a text table; lines count from 1, columns from 0.

    ``names`` and ``units`` cover every column of the file, the time columns included; an empty
    unit means that none is written. ``time_format`` is one of ``TIME_FORMATS``; ``"step"`` needs
    no time column but ``time_step`` (s). ``missing`` are cell texts that stand for no value;
    what happens to them is ``missing_policy``: refused unless the user chose otherwise.
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
    time_step: float = 0.0  # s, for the format "step"
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
        unknown = sorted(set(data) - {item.name for item in fields(cls)})
        if unknown:
            raise RecordError(
                f"The import profile has the unknown setting '{unknown[0]}': "
                f"delete the profile and import the file again."
            )
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        for item in fields(cls):
            if item.name in values and not isinstance(values[item.name], _KINDS[str(item.type)]):
                raise RecordError(
                    f"The import profile has '{values[item.name]}' as {item.name}: "
                    f"delete the profile and import the file again."
                )
        return cls(**values)

    @property
    def n_columns(self) -> int:
        """Columns of the file, time and ignored ones included."""
        return len(self.names)

    @property
    def has_text_time(self) -> bool:
        """True when the time is written as date or time of day, not as a number."""
        return self.time_format in ("datetime", "clock", "date+clock")

    @property
    def text_columns(self) -> tuple[int, ...]:
        """Columns whose cells are not read as plain numbers: text times and ignored ones."""
        text = self.time_columns if self.has_text_time else ()
        return tuple(sorted({*text, *self.ignored}))

    @property
    def kept_columns(self) -> tuple[int, ...]:
        """Columns that become channels."""
        left_out = {*self.time_columns, *self.ignored}
        return tuple(i for i in range(self.n_columns) if i not in left_out)

    @property
    def accepts_missing(self) -> bool:
        """True when the user chose how missing values are bridged."""
        return self.missing_policy != "refuse"

    @property
    def missing_marks(self) -> frozenset[str]:
        """The cell texts that count as missing once a policy is chosen."""
        return frozenset((*MISSING_MARKS, *self.missing))


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


def is_comment(line: str, dialect: Dialect) -> bool:
    """True for a whole line of comment; a row of numbers whose first cell is ``#N/A`` is none."""
    text = line.lstrip()
    if not dialect.comment or not text.startswith(dialect.comment):
        return False
    first, *others = split_line(text, dialect)
    if is_number(first.removeprefix(dialect.comment).strip(), dialect.decimal):
        return True  # a row that somebody commented out
    n_numbers = sum(is_number(cell.strip(), dialect.decimal) for cell in others)
    return n_numbers == 0 or n_numbers < len(others) / 2
