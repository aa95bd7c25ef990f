"""Orders as text: ``na=1,nb=4,nk=0,spacing=3,h=4`` to values per channel, to a structure, back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

from heliid.errors import SettingsError
from heliid.model.structure import Structure

KEYS = ("na", "yspacing", "nb", "nk", "spacing", "leak", "h")
ALONE = ("leak", "h")  # one value for the whole model
REMEMBERED = 4096  # genomes and lag lists whose meaning is kept at hand
_DEFAULTS = {"yspacing": 1, "nk": 0, "spacing": 1, "leak": 0, "h": 0}
_EXAMPLE = "'na=1,nb=4,nk=0,spacing=3,h=4' or, per channel, 'na=1/2,nb=4/3,nk=0,spacing=3,h=4'"


def parse_order(text: str, n_inputs: int, n_outputs: int) -> dict[str, list[int]]:
    """Values per channel of an order written as text; no box is asked."""
    found: dict[str, list[int]] = {}
    for part in text.replace(" ", "").split(","):
        key, equals, value = part.partition("=")
        if key not in KEYS or not equals or key in found:
            what = "stands twice" if key in found else "is not understood"
            raise SettingsError(f"'{part}' in the order '{text}' {what}; write {_EXAMPLE}.")
        n = _n_values(key, n_inputs, n_outputs)
        found[key] = _numbers(key, value, n)
    missing = [key for key in ("na", "nb") if key not in found]
    if missing:
        raise SettingsError(
            f"The order '{text}' does not say {' and '.join(missing)}; write {_EXAMPLE}."
        )
    for name, usual in _DEFAULTS.items():
        found.setdefault(name, [usual] * _n_values(name, n_inputs, n_outputs))
    return found


def _n_values(key: str, n_inputs: int, n_outputs: int) -> int:
    """How many values a key has when each channel has its own."""
    if key in ALONE:
        return 1
    return n_outputs if key in ("na", "yspacing") else n_inputs


def structure_from_text(text: str, n_inputs: int, n_outputs: int) -> Structure:
    """The structure of an order written as text, whatever its size."""
    return structure_from(parse_order(text, n_inputs, n_outputs))


def structure_from(order: Mapping[str, Sequence[int]]) -> Structure:
    """The structure of values per channel; ``leak`` is a time constant in samples, 0 for none."""
    outputs = zip(order["na"], order["yspacing"], strict=True)
    inputs = zip(order["nk"], order["nb"], order["spacing"], strict=True)
    taps = tuple(_lags(nk, nb, step) for nk, nb, step in inputs)
    used = [i for i, lags in enumerate(taps) if lags] if order["leak"][0] else []
    leak = leak_of(order["leak"][0])
    return Structure(
        tuple(_lags(1, na, step) for na, step in outputs),
        (*taps, *(((0,),) * len(used))),
        order["h"][0],
        tuple((i, leak) for i in used),
    )


def leak_of(samples: int) -> float:
    """The share a of the new sample in a leaky input with that time constant, 0 for none."""
    return 1.0 - math.exp(-1.0 / samples) if samples else 0.0


def channels_of(structure: Structure) -> dict[str, list[int]]:
    """Values per channel that describe a structure best; they need not describe it fully."""
    outputs = [_lag_list_numbers(lags) for lags in structure.output_lags]
    inputs = [_lag_list_numbers(lags) for lags in structure.input_lags[: structure.n_inputs]]
    leaks = {leak for _, leak in structure.memory}
    leak = leaks.pop() if len(leaks) == 1 else 0.0
    return {
        "na": [count for count, _, _ in outputs],
        "yspacing": [spacing for _, _, spacing in outputs],
        "nb": [count for count, _, _ in inputs],
        "nk": [first for _, first, _ in inputs],
        "spacing": [spacing for _, _, spacing in inputs],
        "leak": [round(-1.0 / math.log1p(-leak)) if 0.0 < leak < 1.0 else 0],
        "h": [structure.n_hidden],
    }


def structure_text(structure: Structure) -> str:
    """The order of a structure as text; lag lists that are not evenly spaced are listed."""
    channels = channels_of(structure)
    text = order_text(channels, with_yspacing=any(step > 1 for step in channels["yspacing"]))
    again = structure_from_text(text, structure.n_inputs, structure.n_outputs)
    same = (again.output_lags, again.input_lags) == (structure.output_lags, structure.input_lags)
    if same and _is_same_memory(again, structure):
        return text
    lists = (*structure.output_lags, *structure.input_lags)
    return (
        f"lags={'/'.join('+'.join(map(str, lags)) or '-' for lags in lists)},h={channels['h'][0]}"
    )


def _is_same_memory(one: Structure, other: Structure) -> bool:
    """The same inputs are remembered for as long, rounding apart."""
    return [i for i, _ in one.memory] == [i for i, _ in other.memory] and all(
        math.isclose(a, b, rel_tol=1e-9)
        for (_, a), (_, b) in zip(one.memory, other.memory, strict=True)
    )


def order_text(channels: Mapping[str, Sequence[int]], *, with_yspacing: bool) -> str:
    """Values per channel as text; ``parse_order`` reads it back."""
    shown = {"yspacing": with_yspacing, "leak": channels["leak"][0] > 0}
    keys = [key for key in KEYS if shown.get(key, True)]
    return ",".join(f"{key}={joined(channels[key])}" for key in keys)


def joined(values: Sequence[int]) -> str:
    """One value when all agree, else all of them: ``1/2/1``."""
    return str(values[0]) if len(set(values)) == 1 else "/".join(map(str, values))


def _numbers(key: str, text: str, n_channels: int) -> list[int]:
    """One whole number for all channels, or one per channel."""
    parts = text.split("/")
    if not all(part.isascii() and part.isdecimal() and len(part) < 7 for part in parts):
        raise SettingsError(f"{key}={text} is not a whole number of 0 or more; write {_EXAMPLE}.")
    values = [int(part) for part in parts]
    if len(values) == 1:
        values *= n_channels
    if len(values) != n_channels:
        raise SettingsError(
            f"{key}={text} has {len(values)} values for {n_channels} channels; "
            "give one value for all or one for each."
        )
    if key in ("spacing", "yspacing") and min(values, default=1) < 1:
        raise SettingsError(f"{key}={text}: a tap spacing is at least 1.")
    return values


@lru_cache(REMEMBERED)
def _lags(first: int, count: int, spacing: int) -> tuple[int, ...]:
    return tuple(first + k * spacing for k in range(count))


def _lag_list_numbers(lags: Sequence[int]) -> tuple[int, int, int]:
    """Count, first lag, spacing of a lag list."""
    first = lags[0] if lags else 0
    spacing = lags[1] - lags[0] if len(lags) > 1 else 1
    return len(lags), first, max(spacing, 1)
