"""What a command says: a progress line on a terminal, text tables, or one JSON document."""

from __future__ import annotations

import json
import math
import shutil
import sys
import time
from collections.abc import Sequence
from typing import Any

from heliid.events import (
    BestImproved,
    Event,
    LinearReady,
    Notice,
    Progress,
    StageStarted,
)

REDRAW_S = 0.1
BAR = 24  # characters


class ProgressLine:
    """One line on standard error that is drawn over itself; silent when that is no terminal."""

    def __init__(self, *, is_quiet: bool = False) -> None:
        self._is_on = not is_quiet and sys.stderr.isatty()
        self._drawn_at = 0.0
        self._width = 0
        self._best = ""

    def __call__(self, event: Event) -> None:
        """Draw what the event changes."""
        if not self._is_on:
            return
        if isinstance(event, LinearReady):
            self._best = f"linear {event.cost:.4f}"
        elif isinstance(event, BestImproved):
            linear = self._best.split(", ")[0] if self._best.startswith("linear") else ""
            self._best = ", ".join(part for part in (linear, f"best {event.cost:.4f}") if part)
        elif isinstance(event, StageStarted):
            self._draw(f"{event.stage} ...", at_once=True)
        elif isinstance(event, Progress):
            self._draw(progress_text(event, self._best), at_once=event.done >= event.total)
        elif isinstance(event, Notice):
            self.clear()

    def clear(self) -> None:
        """Wipe the line."""
        if self._is_on and self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()
            self._width = 0

    def _draw(self, text: str, *, at_once: bool) -> None:
        now = time.monotonic()
        if not at_once and now - self._drawn_at < REDRAW_S:
            return
        self._drawn_at = now
        text = text[: shutil.get_terminal_size((80, 24)).columns - 1]
        sys.stderr.write("\r" + text.ljust(self._width))
        sys.stderr.flush()
        self._width = len(text)


def progress_text(event: Progress, best: str = "") -> str:
    """``Searching [#####-----]  34/120  8.1/s  0:11 left  best 0.0711``."""
    parts = [event.stage]
    if event.total > 0:
        filled = round(BAR * min(event.done / event.total, 1.0))
        parts.append(f"[{'#' * filled}{'-' * (BAR - filled)}] {event.done}/{event.total}")
    if event.seconds > 0.0 and event.done > 0:
        parts.append(f"{event.done / event.seconds:.1f}/s")
    if event.remaining is not None:
        parts.append(f"{clock(event.remaining)} left")
    if best:
        parts.append(best)
    return "  ".join(parts)


def clock(seconds: float) -> str:
    """``0:07``, ``12:30`` or ``1:02:03``."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def number(value: Any, digits: int = 4) -> str:
    """A number for a table; a dash where there is none."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "-"
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    return str(value)


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Columns side by side, numbers to the right; ends with a line end."""
    cells = [[cell if isinstance(cell, str) else number(cell) for cell in row] for row in rows]
    is_text = [
        all(isinstance(row[k], str) for row in rows) if rows else True for k in range(len(header))
    ]
    widths = [
        max(len(name), *(len(row[k]) for row in cells)) if cells else len(name)
        for k, name in enumerate(header)
    ]
    lines = []
    for row in [list(header), *cells]:
        fitted = [
            cell.ljust(width) if left else cell.rjust(width)
            for cell, width, left in zip(row, widths, is_text, strict=True)
        ]
        lines.append("  ".join(fitted).rstrip())
    return "\n".join(lines) + "\n"


def write(text: str) -> None:
    """Text to standard output, one line end after it."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
    sys.stdout.flush()


def write_json(document: Any) -> None:
    """One JSON document to standard output; numbers that are not finite become null."""
    write(json.dumps(finite(document), indent=1, allow_nan=False, ensure_ascii=False))


def finite(value: Any) -> Any:
    """Plain data with None where a number is not finite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    return value
