"""Arrays as ``.npy`` bytes and back, with our own header grammar instead of numpy's parser."""

from __future__ import annotations

import hashlib
import io
import re
import struct

import numpy as np

_MAGIC = b"\x93NUMPY"
_HEADER = re.compile(
    r"\{'descr': '<f8', 'fortran_order': False, 'shape': \((?P<shape>[0-9, ]*)\), \}\s*"
)
MAX_DIMENSIONS = 3


class ArrayError(ValueError):
    """The bytes are not an array that HeliID writes; half a sentence: what was found."""


def to_npy(array: np.ndarray) -> bytes:
    """The array as little-endian float64 ``.npy`` bytes, C order."""
    buffer = io.BytesIO()
    np.lib.format.write_array(
        buffer, np.ascontiguousarray(array, dtype="<f8"), version=(1, 0), allow_pickle=False
    )
    return buffer.getvalue()


def from_npy(data: bytes) -> np.ndarray:
    """The array in ``data``; sizes are checked before anything is allocated."""
    if len(data) < 10 or data[:6] != _MAGIC or data[6:8] != b"\x01\x00":
        raise ArrayError("it does not begin like a version 1.0 .npy array")
    (length,) = struct.unpack("<H", data[8:10])
    try:
        header = data[10 : 10 + length].decode("ascii")
    except UnicodeDecodeError:
        raise ArrayError("its header is not ASCII") from None
    match = _HEADER.fullmatch(header)
    if match is None or len(header) != length:
        raise ArrayError("its header is not that of a little-endian float64 array")
    sizes = [part.strip() for part in match["shape"].split(",") if part.strip()]
    if len(sizes) > MAX_DIMENSIONS or any(len(size) > 12 or " " in size for size in sizes):
        raise ArrayError("its shape is out of range")
    shape = tuple(int(size) for size in sizes)
    count = 1
    for size in shape:
        count *= size
    body = memoryview(data)[10 + length :]
    if count * 8 != len(body):
        raise ArrayError(f"it has {len(body)} bytes where its shape {shape} wants {count * 8}")
    return np.frombuffer(body, dtype="<f8").reshape(shape).astype(np.float64)


def content_name(data: bytes, folder: str, suffix: str) -> str:
    """The entry name of immutable content: its own hash."""
    return f"{folder}/{hashlib.sha256(data).hexdigest()}{suffix}"


def content_digest(name: str) -> str:
    """The SHA-256 that ``content_name`` put into an entry name."""
    return name.rpartition("/")[2].partition(".")[0]
