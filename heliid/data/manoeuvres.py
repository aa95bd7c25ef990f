"""A long flight cut into manoeuvres, where the controls say one begins and ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heliid.data.record import FlightRecord
from heliid.errors import RecordError

LEAD_S = 2.0  # steady flight kept before a manoeuvre, for its trim
TAIL_S = 4.0  # free response kept after it
QUIET_S = 4.0  # controls at rest for this long end a manoeuvre
_WINDOW_S = 0.5
_ACTIVE = 0.06  # of a control's range over the flight
_NOISE = 7.0  # standard deviations of its own noise, peak to peak
_SHORTEST_S = 1.0  # of activity; a shorter one is a twitch
_SHORTEST_PIECE_S = 5.0


@dataclass(frozen=True, slots=True)
class Piece:
    """One manoeuvre: start and end in s on the record's axis, and the control that moved most."""

    start: float
    end: float
    control: str


def find_manoeuvres(record: FlightRecord, inputs: Sequence[str]) -> tuple[Piece, ...]:
    """Where the controls move, with some steady flight around; pieces do not overlap.

    Raises
    ------
    RecordError
        No input is given, or none of them moves.
    """
    if not inputs:
        raise RecordError("Manoeuvres are found by the controls: choose at least one input.")
    dt = record.dt
    n = max(round(_WINDOW_S / dt), 3)
    activity = np.column_stack([_activity(record.column(name), n) for name in inputs])
    if not activity.any():
        raise RecordError(
            f"No control of '{record.name}' moves ({', '.join(inputs)}): choose other inputs or "
            f"cut the record by hand."
        )
    spans = [
        (first, end)
        for first, end in _spans(activity.max(axis=1) > 1.0, round(QUIET_S / dt))
        if (end - first) * dt >= _SHORTEST_S
    ]
    pieces = []
    for i, (first, end) in enumerate(spans):
        before = 0 if i == 0 else (spans[i - 1][1] + first) // 2
        after = record.n_samples if i == len(spans) - 1 else (end + spans[i + 1][0]) // 2
        start = max(first - round(LEAD_S / dt), before)
        stop = min(end + round(TAIL_S / dt), after)
        if (stop - start) * dt >= _SHORTEST_PIECE_S:
            mover = inputs[int(np.argmax(activity[first:end].mean(axis=0)))]
            at_end = float(record.time[min(stop, record.n_samples) - 1])
            pieces.append(Piece(float(record.time[start]), at_end, mover))
    return tuple(pieces)


def split_manoeuvres(record: FlightRecord, inputs: Sequence[str]) -> tuple[FlightRecord, ...]:
    """The manoeuvres of ``find_manoeuvres`` as records of their own, numbered in order."""
    half = 0.5 * record.dt
    return tuple(
        record.between(piece.start, piece.end + half, f"{record.name} {number}")
        for number, piece in enumerate(find_manoeuvres(record, inputs), 1)
    )


def _activity(column: np.ndarray, n: int) -> np.ndarray:
    """(N,) how much a control moves around each sample, 1 at the limit that counts as moving."""
    low, high = np.percentile(column, [0.1, 99.9])
    noise = float(np.median(np.abs(np.diff(column, 2)))) / 1.65 if len(column) > 3 else 0.0
    limit = max(_ACTIVE * float(high - low), _NOISE * noise)
    if limit <= 0.0 or len(column) < 2 * n:
        return np.zeros(len(column))
    padded = np.pad(column, n, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * n + 1)
    return (around.max(axis=1) - around.min(axis=1)) / limit


def _spans(is_active: np.ndarray, quiet: int) -> list[tuple[int, int]]:
    """(first, end) of activity; rests shorter than ``quiet`` samples belong to it."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_active.astype(np.int8), [0]])))
    spans: list[tuple[int, int]] = []
    for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if spans and first - spans[-1][1] < quiet:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((first, end))
    return spans
