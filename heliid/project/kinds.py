"""What kind each plain value of a project must be: right hashes do not make right content."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Kind = Callable[[Any], bool]


def is_text(value: Any) -> bool:
    """A string."""
    return isinstance(value, str)


def is_number(value: Any) -> bool:
    """A whole or real number; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_whole(value: Any) -> bool:
    """A whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_genome(value: Any) -> bool:
    """A list of whole numbers."""
    return isinstance(value, list) and all(is_whole(gene) for gene in value)


def is_cost(value: Any) -> bool:
    """A number, or None where it was not finite."""
    return value is None or is_number(value)


def is_flag(value: Any) -> bool:
    """True or False."""
    return isinstance(value, bool)


TEXTS: dict[str, Kind] = {"name": is_text, "unit": is_text, "si": is_text}
SOURCE: dict[str, Kind] = {"name": is_text, "sha256": is_text, "path": is_text}
CANDIDATE: dict[str, Kind] = {
    "index": is_whole, "searcher": is_text, "genome": is_genome, "structure_text": is_text,
    "n_parameters": is_whole, "n_hidden": is_whole, "cost": is_cost, "nrmse": is_cost,
    "diverged": is_flag, "cpu_s": is_cost, "is_best": is_flag, "reason": is_text,
}  # fmt: skip


def checked(row: Any, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """``row`` when each value named in ``kinds`` that it has is of its kind; else ``TypeError``."""
    if not isinstance(row, dict):
        raise TypeError(f"{str(row)[:40]!r} stands where names and values are wanted")
    for name, is_good in kinds.items():
        if name in row and not is_good(row[name]):
            raise TypeError(f"the '{name}' of a row is {str(row[name])[:40]!r}")
    return row
