"""Which catalogue channel a column most likely is: by the words of its name, its unit, its numbers.

Names in the catalogue need no suggestion. Nothing here renames anything: the import dialog shows
what is suggested and why, and the user's answer is remembered with the header.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heliid.channels import find_kind
from heliid.units import find_unit

GRAVITY = 9.80665
_SAME = 0.9  # correlation of a derivative with a rate, above which the two belong together
_FEWEST = 40  # samples for a look at the numbers

# words of English, German, French and autopilots' logs, by what they say
_WORDS: dict[str, str] = {
    "pitch": "pitch", "nick": "pitch", "nicken": "pitch", "tangage": "pitch", "theta": "pitch",
    "roll": "roll", "rollen": "roll", "roulis": "roll", "bank": "roll", "phi": "roll",
    "haenge": "roll", "yaw": "yaw", "gier": "yaw", "gieren": "yaw", "lacet": "yaw",
    "heading": "yaw", "psi": "yaw", "azimuth": "yaw", "kurs": "yaw",
    "rate": "rate", "gyro": "rate", "gyr": "rate", "vitesse": "rate", "geschwindigkeit": "rate",
    "angle": "angle", "attitude": "angle", "att": "angle", "winkel": "angle", "lage": "angle",
    "acc": "acceleration", "accel": "acceleration", "acceleration": "acceleration",
    "beschleunigung": "acceleration", "nx": "x", "ny": "y", "nz": "z",
    "x": "x", "y": "y", "z": "z", "long": "lon", "longitudinal": "lon", "lon": "lon",
    "laengs": "lon", "lng": "lon", "lat": "lat", "lateral": "lat", "quer": "lat",
    "col": "col", "coll": "col", "collective": "col", "kollektiv": "col", "collectif": "col",
    "ped": "ped", "pedal": "ped", "pedals": "ped", "pedale": "ped", "rudder": "ped",
    "palonnier": "ped", "tail": "ped", "stick": "control", "cyclic": "control",
    "steuer": "control", "steuerung": "control", "knueppel": "control", "manche": "control",
    "control": "control", "input": "control", "servo": "control", "cmd": "control",
    "speed": "speed", "vel": "speed", "velocity": "speed",
}  # fmt: skip
_AXES: dict[str, dict[str, str]] = {
    "rad/s": {"roll": "p", "pitch": "q", "yaw": "r", "x": "p", "y": "q", "z": "r"},
    "rad": {"roll": "phi", "pitch": "theta", "yaw": "psi"},
    "m/s^2": {"x": "ax", "y": "ay", "z": "az"},
    "m/s": {"x": "u_body", "y": "v_body", "z": "w_body"},
}
_CONTROLS = {"lon": "delta_lon", "lat": "delta_lat", "col": "delta_col", "ped": "delta_ped"}
_BY_AXIS = {"pitch": "delta_lon", "roll": "delta_lat", "yaw": "delta_ped"}
_PAIRS = (("theta", "q"), ("phi", "p"), ("psi", "r"))


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A catalogue symbol for a column, and why."""

    symbol: str
    why: str


def suggest(
    names: Sequence[str], units: Sequence[str], values: np.ndarray, dt: float
) -> dict[int, Suggestion]:
    """Suggestions by column; ``values`` (N, n_columns) in file units (nan: no number), step s.

    A symbol is suggested once, and never when a column has that name already.
    """
    taken = {kind.symbol for name in names if (kind := find_kind(name)) is not None}
    free = [k for k, name in enumerate(names) if name.strip() and find_kind(name) is None]
    found: dict[int, Suggestion] = {}

    def take(column: int, symbol: str, why: str) -> None:
        if symbol and symbol not in taken and column not in found:
            taken.add(symbol)
            found[column] = Suggestion(symbol, why)

    for column in free:
        symbol = _by_words(words_of(names[column]), units[column])
        take(column, symbol, f"its name and its unit ({units[column] or 'none'}) say so")
    known = {find_kind_symbol(name): k for k, name in enumerate(names) if find_kind(name)}
    known |= {one.symbol: k for k, one in found.items()}
    for column in free:
        if column not in found:
            take(column, *_by_numbers(column, names, units, values, dt, known))
    return found


def find_kind_symbol(name: str) -> str:
    """The catalogue symbol of a name, "" for a free one."""
    kind = find_kind(name)
    return kind.symbol if kind is not None else ""


def words_of(name: str) -> tuple[str, ...]:
    """The words in a column name: ``NickRate_3`` has "nick" and "rate"."""
    plain = name.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue").replace("ß", "ss")
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", plain)
    words: list[str] = []
    for part in (one.lower() for one in parts):
        # German puts words together: "laengssteuerung"
        inside = [w for w in _WORDS if len(w) > 3 and w in part]
        words += [part] if part in _WORDS else inside or [part]
    return tuple(words)


def _by_words(words: tuple[str, ...], unit_text: str) -> str:
    said = {_WORDS[word] for word in words if word in _WORDS}
    unit = find_unit(unit_text)
    si = unit.si if unit is not None else ""
    if "control" in said or (si in ("%", "-", "") and said & set(_CONTROLS)):
        direct = [_CONTROLS[one] for one in _CONTROLS if one in said]
        by_axis = [_BY_AXIS[one] for one in _BY_AXIS if one in said]
        return (direct or by_axis or [""])[0]
    if si == "rad" and "rate" in said:
        return ""  # the unit contradicts the name: the user decides
    axes = [symbol for word, symbol in _AXES.get(si, {}).items() if word in said]
    return axes[0] if len(set(axes)) == 1 else ""


def _by_numbers(
    column: int,
    names: Sequence[str],
    units: Sequence[str],
    values: np.ndarray,
    dt: float,
    known: dict[str, int],
) -> tuple[str, str]:
    """What the samples say: gravity in an accelerometer, the derivative of a known angle."""
    unit = find_unit(units[column])
    samples = values[:, column]
    if unit is None or len(samples) < _FEWEST or not np.isfinite(samples).all() or dt <= 0.0:
        return "", ""
    own = np.asarray(unit.to_si(samples))
    if unit.si == "m/s^2" and abs(abs(float(own.mean())) - GRAVITY) < 1.0:
        way = "" if own.mean() < 0 else ", with the sign turned"
        return "az", f"it carries the weight ({own.mean():.1f} m/s^2 on average){way}"
    for attitude, rate in _PAIRS:
        for symbol, partner in ((rate, attitude), (attitude, rate)):
            other = known.get(partner)
            needed = "rad/s" if symbol == rate else "rad"
            if other is None or unit.si != needed or find_unit(units[other]) is None:
                continue
            match = _match(own, values[:, other], dt, is_rate=symbol == rate)
            if match > _SAME:
                relation = "the derivative" if symbol == rate else "the integral"
                return symbol, f"it moves as {relation} of {names[other]} ({100 * match:.0f} %)"
    return "", ""


def _match(own: np.ndarray, other: np.ndarray, dt: float, *, is_rate: bool) -> float:
    """Correlation of a rate with the derivative of an angle, over means of a tenth of a second."""
    angle, rate = (other, own) if is_rate else (own, other)
    width = max(1, round(0.1 / dt))
    n = len(angle) // width
    if n < 8 or not np.isfinite(other).all():
        return 0.0
    slope = np.gradient(angle[: n * width].reshape(n, width).mean(axis=1))
    mean = rate[: n * width].reshape(n, width).mean(axis=1)
    if slope.std() == 0.0 or mean.std() == 0.0:
        return 0.0
    return float(np.corrcoef(slope, mean)[0, 1])
