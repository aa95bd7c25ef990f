"""MATLAB files: version 5 through scipy, version 7.3 (HDF5) through h5py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from heliid.data.readers.assemble import Signal, table_signals, to_record
from heliid.data.readers.extras import damaged, need, starts_with
from heliid.data.readers.hdf5 import hdf5_columns
from heliid.data.record import Channel, FlightRecord
from heliid.errors import RecordError

_V73 = b"MATLAB 7.3"
_HDF = b"\x89HDF"


class MatlabReader:
    """Vectors of one length, one of them named as time; at top level or inside one struct."""

    name = "MATLAB file"
    suffixes = (".mat",)

    def sniff(self, path: Path) -> bool:
        """True for the ending .mat or the first bytes of a MATLAB file."""
        return path.suffix.lower() in self.suffixes or starts_with(path, b"MATLAB 5", _V73)

    def list_channels(self, path: Path) -> tuple[Channel, ...]:
        """The channels in the file."""
        return tuple(signal.channel for signal in _signals(path))

    def read(self, path: Path, *, name: str | None = None) -> FlightRecord:
        """The record in the file."""
        return to_record(path, name, _signals(path))


def _signals(path: Path) -> list[Signal]:
    if starts_with(path, _V73, _HDF):
        h5py = need("h5py", "mat", path, "MATLAB 7.3 files")
        return table_signals(path, hdf5_columns(path, h5py, "MATLAB file"))
    from scipy.io import loadmat

    try:
        content = loadmat(path, squeeze_me=True, struct_as_record=True, mat_dtype=True)
    except Exception as reason:  # scipy's reader lets zlib and its own errors through
        raise damaged(path, "MATLAB file", reason) from None
    return table_signals(path, _columns(path, content))


def _columns(path: Path, content: dict[str, Any]) -> list[tuple[str, str, np.ndarray]]:
    plain = {name: value for name, value in content.items() if not name.startswith("__")}
    found = _vectors(plain)
    for value in plain.values():  # one struct that holds the record
        if not found and isinstance(value, np.ndarray) and value.dtype.names and value.ndim == 0:
            inside = {name: value[name][()] for name in value.dtype.names}
            found = _vectors(inside)
    if not found:
        have = ", ".join(plain) or "nothing"
        raise RecordError(
            f"{path.name}: no vectors of numbers were found (the file holds {have}): "
            f"save time and channels as vectors or as fields of one struct."
        )
    return found


def _vectors(values: dict[str, Any]) -> list[tuple[str, str, np.ndarray]]:
    """(name, "", values) of every numeric vector; a struct is looked into by the caller."""
    return [
        (name, "", np.asarray(value, dtype=float))
        for name, value in values.items()
        if isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in "fiu"
    ]
