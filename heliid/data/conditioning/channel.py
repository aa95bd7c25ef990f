"""Conditioning of single channels: unit, sign, scale, spikes, stretches, formulas."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from heliid.data import expressions
from heliid.data.conditioning.step import replace_columns
from heliid.data.record import Channel, FlightRecord
from heliid.errors import RecordError
from heliid.units import find_unit, unit_or_free

_MAD_TO_STD = 1.4826  # of a normal distribution


@dataclass(frozen=True, slots=True)
class Scale:
    """Multiply a channel by ``factor`` and add ``offset`` (SI); -1 turns its sign."""

    kind: ClassVar[str] = "scale"
    channel: str
    factor: float
    offset: float = 0.0

    def apply(self, record: FlightRecord) -> FlightRecord:
        """The record with the channel changed; its trim follows."""
        j = record.index(self.channel)
        if not (np.isfinite(self.factor) and self.factor != 0.0 and np.isfinite(self.offset)):
            raise RecordError(
                f"the factor {self.factor:g} is not usable: choose one that is not 0."
            )
        out = replace_columns(
            record, {self.channel: record.values[:, j] * self.factor + self.offset}
        )
        if record.trim is None:
            return out
        trim = record.trim.copy()
        trim[j] = trim[j] * self.factor + self.offset
        return replace(out, trim=trim)

    def sentence(self) -> str:
        """For the list."""
        if self.factor == -1.0 and self.offset == 0.0:
            return f"turn the sign of {self.channel}"
        plus = f" + {self.offset:g}" if self.offset else ""
        return f"{self.channel} x {self.factor:g}{plus}"


@dataclass(frozen=True, slots=True)
class SetUnit:
    """Say that the numbers in the file are in ``unit``, whatever the header claims."""

    kind: ClassVar[str] = "unit"
    channel: str
    unit: str

    def apply(self, record: FlightRecord) -> FlightRecord:
        """The record with the numbers of the file read in the other unit."""
        j = record.index(self.channel)
        old = unit_or_free(record.channels[j].unit)
        new = find_unit(self.unit)
        if new is None:
            raise RecordError(f"'{self.unit}' is not in the table of units: choose one that is.")
        in_file = old.from_si(record.values[:, j])
        channels = list(record.channels)
        channels[j] = Channel.of(record.channels[j].name, new.symbol)
        out = replace_columns(record, {self.channel: np.asarray(new.to_si(in_file))})
        return replace(out, channels=tuple(channels), trim=None)

    def sentence(self) -> str:
        """For the list."""
        return f"{self.channel} is in {self.unit}"


@dataclass(frozen=True, slots=True)
class Rename:
    """Give a channel another name."""

    kind: ClassVar[str] = "rename"
    channel: str
    name: str

    def apply(self, record: FlightRecord) -> FlightRecord:
        """The record with the name changed."""
        j = record.index(self.channel)
        if not self.name.strip() or self.name in record.names:
            raise RecordError(f"the name '{self.name}' is empty or taken: choose another.")
        channels = list(record.channels)
        channels[j] = replace(channels[j], name=self.name)
        return replace(record, channels=tuple(channels))

    def sentence(self) -> str:
        """For the list."""
        return f"{self.channel} is called {self.name}"


@dataclass(frozen=True, slots=True)
class Swap:
    """Exchange the names of two channels whose columns were mixed up; units stay with names."""

    kind: ClassVar[str] = "swap"
    channel: str
    other: str

    def apply(self, record: FlightRecord) -> FlightRecord:
        """The record with the two columns exchanged."""
        i, j = record.index(self.channel), record.index(self.other)
        if record.channels[i].si != record.channels[j].si:
            raise RecordError("the two channels are different quantities and cannot be exchanged.")
        first, second = record.values[:, i].copy(), record.values[:, j].copy()
        out = replace_columns(record, {self.channel: second, self.other: first})
        return replace(out, trim=None)

    def sentence(self) -> str:
        """For the list."""
        return f"exchange {self.channel} and {self.other}"


@dataclass(frozen=True, slots=True)
class Despike:
    """Replace samples that stand out of their neighbours' median (Hampel's filter).

    A sample farther than ``threshold`` robust standard deviations from the median of the
    ``2 * width + 1`` samples around it becomes that median. () means all channels.
    """

    kind: ClassVar[str] = "despike"
    channels: tuple[str, ...] = ()
    threshold: float = 6.0
    width: int = 5

    def apply(self, record: FlightRecord) -> FlightRecord:
        """The record without its spikes."""
        if self.width < 1 or not self.threshold > 0:
            raise RecordError("the width must be at least 1 and the threshold above 0.")
        names = self.channels or record.names
        return replace_columns(record, {n: self._clean(record.column(n)) for n in names})

    def _clean(self, column: np.ndarray) -> np.ndarray:
        padded = np.pad(column, self.width, mode="reflect")
        around = np.lib.stride_tricks.sliding_window_view(padded, 2 * self.width + 1)
        middle = np.median(around, axis=1)
        away = np.abs(column - middle)
        spread = _MAD_TO_STD * np.median(np.abs(around - middle[:, None]), axis=1)
        # a quiet stretch of quantised data has no spread of its own: take the usual residual
        floor = _MAD_TO_STD * np.median(away)
        quantum = np.abs(np.diff(column))
        quantum = quantum[quantum > 0]
        step = float(quantum.min()) if len(quantum) else 0.0
        limit = self.threshold * np.maximum(np.maximum(spread, floor), step)
        return np.where(away > limit, middle, column)

    def sentence(self) -> str:
        """For the list."""
        return f"remove spikes from {', '.join(self.channels) or 'all channels'}"


@dataclass(frozen=True, slots=True)
class Bridge:
    """Replace one channel between two times by a straight line (a dropout, a stuck part)."""

    kind: ClassVar[str] = "bridge"
    channel: str
    start: float
    end: float

    def apply(self, record: FlightRecord) -> FlightRecord:
        """The record with the stretch replaced."""
        time, column = record.time, record.column(self.channel)
        good = (time < self.start) | (time > self.end)
        if not good.any():
            raise RecordError(f"nothing of '{self.channel}' would be left: drop the channel.")
        line = np.interp(time, time[good], column[good])
        return replace_columns(record, {self.channel: np.where(good, column, line)})

    def sentence(self) -> str:
        """For the list."""
        return f"bridge {self.channel} from {self.start:g} to {self.end:g} s"


@dataclass(frozen=True, slots=True)
class Unhold:
    """Straight lines between the fresh samples of a channel that was recorded at a lower rate."""

    kind: ClassVar[str] = "unhold"
    channels: tuple[str, ...]

    def apply(self, record: FlightRecord) -> FlightRecord:
        """The record with the stairs taken out."""
        changes = {}
        for name in self.channels:
            column = record.column(name)
            fresh = np.concatenate([[True], np.diff(column) != 0.0])
            changes[name] = np.interp(record.time, record.time[fresh], column[fresh])
        return replace_columns(record, changes)

    def sentence(self) -> str:
        """For the list."""
        return f"join the fresh samples of {', '.join(self.channels)}"


@dataclass(frozen=True, slots=True)
class RemoveDrift:
    """Subtract a straight line of ``slope`` (SI per s) from a channel, from the first sample on."""

    kind: ClassVar[str] = "drift"
    channel: str
    slope: float

    def apply(self, record: FlightRecord) -> FlightRecord:
        """The record without the drift."""
        line = self.slope * (record.time - record.time[0])
        return replace_columns(record, {self.channel: record.column(self.channel) - line})

    def sentence(self) -> str:
        """For the list."""
        return f"remove the drift of {self.channel}"


@dataclass(frozen=True, slots=True)
class Derive:
    """Add a channel from a formula; the user says the unit of its result (SI or display unit)."""

    kind: ClassVar[str] = "derive"
    name: str
    formula: str
    unit: str = "-"

    def apply(self, record: FlightRecord) -> FlightRecord:
        """The record with one channel more; the formula's value is SI."""
        if not self.name.strip() or self.name in record.names:
            raise RecordError(f"the name '{self.name}' is empty or taken: choose another.")
        column = expressions.evaluate(self.formula, record)
        return replace(
            record,
            values=np.column_stack([record.values, column]),
            channels=(*record.channels, Channel.of(self.name, self.unit)),
            trim=None,
        )

    def sentence(self) -> str:
        """For the list."""
        return f"{self.name} = {self.formula}"


@dataclass(frozen=True, slots=True)
class Drop:
    """Leave out channels."""

    kind: ClassVar[str] = "drop"
    channels: tuple[str, ...]

    def apply(self, record: FlightRecord) -> FlightRecord:
        """The record without them."""
        gone = {record.index(name) for name in self.channels}
        kept = [j for j in range(len(record.channels)) if j not in gone]
        if not kept:
            raise RecordError("no channel would be left: keep at least one.")
        return replace(
            record,
            values=record.values[:, kept],
            channels=tuple(record.channels[j] for j in kept),
            trim=None if record.trim is None else record.trim[kept],
        )

    def sentence(self) -> str:
        """For the list."""
        return f"leave out {', '.join(self.channels)}"
