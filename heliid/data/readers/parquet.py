"""Parquet files: a table with a time column."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from heliid.data.readers.assemble import Signal, table_signals, to_record
from heliid.data.readers.extras import damaged, need, starts_with
from heliid.data.record import Channel, FlightRecord


class ParquetReader:
    """Numeric columns of a Parquet table; headers as in CSV, units in the name."""

    name = "Parquet file"
    suffixes = (".parquet", ".pq")

    def sniff(self, path: Path) -> bool:
        """True for the ending or the first bytes of Parquet."""
        return path.suffix.lower() in self.suffixes or starts_with(path, b"PAR1")

    def list_channels(self, path: Path) -> tuple[Channel, ...]:
        """The channels in the file."""
        return tuple(signal.channel for signal in _signals(path))

    def read(self, path: Path, *, name: str | None = None) -> FlightRecord:
        """The record in the file."""
        return to_record(path, name, _signals(path))


def _signals(path: Path) -> list[Signal]:
    parquet = need("pyarrow.parquet", "parquet", path, "Parquet files")
    try:
        table = parquet.read_table(path)
        columns = [
            (field.name, _unit(field), _numbers(table.column(field.name)))
            for field in table.schema
            if _is_numeric(str(field.type))
        ]
    except (OSError, ValueError, KeyError, TypeError) as reason:  # pyarrow's errors are ValueErrors
        raise damaged(path, "Parquet file", reason) from None
    return table_signals(path, columns)


def _is_numeric(kind: str) -> bool:
    return kind.startswith(("int", "uint", "float", "double", "halffloat", "timestamp"))


def _numbers(column: object) -> np.ndarray:
    """Float64 values; a missing one becomes nan, a time stamp seconds since 1970."""
    values = column.to_numpy()  # type: ignore[attr-defined]
    if values.dtype.kind == "M":
        return values.astype("datetime64[ns]").astype(np.int64) * 1e-9
    return np.asarray(values, dtype=float)


def _unit(field: object) -> str:
    metadata = getattr(field, "metadata", None) or {}
    for key in (b"unit", b"units"):
        if key in metadata:
            return metadata[key].decode()
    return ""
