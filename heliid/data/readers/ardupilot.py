"""ArduPilot dataflash logs (``.bin``): attitude, rates, controls and speeds, ``MSG.Field``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from heliid.data.readers.assemble import Signal, to_record
from heliid.data.readers.extras import damaged, need, starts_with
from heliid.data.record import Channel, FlightRecord

_FIELDS: dict[str, dict[str, str]] = {
    "ATT": {"Roll": "deg", "Pitch": "deg", "Yaw": "deg"},
    "IMU": {
        "GyrX": "rad/s", "GyrY": "rad/s", "GyrZ": "rad/s",
        "AccX": "m/s^2", "AccY": "m/s^2", "AccZ": "m/s^2",
    },
    "RATE": {"R": "deg/s", "P": "deg/s", "Y": "deg/s"},
    "RCIN": {"C1": "-", "C2": "-", "C3": "-", "C4": "-"},
    "RCOU": {"C1": "-", "C2": "-", "C3": "-", "C4": "-"},
    "ARSP": {"Airspeed": "m/s"},
}  # fmt: skip


class ArduPilotReader:
    """The first instance of each sensor; every message on its own time."""

    name = "ArduPilot log"
    suffixes = (".bin",)

    def sniff(self, path: Path) -> bool:
        """True for the first bytes of a dataflash log."""
        return starts_with(path, b"\xa3\x95")

    def list_channels(self, path: Path) -> tuple[Channel, ...]:
        """The channels that are read from the log."""
        return tuple(signal.channel for signal in _signals(path))

    def read(self, path: Path, *, name: str | None = None) -> FlightRecord:
        """The record in the log."""
        return to_record(path, name, _signals(path))


def _signals(path: Path) -> list[Signal]:
    reader = need("pymavlink.DFReader", "ardupilot", path, "ArduPilot logs")
    try:
        log = reader.DFReader_binary(str(path), zero_time_base=False)
        try:
            rows = _rows(log)
        finally:
            log.close()
    except Exception as reason:  # struct and attribute errors of a damaged log
        raise damaged(path, "ArduPilot log", reason) from None
    out: list[Signal] = []
    for kind, samples in rows.items():
        if len(samples) > 1:
            table = np.array(samples, dtype=float)
            table = table[np.concatenate([[True], np.diff(table[:, 0]) > 0])]
            for j, (field, unit) in enumerate(_FIELDS[kind].items(), 1):
                out.append(Signal(f"{kind}.{field}", unit, table[:, 0] * 1e-6, table[:, j]))
    return out


def _rows(log: Any) -> dict[str, list[list[float]]]:
    """Time (us) and fields of every message, by kind."""
    rows: dict[str, list[list[float]]] = {kind: [] for kind in _FIELDS}
    while (message := log.recv_match(type=list(_FIELDS))) is not None:
        if getattr(message, "I", 0) == 0:
            kind = message.get_type()
            fields = _FIELDS[kind]
            rows[kind].append([message.TimeUS, *(getattr(message, f) for f in fields)])
    return rows
