"""Conditioning of the time axis and of all channels at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from heliid.data.conditioning.step import replace_columns
from heliid.data.record import FlightRecord
from heliid.errors import RecordError

FILTER_ORDER = 4
GAP_FACTOR = 1.5  # a step longer than this many median steps is a gap


@dataclass(frozen=True, slots=True)
class Crop:
    """Keep ``start <= time <= end``, s."""

    kind: ClassVar[str] = "crop"
    start: float
    end: float

    def apply(self, record: FlightRecord) -> FlightRecord:
        """The part of the record."""
        inside = (record.time >= self.start) & (record.time <= self.end)
        return replace(record, time=record.time[inside], values=record.values[inside])

    def sentence(self) -> str:
        """For the list."""
        return f"keep {self.start:g} to {self.end:g} s"


@dataclass(frozen=True, slots=True)
class ShiftTime:
    """Move channels earlier by ``seconds`` (a recorder's delay), linearly between samples.

    The record loses the ends where shifted and unshifted channels do not overlap.
    """

    kind: ClassVar[str] = "shift"
    channels: tuple[str, ...]
    seconds: float

    def apply(self, record: FlightRecord) -> FlightRecord:
        """The record on the shared span of time."""
        time = record.time
        inside = (time + self.seconds >= time[0]) & (time + self.seconds <= time[-1])
        moved = {
            name: np.interp(time + self.seconds, time, record.column(name))
            for name in self.channels
        }
        out = replace_columns(record, moved)
        return replace(out, time=time[inside], values=out.values[inside])

    def sentence(self) -> str:
        """For the list."""
        way = "earlier" if self.seconds > 0 else "later"
        return f"move {', '.join(self.channels)} {abs(1000 * self.seconds):g} ms {way}"


@dataclass(frozen=True, slots=True)
class FillGaps:
    """Put samples into gaps of the time axis no longer than ``max_gap`` s; refuse longer ones.

    ``policy``: ``linear`` or ``hold``.
    """

    kind: ClassVar[str] = "gaps"
    max_gap: float
    policy: str = "linear"

    def apply(self, record: FlightRecord) -> FlightRecord:
        """The record with the missing sample times put in."""
        if self.policy not in ("linear", "hold"):
            raise RecordError(f"there is no gap policy '{self.policy}': choose linear or hold.")
        dt = record.dt
        time = record.time
        steps = np.diff(time)
        for k in np.flatnonzero(steps > GAP_FACTOR * dt):
            if steps[k] > self.max_gap:
                raise RecordError(
                    f"there are no samples between t = {time[k]:.3f} s and {time[k + 1]:.3f} s "
                    f"(longest gap allowed: {self.max_gap:g} s): split the record there or allow "
                    f"longer gaps."
                )
        counts = np.maximum(np.round(steps / dt).astype(int), 1)
        pieces = [time[k] + steps[k] * np.arange(counts[k]) / counts[k] for k in range(len(steps))]
        full = np.concatenate([*pieces, time[-1:]])
        return replace(record, time=full, values=_sample(record, full, self.policy))

    def sentence(self) -> str:
        """For the list."""
        return f"fill gaps up to {self.max_gap:g} s ({self.policy})"


@dataclass(frozen=True, slots=True)
class Resample:
    """A uniform time axis at ``rate_hz``; a lower rate passes a zero-phase filter first."""

    kind: ClassVar[str] = "resample"
    rate_hz: float

    def apply(self, record: FlightRecord) -> FlightRecord:
        """The record on the new axis, from the same first sample."""
        old_rate = 1.0 / record.dt
        if not 0.0 < self.rate_hz <= 100.0 * old_rate:
            raise RecordError(f"the rate {self.rate_hz:g} Hz is not usable for {old_rate:.4g} Hz.")
        if self.rate_hz < 0.9 * old_rate:
            record = LowPass(0.4 * self.rate_hz).apply(_uniform(record))
        n = int(np.floor(record.duration * self.rate_hz + 1e-6)) + 1
        time = record.time[0] + np.arange(n) / self.rate_hz
        return replace(record, time=time, values=_sample(record, time, "linear"))

    def sentence(self) -> str:
        """For the list."""
        return f"resample to {self.rate_hz:g} Hz"


@dataclass(frozen=True, slots=True)
class LowPass:
    """One zero-phase Butterworth low-pass for all channels: order 4, forwards and backwards."""

    kind: ClassVar[str] = "low-pass"
    cutoff_hz: float  # -6 dB

    def apply(self, record: FlightRecord) -> FlightRecord:
        """The record with every channel filtered alike, so that no phase is made between them."""
        from scipy.signal import butter, sosfiltfilt

        if not record.is_uniform:
            raise RecordError("the time axis is not uniform: resample before filtering.")
        rate = 1.0 / record.dt
        if not 0.0 < self.cutoff_hz < 0.5 * rate:
            raise RecordError(
                f"the cut-off {self.cutoff_hz:g} Hz must lie below half the rate, "
                f"{0.5 * rate:g} Hz."
            )
        sections = butter(FILTER_ORDER, self.cutoff_hz / (0.5 * rate), output="sos")
        pad = min(record.n_samples - 1, int(3 * rate / self.cutoff_hz))
        values = sosfiltfilt(sections, record.values, axis=0, padlen=pad)
        return replace(record, values=values)

    def sentence(self) -> str:
        """For the list."""
        return f"low-pass all channels at {self.cutoff_hz:g} Hz"


@dataclass(frozen=True, slots=True)
class SetTimeBase:
    """A new uniform time axis with step ``dt``, the samples kept: the file's step was wrong."""

    kind: ClassVar[str] = "time base"
    dt: float

    def apply(self, record: FlightRecord) -> FlightRecord:
        """The record on the new axis, from the same first time."""
        if not (np.isfinite(self.dt) and self.dt > 0.0):
            raise RecordError(f"the step {self.dt:g} s is not usable: choose one above 0.")
        scale = self.dt / record.dt
        time = record.time[0] + (record.time - record.time[0]) * scale
        if record.is_uniform:
            time = record.time[0] + self.dt * np.arange(record.n_samples)
        return replace(record, time=time)

    def sentence(self) -> str:
        """For the list."""
        return f"time step {1000 * self.dt:g} ms"


@dataclass(frozen=True, slots=True)
class ChooseTrim:
    """The trim is the mean of all channels between two times, s; nothing is subtracted."""

    kind: ClassVar[str] = "trim"
    start: float
    end: float

    def apply(self, record: FlightRecord) -> FlightRecord:
        """The record with its trim set."""
        inside = (record.time >= self.start) & (record.time <= self.end)
        if not inside.any():
            raise RecordError(f"there is no sample between {self.start:g} and {self.end:g} s.")
        return replace(record, trim=record.values[inside].mean(axis=0))

    def sentence(self) -> str:
        """For the list."""
        return f"trim from {self.start:g} to {self.end:g} s"


@dataclass(frozen=True, slots=True)
class RemoveTrim:
    """Subtract the chosen trim, or the first sample when none is chosen, from every channel."""

    kind: ClassVar[str] = "remove trim"

    def apply(self, record: FlightRecord) -> FlightRecord:
        """The record in deviations, with a trim of zero."""
        trim = record.trim if record.trim is not None else record.values[0]
        return replace(record, values=record.values - trim, trim=np.zeros(len(record.channels)))

    def sentence(self) -> str:
        """For the list."""
        return "subtract the trim"


def _sample(record: FlightRecord, time: np.ndarray, policy: str) -> np.ndarray:
    """(len(time), n_channels) values at other times, linear or held."""
    if policy == "hold":
        latest = np.searchsorted(record.time, time + 1e-9 * record.dt, side="right") - 1
        return record.values[np.clip(latest, 0, record.n_samples - 1)]
    return np.column_stack([np.interp(time, record.time, column) for column in record.values.T])


def _uniform(record: FlightRecord) -> FlightRecord:
    """The record on the uniform axis of its own mean step, when it jitters."""
    if record.is_uniform:
        return record
    time = np.linspace(record.time[0], record.time[-1], record.n_samples)
    return replace(record, time=time, values=_sample(record, time, "linear"))
