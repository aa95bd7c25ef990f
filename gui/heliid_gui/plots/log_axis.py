"""A logarithmic axis with plain numbers: 0.5, 1, 2, 5, 10."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg


class LogAxis(pg.AxisItem):
    """Positions are base-10 logarithms; ticks stand at 1, 2 and 5 of each decade."""

    def tickValues(self, low: float, high: float, _size: float) -> list[tuple[float, list[float]]]:
        """Major ticks with text, minor ones without."""
        decades = range(int(np.floor(low)), int(np.ceil(high)) + 1)
        major = [d + np.log10(m) for d in decades for m in (1, 2, 5)]
        minor = [d + np.log10(m) for d in decades for m in (3, 4, 6, 7, 8, 9)]
        inside = [[v for v in ticks if low <= v <= high] for ticks in (major, minor)]
        return [(1.0, inside[0]), (0.5, inside[1])]

    def tickStrings(self, values: list[float], _scale: float, spacing: float) -> list[str]:
        """The number itself."""
        return [f"{10**value:.4g}" if spacing == 1.0 else "" for value in values]
