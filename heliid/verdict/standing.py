"""The questions about the model's standing: envelope, linear model, residuals, independence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from heliid.validation import ALL, Correlation, ValidationReport
from heliid.validation.thresholds import Thresholds
from heliid.verdict.facts import CampaignFacts
from heliid.verdict.questions import Light, Question, listed, number, percent, question, worst


def judge_envelope(reports: Sequence[ValidationReport], limits: Thresholds) -> Question:
    """How much of the records lies outside the training envelope."""
    checks = [r.envelope for report in reports for r in report.records]
    largest = max(checks, key=lambda check: check.share_outside)
    if largest.share_outside > limits["outside_limit"]:
        light = Light.RED
    elif largest.share_outside > limits["outside_amber"]:
        light = Light.AMBER
    else:
        light = Light.GREEN
    known = [c.share_far for c in checks if np.isfinite(c.share_far)]
    if light is Light.GREEN and known and max(known) > limits["outside_limit"]:
        light = Light.AMBER
        largest = max(checks, key=lambda check: check.share_far)
    if light is Light.GREEN and len(checks) > 1:
        share = largest.share_outside
        text = f"At most {percent(share)} of any of the {len(checks)} records lies outside."
        if share == 0.0:
            text = f"All {len(checks)} records lie inside the training envelope."
        return question("envelope", light, text, "envelope")
    text = largest.sentence
    if light is not Light.GREEN:
        text += " Expect larger errors there."
    if "does not say" in text:
        return question("envelope", Light.GREY, largest.sentence, "envelope")
    return question("envelope", light, text, f"envelope:{largest.record}")


def comparison_window(reports: Sequence[ValidationReport]) -> str | None:
    """The longest window over which neither the model nor the linear one diverges."""
    both = [r for report in reports for r in (report, report.linear) if r is not None]
    windows = reports[0].windows
    order = sorted(windows, key=lambda w: np.inf if w == ALL else float(w), reverse=True)
    for window in order:
        if all(s.diverged_at is None for r in both for s in r.scores if s.window == window):
            return window
    return None


def judge_linear(reports: Sequence[ValidationReport], limits: Thresholds) -> Question:
    """Mean NRMSE against the best linear model, over the longest window both survive."""
    if reports[0].n_hidden == 0:
        text = "This is a linear model; there is no network to compare it with."
        return question("linear", Light.GREY, text, "linear")
    if any(report.linear is None for report in reports):
        text = "No linear model was given to compare with."
        return question("linear", Light.GREY, text, "linear")
    beside = [report.linear for report in reports if report.linear is not None]
    ours = sum(len(report.diverged) for report in reports)
    theirs = sum(len(report.diverged) for report in beside)
    if ours != theirs:
        who = "linear model" if theirs > ours else "network"
        text = f"On whole records the {who} diverges {max(ours, theirs)} times, the other "
        text += f"{min(ours, theirs) or 'never'}{' times' if min(ours, theirs) else ''}"
        if ours > theirs:
            return question("linear", Light.RED, f"{text}: the linear model is better.", "linear")
        return question("linear", Light.GREEN, f"{text}.", "linear")
    window = comparison_window(reports)
    if window is None:
        text = "Both models diverge over every window."
        return question("linear", Light.RED, text, "linear")
    pairs = [
        (own.nrmse, other.nrmse)
        for report, linear in zip(reports, beside, strict=True)
        for own, other in zip(report.scores, linear.scores, strict=True)
        if own.window == window and np.isfinite(own.nrmse) and np.isfinite(other.nrmse)
    ]
    mean, other = (float(np.mean(column)) for column in zip(*pairs, strict=True))
    better = sum(a < b for a, b in pairs)
    how = "whole records" if window == ALL else f"windows of {window} s"
    text = f"NRMSE {number(mean)} against {number(other)} of the linear model on {how}, better on "
    text += f"{better} of {len(pairs)} outputs"
    margin = limits["linear_margin"]
    if mean > other * (1.0 + margin):
        return question("linear", Light.RED, f"{text}: the linear model is better here.", "linear")
    if mean > other * (1.0 - margin):
        text += ": no difference that matters, so prefer the linear model."
        return question("linear", Light.AMBER, text, "linear")
    return question("linear", Light.GREEN, f"{text}.", "linear")


def judge_residuals(reports: Sequence[ValidationReport], limits: Thresholds) -> Question:
    """Correlations with the inputs decide; colour alone is only reported.

    Even the true model has coloured one-step residuals when the measurement is noisy, since its
    own past outputs carry that noise; a correlation with the inputs means missed dynamics.
    """
    tests = [t for report in reports for r in report.records for t in r.residual_tests]
    every: list[Correlation] = [c for t in tests for c in t.correlations]
    colour = _share([c for c in every if c.kind == "auto"])
    cross = _share([c for c in every if c.kind == "cross"])
    nonlinear = _share([c for c in every if not c.is_linear])
    text = f"Beyond the 95 % bounds lie {percent(colour)} of the autocorrelations, "
    text += f"{percent(cross)} of the correlations with the inputs and {percent(nonlinear)} of the "
    text += f"nonlinear tests (chance: {percent(limits['lags_outside'])})"
    lights = [
        _grade_share(cross, limits),
        min(_grade_share(nonlinear, limits), Light.AMBER, key=_severity),
    ]
    light = worst(lights)
    if lights[0] is not Light.GREEN:
        text += ": the inputs still tell something that the model misses"
    elif light is Light.AMBER:
        text += ": something nonlinear is missing"
    elif _grade_share(colour, limits) is not Light.GREEN:
        text += "; colour alone is usual where the measurement is noisy"
    return question("residuals", light, text + ".", "residuals")


def _share(found: Sequence[Correlation]) -> float:
    """Mean share of lags outside their bound; cross tests with the bound for coloured signals."""
    shares = [c.outside if c.kind == "auto" else c.outside_corrected for c in found]
    return float(np.mean(shares)) if shares else 0.0


def _grade_share(share: float, limits: Thresholds) -> Light:
    if share > limits["lags_outside_limit"]:
        return Light.RED
    return Light.AMBER if share > 2.0 * limits["lags_outside"] else Light.GREEN


def _severity(light: Light) -> int:
    return (Light.GREEN, Light.AMBER, Light.RED).index(light)


def judge_dissimilar(
    reports: Sequence[ValidationReport], facts: CampaignFacts | None, limits: Thresholds
) -> Question:
    """Verification on a record that is neither the training data nor the same manoeuvre."""
    trained = [r.record for report in reports for r in report.records if r.trained_on]
    n = sum(len(report.records) for report in reports)
    if trained:
        text = f"The model was trained on {listed(trained)}: a good fit there proves nothing."
        light = Light.RED if len(trained) == n else Light.AMBER
        return question("dissimilar", light, text, f"campaign:{trained[0]}")
    if facts is None:
        text = "The training manoeuvres are not at hand, so this cannot be told."
        return question("dissimilar", Light.GREY, text, "campaign")
    judged = {r.record for report in reports for r in report.records}
    kin = [one for one in facts.kin if one.record in judged]
    if not kin:
        text = "The records judged here are not part of the campaign."
        return question("dissimilar", Light.GREY, text, "campaign")
    new = [k for k in kin if k.similarity < limits["similar_input"] and not k.is_same_file]
    if new:
        best = min(new, key=lambda k: k.similarity)
        text = f"{len(new)} of {len(kin)} records are other manoeuvres than those trained on; "
        text += f"{best.record} ({best.manoeuvre}) is least like any of them (correlation of the "
        text += f"inputs {best.similarity:.2f})."
        return question("dissimilar", Light.GREEN, text, "campaign")
    split = [k.record for k in kin if k.is_same_file]
    if split:
        were = "was" if len(split) == 1 else "were"
        text = f"{listed(split)} {were} cut from a file that was also trained on: another time, "
        text += "but the same day, trim and weather."
        return question("dissimilar", Light.AMBER, text, f"campaign:{split[0]}")
    one = max(kin, key=lambda k: k.similarity)
    text = f"Every record repeats a training manoeuvre: {one.record} is like {one.nearest} "
    text += f"(correlation of the inputs {one.similarity:.2f})."
    return question("dissimilar", Light.AMBER, text, f"campaign:{one.record}")


def judge_test_use(facts: CampaignFacts | None, has_test_report: bool) -> Question:
    """Whether the test records are untouched, were used once, or are no test any more."""
    if facts is None:
        text = "Which records are kept for the final test is not known here."
        return question("test", Light.GREY, text, "campaign")
    if not facts.test_records:
        text = "No record is kept for a final test: the validation records chose the model, so "
        return question("test", Light.AMBER, text + "its score on them flatters.", "campaign")
    if facts.test_seen_before:
        names = listed(facts.test_seen_before)
        they = "it is" if len(facts.test_seen_before) == 1 else "they are"
        text = f"{names} served training or the search: {they} no test any more."
        return question("test", Light.RED, text, f"campaign:{facts.test_seen_before[0]}")
    n, times = len(facts.test_records), facts.n_test_scorings
    what, were = f"{n} test records", "were"
    if n == 1:
        what, were = "one test record", "was"
    if times == 0 and not has_test_report:
        return question("test", Light.GREEN, f"Nothing has looked at the {what} yet.", "campaign")
    if times <= 1:
        text = f"The {what} {were} scored once, after everything was chosen."
        return question("test", Light.GREEN, text, "campaign")
    text = f"The {what} {were} scored {times} times: each look makes them less of a test."
    return question("test", Light.AMBER, text, "campaign")
