"""Min/max pyramid of one curve: a million samples drawn as what the pixels can show.

Plain numpy. The last samples are never lost, and every peak survives.
"""

from __future__ import annotations

import numpy as np

FACTOR = 4  # samples merged from one level to the next
FULL_BELOW = 6000  # visible samples up to which the curve is drawn as it is


class Pyramid:
    """One curve (N,) on an increasing axis (N,), ready to be drawn at any zoom."""

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        self.x = np.ascontiguousarray(x, dtype=np.float64)
        self.y = np.ascontiguousarray(y, dtype=np.float64)
        self._levels: list[tuple[np.ndarray, np.ndarray]] = []  # (low, high) per block

    def _level(self, depth: int) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest value of each block of ``FACTOR ** depth`` samples (depth >= 1)."""
        while len(self._levels) < depth:
            low, high = self._levels[-1] if self._levels else (self.y, self.y)
            self._levels.append((_blocks(low, np.fmin), _blocks(high, np.fmax)))
        return self._levels[depth - 1]

    def span(self, start: float, end: float) -> tuple[int, int]:
        """First and one-past-last sample to draw for the axis range, one beyond at each side."""
        first = int(np.searchsorted(self.x, start, "right")) - 1
        last = int(np.searchsorted(self.x, end, "left")) + 1
        return max(first, 0), min(last, self.x.size)

    def visible(self, start: float, end: float, pixels: int) -> tuple[np.ndarray, np.ndarray]:
        """What to draw between ``start`` and ``end``: two to four points per pixel."""
        first, last = self.span(start, end)
        count = last - first
        if count <= max(FULL_BELOW, 4 * pixels):
            return self.x[first:last], self.y[first:last]
        depth = 1
        while count / FACTOR ** (depth + 1) >= pixels:
            depth += 1
        size = FACTOR**depth
        low, high = self._level(depth)
        block_first, block_last = first // size, -(-last // size)
        low, high = low[block_first:block_last], high[block_first:block_last]
        merge = max(low.size // pixels, 1)  # up to 3 blocks become one: two to four points a pixel
        first_blocks = np.arange(0, low.size, merge)
        if merge > 1:
            low = np.fmin.reduceat(low, first_blocks)
            high = np.fmax.reduceat(high, first_blocks)
        x = np.empty(2 * low.size)
        y = np.empty(2 * low.size)
        at = (block_first + first_blocks) * size
        x[0::2] = self.x[at]
        x[1::2] = self.x[np.minimum(at + merge * size - 1, self.x.size - 1)]
        y[0::2] = low
        y[1::2] = high
        return x, y

    def bounds(self, start: float, end: float) -> tuple[float, float]:
        """Lowest and highest finite value between ``start`` and ``end``; nan when there is none."""
        first, last = self.span(start, end)
        part = self.y[first:last]
        part = part[np.isfinite(part)]
        if part.size == 0:
            return float("nan"), float("nan")
        return float(part.min()), float(part.max())


def _blocks(values: np.ndarray, pick: np.ufunc) -> np.ndarray:
    whole = values.size // FACTOR * FACTOR
    # four strided views are several times faster than a reduction over a short axis
    a, b, c, d = (values[k:whole:FACTOR] for k in range(FACTOR))
    out = pick(pick(a, b), pick(c, d))
    if whole < values.size:
        out = np.append(out, pick.reduce(values[whole:]))
    return out
