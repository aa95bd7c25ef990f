"""The questions about the error itself: dynamics, size, bias, delay, stability, tolerances."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from heliid.physics import Physics
from heliid.units import unit_or_free
from heliid.validation import ErrorKind, OutputError, RecordJudgement, ValidationReport
from heliid.validation.thresholds import Thresholds
from heliid.verdict.questions import Light, Question, listed, number, percent, question

RELATED = 0.5  # correlation below which "how far" and "how late" mean nothing
NO_FREE_RUN = "Every free run diverged, so this cannot be told; look at the short windows."


def usable(reports: Sequence[ValidationReport]) -> list[tuple[RecordJudgement, ErrorKind]]:
    """The records whose free run did not diverge, with the kind of their error."""
    both = [(r, r.error_kind) for report in reports for r in report.records]
    return [(r, kind) for r, kind in both if kind is not None]


def _grade(value: float, amber: float, red: float) -> Light:
    return Light.RED if value > red else Light.AMBER if value > amber else Light.GREEN


def judge_dynamics(reports: Sequence[ValidationReport], limits: Thresholds) -> Question:
    """Theil's U of the shape (size, bias and delay taken out), and the frequency responses."""
    found = [(e, r.record) for r, kind in usable(reports) for e in kind.outputs]
    if not found:
        return question("dynamics", Light.GREY, NO_FREE_RUN, "scores")
    shape, _ = max(found, key=lambda pair: pair[0].theil_left)
    raw, raw_record = max(found, key=lambda pair: pair[0].theil)
    light = _grade(shape.theil_left, limits["theil_good"], limits["theil_limit"])
    text = f"Theil's U is {number(raw.theil)} at most ({raw.output} of {raw_record}"
    text += f"; up to {limits['theil_good']:g} is good)"
    if raw.theil > limits["theil_limit"] and light is Light.GREEN:
        light = Light.AMBER
        text += f", but {number(shape.theil_left)} once size, bias and delay are taken out"
    elif light is not Light.GREEN:
        text += f", and {number(shape.theil_left)} even without wrong size, bias and delay"
    j = [f.j_mean for f in (report.frequency for report in reports) if np.isfinite(f.j_mean)]
    aligned = [f.j_mean_aligned for f in (r.frequency for r in reports)]
    if j:
        left = float(np.nanmax(aligned))
        text += f"; the mean J of the frequency responses is {number(max(j))}"
        text += f" (guideline {limits['j_mean_limit']:g})"
        if left > limits["j_mean_limit"]:
            light = Light.RED if light is Light.RED else Light.AMBER
        elif max(j) > limits["j_mean_limit"]:
            text += f", {number(left)} without a common gain and delay"
    return question("dynamics", light, text + ".", f"scores:{raw_record}:{raw.output}")


def _by_output(
    reports: Sequence[ValidationReport],
) -> dict[str, list[tuple[OutputError, str]]]:
    """Per output, the error of every usable record."""
    found: dict[str, list[tuple[OutputError, str]]] = {}
    for record, kind in usable(reports):
        for one in kind.outputs:
            found.setdefault(one.output, []).append((one, record.record))
    return found


def judge_gain(reports: Sequence[ValidationReport], limits: Thresholds) -> Question:
    """A wrong sign, or one constant factor that explains much of the error."""
    outputs = _by_output(reports)
    if not outputs:
        return question("gain", Light.GREY, NO_FREE_RUN, "scores")
    swapped, wrong, close = [], [], []
    for name, found in outputs.items():
        if float(np.median([e.correlation for e, _ in found])) < -RELATED:
            swapped.append(name)
            continue
        related = [e for e, _ in found if e.correlation > RELATED]
        blamed = [e for e in related if e.by_gain >= limits["explained"]]
        if not related or 2 * len(blamed) < len(found):
            continue
        error = float(np.median([e.size for e in related])) - 1.0
        words = f"{name} {'too far' if error > 0 else 'too little'} by {percent(abs(error))}"
        if abs(error) > limits["gain_limit"]:
            wrong.append(words)
        elif abs(error) > limits["gain_amber"]:
            close.append(words)
    evidence = "scores"
    if swapped:
        text = f"The model moves {listed(swapped)} the wrong way: check the sign of the channels."
        return question("gain", Light.RED, text, evidence)
    if wrong or close:
        light = Light.RED if wrong else Light.AMBER
        text = f"The model moves {listed(wrong or close)} (limit {percent(limits['gain_limit'])})."
        return question("gain", light, text, evidence)
    sizes = [e.size for found in outputs.values() for e, _ in found if e.correlation > RELATED]
    if not sizes:
        text = "Model and flight are hardly related, so their size cannot be compared."
        return question("gain", Light.GREY, text, evidence)
    text = f"For 1 of the flight the model moves {min(sizes):.2f} to {max(sizes):.2f}; no "
    text += "constant factor explains the error."
    return question("gain", Light.GREEN, text, evidence)


def judge_bias(reports: Sequence[ValidationReport], limits: Thresholds) -> Question:
    """A constant that matters against the signal and makes much of the error."""
    outputs = _by_output(reports)
    if not outputs:
        return question("bias", Light.GREY, NO_FREE_RUN, "scores")
    red: list[str] = []
    amber: list[str] = []
    units = dict(zip(reports[0].outputs, reports[0].records[0].units, strict=True))
    for name, found in outputs.items():
        blamed = [
            e for e, _ in found
            if e.bias_share > limits["bias_amber"] and e.by_bias > limits["theil_bias"]
        ]  # fmt: skip
        if 2 * len(blamed) < len(found) or not blamed:
            continue
        largest = max(blamed, key=lambda e: e.bias_share)
        words = f"{name} by {_difference(largest.bias, units[name])}"
        same_sign = len({e.bias > 0.0 for e in blamed}) == 1
        main = float(np.median([e.by_bias for e in blamed])) > limits["bias_red"]
        big = float(np.median([e.bias_share for e in blamed])) > limits["bias_limit"]
        (red if same_sign and main and big else amber).append(words)
    if red or amber:
        light = Light.RED if red else Light.AMBER
        text = f"The flight differs from the model on average: {listed(red or amber)}"
        text += " (the largest of any record)."
        return question("bias", light, text, "scores")
    every = [pair for found in outputs.values() for pair in found]
    one, record = max(every, key=lambda pair: pair[0].bias_share)
    text = f"The mean error is at most {percent(one.bias_share)} of the standard deviation of the "
    text += f"signal ({one.output} of {record})"
    if one.bias_share > limits["bias_amber"]:
        text += f" and makes {percent(one.by_bias)} of the squared error there"
        if one.by_bias > limits["theil_bias"]:
            text += ", but not in most records"
    return question("bias", Light.GREEN, f"{text}.", f"scores:{record}:{one.output}")


def _difference(value: float, unit: str) -> str:
    """A difference in SI in the file's unit, with its sign."""
    found = unit_or_free(unit)
    return f"{value / found.factor:+.2g} {found.symbol}"


def judge_delay(reports: Sequence[ValidationReport], limits: Thresholds) -> Question:
    """One time shift of all outputs that explains much of the error."""
    kinds = [kind for _, kind in usable(reports)]
    kinds = [k for k in kinds if max(e.correlation for e in k.outputs) > RELATED]
    if not kinds:
        return question("delay", Light.GREY, "Model and flight are hardly related.", "scores")
    blamed = [k for k in kinds if k.by_delay >= limits["explained"]]
    delay = float(np.median([k.delay for k in (blamed or kinds)]))
    early = "late" if delay > 0.0 else "early"
    evidence = f"scores:{kinds[0].record}"
    if 2 * len(blamed) >= len(kinds) and abs(delay) > limits["delay_amber"]:
        light = Light.RED if abs(delay) > limits["delay_limit"] else Light.AMBER
        share = float(np.median([k.by_delay for k in blamed]))
        text = f"The model is {1000 * abs(delay):.0f} ms {early} (limit "
        text += f"{1000 * limits['delay_limit']:.0f} ms); that explains {percent(share)} of its "
        return question("delay", light, text + "error.", evidence)
    text = f"The best time shift is {1000 * abs(delay):.0f} ms and explains "
    text += f"{percent(float(np.median([k.by_delay for k in kinds])))} of the error."
    return question("delay", Light.GREEN, text, evidence)


def judge_stability(
    reports: Sequence[ValidationReport], physics: Physics | None, limits: Thresholds
) -> Question:
    """No divergence; and no mode that grows faster than airframes do."""
    diverged = [pair for report in reports for pair in report.diverged]
    if diverged:
        record, at = min(diverged, key=lambda pair: pair[1])
        n = sum(len(report.records) for report in reports)
        text = f"The free run diverges on {len(diverged)} of {n} records, on {record} after "
        return question("stable", Light.RED, f"{text}{at:.1f} s.", f"scores:{record}")
    windows = [s for report in reports for s in report.scores if s.diverged_at is not None]
    if windows:
        one = windows[0]
        text = f"Restarted every {one.window} s the model diverges on {one.record} at "
        return question("stable", Light.RED, f"{text}{one.diverged_at:.1f} s.", "scores")
    seconds = sum(r.duration for report in reports for r in report.records)
    text = f"No free run diverges in {seconds:.0f} s of flight"
    growing = [m for m in physics.modes if m.time_to_double is not None] if physics else []
    if not growing:
        text += "; all its modes are stable." if physics else "."
        return question("stable", Light.GREEN, text, "modes")
    fastest = min(growing, key=lambda mode: mode.time_to_double or np.inf)
    seconds = fastest.time_to_double or np.inf
    text += f"; its {fastest.name} grows and doubles in {number(seconds)} s"
    if seconds < limits["doubling_limit"]:
        return question("stable", Light.AMBER, f"{text}: faster than airframes do.", "modes")
    return question("stable", Light.GREEN, f"{text}, as bare airframes may.", "modes")


def judge_tolerance(reports: Sequence[ValidationReport]) -> Question:
    """The test cases of 14 CFR Part 60 that the manoeuvres allow."""
    cases = [c for report in reports for r in report.records for c in r.cases]
    judged = [c for c in cases if c.passed is not None and not c.is_orientation]
    if not judged:
        text = "No manoeuvre here is one that the table of tolerances names."
        return question("tolerance", Light.GREY, text, "bands")
    failed = [c for c in judged if not c.passed]
    n = len(judged)
    if not failed:
        text = f"All {n} test cases of 14 CFR Part 60, Table C2A are inside their tolerances."
        return question("tolerance", Light.GREEN, text, "bands")
    names = [f"{c.kind} after {c.manoeuvre} of {c.record}" for c in failed]
    light = Light.RED if 2 * len(failed) > n else Light.AMBER
    text = f"{len(failed)} of {n} test cases of 14 CFR Part 60, Table C2A fail: {listed(names)}."
    return question("tolerance", light, text, f"bands:{failed[0].record}")
