"""File formats behind one small protocol; sites can add their own through entry points.

A reader is a class without arguments that fits ``Reader``, named in the entry-point group
``heliid.readers``. Libraries of optional formats are imported only when a file asks for them.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Iterable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol, runtime_checkable

from heliid.data.csvfile import CsvReader
from heliid.data.csvscan import check_file
from heliid.data.readers import apart
from heliid.data.readers.ardupilot import ArduPilotReader
from heliid.data.readers.hdf5 import Hdf5Reader
from heliid.data.readers.matlab import MatlabReader
from heliid.data.readers.mdf import MdfReader
from heliid.data.readers.parquet import ParquetReader
from heliid.data.readers.tdms import TdmsReader
from heliid.data.readers.ulog import UlogReader
from heliid.data.record import Channel, FlightRecord
from heliid.errors import RecordError

GROUP = "heliid.readers"
_log = logging.getLogger(__name__)


@runtime_checkable
class Reader(Protocol):
    """One file format."""

    @property
    def name(self) -> str:
        """What the file dialog shows."""
        ...

    @property
    def suffixes(self) -> tuple[str, ...]:
        """File endings, with the point, lower case."""
        ...

    def sniff(self, path: Path) -> bool:
        """True when this reader is the one for the file; looks at name and first bytes only."""
        ...

    def list_channels(self, path: Path) -> tuple[Channel, ...]:
        """The channels in the file."""
        ...

    def read(self, path: Path, *, name: str | None = None) -> FlightRecord:
        """The record in the file; a ``RecordError`` in one sentence otherwise."""
        ...


_BUILT_IN: tuple[Callable[[], Reader], ...] = (
    MatlabReader,
    Hdf5Reader,
    UlogReader,
    ArduPilotReader,
    MdfReader,
    TdmsReader,
    ParquetReader,
    CsvReader,
)


def readers() -> tuple[Reader, ...]:
    """Every reader: those of other packages first, so that a site can replace one of ours."""
    found: list[Reader] = []
    for point in entry_points(group=GROUP):
        if not point.value.startswith("heliid."):
            try:
                found.append(point.load()())
            except Exception:  # a broken plug-in must not stop the others
                _log.exception("The reader %s of another package cannot be loaded.", point.name)
    return (*found, *(make() for make in _BUILT_IN))


def reader_for(path: Path | str) -> Reader:
    """The reader for a file; text tables are the last resort."""
    path = Path(path)
    check_file(path)
    for reader in readers():
        if reader.sniff(path):
            return reader
    return CsvReader()


def read_file(path: Path | str, *, name: str | None = None) -> FlightRecord:
    """The record in a file of any known format.

    Formats that need a library of their own are read in a process apart, within a limit of time
    and memory (``heliid.data.readers.apart``).

    Raises
    ------
    RecordError
        One sentence; a missing optional library is one with the line that installs it.
    """
    path = Path(path)
    reader = reader_for(path)
    if isinstance(reader, CsvReader) or not apart.can_be_read_apart(reader):
        return reader.read(path, name=name)
    record: FlightRecord = apart.read_apart(path, type(reader), name)
    return record


def read_with(module: str, reader: str, path: Path, name: str | None) -> FlightRecord:
    """The record that the reader of that name finds; what ``read_file`` asks a helper for."""
    made: Reader = getattr(importlib.import_module(module), reader)()
    return made.read(path, name=name)


def file_dialog_filter() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """(name, suffixes) of every reader, for the file dialog."""
    return tuple((reader.name, reader.suffixes) for reader in readers())


def expand(paths: Iterable[Path | str]) -> tuple[Path, ...]:
    """Files as they are, folders as the files of known endings inside them, in order of name.

    Raises
    ------
    RecordError
        A folder without such a file.
    """
    known = {suffix for reader in readers() for suffix in reader.suffixes}
    out: list[Path] = []
    for path in map(Path, paths):
        if not path.is_dir():
            out.append(path)
            continue
        inside = sorted(
            found
            for found in path.iterdir()
            if found.suffix.lower() in known and found.is_file() and not found.name.startswith(".")
        )
        if not inside:
            raise RecordError(
                f"The folder {path.name} holds no file of a known format "
                f"({', '.join(sorted(known))}): choose another folder."
            )
        out += inside
    return tuple(dict.fromkeys(out))
