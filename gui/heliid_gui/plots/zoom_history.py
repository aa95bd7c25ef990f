"""Where one has looked: the visible pieces of time before and after the present one."""

from __future__ import annotations

import time
from collections.abc import Callable

STEP_S = 0.5  # moves closer together than this are one step
LENGTH = 50
Range = tuple[float, float]


class ZoomHistory:
    """Remembers ranges of the time axis; ``clock`` in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._before: list[Range] = []
        self._after: list[Range] = []
        self._moved_at = -STEP_S

    def about_to_move(self, shown: Range) -> None:
        """The view is leaving this range; what was ahead is forgotten."""
        now = self._clock()
        if now - self._moved_at > STEP_S:
            self._before = [*self._before[1 - LENGTH :], shown]
            self._after.clear()
        self._moved_at = now

    def back(self, shown: Range) -> Range | None:
        """The range before this one; None when there is none."""
        if not self._before:
            return None
        self._after.append(shown)
        return self._before.pop()

    def forward(self, shown: Range) -> Range | None:
        """The range that ``back`` left; None when there is none."""
        if not self._after:
            return None
        self._before.append(shown)
        return self._after.pop()
