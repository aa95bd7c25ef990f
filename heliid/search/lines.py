"""A file of checked lines that only grows: what a search or a refit found, as it comes.

Each line is one JSON object whose last key is a check sum over the rest, so a line that a crash cut
short or a disk has changed is noticed and not believed. A disk that is full ends the keeping, never
the work.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import suppress
from io import BufferedWriter
from pathlib import Path
from typing import Any

from heliid.atomic import write_text
from heliid.strict_json import StrictJsonError, loads

_SYNC_S = 1.0  # a power cut loses at most the results of this time; a killed program loses none
_CHECK = b',"check":"'


def pack(row: dict[str, Any]) -> bytes:
    """One line with its check sum; ``ValueError`` for a number that JSON has not."""
    text = json.dumps(row, allow_nan=False, separators=(",", ":")).encode()
    return text[:-1] + _CHECK + _sum(text) + b'"}\n'


def unpack(line: bytes) -> dict[str, Any]:
    """The row of a line without its end; ``StrictJsonError`` when it is not whole."""
    text, mark, rest = line.rpartition(_CHECK)
    text += b"}"
    if not mark or rest != _sum(text) + b'"}':
        raise StrictJsonError("it is not a line that was written whole")
    return loads(text)  # an object: nothing else ends like that


def _sum(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:16].encode()


def begin(path: Path, header: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """A new file; one that was there is kept as ``NAME.bak``."""
    if path.exists():
        os.replace(path, path.with_name(path.name + ".bak"))
    lines = [json.dumps(header, allow_nan=False).encode() + b"\n", *(pack(row) for row in rows)]
    write_text(path, b"".join(lines).decode())


def read(path: Path) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """Header and rows; (None, []) when the file is not there or is something else.

    Reading ends at the first line that is not whole, and the file is cut there, so that what is
    written next is not glued to it.
    """
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None, []
    lines = data.split(b"\n")
    try:
        header = loads(lines[0])
    except StrictJsonError:
        return None, []
    rows = []
    whole = len(lines[0]) + 1
    for line in lines[1:-1]:  # the last piece is empty, or was cut short
        try:
            rows.append(unpack(line))
        except StrictJsonError:
            break
        whole += len(line) + 1
    if not isinstance(header, dict):
        return None, []
    if whole < len(data):
        with suppress(OSError):
            os.truncate(path, whole)
    return header, rows


class Appender:
    """Adds lines to a file; ``trouble`` says why nothing is kept any more, "" while it is."""

    def __init__(self, path: Path) -> None:
        self.trouble = ""
        self._path = path
        self._synced_at = 0.0
        self._file: BufferedWriter | None = None
        try:
            self._file = open(path, "ab")  # noqa: SIM115 - closed by close
        except OSError as error:
            self.give_up(error)

    def put(self, row: dict[str, Any]) -> None:
        """Add a line; in the file, though not surely on the disk, when this returns."""
        if self._file is None:
            return
        try:
            self._file.write(pack(row))
            self._file.flush()
            now = time.monotonic()
            if now - self._synced_at > _SYNC_S:
                os.fsync(self._file.fileno())
                self._synced_at = now
        except OSError as error:
            self.give_up(error)

    def close(self) -> None:
        """Bring it to the disk and let go of it."""
        file, self._file = self._file, None
        if file is None:
            return
        try:
            with file:
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            self.give_up(error)

    def give_up(self, error: OSError) -> None:
        """Keep nothing more; what is kept stays readable up to its last whole line."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()  # tries once more to write what waits
        self.trouble = (
            f"What is found from now on is not kept in {self._path.name} "
            f"({error.strerror or error}): the search goes on, but it could not be taken up again "
            f"after a power cut. Free some space."
        )
