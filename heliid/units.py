"""The one unit table: what a file or a widget may say, and what it is in SI.

Inside the core every quantity is in the SI unit of this table. Control positions
in per cent stay in per cent: that is how the field writes control derivatives.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit: ``si_value = factor * value + offset`` in the unit ``si``."""

    symbol: str
    si: str
    factor: float
    offset: float = 0.0

    def to_si(self, value):
        """The value in SI; a float or an array, the same comes back."""
        if self.factor == 1.0 and self.offset == 0.0:
            return value
        return value * self.factor + self.offset

    def from_si(self, value):
        """The SI value in this unit; a float or an array, the same comes back."""
        if self.factor == 1.0 and self.offset == 0.0:
            return value
        return (value - self.offset) / self.factor


_DEG = math.pi / 180.0
_FT = 0.3048  # exact by definition
_KT = 1852.0 / 3600.0  # exact by definition
_G0 = 9.80665  # standard gravity, CGPM 1901, exact

_TABLE: dict[str, tuple[str, float, float]] = {
    "s": ("s", 1.0, 0.0),
    "ms": ("s", 1e-3, 0.0),
    "us": ("s", 1e-6, 0.0),
    "ns": ("s", 1e-9, 0.0),
    "min": ("s", 60.0, 0.0),
    "h": ("s", 3600.0, 0.0),
    "rad": ("rad", 1.0, 0.0),
    "deg": ("rad", _DEG, 0.0),
    "mrad": ("rad", 1e-3, 0.0),
    "rad/s": ("rad/s", 1.0, 0.0),
    "deg/s": ("rad/s", _DEG, 0.0),
    "rad/s^2": ("rad/s^2", 1.0, 0.0),
    "deg/s^2": ("rad/s^2", _DEG, 0.0),
    "m": ("m", 1.0, 0.0),
    "cm": ("m", 0.01, 0.0),
    "mm": ("m", 1e-3, 0.0),
    "km": ("m", 1e3, 0.0),
    "ft": ("m", _FT, 0.0),
    "in": ("m", 0.0254, 0.0),
    "nm": ("m", 1852.0, 0.0),
    "m/s": ("m/s", 1.0, 0.0),
    "ft/s": ("m/s", _FT, 0.0),
    "kt": ("m/s", _KT, 0.0),
    "km/h": ("m/s", 1 / 3.6, 0.0),
    "ft/min": ("m/s", _FT / 60.0, 0.0),
    "mph": ("m/s", 0.44704, 0.0),
    "m/s^2": ("m/s^2", 1.0, 0.0),
    "ft/s^2": ("m/s^2", _FT, 0.0),
    "g": ("m/s^2", _G0, 0.0),
    "Pa": ("Pa", 1.0, 0.0),
    "hPa": ("Pa", 100.0, 0.0),
    "mbar": ("Pa", 100.0, 0.0),
    "kPa": ("Pa", 1e3, 0.0),
    "psi": ("Pa", 6894.757293168361, 0.0),
    "K": ("K", 1.0, 0.0),
    "degC": ("K", 1.0, 273.15),
    "degF": ("K", 5.0 / 9.0, 273.15 - 32.0 * 5.0 / 9.0),
    "N": ("N", 1.0, 0.0),
    "kN": ("N", 1e3, 0.0),
    "lbf": ("N", 4.4482216152605, 0.0),
    "kg": ("kg", 1.0, 0.0),
    "lb": ("kg", 0.45359237, 0.0),
    "Nm": ("Nm", 1.0, 0.0),
    "kNm": ("Nm", 1e3, 0.0),
    "rpm": ("rad/s", math.pi / 30.0, 0.0),
    "Hz": ("Hz", 1.0, 0.0),
    "V": ("V", 1.0, 0.0),
    "mV": ("V", 1e-3, 0.0),
    "A": ("A", 1.0, 0.0),
    "%": ("%", 1.0, 0.0),
    "-": ("-", 1.0, 0.0),
}

_ALIASES: dict[str, str] = {
    "": "-",
    "1": "-",
    "none": "-",
    "sec": "s",
    "seconds": "s",
    "second": "s",
    "°": "deg",
    "degree": "deg",
    "degrees": "deg",
    "°/s": "deg/s",
    "deg/sec": "deg/s",
    "dps": "deg/s",
    "deg s-1": "deg/s",
    "rad/sec": "rad/s",
    "radians": "rad",
    "knots": "kt",
    "knot": "kt",
    "kts": "kt",
    "fps": "ft/s",
    "m/s2": "m/s^2",
    "m/s²": "m/s^2",
    "m/s/s": "m/s^2",
    "ft/s2": "ft/s^2",
    "ft/s²": "ft/s^2",
    "mps": "m/s",
    "kmh": "km/h",
    "fpm": "ft/min",
    "feet": "ft",
    "inch": "in",
    "percent": "%",
    "pct": "%",
    "°c": "degC",
    "°f": "degF",
    "volt": "V",
    "volts": "V",
    "deg/s²": "deg/s^2",
    "rad/s²": "rad/s^2",
    "deg/s2": "deg/s^2",
    "rad/s2": "rad/s^2",
    "µs": "us",
    "μs": "us",
    "g0": "g",
}

_BY_LOWER = {symbol.lower(): symbol for symbol in _TABLE if symbol.lower() != "nm"}


def find_unit(text: str) -> Unit | None:
    """The unit written as ``text`` (``deg/s``, ``kts``, ``°``), or None if it is not listed."""
    cleaned = text.strip()
    if cleaned in _TABLE:
        symbol = cleaned
    else:
        lowered = cleaned.lower()
        symbol = _ALIASES.get(lowered, _BY_LOWER.get(lowered, ""))
    if symbol not in _TABLE:
        return None
    si, factor, offset = _TABLE[symbol]
    return Unit(symbol, si, factor, offset)


def unit_or_free(text: str) -> Unit:
    """The unit written as ``text``; an unknown one stands for itself, unconverted."""
    return find_unit(text) or Unit(text.strip() or "-", text.strip() or "-", 1.0)


def same_quantity(si: str) -> tuple[str, ...]:
    """All unit symbols that convert to the SI unit ``si``, the SI unit first."""
    others = [symbol for symbol, row in _TABLE.items() if row[0] == si and symbol != si]
    return (si, *others)


def symbols() -> tuple[str, ...]:
    """Every unit of the table, for lists to choose from."""
    return tuple(_TABLE)
