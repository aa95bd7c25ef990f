"""The judgement part of a report: tables with limits and sources, time histories, growth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from heliid.export.page import BAD, GOOD, WARN, Block, Cell, Figure, Heading, Remark, Table, Text
from heliid.export.report_figures import frequency_panels, residual_panels
from heliid.export.report_tails import tail_blocks
from heliid.export.svg import panel_svg
from heliid.validation import GUIDELINE, Score, Thresholds, ValidationReport

SMALL_THEIL = 0.1  # a model this close: bias and size are shares of next to nothing


def mean_fit(report: ValidationReport) -> float:
    """Mean fit % over outputs and records, of the longest window there is."""
    window = "all" if "all" in report.windows else report.windows[-1]
    fits = [s.fit for s in report.scores if s.window == window and np.isfinite(s.fit)]
    return float(np.mean(fits)) if fits else float("nan")


def judgement_blocks(report: ValidationReport) -> list[Block]:
    """Scores beside the linear model's, tolerance bands, residual tests, frequency responses."""
    blocks: list[Block] = [
        Text(f"Free run against flight, deviations counted from trim; runs are restarted from data "
             f"every window (all: never). The first {report.start_s:.3g} s of each record start "
             f"the run and are not scored."),
    ]  # fmt: skip
    blocks += _scores(report)
    blocks += _divergences(report)
    blocks += _overall(report)
    blocks += tail_blocks(report)
    blocks += _cases(report)
    blocks += _residuals(report)
    blocks += _frequency(report)
    return blocks


def _scores(report: ValidationReport) -> list[Block]:
    """One table per record, output by output."""
    header: tuple[str, ...] = (
        "output", "window", "RMSE", "max", "NRMSE", "fit %", "VAF %", "Theil U", "U_M", "U_S",
        "U_C",
    )  # fmt: skip
    beside = _by_key(report.linear)
    if beside:
        header = (*header, "linear fit %", "NRMSE / linear")
    blocks: list[Block] = []
    for record in dict.fromkeys(s.record for s in report.scores):
        own = [s for s in report.scores if s.record == record]
        own.sort(key=lambda s: report.outputs.index(s.output))  # stable: windows stay in order
        rows: list[tuple[str | Cell, ...]] = []
        for s in own:
            row = _score_row(s, report.thresholds)
            if beside:
                linear = beside.get((s.record, s.output, s.window))
                row += _beside(s, linear, report.thresholds)
            rows.append(row)
        blocks.append(Table(header, tuple(rows), f"Record {record}", ("output",)))
    return blocks


def _score_row(s: Score, limits: Thresholds) -> tuple[str | Cell, ...]:
    window = s.window if s.window == "all" else f"{s.window} s"
    is_small = s.theil.u <= SMALL_THEIL  # the parts of a very small error say nothing
    return (
        f"{s.output} [{s.unit}]",
        window,
        _number(s.rmse),
        _number(s.max_error),
        _number(s.nrmse),
        _number(s.fit, 1),
        _number(s.vaf, 1),
        _between(s.theil.u, limits, "theil_good", "theil_limit"),
        _below(s.theil.bias, limits, "theil_bias", is_small=is_small),
        _below(s.theil.variance, limits, "theil_variance", is_small=is_small),
        _number(s.theil.covariance, 2),
    )


def _beside(own: Score, linear: Score | None, limits: Thresholds) -> tuple[str | Cell, ...]:
    """The linear model's fit, and how the two errors compare."""
    if linear is None:
        return "-", "-"
    fit = "diverged" if linear.diverged_at is not None else _number(linear.fit, 1)
    if not (np.isfinite(own.nrmse) and np.isfinite(linear.nrmse)) or linear.nrmse == 0.0:
        return fit, "-"
    ratio, margin = own.nrmse / linear.nrmse, limits["linear_margin"]
    if abs(ratio - 1.0) <= margin:
        return fit, Cell(f"{ratio:.2f}", "", "equal within the margin")
    if ratio < 1.0:
        return fit, Cell(f"{ratio:.2f}", GOOD, "the model is better")
    return fit, Cell(f"{ratio:.2f}", BAD, "the linear model is better here")


def _by_key(report: ValidationReport | None) -> dict[tuple[str, str, str], Score]:
    if report is None:
        return {}
    return {(s.record, s.output, s.window): s for s in report.scores}


def _between(value: float, limits: Thresholds, good: str, limit: str) -> Cell:
    """A number with a verdict: good up to one limit, acceptable up to the other."""
    if not np.isfinite(value):
        return Cell("-")
    text = f"{value:.3f}" if limits[limit] < 10.0 else f"{value:.1f}"
    mark = GOOD if value <= limits[good] else WARN if value <= limits[limit] else BAD
    hint = (
        f"good up to {limits[good]:g}, acceptable up to {limits[limit]:g}; {_source(limits, limit)}"
    )
    return Cell(text, mark, hint)


def _below(value: float, limits: Thresholds, key: str, *, is_small: bool) -> Cell:
    if not np.isfinite(value):
        return Cell("-")
    mark = "" if is_small or value <= limits[key] else WARN
    return Cell(_number(value, 2), mark, f"limit {limits[key]:g}; {_source(limits, key)}")


def _source(limits: Thresholds, key: str) -> str:
    row = limits.row(key)
    edited = f", edited, was {row.original:g}" if row.is_edited else ""
    return f"{row.source} ({row.status}{edited})"


def _divergences(report: ValidationReport) -> list[Block]:
    blocks: list[Block] = [
        Remark(f"The free run on '{name}' diverged after {at:.2f} s.", BAD)
        for name, at in report.diverged
    ]
    if report.linear is not None:
        blocks += [
            Remark(f"The linear model's free run on '{name}' diverged after {at:.2f} s.")
            for name, at in report.linear.diverged
        ]
    return blocks


def _overall(report: ValidationReport) -> list[Block]:
    """Per record: J_rms, kind of error, share outside the envelope."""
    limits = report.thresholds
    rows: list[tuple[str | Cell, ...]] = []
    linear = {r.record: r for r in report.linear.records} if report.linear else {}
    for r in report.records:
        delay = "-"
        if r.error_kind is not None:
            delay = f"{1000 * r.error_kind.delay:.0f} ms"
        flags = r.envelope.outside[r.scored_from :]
        share = float(np.mean(flags)) if flags.size else 0.0
        outside = Cell(f"{100 * share:.0f} %", _share_mark(share, limits))
        beside = linear.get(r.record)
        rows.append(
            (
                r.record,
                r.manoeuvre,
                _between(r.j_rms, limits, "j_rms_good", "j_rms_limit"),
                _number(beside.j_rms) if beside else "-",
                delay,
                outside,
                Cell("yes", BAD, "judged on its own training data") if r.trained_on else "no",
            )
        )
    return [
        Table(
            ("record", "manoeuvre", "J_rms", "linear J_rms", "delay", "outside envelope",
             "trained on"),
            tuple(rows), "Whole-record free run.", ("record", "manoeuvre", "trained on"),
        )
    ]  # fmt: skip


def _share_mark(share: float, limits: Thresholds) -> str:
    if share <= limits["outside_amber"]:
        return ""
    return WARN if share <= limits["outside_limit"] else BAD


def _cases(report: ValidationReport) -> list[Block]:
    """Simulator tolerance bands: one line per test case."""
    rows: list[tuple[str | Cell, ...]] = []
    for r in report.records:
        for case in r.cases:
            verdict = Cell("not judged")
            if case.passed is not None:
                verdict = Cell("inside", GOOD) if case.passed else Cell("outside", BAD)
            worst = "; ".join(
                f"{b.output} {100 * b.inside:.0f} % inside ({b.text})" for b in case.bands
            )
            checks = "; ".join(
                f"{c.output} {c.text}: {_number(c.flight)} / {_number(c.model)}"
                for c in case.checks
            )
            text = "; ".join(part for part in (worst, checks, case.reason) if part)
            kind = f"{case.kind} (orientation)" if case.is_orientation else case.kind
            rows.append((r.record, kind, f"{case.start:.1f}-{case.end:.1f}", verdict, text))
    if not rows:
        return []
    return [
        Heading("Simulator tolerance bands", 3),
        Table(("record", "case", "time [s]", "verdict", "detail"), tuple(rows),
              "14 CFR Part 60, Appendix C, Table C2A; the limits are listed at the end.",
              ("record", "case", "verdict", "detail")),
    ]  # fmt: skip


def _residuals(report: ValidationReport) -> list[Block]:
    """Share of lags outside the 95 % bounds by which the verdict goes, one-step residuals."""
    limit = report.thresholds["lags_outside"]
    rows: list[tuple[str | Cell, ...]] = []
    for r in report.records:
        for test in r.residual_tests:
            shares: dict[str, list[float]] = {}
            for c in test.correlations:
                share = c.outside if c.kind == "auto" else c.outside_corrected
                shares.setdefault(c.kind, []).append(share)
            cells: list[str | Cell] = []
            for kind in ("auto", "cross", "u2_e", "u2_e2", "e_eu"):
                values = shares.get(kind, [])
                if not values:
                    cells.append("-")
                    continue
                worst = max(values)
                cells.append(Cell(f"{100 * worst:.0f} %", "" if worst <= limit else WARN))
            rows.append((r.record, test.output, *cells))
    if not rows:
        return []
    return [
        Heading("Residual tests", 3),
        Table(("record", "output", "auto", "input", "u²e", "u²e²", "e(eu)"), tuple(rows),
              f"One-step residuals: share of lags outside the 95 % bound, the largest of any "
              f"input. The bound of the autocorrelation is 1.96/sqrt(N), that of the others is "
              f"Bartlett's for coloured signals; at most {100 * limit:.0f} % is expected "
              f"({_source(report.thresholds, 'lags_outside')}). The verdict counts the mean.",
              ("record", "output")),
        *_residual_figures(report),
    ]  # fmt: skip


def _residual_figures(report: ValidationReport) -> list[Block]:
    """Histogram and spectrum per output, of the first record."""
    first = report.records[0]
    panels = [panel for test in first.residual_tests for panel in residual_panels(test)]
    if not panels:
        return []
    return [Text(f"Residuals of {first.record}:"), *(Figure(panel_svg(one)) for one in panels)]


def _frequency(report: ValidationReport) -> list[Block]:
    """J per pair, flight and model from the recorded input, linear beside."""
    found = report.frequency
    if not found.pairs:
        return [Text(f"Frequency responses: {found.reason}")] if found.reason else []
    limits = report.thresholds
    linear = {}
    if report.linear is not None:
        linear = {(p.input, p.output): p.j for p in report.linear.frequency.pairs}
    rows: list[tuple[str | Cell, ...]] = []
    for p in found.pairs:
        if not np.isfinite(p.j):
            rows.append((p.input, p.output, "too little coherence", "-", "-"))
            continue
        used = f"{p.omega_used[0]:.2g}-{p.omega_used[-1]:.2g}"
        j = _between(p.j, limits, "j_pair_good", "j_pair_limit")
        other = linear.get((p.input, p.output), float("nan"))
        rows.append((p.input, p.output, used, j, _number(other, 1)))
    mean = ""
    if np.isfinite(found.j_mean):
        mean = f" Mean J {found.j_mean:.0f} (at most {limits['j_mean_limit']:g})."
    return [
        Heading("Frequency responses", 3),
        Table(("input", "output", "rad/s", "J", "linear J"), tuple(rows),
              f"Flight and model from the recorded input, Welch windows of {found.window_s:.3g} s, "
              f"{found.n_segments} segments.{mean}", ("input", "output")),
        *(Figure(panel_svg(one)) for one in frequency_panels(report)),
    ]  # fmt: skip


def thresholds_blocks(judged: Mapping[Any, ValidationReport]) -> list[Block]:
    """Every limit with its source; edits are marked."""
    if not judged:
        return []
    limits = next(iter(judged.values())).thresholds
    rows: list[tuple[str | Cell, ...]] = []
    for row in limits.table:
        value: str | Cell = f"{row.value:g}"
        if row.is_edited:
            value = Cell(f"{row.value:g} (edited, was {row.original:g})", WARN)
        mark = Cell(row.status, WARN if row.status == GUIDELINE else "")
        rows.append((row.text, value, row.unit, mark, row.source))
    return [
        Heading("Limits and their sources"),
        Text("A limit marked as guideline is quoted from memory of its source; check the digits "
             "before a certificate rests on them."),
        Table(("limit", "value", "unit", "status", "source"), tuple(rows),
              wide=("limit", "unit", "status", "source")),
    ]  # fmt: skip


def _number(value: float, decimals: int = 3) -> str:
    """Three figures or so; a dash for what is not defined."""
    if value is None or not np.isfinite(value):
        return "-"
    if decimals != 3:
        return f"{value:.{decimals}f}"
    if value == 0.0 or 0.01 <= abs(value) < 1000.0:
        return f"{value:.3f}"
    return f"{value:.3g}"
