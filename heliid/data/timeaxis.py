"""Time columns: numbers with a unit, dates, times of day, GPS weeks; out come seconds."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date

import numpy as np

DAY = 86400.0
TimeParser = Callable[[str], "float | None"]
GPS_WEEK = 7 * DAY
FAR_ORIGIN = 1e6  # s; a time axis that starts later counts from its first sample instead

_DATE = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})|(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4}|\d{2})"
)
_CLOCK = re.compile(
    r"(?:(\d{1,3})[:/])?(\d{1,2}):(\d{2}):(\d{2})(?:[.,:](\d{1,9}))?\s*(AM|PM|am|pm)?\s*"
    r"(Z|UTC|[+-]\d\d:?\d\d)?"
)
_MINUTES = re.compile(r"(\d{1,3}):(\d{2})(?:[.,](\d{1,9}))?")


def is_date(cell: str) -> bool:
    """True for a calendar date alone."""
    return _DATE.fullmatch(cell) is not None


def is_clock(cell: str) -> bool:
    """True for a time of day (``12:34:56.789``), or minutes and seconds (``12:34.5``)."""
    return bool(_CLOCK.fullmatch(cell) or _MINUTES.fullmatch(cell))


def is_datetime(cell: str) -> bool:
    """True for a date and a time of day in one cell."""
    parts = _split_datetime(cell)
    return len(parts) == 2 and is_date(parts[0]) and bool(_CLOCK.fullmatch(_complete(parts[1])))


def looks_like_time(cell: str) -> bool:
    """True for any text form of a time."""
    return is_date(cell) or is_clock(cell) or is_datetime(cell)


def _split_datetime(cell: str) -> list[str]:
    return re.split(r"[T ]+", cell.strip(), maxsplit=1)


def _complete(clock: str) -> str:
    """``12:34`` becomes ``12:34:00``, so that short ISO times are read too."""
    return clock + ":00" if re.fullmatch(r"\d{1,2}:\d{2}", clock) else clock


def clock_seconds(cell: str) -> float | None:
    """Seconds since midnight UTC (or of the day count), or None when the cell is no time of day."""
    found = _CLOCK.fullmatch(cell)
    if found is None:
        short = _MINUTES.fullmatch(cell)
        if short is None or int(short[2]) > 59:
            return None
        return 60.0 * int(short[1]) + int(short[2]) + _fraction(short[3])
    days, hours, minutes, seconds = (int(found[i] or 0) for i in range(1, 5))
    if hours > 23 or minutes > 59 or seconds > 60:
        return None
    if found[6]:
        hours = hours % 12 + (12 if found[6].lower() == "pm" else 0)
    return (
        days * DAY + 3600.0 * hours + 60.0 * minutes + (seconds + _fraction(found[5]))
        - _zone_seconds(found[7])
    )  # fmt: skip


def _fraction(digits: str | None) -> float:
    return float(f"0.{digits}") if digits else 0.0


def _zone_seconds(zone: str | None) -> float:
    if not zone or zone in ("Z", "UTC"):
        return 0.0
    sign = -1.0 if zone[0] == "-" else 1.0
    digits = zone[1:].replace(":", "")
    return sign * (3600.0 * int(digits[:2]) + 60.0 * int(digits[2:]))


def date_days(cell: str, *, day_first: bool = True) -> int | None:
    """Days since the year 1, or None when the cell is no date of the calendar."""
    found = _DATE.fullmatch(cell)
    if found is None:
        return None
    if found[1]:
        year, month, day = int(found[1]), int(found[2]), int(found[3])
    else:
        year = int(found[7]) + (2000 if len(found[7]) == 2 else 0)
        first, second = int(found[4]), int(found[6])
        # a point is written in countries that put the day first; a slash may be either
        is_day_first = found[5] == "." or day_first
        day, month = (first, second) if is_day_first else (second, first)
        if month > 12:
            day, month = month, day
    try:
        return date(year, month, day).toordinal()
    except ValueError:
        return None


def parser_for(time_format: str) -> TimeParser:
    """A function from cell text to seconds (from an arbitrary day), None for a bad cell.

    The dates of one file go through a small cache: most cells share one day.
    """
    days: dict[str, int | None] = {}
    first_day: list[int] = []

    def from_datetime(cell: str) -> float | None:
        parts = _split_datetime(cell)
        if len(parts) != 2:
            return None
        day = days[parts[0]] if parts[0] in days else days.setdefault(parts[0], date_days(parts[0]))
        clock = clock_seconds(_complete(parts[1]))
        if day is None or clock is None:
            return None
        if not first_day:
            first_day.append(day)
        return (day - first_day[0]) * DAY + clock

    return clock_seconds if time_format == "clock" else from_datetime


def over_midnight(seconds: np.ndarray) -> np.ndarray:
    """(N,) seconds of day made continuous: a fall of more than half a day starts the next day."""
    falls = np.diff(seconds) < -0.5 * DAY
    return seconds + DAY * np.concatenate([[0.0], np.cumsum(falls)])


def gps_seconds(week: np.ndarray, seconds_of_week: np.ndarray) -> np.ndarray:
    """(N,) s since the start of the first sample's GPS week."""
    return (week - week[0]) * GPS_WEEK + seconds_of_week


def column_kind(cells: Sequence[str]) -> str:
    """What the non-empty cells of a column are: number, date, clock, datetime, text or empty."""
    used = [cell.strip() for cell in cells if cell.strip()]
    for kind, test in (("date", is_date), ("clock", is_clock), ("datetime", is_datetime)):
        if used and sum(test(cell) for cell in used) >= 0.9 * len(used):
            return kind
    return "text" if used else "empty"
