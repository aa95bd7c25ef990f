"""Simulator tolerance bands (14 CFR Part 60, Table C2A), per test case that fits the manoeuvre.

The model is started from the flight's last samples before the input moves and then left alone. A
tolerance of "10 % or 2 deg/s" is the larger of the two, the share being that of the flight's
change from the start of the case at each sample.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from heliid.channels import find_kind
from heliid.data.record import Channel
from heliid.units import unit_or_free
from heliid.validation.manoeuvre import DOUBLET, PULSE, STEP, Event, called
from heliid.validation.oscillation import Oscillation, fit_oscillation
from heliid.validation.thresholds import DEFAULT, Thresholds

RESPONSE, SHORT, LONG, FREE, OFF_AXIS = (
    "control response", "short term", "long term", "non-periodic", "off-axis",
)  # fmt: skip
CYCLES_WANTED = 3.0  # full cycles the table asks for; fewer are shown, with a remark

# case -> channel symbol -> (threshold of the absolute tolerance, threshold of the share or "")
TOLERANCES: dict[str, dict[str, tuple[str, str]]] = {
    RESPONSE: {
        "q": ("response_pitch_rate", "response_share"),
        "theta": ("response_pitch", "response_share"),
        "p": ("response_roll_rate", "response_share"),
        "phi": ("response_roll", "response_share"),
        "r": ("response_yaw_rate", "response_share"),
        "psi": ("response_heading", "response_share"),
        "az": ("response_az", ""),
    },
    SHORT: {
        "q": ("short_pitch_rate", ""),
        "theta": ("short_pitch", ""),
        "az": ("short_az", ""),
    },
    FREE: {
        "theta": ("free_pitch", ""),
        "airspeed": ("free_airspeed", ""),
        "u_body": ("free_airspeed", ""),
    },
}
# The outputs that an input is meant to move; any other output is off-axis for it.
ON_AXIS: dict[str, frozenset[str]] = {
    "delta_lon": frozenset({"q", "theta", "u_body", "w_body", "ax", "az", "airspeed", "alpha"}),
    "delta_col": frozenset({"w_body", "az", "altitude", "u_body", "airspeed", "alpha"}),
    "delta_lat": frozenset({"p", "phi", "v_body", "ay", "beta"}),
    "delta_ped": frozenset({"r", "psi", "v_body", "ay", "beta"}),
}


@dataclass(frozen=True, eq=False)
class Band:
    """The tolerance around one flight signal, for plotting: (n,) arrays in SI, and the verdict."""

    output: str
    unit: str  # file unit of the output
    text: str  # the tolerance in words
    time: np.ndarray  # s, on the record's axis
    flight: np.ndarray
    model: np.ndarray
    low: np.ndarray
    high: np.ndarray
    inside: float  # share of samples inside
    worst: float  # largest |error| / tolerance
    passed: bool


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a case that is not a band: a number of flight and model, and its tolerance."""

    output: str
    text: str
    flight: float
    model: float
    passed: bool


@dataclass(frozen=True, eq=False)
class TestCase:
    """One test of Table C2A on one event of one record.

    ``passed`` is None when the case could not be judged; ``reason`` says why, or what to keep in
    mind. ``is_orientation``: the manoeuvre is not the one the table asks for; shown, not counted.
    """

    __test__ = False  # for pytest: this is no test class

    kind: str
    record: str
    manoeuvre: str
    source: str
    start: float  # s, on the record's axis
    end: float
    bands: tuple[Band, ...]
    checks: tuple[Check, ...]
    passed: bool | None
    is_orientation: bool = False
    reason: str = ""


Restart = Callable[[int, int], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""First and end sample of a run -> time (n,), flight (n, ny), model (n, ny)."""


def symbol_of(channel: Channel) -> str:
    """The catalogue symbol that a channel stands for, or its own name."""
    kind = find_kind(channel.name)
    return kind.symbol if kind is not None and kind.si == channel.si else channel.name


def _si(thresholds: Thresholds, key: str) -> tuple[float, str]:
    """A tolerance in SI and in words."""
    row = thresholds.row(key)
    unit = unit_or_free(row.unit)
    return abs(float(unit.to_si(row.value))), f"{row.value:g} {row.unit}"


def _band(
    channel: Channel, keys: tuple[str, str], time: np.ndarray, flight: np.ndarray,
    model: np.ndarray, thresholds: Thresholds,
) -> Band:  # fmt: skip
    absolute, words = _si(thresholds, keys[0])
    tolerance = np.full(len(flight), absolute)
    if keys[1]:
        share = thresholds[keys[1]]
        tolerance = np.maximum(tolerance, share * np.abs(flight - flight[0]))
        words = f"{100 * share:g} % or {words}"
    ratio = np.abs(flight - model) / tolerance
    inside = float(np.mean(ratio <= 1.0))
    return Band(
        channel.name, channel.unit, f"+-{words}", time, flight, model,
        flight - tolerance, flight + tolerance, inside, float(ratio.max()),
        inside >= thresholds["band_inside"],
    )  # fmt: skip


def trend_agrees(flight: np.ndarray, model: np.ndarray) -> bool:
    """True when the model moves the same way: by correlation and at the largest change."""
    z, y = flight - flight[0], model - model[0]
    together = float(np.dot(z - z.mean(), y - y.mean()))
    k = int(np.argmax(np.abs(z)))
    return together > 0.0 and z[k] * y[k] > 0.0


def _on_axis(event: Event) -> frozenset[str] | None:
    """The symbols of the outputs that this input is meant to move; None when it is not known."""
    kind = find_kind(event.input)
    return ON_AXIS.get(kind.symbol if kind else event.input)


def _off_axis(
    event: Event, channels: Sequence[Channel], flight: np.ndarray, model: np.ndarray
) -> tuple[Check, ...]:
    """Correct trend of every output that the input is not meant to move."""
    main = _on_axis(event)
    if main is None:
        return ()
    checks = []
    for j, channel in enumerate(channels):
        if symbol_of(channel) in main:
            continue
        z, y = flight[:, j], model[:, j]
        k = int(np.argmax(np.abs(z - z[0])))
        checks.append(
            Check(
                channel.name, "correct trend (off-axis)", float(z[k] - z[0]), float(y[k] - y[0]),
                trend_agrees(z, y),
            )
        )  # fmt: skip
    return tuple(checks)


def _source(thresholds: Thresholds, kind: str) -> str:
    key = {RESPONSE: "response_pitch", SHORT: "short_pitch", LONG: "long_period"}
    return thresholds.row(key.get(kind, "free_pitch")).source


def _history_case(
    kind: str, record: str, event: Event, channels: Sequence[Channel],
    run: tuple[np.ndarray, np.ndarray, np.ndarray], thresholds: Thresholds, *,
    is_orientation: bool = False,
) -> TestCase:  # fmt: skip
    """A case that compares time histories with bands: those of the axis that was moved."""
    time, flight, model = run
    main = _on_axis(event) if kind != FREE else None
    bands = tuple(
        _band(c, TOLERANCES[kind][symbol_of(c)], time, flight[:, j], model[:, j], thresholds)
        for j, c in enumerate(channels)
        if symbol_of(c) in TOLERANCES[kind] and (main is None or symbol_of(c) in main)
    )
    checks = () if kind == FREE else _off_axis(event, channels, flight, model)
    judged = [band.passed for band in bands] + [check.passed for check in checks]
    reason = "" if judged else "No output of the model has a tolerance in this test."
    if is_orientation:
        reason = f"The table asks for a step; this is {called(event.kind, article=True)}: "
        reason += "for orientation only."
    return TestCase(
        kind, record, f"{called(event.kind)} {event.input}", _source(thresholds, kind),
        float(time[0]), float(time[-1]), bands, checks, all(judged) if judged else None,
        is_orientation, reason,
    )  # fmt: skip


def _long_checks(
    name: str, flight: Oscillation, model: Oscillation, thresholds: Thresholds
) -> tuple[Check, ...]:
    """Period, and time to half or double amplitude or damping ratio, as the table words it."""
    period = abs(model.period / flight.period - 1.0) <= thresholds["long_period"]
    by_time = (
        flight.growth * model.growth > 0.0
        and abs(model.time_to_half / flight.time_to_half - 1.0) <= thresholds["long_time"]
    )
    by_damping = abs(model.damping - flight.damping) <= thresholds["long_damping"]
    percent = 100 * thresholds["long_period"]
    return (
        Check(name, f"period +-{percent:g} %, s", flight.period, model.period, period),
        Check(
            name,
            f"time to half or double +-{100 * thresholds['long_time']:g} % or damping ratio "
            f"+-{thresholds['long_damping']:g}; damping ratio",
            flight.damping,
            model.damping,
            by_time or by_damping,
        ),
    )


def _long_case(
    record: str, event: Event, channels: Sequence[Channel],
    run: tuple[np.ndarray, np.ndarray, np.ndarray], thresholds: Thresholds,
) -> TestCase | None:  # fmt: skip
    """Long-term response after release; None when the flight does not oscillate."""
    time, flight, model = run
    for wanted in ("theta", "u_body", "airspeed", "q"):
        for j, channel in enumerate(channels):
            if symbol_of(channel) != wanted:
                continue
            of_flight = fit_oscillation(time, flight[:, j])
            if of_flight is None:
                continue
            of_model = fit_oscillation(time, model[:, j])
            cycles = (time[-1] - time[0]) / of_flight.period
            remark = (
                ""
                if cycles >= CYCLES_WANTED
                else (
                    f"Only {cycles:.1f} cycles were recorded; the table asks for {CYCLES_WANTED:g}."
                )
            )
            if of_model is None:
                checks: tuple[Check, ...] = (
                    Check(channel.name, "oscillates", of_flight.period, float("nan"), False),
                )
            else:
                checks = _long_checks(channel.name, of_flight, of_model, thresholds)
            return TestCase(
                LONG, record, f"after {called(event.kind)} {event.input}",
                _source(thresholds, LONG),
                float(time[0]), float(time[-1]), (), checks, all(c.passed for c in checks),
                False, remark,
            )  # fmt: skip
    return None


def judge_bands(
    record: str,
    events: Sequence[Event],
    channels: Sequence[Channel],
    restart: Restart,
    n_start: int,
    n_samples: int,
    dt: float,
    thresholds: Thresholds = DEFAULT,
) -> tuple[TestCase, ...]:
    """The test cases that the events of one record allow.

    A step is a control response; a doublet or pulse a short-term response; twenty quiet seconds
    after either a long-term one (a damped or growing oscillation) or else a non-periodic one.
    Other manoeuvres get the bands of the control response for orientation.
    """
    seconds = round(thresholds["response_seconds"] / dt)
    quiet = round(thresholds["free_seconds"] / dt)
    cases: list[TestCase] = []
    for event in events:
        first = max(n_start, event.first - 1)
        end = min(n_samples, max(event.last, event.first) + 1 + seconds)
        if event.kind == STEP:
            end = min(n_samples, event.first + seconds)
        if end - first < 5:
            continue
        kind = SHORT if event.kind in (DOUBLET, PULSE) else RESPONSE
        is_usual = event.kind in (STEP, DOUBLET, PULSE)
        cases.append(
            _history_case(
                kind, record, event, channels, restart(first, end), thresholds,
                is_orientation=not is_usual,
            )
        )  # fmt: skip
        release = event.last + 1
        if event.kind in (DOUBLET, PULSE) and event.quiet_until - release >= quiet:
            whole = restart(first, event.quiet_until)
            after = slice(release - first, None)
            free = (whole[0][after], whole[1][after], whole[2][after])
            long = _long_case(record, event, channels, free, thresholds)
            if long is not None:
                cases.append(long)
            else:
                part = (free[0][:quiet], free[1][:quiet], free[2][:quiet])
                cases.append(_history_case(FREE, record, event, channels, part, thresholds))
    return tuple(cases)
