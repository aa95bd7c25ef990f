"""What every conditioning step is, and the helper they share."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Protocol

import numpy as np

from heliid.data.record import FlightRecord


class Step(Protocol):
    """One conditioning step; the classes below are all there are."""

    kind: ClassVar[str]

    def apply(self, record: FlightRecord) -> FlightRecord:
        """The record after the step; its history is added by the caller."""
        ...

    def sentence(self) -> str:
        """What the step does, for the list in the window."""
        ...


def replace_columns(record: FlightRecord, changes: dict[str, np.ndarray]) -> FlightRecord:
    """The record with whole columns (N,) replaced, by channel name."""
    values = record.values.copy()
    for name, column in changes.items():
        values[:, record.index(name)] = column
    return replace(record, values=values)
