"""A judged model as the Validate view shows it; no Qt, and nothing heavy imported."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from heliid.data.record import Channel
from heliid_gui.presenters import formatting as fmt

if TYPE_CHECKING:
    from heliid.physics import Physics
    from heliid.physics.reference import Reference
    from heliid.physics.responses import TestResponse
    from heliid.validation import RecordJudgement, Score, ValidationReport
    from heliid.verdict import Question
    from heliid_gui.presenters.robustness import TailCurve


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
    responses: dict[tuple[str, str], TestResponse] = field(default_factory=dict)  # input, kind
    tails: dict[str, tuple[TailCurve, ...]] = field(default_factory=dict)  # by use


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
    "campaign": "records",
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


def plain(judgement: Judgement, manoeuvres: Mapping[str, str]) -> dict[str, Any]:
    """What is kept of a judgement with its run: strict JSON, without time histories."""
    reports = judgement.reports
    first = next(iter(reports.values()), None)
    return {
        "headline": headline(judgement),
        "verdict": [q.to_dict() for q in judgement.questions],
        "scores": {use: report.score_table() for use, report in reports.items()},
        "modes": None if judgement.physics is None else judgement.physics.to_dict(),
        "edited_limits": {} if first is None else {r.key: r.value for r in first.thresholds.edits},
        "manoeuvres": dict(manoeuvres),
    }


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


def interval_text(pair: tuple[float, float] | None) -> str:
    """An interval as text."""
    return fmt.DASH if pair is None else f"{fmt.figure(pair[0])} to {fmt.figure(pair[1])}"


REFERENCE_COLUMNS = ("Value", "Model", "Reference", "Unit", "Ratio", "95 % interval", "Remark")


def reference_rows(physics: Physics, reference: Reference) -> list[tuple[str, ...]]:
    """Modes and derivatives beside a published or the user's own table."""
    from heliid.physics import compare_derivatives, compare_modes

    rows = [
        *compare_modes(physics.modes, physics.intervals, reference),
        *compare_derivatives(physics.derivatives, reference),
    ]
    found: list[tuple[str, ...]] = []
    for one in rows:
        ratio = fmt.DASH if one.ratio is None else fmt.figure(one.ratio)
        remark = one.remark
        if not remark and one.is_inside is not None:
            remark = "inside the interval" if one.is_inside else "outside the interval"
        found.append(
            (one.name, fmt.figure(one.model), fmt.figure(one.reference), one.unit, ratio,
             interval_text(one.interval), remark)
        )  # fmt: skip
    return found


AMPLITUDE_COLUMNS = (
    ("Size of the motion", "1 is as large as flown, 0 the bare slope at the trim"),
    ("Mode", ""),
    ("Eigenvalue [1/s]", "Of the best linear approximation for motions of that size"),
    ("Frequency [rad/s]", ""),
)


def amplitude_rows(physics: Physics) -> list[tuple[str, ...]]:
    """The modes for motions of several sizes."""
    rows: list[tuple[str, ...]] = []
    for one in physics.by_amplitude:
        for mode in one.modes:
            eigen = fmt.figure(mode.real)
            if mode.is_oscillation:
                eigen += f" ± {fmt.figure(mode.imag)}j"
            rows.append((f"{one.amplitude:g}", mode.name, eigen, fmt.figure(mode.frequency)))
    return rows


RECORD_COLUMNS = (
    ("Record", ""),
    ("Manoeuvre", "Read off the inputs, or what you said it was"),
    ("Trained on", "A good fit on a training record proves nothing"),
    ("Outside", "Share of the samples outside the training envelope"),
    ("J rms", "Weighted so that 1 deg, 1 deg/s, 1 ft/s and 1 ft/s^2 count alike"),
    ("Test cases", "Of 14 CFR Part 60, Table C2A, that fit the manoeuvre"),
)


def record_rows(report: ValidationReport) -> list[tuple[str, ...]]:
    """What the judged records are, one line each."""
    rows: list[tuple[str, ...]] = []
    for one in report.records:
        judged = [case for case in one.cases if case.passed is not None]
        passed = sum(bool(case.passed) for case in judged)
        rows.append(
            (
                one.record,
                one.manoeuvre,
                "yes" if one.trained_on else "no",
                fmt.percent(100 * one.envelope.share_outside, 0),
                fmt.figure(one.j_rms),
                f"{passed} of {len(judged)} inside" if judged else "none fits",
            )
        )
    return rows


CASE_COLUMNS = (
    ("Test case", "Of 14 CFR Part 60, Table C2A"),
    ("Manoeuvre", ""),
    ("Time", ""),
    ("Verdict", ""),
    ("Detail", ""),
)


def case_rows(record: RecordJudgement) -> list[tuple[str, ...]]:
    """The simulator test cases of one record."""
    rows: list[tuple[str, ...]] = []
    for case in record.cases:
        verdict = "not judged" if case.passed is None else "inside" if case.passed else "OUTSIDE"
        if case.is_orientation:
            verdict += " (orientation)"
        parts = [f"{b.output} {100 * b.inside:.0f} % inside {b.text}" for b in case.bands]
        parts += [
            f"{c.output} {c.text}: {fmt.figure(c.flight)} / {fmt.figure(c.model)}"
            for c in case.checks
        ]
        parts += [case.reason] if case.reason else []
        span = f"{case.start:.1f} to {case.end:.1f} s"
        rows.append((case.kind, case.manoeuvre, span, verdict, "; ".join(parts)))
    return rows


PAIR_COLUMNS = (
    ("Pair", ""),
    ("J", "20/n sum W ((dB)^2 + 0.01745 (deg)^2); up to 100 is good, above 150 to 200 not"),
    ("J without gain and delay", "After one common gain and delay are taken out of the model"),
    ("Linear J", "Of the best linear model"),
    ("From [rad/s]", "Where the coherence is enough"),
    ("To [rad/s]", ""),
    ("Random error", "Of the flight's gain, median over those frequencies"),
)


def pair_rows(report: ValidationReport) -> list[tuple[tuple[str, float] | str, ...]]:
    """J of every input and output, the best linear model beside, and the mean."""
    beside = {}
    if report.linear is not None:
        beside = {(p.input, p.output): p.j for p in report.linear.frequency.pairs}
    rows: list[tuple[tuple[str, float] | str, ...]] = []
    for p in report.frequency.pairs:
        low, high = (p.omega_used[0], p.omega_used[-1]) if p.omega_used.size else (math.nan,) * 2
        used = (p.omega >= low) & (p.omega <= high)
        error = float(np.median(p.random_error[used])) if used.any() else math.nan
        values = (p.j, p.j_aligned, beside.get((p.input, p.output), math.nan), low, high)
        rows.append(
            (f"{p.input} → {p.output}", *((fmt.figure(v), float(v)) for v in values),
             (fmt.percent(100 * error, 0), error))
        )  # fmt: skip
    if rows:
        mean = report.frequency.j_mean
        aligned = report.frequency.j_mean_aligned
        rows.append(
            ("mean", (fmt.figure(mean), mean), (fmt.figure(aligned), aligned), "", "", "", "")
        )
    return rows


LIMIT_COLUMNS = (
    ("Limit", ""),
    ("Value", "Double click to change it; an empty value brings the original back"),
    ("Unit", ""),
    ("Status", "A guideline is quoted from memory of its source"),
    ("Source", ""),
)


def limit_rows(report: ValidationReport) -> list[tuple[str, tuple[str, ...]]]:
    """Key and cells of every limit; an edited one shows its original value."""
    rows: list[tuple[str, tuple[str, ...]]] = []
    for row in report.thresholds.table:
        status = f"edited, was {row.original:g}" if row.is_edited else row.status
        rows.append((row.key, (row.text, f"{row.value:g}", row.unit, status, row.source)))
    return rows
