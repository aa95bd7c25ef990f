"""TDMS files of LabVIEW: channels of the first group that has a time axis."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from heliid.data.header import is_time_name, split_header
from heliid.data.readers.assemble import Signal, table_signals, to_record
from heliid.data.readers.extras import damaged, need, starts_with
from heliid.data.record import Channel, FlightRecord


class TdmsReader:
    """Time from a column named as time, else from the waveform's increment."""

    name = "TDMS file"
    suffixes = (".tdms",)

    def sniff(self, path: Path) -> bool:
        """True for the ending or the first bytes of TDMS."""
        return path.suffix.lower() in self.suffixes or starts_with(path, b"TDSm")

    def list_channels(self, path: Path) -> tuple[Channel, ...]:
        """The channels in the file."""
        return tuple(signal.channel for signal in _signals(path))

    def read(self, path: Path, *, name: str | None = None) -> FlightRecord:
        """The record in the file."""
        return to_record(path, name, _signals(path))


def _signals(path: Path) -> list[Signal]:
    nptdms = need("nptdms", "tdms", path, "TDMS files")
    try:
        groups = [
            [channel for channel in group.channels() if _is_numeric(channel)]
            for group in nptdms.TdmsFile.read(path).groups()
        ]
    except Exception as reason:  # struct and index errors of a damaged file
        raise damaged(path, "TDMS file", reason) from None
    groups = [group for group in groups if group]
    for group in groups:
        if any(is_time_name(split_header(channel.name)[0]) for channel in group):
            columns = [(c.name, _unit(c), np.asarray(c[:], dtype=float)) for c in group]
            return table_signals(path, columns)
    return [_waveform(c) for c in (groups[0] if groups else []) if _increment(c) > 0]


def _is_numeric(channel: Any) -> bool:
    return channel.dtype is not None and channel.dtype.kind in "fiu" and len(channel) > 0


def _unit(channel: Any) -> str:
    return str(channel.properties.get("unit_string", channel.properties.get("unit", "")))


def _increment(channel: Any) -> float:
    return float(channel.properties.get("wf_increment", 0.0))


def _waveform(channel: Any) -> Signal:
    start = float(channel.properties.get("wf_start_offset", 0.0))
    time = start + _increment(channel) * np.arange(len(channel))
    return Signal(channel.name, _unit(channel), time, np.asarray(channel[:], dtype=float))
