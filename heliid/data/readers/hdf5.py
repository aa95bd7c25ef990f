"""HDF5 files: one-dimensional datasets of one group, one of them named as time."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from heliid.data.header import is_time_name, split_header
from heliid.data.readers.assemble import Signal, table_signals, to_record
from heliid.data.readers.extras import damaged, need, starts_with
from heliid.data.record import Channel, FlightRecord

_UNIT_KEYS = ("unit", "units", "Unit", "Units", "UNIT", "UNITS")


class Hdf5Reader:
    """The first group that holds a time dataset; units from the attribute ``unit`` or ``units``."""

    name = "HDF5 file"
    suffixes = (".h5", ".hdf5", ".hdf", ".he5")

    def sniff(self, path: Path) -> bool:
        """True for the first bytes of HDF5, unless MATLAB wrote it."""
        return path.suffix.lower() in self.suffixes or starts_with(path, b"\x89HDF")

    def list_channels(self, path: Path) -> tuple[Channel, ...]:
        """The channels in the file."""
        return tuple(signal.channel for signal in _signals(path))

    def read(self, path: Path, *, name: str | None = None) -> FlightRecord:
        """The record in the file."""
        return to_record(path, name, _signals(path))


def _signals(path: Path) -> list[Signal]:
    h5py = need("h5py", "hdf5", path, "HDF5 files")
    return table_signals(path, hdf5_columns(path, h5py, "HDF5 file"))


def hdf5_columns(path: Path, h5py: ModuleType, what: str) -> list[tuple[str, str, np.ndarray]]:
    """(name, unit, values) of the vectors beside the first time dataset in the file."""
    try:
        with h5py.File(path, "r") as stream:
            groups: dict[str, list[tuple[str, str, np.ndarray]]] = {}

            def visit(full_name: str, item: Any) -> None:
                if isinstance(item, h5py.Dataset) and _is_vector(item):
                    group, _, name = full_name.rpartition("/")
                    column = (name, _unit(item), np.asarray(item[()], dtype=float).ravel())
                    groups.setdefault(group, []).append(column)

            stream.visititems(visit)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as reason:
        raise damaged(path, what, reason) from None
    with_time = [
        columns
        for columns in groups.values()
        if any(is_time_name(split_header(name)[0]) for name, _, _ in columns)
    ]
    return with_time[0] if with_time else [c for columns in groups.values() for c in columns]


def _is_vector(dataset: Any) -> bool:
    long_ways = [n for n in dataset.shape if n != 1]
    return dataset.dtype.kind in "fiu" and len(dataset.shape) <= 2 and len(long_ways) == 1


def _unit(dataset: Any) -> str:
    for key in _UNIT_KEYS:
        if key in dataset.attrs:
            value = dataset.attrs[key]
            return value.decode() if isinstance(value, bytes) else str(value)
    return ""
