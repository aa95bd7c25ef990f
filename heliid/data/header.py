"""Column headers: a name and a unit out of ``q [deg/s]``, ``q (deg/s)`` or ``q_degs``."""

from __future__ import annotations

import re

from heliid.units import find_unit

_BRACKETED = re.compile(r"^(?P<name>.*?)\s*[\[(](?P<unit>[^\[\]()]*)[\])]\s*$")

# Only endings that can hardly be part of a name: `stick_in` or `gain_s` must stay whole.
_ENDINGS: dict[str, str] = {
    "deg": "deg", "rad": "rad", "degs": "deg/s", "deg_s": "deg/s", "degps": "deg/s",
    "deg_per_s": "deg/s", "dps": "deg/s", "rads": "rad/s", "rad_s": "rad/s", "radps": "rad/s",
    "rad_per_s": "rad/s", "degs2": "deg/s^2", "deg_s2": "deg/s^2", "rads2": "rad/s^2",
    "rad_s2": "rad/s^2", "kt": "kt", "kts": "kt", "ft": "ft", "fps": "ft/s", "ft_s": "ft/s",
    "ftps": "ft/s", "fpm": "ft/min", "mps": "m/s", "m_s": "m/s", "m_per_s": "m/s",
    "mps2": "m/s^2", "m_s2": "m/s^2", "ms2": "m/s^2", "fps2": "ft/s^2", "ft_s2": "ft/s^2",
    "pct": "%", "percent": "%", "kmh": "km/h", "hpa": "hPa", "degc": "degC", "rpm": "rpm",
}  # fmt: skip
_TIME_ENDINGS: dict[str, str] = {
    "s": "s", "sec": "s", "ms": "ms", "us": "us", "ns": "ns", "min": "min", "h": "h",
}  # fmt: skip
_TIME_NAMES = frozenset({
    "t", "time", "zeit", "temps", "tiempo", "tempo", "timestamp", "time_stamp", "timestamps",
    "elapsed", "elapsed_time", "elapsedtime", "seconds", "sec", "secs", "utc", "gpstime",
    "gps_time", "timeus", "datetime", "date_time", "zeitstempel", "sample_time", "simtime",
    "sim_time", "test_time", "rel_time", "reltime", "clock", "uhrzeit", "irig",
})  # fmt: skip


def split_header(cell: str) -> tuple[str, str]:
    """Name and unit text of one header cell; the unit is "" when none is written."""
    text = cell.strip()
    found = _BRACKETED.match(text)
    if found and found["name"]:
        return found["name"].strip(), found["unit"].strip()
    lowered = text.lower()
    stem_end = _stem_length(lowered, _ENDINGS)
    if stem_end:
        return text[:stem_end], _ENDINGS[lowered[stem_end + 1 :]]
    stem_end = _stem_length(lowered, _TIME_ENDINGS)
    if stem_end and lowered[:stem_end] in _TIME_NAMES:
        return text[:stem_end], _TIME_ENDINGS[lowered[stem_end + 1 :]]
    return text, ""


def _stem_length(lowered: str, endings: dict[str, str]) -> int:
    """Length of the name before the longest known ``_ending``; 0 when there is none."""
    for place, letter in enumerate(lowered):
        if letter == "_" and place > 0 and lowered[place + 1 :] in endings:
            return place
    return 0


def is_time_name(name: str) -> bool:
    """True when a column of this plain name is usually the time axis."""
    return name.strip().lower().replace(" ", "_").replace("-", "_") in _TIME_NAMES


def looks_like_unit(cell: str) -> bool:
    """True for what stands in a unit row: ``[deg]``, ``(m/s)``, ``kt``, ``-``; not for empty."""
    text = cell.strip()
    if len(text) >= 2 and text[0] + text[-1] in ("[]", "()"):
        return True
    return bool(text) and find_unit(text) is not None


def unit_of_cell(cell: str) -> str:
    """The unit text of a cell of a unit row, without brackets."""
    text = cell.strip()
    if len(text) >= 2 and text[0] + text[-1] in ("[]", "()"):
        return text[1:-1].strip()
    return text
