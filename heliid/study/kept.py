"""Refits that are already done: kept in the search's journal, so that a kill costs none of them."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from heliid.model.structure import Structure
from heliid.search.lines import Appender, read
from heliid.search.memo import machine

MISSING = object()


class KeptRefits:
    """Finished refits by what went into them; the journal of the search must have been begun.

    A refit is taken from the journal only when data, settings, order, weight table, version and
    machine are the same, so that it has the very bits that training it again would give.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[str, Any] | None = None
        self._file: Appender | None = None

    def open(self) -> None:
        """Read what is there and make ready to add to it."""
        if self._path is None or self._file is not None:
            return
        _, rows = read(self._path)
        self._known = {row["refit"]: row["value"] for row in rows if {"refit", "value"} <= set(row)}
        self._file = Appender(self._path)

    def get(self, key: str) -> Any:
        """The value of a refit as plain data, None when it failed; ``MISSING`` when unknown."""
        return MISSING if self._known is None else self._known.get(key, MISSING)

    def put(self, key: str, value: Any) -> None:
        """Keep one that has just finished."""
        if self._file is not None:
            with suppress(TypeError, ValueError):  # what JSON cannot hold is made again
                self._file.put({"refit": key, "value": value})

    def close(self) -> None:
        """Bring them to the disk."""
        if self._file is not None:
            self._file.close()
            self._file = None


def refit_key(fingerprint: str, structure: Structure, table: int, effort: float) -> str:
    """A hash over everything that a refit's bits hang on; ``fingerprint``: data and settings."""
    plain = [fingerprint, machine(), structure.to_dict(), table, effort]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:32]
