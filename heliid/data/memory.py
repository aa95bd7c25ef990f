"""Where large tables of numbers are put: in this process, or where another one can see them.

A helper process that reads a file for the window sets ``allocate`` to memory that both map, so
that 150 MB of samples change hands without a copy (``heliid.data.readers.apart``).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

SHARE_FROM = 1 << 20  # bytes; smaller arrays are copied sooner than shared

_allocate: Callable[[int], memoryview] | None = None


def use(allocate: Callable[[int], memoryview] | None) -> None:
    """Take the memory of large arrays from here: a number of bytes in, writable bytes out."""
    global _allocate
    _allocate = allocate


def empty(shape: tuple[int, int]) -> np.ndarray:
    """An array of that shape, float64, not initialised."""
    n_bytes = 8 * shape[0] * shape[1]
    if _allocate is None or n_bytes < SHARE_FROM:
        return np.empty(shape)
    return np.frombuffer(_allocate(n_bytes), dtype=np.float64).reshape(shape)
