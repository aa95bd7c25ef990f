"""MDF4 and MDF3 measurement files: every numeric channel on its own time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from heliid.data.readers.assemble import Signal, to_record
from heliid.data.readers.extras import damaged, need, starts_with
from heliid.data.record import Channel, FlightRecord


class MdfReader:
    """Physical values with their units; masters (time) are not channels of their own."""

    name = "MDF file"
    suffixes = (".mf4", ".mdf", ".dat4")

    def sniff(self, path: Path) -> bool:
        """True for the ending or the first bytes of MDF."""
        return path.suffix.lower() in self.suffixes or starts_with(path, b"MDF ", b"UnFinMF ")

    def list_channels(self, path: Path) -> tuple[Channel, ...]:
        """The channels in the file."""
        return tuple(signal.channel for signal in _signals(path))

    def read(self, path: Path, *, name: str | None = None) -> FlightRecord:
        """The record in the file."""
        return to_record(path, name, _signals(path))


def _signals(path: Path) -> list[Signal]:
    asammdf = need("asammdf", "mdf", path, "MDF files")
    _check_header(path)
    out: list[Signal] = []
    try:
        # an open file, not its name: with a name the library trips over its own clean-up when it
        # refuses a file
        with path.open("rb") as stream, asammdf.MDF(stream) as content:
            for found in content.iter_channels(skip_master=True):
                values = np.asarray(found.samples)
                if values.ndim == 1 and values.dtype.kind in "fiu" and len(values) > 1:
                    out.append(_signal(found, values))
    except Exception as reason:  # the library has many errors of its own
        raise damaged(path, "MDF file", reason) from None
    return out


def _signal(found: Any, values: np.ndarray) -> Signal:
    time = np.asarray(found.timestamps, dtype=float)
    return Signal(str(found.name), str(found.unit or ""), time, values.astype(float))


def _check_header(path: Path) -> None:
    """The header block after the 64 bytes of identification: without it nothing can follow.

    Raises
    ------
    RecordError
        It is not there.
    """
    with path.open("rb") as stream:
        head = stream.read(68)
    if not head[64:].startswith((b"##HD", b"HD")):
        raise damaged(path, "MDF file", ValueError("there is no header block at byte 64"))
