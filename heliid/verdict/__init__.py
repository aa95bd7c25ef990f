"""Can I use it, and for what: one light and one sentence per question, never a single score."""

from __future__ import annotations

from heliid.physics import Physics
from heliid.validation import ValidationReport
from heliid.verdict.facts import CampaignFacts, Kinship, campaign_facts
from heliid.verdict.fidelity import (
    judge_bias,
    judge_delay,
    judge_dynamics,
    judge_gain,
    judge_stability,
    judge_tolerance,
)
from heliid.verdict.questions import TEXTS, Light, Question
from heliid.verdict.standing import (
    judge_dissimilar,
    judge_envelope,
    judge_linear,
    judge_residuals,
    judge_test_use,
)

__all__ = [
    "TEXTS", "CampaignFacts", "Kinship", "Light", "Question", "campaign_facts", "verdict",
]  # fmt: skip


def verdict(
    validation: ValidationReport,
    test: ValidationReport | None = None,
    *,
    physics: Physics | None = None,
    facts: CampaignFacts | None = None,
) -> tuple[Question, ...]:
    """All questions, in the order of ``TEXTS``, answered from the reports.

    With a ``test`` report its records count beside those of ``validation``. The limits are those
    of the validation report, edits included. ``facts`` come from ``campaign_facts``; without them
    the questions about independence that need them stay grey.
    """
    reports = [validation] if test is None else [validation, test]
    limits = validation.thresholds
    return (
        judge_dynamics(reports, limits),
        judge_gain(reports, limits),
        judge_bias(reports, limits),
        judge_delay(reports, limits),
        judge_stability(reports, physics, limits),
        judge_tolerance(reports),
        judge_envelope(reports, limits),
        judge_linear(reports, limits),
        judge_residuals(reports, limits),
        judge_dissimilar(reports, facts, limits),
        judge_test_use(facts, test is not None),
    )
