"""The container of a project: a ZIP of stored entries, a manifest with a SHA-256 for each.

The loader checks the directory itself before it reads any entry: names, methods, sizes, ratios
and overlaps. Python's ``zipfile`` is then used only to hand out bytes whose length and hash are
already known. A flipped bit anywhere is either in an entry (hash), in the directory (refused) or
in bytes nobody reads.

A file says which schema it has and, as ``oldest_reader``, the oldest schema whose readers make
sense of it. A file that is newer than this program, but says that it can still be read, is shown
read-only; any other newer one is refused.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from heliid import __version__, atomic, strict_json
from heliid.errors import ProjectFileError

FORMAT = "heliid-project"
SCHEMA = 1
OLDEST_READER = 1  # a reader of this schema makes sense of what is written here
MAX_ENTRIES = 100_000
MAX_TOTAL = 4 * 2**30
MAX_RATIO = 200
MANIFEST = "manifest.json"
_NAME = re.compile(
    r"manifest\.json|project\.json|arrays/[0-9a-f]{64}\.npy"
    r"|models/[0-9a-f]{64}\.json|runs/[0-9a-z-]{1,64}/candidates\.jsonl"
)
_DATE = (1980, 1, 1, 0, 0, 0)  # equal content gives equal bytes
_ZIP_TROUBLE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    EOFError,
    KeyError,
    IndexError,
    struct.error,
    zlib.error,
    UnicodeError,
    MemoryError,
)


def container_bytes(entries: Mapping[str, bytes], *, compact: bool = False) -> bytes:
    """``entries`` and their manifest as one ZIP; ``compact`` deflates them."""
    manifest = {
        "format": FORMAT,
        "schema": SCHEMA,
        "oldest_reader": OLDEST_READER,
        "app_version": __version__,
        "entries": {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
            for name, data in sorted(entries.items())
        },
    }
    manifest_bytes = json.dumps(manifest, indent=1, allow_nan=False).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", allowZip64=True) as archive:
        for name, data in [(MANIFEST, manifest_bytes), *sorted(entries.items())]:
            info = zipfile.ZipInfo(name, _DATE)
            info.compress_type = zipfile.ZIP_DEFLATED if compact else zipfile.ZIP_STORED
            info.external_attr = 0o644 << 16
            archive.writestr(info, data, compresslevel=1 if compact else None)
    return buffer.getvalue()


def write_container(
    path: Path | str,
    entries: Mapping[str, bytes],
    *,
    compact: bool = False,
    ops: atomic.FileOps = atomic.FILE_OPS,
) -> None:
    """Write ``entries`` and their manifest atomically, keeping one generation as ``NAME.bak``."""
    data = container_bytes(entries, compact=compact)
    atomic.write_file(path, lambda file: atomic.write_all(file, data), backup=True, ops=ops)


@dataclass(frozen=True)
class Container:
    """A checked container; entries are read, and their hash compared, when asked for.

    Holds its file open until ``close``: a save in the meantime replaces the name, not this file.
    """

    path: Path
    file: BinaryIO
    archive: zipfile.ZipFile
    manifest: dict[str, Any]

    @property
    def names(self) -> tuple[str, ...]:
        """Entry names, the manifest left out."""
        return tuple(self.manifest["entries"])

    @property
    def newer(self) -> str:
        """The version of HeliID that wrote it, when that is too new to be written back; else ""."""
        is_newer = int(self.manifest["schema"]) > SCHEMA
        return str(self.manifest.get("app_version") or "of later")[:20] if is_newer else ""

    def read(self, name: str) -> bytes:
        """The bytes of one entry, whose hash is right; raises ``ProjectFileError`` otherwise."""
        wanted = self.manifest["entries"].get(name)
        if wanted is None:
            raise _damaged(self.path, f"the entry '{name[:60]}' is missing")
        data = _read_entry(self.path, self.archive, name, int(wanted["size"]))
        if hashlib.sha256(data).hexdigest() != wanted["sha256"]:
            raise _damaged(self.path, f"the entry '{name}' has changed since it was written")
        return data

    def verify(self) -> None:
        """Read every entry once."""
        for name in self.names:
            self.read(name)

    def close(self) -> None:
        """Let go of the file; safe to call twice."""
        with contextlib.suppress(OSError):  # what was read is checked: a close can spoil nothing
            self.archive.close()
            self.file.close()

    def __enter__(self) -> Container:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_container(source: Path | str | bytes, name: str = "project") -> Container:
    """Open and check a container, from a path or from bytes; to be closed, or used in ``with``.

    Only the directory and the manifest are read.

    Raises
    ------
    ProjectFileError
        Not a project, damaged, hostile, or from a newer HeliID; says which.
    """
    if isinstance(source, bytes):
        path, file = Path(name), cast(BinaryIO, io.BytesIO(source))
    else:
        path = Path(source)
        file = _open_file(path)
    try:
        archive = _open_zip(path, file)
        listed = _check_directory(path, archive)
        if MANIFEST not in listed:
            raise _damaged(path, "its manifest is missing")
        text = _read_entry(path, archive, MANIFEST, listed[MANIFEST])
        return Container(path, file, archive, _check_manifest(path, text, listed))
    except BaseException:
        with contextlib.suppress(OSError):
            file.close()
        raise


def _open_file(path: Path) -> BinaryIO:
    try:
        size = path.stat().st_size
        if size > MAX_TOTAL:
            raise ProjectFileError(
                f"The project {path.name} has {size / 2**30:.1f} GiB where at most 4 can be "
                f"read: link large records instead of storing them."
            )
        return open(path, "rb")
    except OSError as error:
        raise ProjectFileError(
            f"The project {path.name} cannot be read ({error.strerror or error}): "
            f"check that the file is there and that you may read it."
        ) from None


def _damaged(path: Path, what: str) -> ProjectFileError:
    backup = path.with_name(path.name + ".bak").name
    return ProjectFileError(
        f"The project {path.name} cannot be opened: {what}; "
        f"open the last good copy ({backup}) instead."
    )


def _open_zip(path: Path, file: BinaryIO) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except (*_ZIP_TROUBLE, OSError):
        raise _damaged(path, "it is not a HeliID project, or it is cut off") from None


def _check_directory(path: Path, archive: zipfile.ZipFile) -> dict[str, int]:
    """Entry name to declared size, after every check that needs no entry's bytes."""
    infos = archive.infolist()
    if archive.comment:
        raise _damaged(path, "it carries a comment that HeliID does not write")
    if not 0 < len(infos) <= MAX_ENTRIES:
        raise _damaged(path, f"it lists {len(infos)} entries")
    listed: dict[str, int] = {}
    for info in infos:
        _check_entry(path, info)
        if info.filename in listed:
            raise _damaged(path, f"the entry '{info.filename}' stands twice")
        listed[info.filename] = info.file_size
    if sum(listed.values()) > MAX_TOTAL:
        raise _damaged(path, "it declares more than 4 GiB of content")
    for first, last, info in _spans(infos):
        if first < last:
            raise _damaged(path, f"the entry '{info.filename}' overlaps another")
    return listed


def _spans(infos: list[zipfile.ZipInfo]) -> Iterator[tuple[int, int, zipfile.ZipInfo]]:
    """For each entry in file order: where it starts, and where the one before it ends."""
    end = 0
    for info in sorted(infos, key=lambda one: one.header_offset):
        yield info.header_offset, end, info
        end = info.header_offset + 30 + len(info.filename) + info.compress_size


def _check_entry(path: Path, info: zipfile.ZipInfo) -> None:
    name = info.filename[:60]
    if not _NAME.fullmatch(info.filename):
        raise _damaged(path, f"the entry name {name!r} is not one of a project")
    if info.flag_bits & 0x1:
        raise _damaged(path, f"the entry '{name}' is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _damaged(path, f"the entry '{name}' uses an unknown compression")
    if (info.external_attr >> 16) & 0o170000 == 0o120000:
        raise _damaged(path, f"the entry '{name}' is a link")
    if info.file_size > MAX_RATIO * max(info.compress_size, 1):
        raise _damaged(path, f"the entry '{name}' expands more than {MAX_RATIO} times")


def _read_entry(path: Path, archive: zipfile.ZipFile, name: str, size: int) -> bytes:
    """At most ``size`` + 1 bytes of one entry."""
    try:
        with archive.open(name) as entry:
            content = entry.read(size + 1)
    except (*_ZIP_TROUBLE, OSError):
        raise _damaged(path, f"the entry '{name}' cannot be read") from None
    if len(content) != size:
        raise _damaged(path, f"the entry '{name}' has not the size it declares")
    return content


def _can_be_read(oldest_reader: Any) -> bool:
    """Whether a newer file says that a reader of today's schema makes sense of it."""
    is_whole = isinstance(oldest_reader, int) and not isinstance(oldest_reader, bool)
    return is_whole and 1 <= oldest_reader <= SCHEMA


def _check_manifest(path: Path, data: bytes, listed: dict[str, int]) -> dict[str, Any]:
    try:
        manifest = strict_json.loads(data)
    except strict_json.StrictJsonError as error:
        raise _damaged(path, f"in its manifest {error}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise _damaged(path, "its manifest is not that of a HeliID project")
    schema = manifest.get("schema")
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise _damaged(path, "its manifest names no schema")
    if schema > SCHEMA and not _can_be_read(manifest.get("oldest_reader")):
        raise ProjectFileError(
            f"The project {path.name} was written by a newer HeliID (file schema {schema}, "
            f"this one reads up to {SCHEMA}): update HeliID to open it."
        )
    entries = manifest.get("entries")
    if not isinstance(entries, dict):
        raise _damaged(path, "its manifest lists no entries")
    for name, row in entries.items():
        if not (
            isinstance(row, dict)
            and isinstance(row.get("sha256"), str)
            and isinstance(row.get("size"), int)
            and row["size"] == listed.get(name)
        ):
            raise _damaged(path, f"the manifest does not fit the entry '{name[:60]}'")
    if set(entries) != set(listed) - {MANIFEST}:
        raise _damaged(path, "it holds entries that its manifest does not list")
    return manifest
