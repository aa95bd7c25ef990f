"""The bytes of a table file: limits, encoding, line blocks; constant memory before allocation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from heliid.errors import RecordError

MAX_FILE_BYTES = 2 * 1024**3
MAX_LINE_BYTES = 1024**2
MAX_CELL_BYTES = 64 * 1024
MAX_COLUMNS = 4096
MAX_CELLS = 500_000_000
HEAD_BYTES = 1024**2 + 65536  # enough to see one line that is too long
_SCAN_BYTES = 1024**2  # stays in the processor's cache
_BLOCK_BYTES = 2 * 1024**2  # text and numbers of a block stay near the processor

_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"\x1f\x8b", "a gzip archive", "unpack it and open the CSV inside"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook", "unpack it or save the sheet as CSV"),
    (b"BZh", "a bzip2 archive", "unpack it and open the CSV inside"),
    (b"\xfd7zXZ\x00", "an xz archive", "unpack it and open the CSV inside"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "unpack it and open the CSV inside"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-zip archive", "unpack it and open the CSV inside"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV"),
    (b"%PDF", "a PDF document", "export the numbers as CSV"),
    (b"\x89PNG", "a picture", "open the file with the numbers instead"),
    (b"\x7fELF", "a program", "open the file with the numbers instead"),
    (b"MATLAB ", "a MATLAB file", "give it the ending .mat and open it as that"),
    (b"\x89HDF", "an HDF5 file", "give it the ending .h5 or .mat and open it as that"),
    (b"PAR1", "a Parquet file", "give it the ending .parquet and open it as that"),
    (b"ULog\x01\x12\x35", "a ULog file", "give it the ending .ulg and open it as that"),
    (b"TDSm", "a TDMS file", "give it the ending .tdms and open it as that"),
    (b"MDF ", "an MDF file", "give it the ending .mf4 and open it as that"),
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the bytes become text: a Python codec name and the length of the byte-order mark."""

    codec: str = "utf-8"
    bom: int = 0

    @property
    def is_wide(self) -> bool:
        """True for UTF-16, where a character takes two bytes."""
        return self.codec.startswith("utf-16")


def check_file(path: Path) -> int:
    """The size in bytes of a readable file within the limits.

    Raises
    ------
    RecordError
        Missing, a folder, unreadable, empty or over 2 GiB.
    """
    try:
        status = path.stat()
    except OSError as reason:
        raise RecordError(
            f"{path.name}: the file cannot be opened ({reason.strerror or reason}): "
            f"check the path {path}."
        ) from None
    if not path.is_file():
        raise RecordError(f"{path.name}: this is not a file: choose a file with flight data.")
    if status.st_size == 0:
        raise RecordError(f"{path.name}: the file is empty: export the record again.")
    if status.st_size > MAX_FILE_BYTES:
        raise RecordError(
            f"{path.name}: the file has {status.st_size / 1024**3:.1f} GiB, the limit is 2 GiB: "
            f"split it into manoeuvres before opening."
        )
    return status.st_size


def read_head(path: Path) -> bytes:
    """The first bytes of the file, at most a little over 1 MiB."""
    try:
        with path.open("rb") as stream:
            return stream.read(HEAD_BYTES)
    except OSError as reason:
        raise RecordError(
            f"{path.name}: the file cannot be read ({reason.strerror or reason}): "
            f"check that you may open it."
        ) from None


def find_encoding(path: Path, head: bytes) -> Encoding:
    """The encoding that the first bytes show.

    Raises
    ------
    RecordError
        The bytes are not text: an archive, a picture, zeros, control characters.
    """
    for magic, what, remedy in _MAGIC:
        if head.startswith(magic):
            raise RecordError(f"{path.name}: this is {what}, not a table of text: {remedy}.")
    for mark, codec in (
        (b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"),
    ):  # fmt: skip
        if head.startswith(mark):
            return Encoding(codec, len(mark))
    if 0 in head:
        wide = _wide_without_mark(head)
        if wide:
            return wide
    _refuse_control_characters(path, head)
    try:
        head[: _whole_characters(head)].decode("utf-8")
    except UnicodeDecodeError:
        return Encoding("cp1252")
    return Encoding("utf-8")


def _wide_without_mark(head: bytes) -> Encoding | None:
    """UTF-16 whose byte-order mark was lost: every second byte is zero in plain text."""
    sample = head[:4096]
    if len(sample) < 8:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 0.9 * len(sample) / 2 and even == 0:
        return Encoding("utf-16-le")
    if even > 0.9 * len(sample) / 2 and odd == 0:
        return Encoding("utf-16-be")
    return None


def _n_control(head: bytes) -> int:
    return len(head) - len(head.translate(None, delete=_CONTROL))


_CONTROL = bytes(code for code in range(32) if code not in b"\0\t\n\r\x0c\x1a") + b"\x7f"


def _refuse_control_characters(path: Path, head: bytes) -> None:
    if _n_control(head) > 0.001 * len(head) + 1:
        raise RecordError(
            f"{path.name}: the content is binary, not a table of text: "
            f"choose the file that was exported as CSV."
        )


def _whole_characters(head: bytes) -> int:
    """Length of ``head`` without a multi-byte character cut at its end."""
    end = len(head)
    while end > 0 and end > len(head) - 4 and head[end - 1] & 0xC0 == 0x80:
        end -= 1
    if end > 0 and head[end - 1] >= 0xC0:
        end -= 1
    elif end < len(head):
        end = len(head)
    return end


def count_line_ends(path: Path, encoding: Encoding, newline: str) -> int:
    """Line ends of the whole file, in constant memory; a last line without one is not counted.

    Raises
    ------
    RecordError
        A line is over 1 MiB long, or UTF-16 text ends in half a character.
    """
    if encoding.is_wide and (path.stat().st_size - encoding.bom) % 2:
        raise RecordError(
            f"{path.name}: the UTF-16 text ends in half a character: "
            f"the file was cut off, copy it again."
        )
    end = newline[-1].encode(encoding.codec)
    n_ends = since_end = 0
    for chunk in _chunks(path):
        since_end = _longest_open(path, chunk, end, since_end, n_ends)
        n_ends += chunk.count(end)
    return n_ends


def _chunks(path: Path) -> Iterator[bytearray]:
    """The bytes of a file, piece by piece, all through one buffer: fresh memory costs more."""
    buffer = bytearray(_SCAN_BYTES)
    with path.open("rb", buffering=0) as stream:
        while n := stream.readinto(buffer):
            yield buffer if n == len(buffer) else buffer[:n]


def file_hash(path: Path) -> str:
    """SHA-256 of the bytes, in constant memory; runs beside the parsing in another thread."""
    digest = hashlib.sha256()
    for chunk in _chunks(path):
        digest.update(chunk)
    return digest.hexdigest()


def _longest_open(path: Path, chunk: bytearray, end: bytes, since_end: int, n_ends: int) -> int:
    """Bytes after the last line end of ``chunk``; refuses a line over the limit on the way."""
    place = 0
    while True:
        reach = place + MAX_LINE_BYTES - since_end
        last = chunk.rfind(end, place, min(reach, len(chunk)))
        if last < 0:
            if reach < len(chunk):
                row = n_ends + chunk[:place].count(end) + 1
                raise RecordError(
                    f"{path.name}, row {row}: the line is longer than 1 MiB, which no table of "
                    f"flight data is: check that this is the right file."
                )
            return since_end + len(chunk) - place
        place, since_end = last + len(end), 0
        if place >= len(chunk):
            return 0


def line_blocks(path: Path, encoding: Encoding, newline: str) -> Iterator[bytes]:
    """Blocks of whole lines as UTF-8 (or single-byte) text, line ends LF or CRLF."""
    for block in _raw_blocks(path, encoding, newline):
        if newline == "\r":
            yield block.replace(b"\r", b"\n")
        else:
            yield block


def _raw_blocks(path: Path, encoding: Encoding, newline: str) -> Iterator[bytes]:
    end = newline[-1].encode()
    rest = b""
    with path.open("rb") as stream:
        stream.seek(encoding.bom)
        while chunk := stream.read(_BLOCK_BYTES):
            if encoding.is_wide:
                chunk = _narrow(chunk, encoding)
            cut = chunk.rfind(end) + 1
            if cut:
                yield rest + chunk[:cut]
                rest = chunk[cut:]
            else:
                rest += chunk
    if rest:
        yield rest


def _narrow(chunk: bytes, encoding: Encoding) -> bytes:
    """UTF-16 to UTF-8; blocks are of even length, and lone halves become a question mark."""
    return chunk.decode(encoding.codec, errors="replace").encode("utf-8")
