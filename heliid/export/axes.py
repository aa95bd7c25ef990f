"""Axes of a picture: limits, round ticks, which samples to draw; numbers only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

N_BINS = 380  # about half the plot's width in pixels: two points per bin


@dataclass(frozen=True, slots=True)
class Axis:
    """A value range on a pixel range; values outside are drawn on the border."""

    low: float
    high: float
    start: float  # px
    end: float  # px
    is_log: bool = False

    def pixels(self, values: np.ndarray) -> np.ndarray:
        """Where values (N,) lie, px."""
        v = np.asarray(values, dtype=float)
        low, high = self.low, self.high
        if self.is_log:
            with np.errstate(divide="ignore", invalid="ignore"):
                v = np.log10(v)
            low, high = math.log10(low), math.log10(high)
        share = np.clip((v - low) / (high - low), 0.0, 1.0)
        return self.start + share * (self.end - self.start)

    def ticks(self, n: int) -> list[float]:
        """About ``n`` round values."""
        if self.is_log:
            decades = range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
            marks = [10.0**k for k in decades]
            if len(marks) >= 2:
                return marks
        return nice_ticks(self.low, self.high, n)


def decimate(x: np.ndarray, y: np.ndarray, n_bins: int = N_BINS) -> np.ndarray:
    """Indices of the samples to draw, rising: per bin the smallest and the largest value.

    The first and the last sample are always among them, and so is every peak; NaN samples that
    break a line are kept one per bin. ``x`` (N,), ``y`` (N,).
    """
    n = x.shape[0]
    if n <= 2 * n_bins:
        return np.arange(n)
    keep = [0, n - 1]
    edges = np.linspace(0, n, n_bins + 1).astype(int)
    for first, last in pairwise(edges.tolist()):
        part = y[first:last]
        finite = np.isfinite(part)
        if finite.all():
            keep += [first + int(part.argmin()), first + int(part.argmax())]
            continue
        keep.append(first + int(np.argmin(finite)))
        if finite.any():
            keep += [first + int(np.nanargmin(part)), first + int(np.nanargmax(part))]
    return np.unique(np.array(keep))


def nice_ticks(low: float, high: float, n: int) -> list[float]:
    """At most about ``n`` round values (steps of 1, 2 or 5) inside ``low`` to ``high``."""
    span = high - low
    if not (math.isfinite(span) and span > 0.0):
        return [low]
    raw = span / max(n, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)]


def tick_text(value: float, step: float) -> str:
    """A tick's number with the digits that its step needs."""
    if value == 0.0:
        return "0"
    if step <= 0.0:
        return f"{value:.4g}"
    if abs(value) >= 1e5 or abs(value) < 1e-3:
        return f"{value:.3g}"
    decimals = max(0, -math.floor(math.log10(abs(step)) + 1e-9))
    return f"{value:.{min(decimals, 6)}f}"


def spans_of(time: np.ndarray, flags: np.ndarray) -> tuple[tuple[float, float], ...]:
    """Stretches of ``time`` (N,) in which ``flags`` (N,) bool holds, one step wide at least."""
    if time.shape[0] < 2 or not flags.any():
        return ()
    step = float(np.median(np.diff(time)))
    padded = np.concatenate([[False], flags, [False]]).astype(np.int8)
    change = np.diff(padded)
    starts, ends = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    half = 0.5 * step
    return tuple(
        (float(time[a] - half), float(time[b - 1] + half))
        for a, b in zip(starts, ends, strict=True)
    )


def finite_values(parts: Sequence[np.ndarray], *, above_zero: bool) -> np.ndarray:
    """All finite values of several arrays, (n,); only those above zero for a log axis."""
    flat = [np.zeros(0), *(np.asarray(part, dtype=float).ravel() for part in parts)]
    values = np.concatenate(flat)
    values = values[np.isfinite(values)]
    return values[values > 0.0] if above_zero else values


def opened(values: np.ndarray, margin: float, *, is_log: bool) -> tuple[float, float]:
    """Limits with a margin; never empty, never equal."""
    if not values.size:
        return (0.1, 1.0) if is_log else (0.0, 1.0)
    low, high = float(values.min()), float(values.max())
    if is_log:
        room = (high / low) ** margin if high > low else 1.1
        return low / room, high * room
    if high - low <= 1e-12 * max(abs(low), abs(high), 1e-300):
        pad = max(abs(low) * 0.1, 1e-9)
        return low - pad, high + pad
    pad = margin * (high - low)
    return low - pad, high + pad


def runs_of(good: np.ndarray) -> list[slice]:
    """Stretches of True in ``good`` (N,)."""
    change = np.diff(np.concatenate([[False], good, [False]]).astype(np.int8))
    starts, ends = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    return [slice(int(a), int(b)) for a, b in zip(starts, ends, strict=True)]
