"""A judged model as the Validate view shows it; no Qt, and nothing heavy imported."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from heliid.data.record import Channel
from heliid_gui.presenters import formatting as fmt

if TYPE_CHECKING:
    from heliid.physics import Physics
    from heliid.validation import RecordJudgement, Score, ValidationReport
    from heliid.verdict import Question


@dataclass(frozen=True, eq=False)
class Interval:
    """The ensemble's 95 % band on one record, SI; how much of the flight lies inside."""

    time: np.ndarray  # (N,)
    low: np.ndarray  # (N, ny)
    high: np.ndarray
    coverage: np.ndarray  # (ny,) 0 to 1


@dataclass(frozen=True, eq=False)
class Judgement:
    """What the worker found out about a model; ``reports`` by use, ``intervals`` by record."""

    reports: dict[str, ValidationReport]
    questions: tuple[Question, ...]
    physics: Physics | None
    no_physics: str  # why there is none
    intervals: dict[str, Interval] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Light:
    """One line of the verdict: an icon that differs in shape, not only in colour."""

    icon: str
    role: str  # colour of the theme
    text: str
    sentence: str
    evidence: str


_LIGHTS = {
    "green": ("ok", "good"),
    "amber": ("warning", "warning"),
    "red": ("error", "bad"),
    "grey": ("info", "disabled"),
}
TABS = {
    "scores": "numbers",
    "bands": "response",
    "residuals": "residuals",
    "frequency": "frequency",
    "modes": "modes",
    "envelope": "response",
    "linear": "numbers",
    "campaign": "numbers",
}
WINDOW_NAMES = {"all": "Whole record"}


def lights(judgement: Judgement) -> tuple[Light, ...]:
    """The verdict, one line per question."""
    return tuple(
        Light(*_LIGHTS[str(q.light)], q.text, q.sentence, q.evidence) for q in judgement.questions
    )


def headline(judgement: Judgement) -> str:
    """The verdict in one line: how many of the questions are answered how."""
    values = [str(q.light) for q in judgement.questions]
    good, amber, red = values.count("green"), values.count("amber"), values.count("red")
    grey = values.count("grey")
    parts = [f"{good} good"]
    if amber:
        parts.append(f"{amber} to look at")
    if red:
        parts.append(f"{red} failed")
    if grey:
        parts.append(f"{grey} open")
    return " · ".join(parts)


def evidence_tab(evidence: str) -> tuple[str, str]:
    """The tab and the record that show the evidence of a question."""
    section, _, rest = evidence.partition(":")
    return TABS.get(section, "numbers"), rest.partition(":")[0]


def window_name(window: str) -> str:
    """``"5"`` as ``5 s``, ``"all"`` as ``Whole record``."""
    return WINDOW_NAMES.get(window, f"{window} s")


SCORE_COLUMNS = (
    ("Record", ""),
    ("Output", ""),
    ("Fit", "100 % is perfect, 0 % is no better than the mean of the measurement"),
    ("Linear", "Fit of the best linear model"),
    ("NRMSE", "Root mean square error over the spread of the measurement"),
    ("Theil U", "0 is perfect, 1 is useless; up to 0.25 is good"),
    ("Bias", "Share of the error that is a constant (U_M); up to 0.1 is good"),
    ("RMSE", "Root mean square error, in the unit of the output"),
    ("Largest", "Largest error"),
    ("Outside", "Share of the samples outside the training envelope"),
)


def score_rows(
    report: ValidationReport, window: str, channels: tuple[Channel, ...]
) -> list[tuple[tuple[str, float], ...]]:
    """Cells (text, sort key) of the score table for one window; numbers in the shown units."""
    rows = []
    by_name = {channel.name: channel for channel in channels}
    linear = {}
    if report.linear is not None:
        linear = {(s.record, s.output, s.window): s for s in report.linear.scores}
    for index, score in enumerate(s for s in report.scores if s.window == window):
        beside = linear.get((score.record, score.output, score.window))
        rows.append(_score_row(index, score, beside, by_name[score.output]))
    return rows


def _score_row(
    index: int, score: Score, beside: Score | None, channel: Channel
) -> tuple[tuple[str, float], ...]:
    unit = fmt.shown_unit(channel)
    fit = fmt.percent(score.fit)
    if score.diverged_at is not None:
        fit = f"diverged at {score.diverged_at:.1f} s"
    linear = math.nan if beside is None else beside.fit
    linear_text = fmt.percent(linear)
    if beside is not None and beside.diverged_at is not None:
        linear_text = "diverged"
    rmse, worst = score.rmse_si / unit.factor, score.max_error_si / unit.factor
    return (
        (score.record, index),
        (score.output, index),
        (fit, score.fit),
        (linear_text, linear),
        (fmt.figure(score.nrmse), score.nrmse),
        (fmt.figure(score.theil.u, 2), score.theil.u),
        (fmt.figure(score.theil.bias, 2), score.theil.bias),
        (f"{fmt.figure(rmse)} {unit.symbol}", rmse),
        (f"{fmt.figure(worst)} {unit.symbol}", worst),
        (fmt.percent(100 * score.outside_envelope, 0), score.outside_envelope),
    )


def record_names(report: ValidationReport) -> tuple[str, ...]:
    """Names of the judged records."""
    return tuple(one.record for one in report.records)


def find_record(report: ValidationReport, name: str) -> RecordJudgement:
    """One judged record; the first when there is none of this name."""
    return next((one for one in report.records if one.record == name), report.records[0])


def outside_spans(record: RecordJudgement) -> tuple[tuple[float, float], ...]:
    """Pieces of time outside the training envelope: (start s, end s)."""
    outside, time = record.envelope.outside, record.envelope.time
    spans: list[tuple[float, float]] = []
    start: float | None = None
    for is_out, at in zip(outside.tolist(), time.tolist(), strict=True):
        if is_out and start is None:
            start = at
        elif not is_out and start is not None:
            spans.append((start, at))
            start = None
    if start is not None:
        spans.append((start, float(time[-1])))
    return tuple(spans)


def mode_rows(physics: Physics) -> list[tuple[str, ...]]:
    """The modes as texts: name, eigenvalue, frequency, damping, half or double time, interval."""
    rows: list[tuple[str, ...]] = []
    for mode, interval in zip(physics.modes, physics.intervals, strict=True):
        eigen = fmt.figure(mode.real)
        if mode.is_oscillation:
            eigen += f" ± {fmt.figure(mode.imag)}j"
        if mode.time_to_half is not None:
            time = f"halves in {fmt.figure(mode.time_to_half)} s"
        elif mode.time_to_double is not None:
            time = f"doubles in {fmt.figure(mode.time_to_double)} s"
        else:
            time = fmt.DASH
        spread = fmt.DASH
        if interval is not None:
            low, high = interval.real
            spread = f"{fmt.figure(low)} to {fmt.figure(high)}"
        rows.append(
            (
                mode.name,
                eigen,
                fmt.figure(mode.frequency),
                fmt.figure(mode.damping) if mode.is_oscillation else fmt.DASH,
                time,
                spread,
            )
        )
    return rows


MODE_COLUMNS = (
    "Mode",
    "Eigenvalue [1/s]",
    "Frequency [rad/s]",
    "Damping",
    "Time",
    "95 % interval [1/s]",
)


def derivative_rows(physics: Physics) -> list[tuple[str, ...]]:
    """Stability and control derivatives as texts."""
    rows: list[tuple[str, ...]] = []
    for one in physics.derivatives:
        spread = fmt.DASH
        if one.interval is not None:
            spread = f"{fmt.figure(one.interval[0])} to {fmt.figure(one.interval[1])}"
        rows.append((one.name, fmt.figure(one.value), one.unit, spread, one.note))
    return rows
