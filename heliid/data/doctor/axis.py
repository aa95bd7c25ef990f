"""The time axis: order, gaps, jitter."""

from __future__ import annotations

import numpy as np

from heliid.data.conditioning import Crop, FillGaps, Resample, Step
from heliid.data.doctor.finding import Finding, Severity
from heliid.data.record import FlightRecord

GAP_STEPS = 2.5  # a step longer than this many usual ones is a gap
_ROUNDING = 0.05  # of the step; a time stamp rounded to 1 ms at 50 Hz is not jitter
_FILLABLE_S = 0.5  # a longer gap is better cut than bridged


def check_axis(record: FlightRecord) -> list[Finding]:
    """Findings on the time axis alone."""
    steps = np.diff(record.time)
    if not (steps > 0).all():
        return [_order(record, steps)]
    dt = float(np.median(steps))
    gaps = np.flatnonzero(steps > GAP_STEPS * dt)
    found = [_gap(record, int(k), steps, dt) for k in gaps[:20]]
    rest = np.delete(steps, gaps)
    spread = float(np.std(rest) / dt)
    # stamps rounded to the file's last digit give a spread without being uneven
    if spread > _ROUNDING:
        found.append(_jitter(record, rest, dt, spread))
    return found


def breaks_of(time: np.ndarray) -> tuple[int, ...]:
    """Indices where a new stretch begins after a gap."""
    steps = np.diff(time)
    return tuple(int(k) + 1 for k in np.flatnonzero(steps > GAP_STEPS * np.median(steps)))


def _order(record: FlightRecord, steps: np.ndarray) -> Finding:
    bad = np.flatnonzero(~(steps > 0))
    k = int(bad[0])
    return Finding(
        "time order",
        Severity.ERROR,
        f"The time does not increase at {len(bad)} place(s), first from {record.time[k]:.4f} s to "
        f"{record.time[k + 1]:.4f} s: split the record there or export it again.",
        start=float(record.time[k + 1]),
        end=float(record.time[k]),
        evidence=(("n_places", float(len(bad))),),
    )


def _gap(record: FlightRecord, k: int, steps: np.ndarray, dt: float) -> Finding:
    start, end = float(record.time[k]), float(record.time[k + 1])
    length = float(steps[k])
    n_missing = round(length / dt) - 1
    remedy: Step
    if length <= _FILLABLE_S:
        remedy, advice = FillGaps(1.01 * length), "bridge it by straight lines"
    else:
        before, after = start - record.time[0], record.time[-1] - end
        first = before >= after
        keep = Crop(float(record.time[0]), start) if first else Crop(end, float(record.time[-1]))
        remedy, advice = keep, "split the record there (one click keeps the longer part)"
    return Finding(
        "gap",
        Severity.ERROR if length > _FILLABLE_S else Severity.WARNING,
        f"No samples between {start:.3f} and {end:.3f} s ({1000 * length:.0f} ms, about "
        f"{n_missing} samples): {advice}.",
        start=start,
        end=end,
        evidence=(("seconds", length), ("n_missing", float(n_missing))),
        remedy=remedy,
    )


def _jitter(record: FlightRecord, steps: np.ndarray, dt: float, spread: float) -> Finding:
    rate = (len(steps)) / float(steps.sum())
    return Finding(
        "jitter",
        Severity.WARNING,
        f"The time steps vary between {1000 * steps.min():.1f} and {1000 * steps.max():.1f} ms "
        f"around {1000 * dt:.1f} ms: resample to {rate:.4g} Hz before identifying.",
        start=float(record.time[0]),
        end=float(record.time[-1]),
        evidence=(("spread", spread), ("rate_hz", rate)),
        remedy=Resample(float(f"{rate:.4g}")),
    )
