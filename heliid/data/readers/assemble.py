"""From the signals of any file format to one record: names, units, one time axis, all checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from heliid.data.csvfile import MIN_SAMPLES
from heliid.data.csvscan import MAX_CELLS, MAX_COLUMNS, file_hash
from heliid.data.csvwalk import MAX_MAGNITUDE
from heliid.data.header import is_time_name, split_header
from heliid.data.record import Channel, FlightRecord, Source, StepDone
from heliid.data.timeaxis import FAR_ORIGIN
from heliid.errors import RecordError
from heliid.units import find_unit


@dataclass(frozen=True, eq=False)
class Signal:
    """One column of a file: header text or name, unit, its own times (s) and values, both (N,)."""

    name: str
    unit: str
    time: np.ndarray
    values: np.ndarray

    @property
    def channel(self) -> Channel:
        """Name and unit, a unit in the name taken apart."""
        plain, unit = split_header(self.name)
        return Channel.of(plain, self.unit) if self.unit else Channel.of(plain, unit or "-")


def table_signals(path: Path, columns: Sequence[tuple[str, str, np.ndarray]]) -> list[Signal]:
    """Signals of a format that keeps its time as one of the columns (name, unit, values).

    Raises
    ------
    RecordError
        No column is named as a time, or its unit is none of time.
    """
    named = [
        (name, unit, values)
        for name, unit, values in columns
        if is_time_name(split_header(name)[0])
    ]
    if not named:
        have = ", ".join(name for name, _, _ in columns[:12]) or "none"
        raise RecordError(
            f"{path.name}: no column is named as a time (there are {have}): "
            f"name one 'time' or 't' and save the file again."
        )
    name, unit, raw = named[0]
    text = unit or split_header(name)[1]
    found = find_unit(text) if text else None
    if text and (found is None or found.si != "s"):
        raise RecordError(
            f"{path.name}, column '{name}': the unit '{text}' is not a unit of time, wanted s, ms "
            f"or us: name the time column with its unit, for example 'time [s]'."
        )
    time = np.asarray(raw, dtype=float) * (found.factor if found else 1.0)
    return [
        Signal(other, unit, time, np.asarray(values, dtype=float))
        for other, unit, values in columns
        if other != name and len(values) == len(time)
    ]


def to_record(path: Path, name: str | None, signals: Sequence[Signal]) -> FlightRecord:
    """One record in SI; signals on other times are brought to the finest of them, and said so.

    Raises
    ------
    RecordError
        Nothing there, too short, not increasing, not finite, a name twice, over the limits.
    """
    _check_signals(path, signals)
    base = max((signal.time for signal in signals), key=_rate)
    if abs(base[0]) > FAR_ORIGIN:
        origin = float(base[0])
        history = [StepDone("time origin", (("first_s", origin),))]
    else:
        origin, history = 0.0, []
    start = max(signal.time[0] for signal in signals)
    end = min(signal.time[-1] for signal in signals)
    shared = base[(base >= start) & (base <= end)]
    if len(shared) < MIN_SAMPLES:
        raise RecordError(
            f"{path.name}: the channels share only {len(shared)} samples of time, wanted at least "
            f"{MIN_SAMPLES}: choose channels that were recorded together."
        )
    values = np.empty((len(shared), len(signals)))
    merged = []
    for j, signal in enumerate(signals):
        if signal.time is base or np.array_equal(signal.time, base):
            values[:, j] = signal.values[(base >= start) & (base <= end)]
        else:
            values[:, j] = np.interp(shared, signal.time, signal.values)
            merged.append(signal.channel.name)
    if merged:
        done = (("method", "linear"), ("names", merged))
        history.append(StepDone("brought to one time axis", done))
    channels = tuple(signal.channel for signal in signals)
    for j, channel in enumerate(channels):
        unit = find_unit(channel.unit)
        if unit is not None:
            values[:, j] = unit.to_si(values[:, j])
    source = Source(path.name, file_hash(path), str(path))
    return FlightRecord(
        name or path.stem, shared - origin, values, channels, source, tuple(history)
    )


def _rate(time: np.ndarray) -> float:
    return (len(time) - 1) / max(float(time[-1] - time[0]), 1e-12) if len(time) > 1 else 0.0


def _check_signals(path: Path, signals: Sequence[Signal]) -> None:
    if not signals:
        raise RecordError(
            f"{path.name}: no numeric channel with a time axis was found: "
            f"export the record again, with time."
        )
    if len(signals) > MAX_COLUMNS or sum(len(s.values) for s in signals) > MAX_CELLS:
        raise RecordError(
            f"{path.name}: the file has {len(signals)} channels and "
            f"{sum(len(s.values) for s in signals) / 1e6:.0f} million values, the limits are "
            f"{MAX_COLUMNS} and {MAX_CELLS / 1e6:.0f} million: export fewer channels."
        )
    seen: set[str] = set()
    for signal in signals:
        name = signal.channel.name
        if not name or name in seen:
            raise RecordError(
                f"{path.name}: the channel name '{name}' is empty or used twice, wanted different "
                f"names: rename one of the two."
            )
        seen.add(name)
        _check_samples(path, name, signal)


def _check_samples(path: Path, name: str, signal: Signal) -> None:
    if len(signal.time) < MIN_SAMPLES:
        raise RecordError(
            f"{path.name}, column '{name}': there are {len(signal.time)} samples, wanted at least "
            f"{MIN_SAMPLES}: export the whole manoeuvre."
        )
    bad = np.flatnonzero(~(np.diff(signal.time) > 0))
    if len(bad):
        k = int(bad[0]) + 1
        raise RecordError(
            f"{path.name}, row {k + 1}, column '{name}': the time {signal.time[k]:.10g} s does not "
            f"come after the {signal.time[k - 1]:.10g} s before it, wanted an increasing time: "
            f"split the record there."
        )
    bad = np.flatnonzero(~(np.abs(signal.values) <= MAX_MAGNITUDE))
    if len(bad):
        k = int(bad[0])
        raise RecordError(
            f"{path.name}, row {k + 1}, column '{name}': the value {signal.values[k]:g} is missing "
            f"or not a usable number, wanted a finite one: correct it, or export without it."
        )
