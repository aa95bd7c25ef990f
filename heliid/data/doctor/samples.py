"""One channel by itself: held, stuck, dropped out, spiked, clipped, constant.

All of it rests on one observation: a measured quantity in motion does not repeat its value exactly.
Where it does, something between sensor and file repeated it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heliid.channels import Role, find_kind
from heliid.data.conditioning import Bridge, Despike, Drop, Unhold
from heliid.data.doctor.finding import Finding, Severity
from heliid.data.record import FlightRecord

STEPPED = 0.3  # share of repeated samples above which a channel moves in steps (a switch, a PRBS)
_MIN_RUN = 6  # samples; noise of a coarse converter repeats a value now and then
_RUN_FACTOR = 4.0  # a suspicious run is this many times the longest usual one
_HELD_SHARE = 0.8
_MAX_HELD = 60  # samples; what stays longer is a command, not a slow sensor
_QUANTA = 6.0  # a channel that moves this many of its smallest steps a sample cannot stand still
_NEAR = 8  # samples beside a run that tell whether the channel was in motion
_CONTROL_WORDS = (
    "stick", "pilot", "cmd", "command", "ref", "setpoint", "demand", "throttle", "servo", "switch",
    "motor", "pump", "delta_", "input",
)  # fmt: skip
_SPIKE_WIDTH = 3  # samples; a longer excursion is a manoeuvre or a dropout


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of exactly equal samples: first index, length and value, each (n_runs,)."""

    start: np.ndarray
    length: np.ndarray
    value: np.ndarray

    @classmethod
    def of(cls, column: np.ndarray) -> Runs:
        """The runs of one channel (N,)."""
        edges = np.concatenate([[0], np.flatnonzero(np.diff(column) != 0.0) + 1, [len(column)]])
        return cls(edges[:-1], np.diff(edges), column[edges[:-1]])


def check_channels(record: FlightRecord) -> list[Finding]:
    """Findings on every channel by itself."""
    runs = [Runs.of(column) for column in record.values.T]
    rest = _Rest.of(runs, record.n_samples)
    found: list[Finding] = []
    for j, run in enumerate(runs):
        found += _check_channel(record, j, run, rest.of_others(run))
    return found


@dataclass(frozen=True, eq=False)
class _Rest:
    """Where channels that usually move repeat their value: a simulation at trim, not a fault."""

    n_resting: np.ndarray  # (N,) how many of them
    n_channels: int

    @classmethod
    def of(cls, runs: list[Runs], n_samples: int) -> _Rest:
        moving = [run for run in runs if _is_in_motion(run, n_samples)]
        total = np.zeros(n_samples, dtype=np.int16)
        for run in moving:
            total += _resting(run, n_samples)
        return cls(total, len(moving))

    def of_others(self, run: Runs) -> np.ndarray:
        """(N,) bool: nearly all channels but this one rest."""
        n_samples = len(self.n_resting)
        is_one = _is_in_motion(run, n_samples)
        others = self.n_channels - is_one
        if others < 1:
            return np.zeros(n_samples, dtype=bool)
        resting = self.n_resting - _resting(run, n_samples) if is_one else self.n_resting
        return resting >= 0.66 * others


def _is_in_motion(run: Runs, n_samples: int) -> bool:
    return len(run.length) > (1.0 - STEPPED) * n_samples


def _resting(run: Runs, n_samples: int) -> np.ndarray:
    """(N,) 0 or 1: inside a run of three and more equal samples."""
    here = np.zeros(n_samples, dtype=np.int16)
    for first, length in _long_runs(run, 3):
        here[first + 1 : first + length] = 1
    return here


def _long_runs(run: Runs, shortest: int) -> list[tuple[int, int]]:
    long = run.length >= shortest
    return list(zip(run.start[long].tolist(), run.length[long].tolist(), strict=True))


def _check_channel(record: FlightRecord, j: int, run: Runs, still: np.ndarray) -> list[Finding]:
    name = record.channels[j].name
    column = record.values[:, j]
    if len(run.length) == 1:
        return [
            Finding(
                "constant",
                Severity.NOTE,
                f"{name} has the same value in every sample: it can be neither input nor output.",
                (name,),
                float(record.time[0]),
                float(record.time[-1]),
                evidence=(("value", float(column[0])),),
                remedy=Drop((name,)) if len(record.channels) > 1 else None,
            )
        ]
    held = _held(run, record.n_samples)
    if held:
        return [_low_rate(record, name, held)]
    clipped, usual = _clipping(record, name, column, run)
    stuck, bad = _stuck(record, name, column, usual, still)
    return [*clipped, *stuck, *_spikes(record, name, column, run, bad)]


def _held(run: Runs, n_samples: int) -> float:
    """How many samples each value is held for on average, 0 when the channel is not held.

    The runs must be of nearly one length and the values must differ, else it is a coarse
    quantity, a switch or a pseudo-random binary signal.
    """
    inner = run.length[1:-1]
    moving = inner[inner <= 40 * max(np.median(inner), 1)] if len(inner) else inner
    if len(moving) < 20 or not 2 <= np.median(moving) <= _MAX_HELD:
        return 0.0
    usual = float(np.median(moving))
    near = np.abs(moving - usual) <= (1.0 if usual > 2 else 0.0)
    share = moving[near].sum() / moving.sum()
    n_values = len(np.unique(run.value))
    if share < _HELD_SHARE or n_values < 0.5 * len(run.value) or moving.sum() < 0.2 * n_samples:
        return 0.0
    return float(moving[near].mean())


def _low_rate(record: FlightRecord, name: str, held: float) -> Finding:
    rate = 1.0 / record.dt
    return Finding(
        "low rate",
        Severity.WARNING,
        f"{name} changes only every {held:.3g} samples: it was recorded at {rate / held:.3g} Hz in "
        f"a file of {rate:.3g} Hz, and is late by {500 * held / rate:.0f} ms on average; "
        f"join the fresh samples.",
        (name,),
        float(record.time[0]),
        float(record.time[-1]),
        evidence=(("held_samples", held), ("rate_hz", rate / held)),
        remedy=Unhold((name,)),
    )


def _clipping(
    record: FlightRecord, name: str, column: np.ndarray, run: Runs
) -> tuple[list[Finding], Runs]:
    """Flat tops of a channel that otherwise moves, and the runs without them."""
    at_limit = (run.value == column.max()) | (run.value == column.min())
    usual = Runs(run.start[~at_limit], run.length[~at_limit], run.value[~at_limit])
    if _is_stepped(usual):
        return [], run
    found, is_clipped = [], np.zeros(len(run.length), dtype=bool)
    steps = np.abs(np.diff(column))
    quantum = _quantum(column, steps)
    again = len(column) / max(len(np.unique(column)), 1)  # how often a value usually comes back
    usual_run = float(np.percentile(usual.length, 99)) if len(usual.length) else 1.0
    for limit, side in ((column.max(), "upper"), (column.min(), "lower")):
        tops = run.value == limit
        if limit == 0.0 and tops.sum() < 3:
            continue  # a dropout to nothing, see below
        n_samples, longest = int(run.length[tops].sum()), int(run.length[tops].max(initial=0))
        is_often = tops.sum() >= 3 and n_samples >= max(8.0, 0.005 * len(column), 5.0 * again)
        is_long = longest >= max(10.0, 3.0 * usual_run) and not is_control(name)
        if is_long and tops.sum() < 2:
            k = int(np.flatnonzero(tops)[0])
            first, last = int(run.start[k]), int(run.start[k] + run.length[k] - 1)
            is_long = first > 0 and _was_moving(steps, first, last, quantum)
        if (is_often or is_long) and _is_entered_smoothly(steps, run, tops):
            is_clipped |= tops
            found.append(_clipped(record, name, column, limit, side, n_samples, int(tops.sum())))
    return found, Runs(run.start[~is_clipped], run.length[~is_clipped], run.value[~is_clipped])


def _is_entered_smoothly(steps: np.ndarray, run: Runs, tops: np.ndarray) -> bool:
    """True when the channel reaches its limit by steps of its usual size; a dropout jumps."""
    entry = [steps[k - 1] for k in run.start[tops] if k > 0]
    return not entry or float(np.median(entry)) <= 1.5 * float(np.percentile(steps[steps > 0], 97))


def _clipped(
    record: FlightRecord,
    name: str,
    column: np.ndarray,
    limit: float,
    side: str,
    n_samples: int,
    n_times: int,
) -> Finding:
    there = np.flatnonzero(column == limit)
    return Finding(
        "clipping",
        Severity.WARNING,
        f"{name} stays at exactly its {side} limit {limit:.4g} {record.channel(name).si} "
        f"{n_times} times, {n_samples} samples in all: the sensor or recorder is saturated there; "
        f"leave those parts out or use another range.",
        (name,),
        float(record.time[there[0]]),
        float(record.time[there[-1]]),
        evidence=(("limit", float(limit)), ("n_samples", float(n_samples))),
    )


def _is_stepped(run: Runs) -> bool:
    """True when repeating a value is the habit of the channel."""
    n_samples = run.length.sum()
    if not n_samples:
        return True
    longest = run.length.max()
    return 1.0 - (len(run.length) - 1) / max(n_samples - longest, 1) > STEPPED


def _stuck(
    record: FlightRecord, name: str, column: np.ndarray, run: Runs, still: np.ndarray
) -> tuple[list[Finding], np.ndarray]:
    """Stretches where a moving channel repeats one value, and (N,) bool where they are."""
    bad = np.zeros(len(column), dtype=bool)
    if len(run.length) < 10:
        return [], bad
    resting = _resting_values(run) if is_control(name) else frozenset()
    ranked = np.sort(run.length[~np.isin(run.value, list(resting))])
    if len(ranked) < 10:
        return [], bad
    # a few long runs may be the fault; what the channel does usually is below them
    usual = ranked[: max(len(ranked) - 5, len(ranked) // 2)]
    if 1.0 - len(usual) / max(usual.sum(), 1) > STEPPED:
        return [], bad
    limit = max(_MIN_RUN, _RUN_FACTOR * float(np.percentile(usual, 99)), 1.5 * float(usual[-1]))
    steps = np.abs(np.diff(column))
    quantum = _quantum(column, steps)
    jump = 3.0 * float(np.percentile(steps, 97))
    found = []
    for k in np.flatnonzero(run.length >= _MIN_RUN):
        first, last = int(run.start[k]), int(run.start[k] + run.length[k] - 1)
        is_inside = first > 0 and last < len(steps)
        # no sensor jumps to exactly nothing and back
        falls_out = run.value[k] == 0.0 and is_inside and min(steps[first - 1], steps[last]) > jump
        if not falls_out and (run.length[k] < limit or float(run.value[k]) in resting):
            continue
        if still[first : last + 1].mean() > 0.5:
            continue
        # what stood still jumps to where it ought to be
        catches_up = is_inside and steps[last] > jump and steps[first - 1] <= jump
        if falls_out or _was_moving(steps, first, last, quantum, ended=catches_up):
            bad[first : last + 1] = True
            found.append(_stuck_finding(record, name, column, first, last))
    return found[:20], bad


def _quantum(column: np.ndarray, steps: np.ndarray) -> float:
    """The smallest step of a channel that is not rounding of the machine."""
    real = steps[steps > 1e-9 * max(float(np.ptp(column)), 1e-300)]
    return float(real.min()) if len(real) else 0.0


def is_control(name: str) -> bool:
    """True for what a pilot or computer commands: it may rest exactly, a sensor may not."""
    kind = find_kind(name)
    if kind is not None:
        return kind.usual_role is Role.INPUT
    lowered = name.lower()
    return any(word in lowered for word in _CONTROL_WORDS)


def _resting_values(run: Runs) -> frozenset[float]:
    """Where a control rests: where it begins and ends, and where it returns to."""
    long = run.value[run.length >= _MIN_RUN]
    again = [value for value in np.unique(long) if np.count_nonzero(long == value) > 1]
    return frozenset([float(run.value[0]), float(run.value[-1]), *map(float, again)])


def _was_moving(
    steps: np.ndarray, first: int, last: int, quantum: float, *, ended: bool = False
) -> bool:
    """True when the channel moved on both sides of samples first..last as it could not stop.

    ``ended``: it is known to have moved on at the end.
    """
    before = steps[max(first - _NEAR, 0) : first]
    after = steps[last + 1 : last + 1 + _NEAR]
    if ended:
        after = after[:0]
    sides = [side.mean() for side in (before, after) if len(side) >= 3]
    return bool(sides) and min(sides) > _QUANTA * quantum


def _stuck_finding(
    record: FlightRecord, name: str, column: np.ndarray, first: int, last: int
) -> Finding:
    value = float(column[first])
    start, end = float(record.time[first]), float(record.time[last])
    steps = np.abs(np.diff(column))
    usual = float(np.percentile(steps[steps > 0], 95))
    jump = abs(value - column[first - 1]) if first else 0.0
    is_dropout = value == 0.0 or (jump > 4.0 * usual and first > 0)
    kind = "dropout" if is_dropout else "stuck"
    what = (
        f"falls to exactly {value:.4g} {record.channel(name).si}"
        if is_dropout
        else f"stays at exactly {value:.4g} {record.channel(name).si}"
    )
    return Finding(
        kind,
        Severity.ERROR if end - start > 0.3 else Severity.WARNING,
        f"{name} {what} from {start:.3f} to {end:.3f} s ({last - first + 1} samples) while the "
        f"rest of the record moves: bridge it if short, or leave that part out.",
        (name,),
        start,
        end,
        evidence=(("value", value), ("n_samples", float(last - first + 1))),
        remedy=Bridge(name, start, end),
    )


def _spikes(
    record: FlightRecord, name: str, column: np.ndarray, run: Runs, bad: np.ndarray
) -> list[Finding]:
    """Samples that leave their neighbours by far and come back within three samples."""
    if _is_stepped(run) or len(column) < 32:
        return []
    places = spike_places(column, bad)
    if not len(places):
        return []
    at = ", ".join(f"{record.time[k]:.2f}" for k in places[:4])
    more = f" and {len(places) - 4} more" if len(places) > 4 else ""
    return [
        Finding(
            "spikes",
            Severity.WARNING,
            f"{name} has {len(places)} single sample(s) far from their neighbours, at t = {at}"
            f"{more} s: replace them by the median around them.",
            (name,),
            float(record.time[places[0]]),
            float(record.time[places[-1]]),
            evidence=(("n_spikes", float(len(places))),),
            remedy=Despike((name,)),
        )
    ]


def spike_places(column: np.ndarray, bad: np.ndarray | None = None) -> np.ndarray:
    """Indices of spikes: away and back within three samples, far above what is usual around."""
    steps = np.diff(column)
    size = np.abs(steps)
    usual = float(np.median(size[size > 0])) if (size > 0).any() else 0.0
    tail = float(np.percentile(size, 99.0))
    if usual == 0.0:
        return np.zeros(0, dtype=np.int64)
    places: list[int] = []
    spread = float(np.std(column))
    for k in np.flatnonzero(size > max(6.0 * usual, 1.5 * tail)):
        back = _comes_back(steps, int(k))
        if back == 0 or (bad is not None and bad[max(k - 1, 0) : k + back + 2].any()):
            continue
        around = np.concatenate([size[max(k - 40, 0) : max(k - 1, 0)], size[k + back + 2 : k + 42]])
        if not len(around):
            continue
        # beside other spikes, only what is large for the channel as a whole
        is_alone = size[k] > 4.0 * np.percentile(around, 98)
        is_large = size[k] > max(4.5 * float(np.percentile(around, 92)), 2.0 * spread)
        if is_alone or is_large:
            places += range(int(k) + 1, int(k) + back + 1)
    return np.unique(np.asarray(places, dtype=np.int64))


def _comes_back(steps: np.ndarray, k: int) -> int:
    """After how many samples a jump at step k is undone; 0 when it is not."""
    for width in range(1, _SPIKE_WIDTH + 1):
        if k + width >= len(steps):
            return 0
        is_back = abs(steps[k : k + width + 1].sum()) < 0.3 * abs(steps[k])
        if is_back and np.abs(steps[k + 1 : k + width + 1]).max() > 0.6 * abs(steps[k]):
            return width  # at once, not by decaying as the answer to a step of the controls
    return 0
