"""One manoeuvre: a time axis, channels in SI, where they came from, what was done to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from heliid.data.header import split_header
from heliid.errors import RecordError
from heliid.units import unit_or_free

DT_TOLERANCE = 0.01  # relative difference below which two sample times count as equal


@dataclass(frozen=True, slots=True)
class Channel:
    """Name and units of one column; values are stored in ``si``, shown in ``unit``."""

    name: str
    unit: str = "-"  # as in the file's header
    si: str = "-"

    @classmethod
    def of(cls, name: str, unit: str = "-") -> Channel:
        """The channel whose file unit is ``unit``; its SI unit is looked up."""
        found = unit_or_free(unit)
        return cls(name, found.symbol, found.si)

    def to_dict(self) -> dict[str, str]:
        """Plain data."""
        return {"name": self.name, "unit": self.unit, "si": self.si}

    @classmethod
    def from_dict(cls, data: dict[str, str]) -> Channel:
        """The inverse of ``to_dict``."""
        return cls(data["name"], data["unit"], data["si"])


@dataclass(frozen=True, slots=True)
class Source:
    """Where a record came from: file name (or generator) and SHA-256 of its bytes."""

    name: str
    sha256: str = ""
    path: str = ""

    def to_dict(self) -> dict[str, str]:
        """Plain data."""
        return {"name": self.name, "sha256": self.sha256, "path": self.path}

    @classmethod
    def from_dict(cls, data: dict[str, str]) -> Source:
        """The inverse of ``to_dict``."""
        return cls(data["name"], data["sha256"], data["path"])


@dataclass(frozen=True, slots=True)
class StepDone:
    """One conditioning step in a record's history: its name and plain-data parameters."""

    kind: str
    parameters: tuple[tuple[str, Any], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"kind": self.kind, "parameters": dict(self.parameters)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> StepDone:
        """The inverse of ``to_dict``."""
        return cls(data["kind"], tuple(data["parameters"].items()))


def frozen_array(values: Any, ndim: int) -> np.ndarray:
    """``values`` as a read-only, C-ordered float64 array with ``ndim`` dimensions.

    A copy, unless ``values`` already is such an array and no other array can write to its memory.
    """
    if isinstance(values, np.ndarray) and _is_frozen(values) and values.ndim == ndim:
        return values
    array = np.array(values, dtype=np.float64, order="C", copy=True)
    if array.ndim != ndim:
        raise TypeError(f"expected {ndim} dimensions, got {array.ndim}")
    array.setflags(write=False)
    return array


def _is_frozen(array: np.ndarray) -> bool:
    """True when nothing can change the samples any more: large records need no second copy."""
    if array.dtype != np.float64 or not array.flags.c_contiguous or array.flags.writeable:
        return False
    owner = array.base
    return owner is None or (isinstance(owner, np.ndarray) and not owner.flags.writeable)


@dataclass(frozen=True, eq=False)
class FlightRecord:
    """One manoeuvre in SI.

    Attributes
    ----------
    time : (N,) float64, s, strictly increasing, read-only.
    values : (N, n_channels) float64 in each channel's SI unit, finite, read-only.
    trim : (n_channels,) float64, or None when no trim was chosen; SI.
    """

    name: str
    time: np.ndarray
    values: np.ndarray
    channels: tuple[Channel, ...]
    source: Source = field(default_factory=lambda: Source("unknown"))
    history: tuple[StepDone, ...] = ()
    trim: np.ndarray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "time", frozen_array(self.time, 1))
        object.__setattr__(self, "values", frozen_array(self.values, 2))
        object.__setattr__(self, "channels", tuple(self.channels))
        object.__setattr__(self, "history", tuple(self.history))
        if self.trim is not None:
            object.__setattr__(self, "trim", frozen_array(self.trim, 1))
            if self.trim.shape != (len(self.channels),):
                raise TypeError(f"trim {self.trim.shape} for {len(self.channels)} channels")
        if self.values.shape != (self.time.shape[0], len(self.channels)):
            raise TypeError(
                f"values {self.values.shape} do not fit {self.time.shape[0]} samples of "
                f"{len(self.channels)} channels"
            )

    @property
    def n_samples(self) -> int:
        """Number of samples N."""
        return int(self.time.shape[0])

    @cached_property
    def dt(self) -> float:
        """The sample time, s: the median step."""
        return float(np.median(np.diff(self.time)))

    @property
    def duration(self) -> float:
        """From first to last sample, s."""
        return float(self.time[-1] - self.time[0])

    @cached_property
    def is_uniform(self) -> bool:
        """True when every step is within 1 % of the median step."""
        steps = np.diff(self.time)
        return bool(np.all(np.abs(steps - np.median(steps)) <= DT_TOLERANCE * np.median(steps)))

    @property
    def names(self) -> tuple[str, ...]:
        """Channel names in column order."""
        return tuple(channel.name for channel in self.channels)

    def index(self, name: str) -> int:
        """The column of channel ``name``; with or without its unit, as in the file's header.

        ``q``, ``q [deg/s]``, ``q (deg/s)`` and ``q_degs`` are all the same channel.

        Raises
        ------
        RecordError
            There is no such channel; the message lists those there are.
        """
        for wanted in (name, name.split("[")[0].strip(), split_header(name)[0]):
            if wanted in self.names:
                return self.names.index(wanted)
        raise RecordError(
            f"Channel '{name}' is not in {self.source.name}; it has {', '.join(self.names)}: "
            f"choose one of these."
        )

    def channel(self, name: str) -> Channel:
        """Name and units of one channel."""
        return self.channels[self.index(name)]

    def column(self, name: str) -> np.ndarray:
        """One channel, (N,), SI; a read-only view."""
        return self.values[:, self.index(name)]

    def columns(self, names: Sequence[str]) -> np.ndarray:
        """Several channels, (N, len(names)), SI; a copy."""
        return self.values[:, [self.index(name) for name in names]]

    def slice(self, first: int, last: int, name: str | None = None) -> FlightRecord:
        """Samples ``first`` to ``last`` (exclusive); keeps channels, trim and history."""
        step = StepDone("crop", (("first", int(first)), ("last", int(last))))
        return replace(
            self,
            name=name or self.name,
            time=self.time[first:last],
            values=self.values[first:last],
            history=(*self.history, step),
        )

    def between(self, start: float, end: float, name: str | None = None) -> FlightRecord:
        """The samples with ``start <= time < end``, s on the record's own axis."""
        first, last = np.searchsorted(self.time, [start, end])
        return self.slice(int(first), int(last), name)


def split_in_time(record: FlightRecord, fractions: Iterable[float]) -> tuple[FlightRecord, ...]:
    """Pieces of one record in time order; ``fractions`` sum to at most 1.

    The weaker choice beside whole manoeuvres: pieces share trim, weather and day.
    """
    edges = np.concatenate([[0.0], np.cumsum(list(fractions))])
    cuts = np.round(edges * record.n_samples).astype(int)
    return tuple(
        record.slice(int(a), int(b), f"{record.name} {100 * ea:.0f}-{100 * eb:.0f} %")
        for a, b, ea, eb in zip(cuts[:-1], cuts[1:], edges[:-1], edges[1:], strict=True)
    )
