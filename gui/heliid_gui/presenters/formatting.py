"""Numbers, durations and names as the window says them."""

from __future__ import annotations

import math

import numpy as np

from heliid.channels import find_kind
from heliid.data.record import Channel
from heliid.units import Unit, find_unit, unit_or_free

DASH = "\u2013"  # between the ends of a range, and where there is no number
SEARCH_NAMES = {
    "ais": "AIS, immune system",
    "abc": "ABC, bee colony",
    "pso": "PSO, particle swarm",
    "random": "Random search",
    "hill": "Hill climbing",
    "abc-classic": "ABC, textbook form",
    "ais-classic": "AIS, textbook form",
    "pso-classic": "PSO, textbook form",
    "all": "All three side by side",
}
SHORT_SEARCH = {
    "ais": "AIS",
    "abc": "ABC",
    "pso": "PSO",
    "random": "Random",
    "hill": "Hill climbing",
    "abc-classic": "ABC textbook",
    "ais-classic": "AIS textbook",
    "pso-classic": "PSO textbook",
    "all": "ABC, AIS, PSO",
    "start": "First guess",
}
USE_NAMES = {
    "train": "Train",
    "validate": "Validate",
    "test": "Test",
    "exclude": "Leave out",
}
USE_HELP = {
    "train": "The model's weights are fitted to these pieces.",
    "validate": "These pieces score the candidates; no weight is fitted to them.",
    "test": "Never seen by the search; scored once, at the end, as the honest answer.",
    "exclude": "Not used at all.",
}


def duration(seconds: float) -> str:
    """``8 s``, ``1 min 20 s``, ``2 h 05 min``."""
    if not math.isfinite(seconds):
        return ""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def figure(value: float | None, digits: int = 3) -> str:
    """A number with this many significant digits and no exponent where one can do without."""
    if value is None or not math.isfinite(value):
        return DASH
    if value == 0.0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if -4 <= size < 6:
        return f"{value:.{max(0, digits - 1 - size)}f}"
    return f"{value:.{digits - 1}e}"


def whole(value: float) -> str:
    """A whole number; nan is a dash."""
    return f"{value:.0f}" if math.isfinite(value) else DASH


def percent(value: float | None, digits: int = 1) -> str:
    """``87.3 %``; a fit far below zero is said as such."""
    if value is None or not math.isfinite(value):
        return DASH
    if value < -999:
        return "< -999 %"
    return f"{value:.{digits}f} %"


_CHOSEN: dict[str, str] = {}  # SI unit to the symbol that the engineer wants to see


def choose_unit(si: str, symbol: str) -> None:
    """Show every channel of this quantity in this unit from now on; files stay as they are."""
    unit = find_unit(symbol)
    if unit is not None and unit.si == si:
        _CHOSEN[si] = symbol


def chosen_units() -> str:
    """The choices as one text, for the settings."""
    return " ".join(f"{si}={symbol}" for si, symbol in sorted(_CHOSEN.items()))


def take_units(text: str) -> None:
    """The choices from ``chosen_units``; what is not understood is left out."""
    _CHOSEN.clear()
    for pair in text.split():
        si, _, symbol = pair.partition("=")
        choose_unit(si, symbol)


def shown_unit(channel: Channel) -> Unit:
    """The unit a channel is shown in: the engineer's choice, else the catalogue's, if it fits."""
    if channel.si in _CHOSEN:
        return unit_or_free(_CHOSEN[channel.si])
    kind = find_kind(channel.name)
    if kind is not None and kind.si == channel.si:
        return unit_or_free(kind.display)
    return unit_or_free(channel.unit)


def shown(channel: Channel, values: np.ndarray) -> np.ndarray:
    """SI values (N,) of the channel in the unit it is shown in."""
    return np.asarray(shown_unit(channel).from_si(values))


def shown_difference(channel: Channel, values: np.ndarray) -> np.ndarray:
    """A difference of SI values (N,) in the shown unit: scaled, not shifted."""
    return np.asarray(values) / shown_unit(channel).factor


def title(channel: Channel) -> str:
    """``q · Pitch rate``, or the bare name of a free channel."""
    kind = find_kind(channel.name)
    return f"{channel.name} · {kind.quantity}" if kind else channel.name


def plural(count: int, word: str, words: str = "") -> str:
    """``1 record``, ``3 records``."""
    return f"{count} {word if count == 1 else words or word + 's'}"


def listed(items: list[str] | tuple[str, ...]) -> str:
    """``a, b and c``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"
