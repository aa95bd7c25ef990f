"""What was flown: steps, doublets, 3-2-1-1s and sweeps, read off the recorded inputs.

A suggestion that the user may overrule: real sticks have noise, and a pilot corrects while he
tests. An input is cut into pieces above, below and near its rest position; runs of pieces that
follow each other closely are one event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from heliid.errors import SettingsError

STEP, PULSE, DOUBLET, MULTISTEP, SWEEP, OTHER = (
    "step", "pulse", "doublet", "3-2-1-1", "sweep", "other",
)  # fmt: skip
KINDS = (STEP, PULSE, DOUBLET, MULTISTEP, SWEEP, OTHER)
LEVEL = 0.4  # of the largest movement: what counts as moved
REST = 0.25  # of the largest movement: what counts as still
STEP_S = 3.0  # s, a last movement shorter than this is not yet a step
JOIN_S = 1.5  # s, a rest shorter than this does not end an event


@dataclass(frozen=True, slots=True)
class Event:
    """One movement of one input; indices are samples, ``quiet_until`` the end of the rest after it.

    ``size`` is the largest deviation from the rest position, SI, with its sign.
    """

    kind: str
    input: str
    first: int
    last: int  # the last moved sample
    quiet_until: int  # first sample at which any input moves again, or the end of the record
    size: float


def _pieces(x: np.ndarray, peak: float) -> list[tuple[int, int, int]]:
    """Runs (sign, first, last) in which ``x`` is away from rest, by two levels with memory."""
    runs: list[tuple[int, int, int]] = []
    sign, first = 0, 0
    for k, value in enumerate(x):
        now = sign
        if abs(value) >= LEVEL * peak:
            now = 1 if value > 0.0 else -1
        elif abs(value) < REST * peak:
            now = 0
        if now != sign:
            if sign:
                runs.append((sign, first, k - 1))
            sign, first = now, k
    if sign:
        runs.append((sign, first, len(x) - 1))
    return runs


def _kind(runs: Sequence[tuple[int, int, int]], n: int, shortest_step: float) -> str:
    """What a group of runs is, from their number, signs and lengths."""
    lengths = np.array([last - first + 1 for _, first, last in runs], dtype=float)
    alternate = all(a[0] != b[0] for a, b in pairwise(runs))
    if len(runs) == 1:
        if runs[0][2] >= n - 2:
            return STEP if lengths[0] >= shortest_step else OTHER  # cut off: could be anything
        return STEP if lengths[0] > 0.5 * n else PULSE
    if len(runs) == 2 and alternate:
        return DOUBLET if lengths.max() <= 2.0 * lengths.min() else OTHER
    if len(runs) in (4, 5) and alternate:
        pattern = lengths[:4] / lengths[:4].sum() * 7.0
        return MULTISTEP if np.all(np.abs(pattern - [3, 2, 1, 1]) < 0.8) else OTHER
    # a sweep alternates and its half periods change size steadily
    if len(runs) >= 6 and alternate:
        half = len(runs) // 2
        ratio = np.median(lengths[:half]) / np.median(lengths[half:])
        return SWEEP if ratio > 1.5 or ratio < 1 / 1.5 else OTHER
    return OTHER


def find_events(
    u: np.ndarray, inputs: tuple[str, ...], scale: np.ndarray, dt: float
) -> tuple[Event, ...]:
    """Events of all inputs in time order; u (N, nu), ``scale`` (nu,) their usual size, > 0.

    An input that moves less than a tenth of the largest movement (each in its own scale) is
    taken to rest.
    """
    rest = np.median(u[: max(2, round(1.0 / dt))], axis=0)
    x = u - rest
    peaks = np.max(np.abs(x), axis=0)
    relative = peaks / scale
    moving = np.zeros(len(u), dtype=bool)
    found: list[tuple[str, list[tuple[int, int, int]], int]] = []
    for i in range(len(inputs)):
        if peaks[i] == 0.0 or relative[i] < 0.1 * relative.max():
            continue
        runs = _pieces(x[:, i], peaks[i])
        for _, first, last in runs:
            moving[first : last + 1] = True
        found += [(inputs[i], group, i) for group in _groups(runs, round(JOIN_S / dt))]
    events = []
    for name, group, i in found:
        first, last = group[0][1], group[-1][2]
        after = np.flatnonzero(moving[last + 1 :])
        quiet = last + 1 + int(after[0]) if after.size else len(u)
        part = x[first : last + 1, i]
        size = float(part[np.argmax(np.abs(part))])
        events.append(Event(_kind(group, len(u), STEP_S / dt), name, first, last, quiet, size))
    return tuple(sorted(events, key=lambda event: event.first))


def _groups(runs: Sequence[tuple[int, int, int]], join: int) -> list[list[tuple[int, int, int]]]:
    """Runs split where the input rests for more than ``join`` samples."""
    groups: list[list[tuple[int, int, int]]] = []
    for run in runs:
        if groups and run[1] - groups[-1][-1][2] <= join:
            groups[-1].append(run)
        else:
            groups.append([run])
    return groups


def called(kind: str, *, article: bool = False) -> str:
    """The kind in a sentence: ``doublet``, or ``a doublet`` with its article."""
    word = "mixed movement" if kind == OTHER else kind
    return f"a {word}" if article else word


def overruled(events: Sequence[Event], kind: str) -> tuple[Event, ...]:
    """The same events, all of the ``kind`` that the user says they are; "" changes nothing.

    Raises
    ------
    SettingsError
        There is no such kind of manoeuvre.
    """
    if not kind:
        return tuple(events)
    if kind not in KINDS:
        raise SettingsError(
            f"There is no manoeuvre called '{kind[:40]}': choose one of {', '.join(KINDS)}."
        )
    return tuple(replace(event, kind=kind) for event in events)


def describe(events: Sequence[Event]) -> str:
    """A few words for the engineer, e.g. ``3-2-1-1 delta_lon, doublet delta_col``."""
    words: list[str] = []
    for event in events:
        word = f"{called(event.kind)} {event.input}"
        if word not in words:
            words.append(word)
    return ", ".join(words) if words else "no clear input"


def similarity(a: np.ndarray, b: np.ndarray) -> float:
    """How alike two sets of inputs (N, nu), (M, nu) are: 0 to 1, at the best time shift.

    The largest correlation over shifts of all inputs together, of mean-free signals; the sign is
    kept, since the same manoeuvre the other way round is a different test of a nonlinear model.
    """
    x, y = a - a.mean(axis=0), b - b.mean(axis=0)
    size = float(np.sqrt(np.sum(x * x) * np.sum(y * y)))
    if size == 0.0:
        return 0.0
    n = 1 << int(np.ceil(np.log2(len(x) + len(y))))
    product = np.fft.rfft(x, n, axis=0) * np.conj(np.fft.rfft(y, n, axis=0))
    return float(np.clip(np.max(np.fft.irfft(product.sum(axis=1), n)) / size, 0.0, 1.0))
