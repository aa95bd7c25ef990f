"""What a report concludes about a finished study from its judgement: physics and verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from heliid.data.campaign import Campaign, Use
from heliid.data.doctor import Finding, Severity, examine_campaign
from heliid.model.network import NarxModel
from heliid.physics import Physics, study_physics
from heliid.study import StudyResult
from heliid.study.uncertainty import left_out_members
from heliid.validation import ValidationReport
from heliid.verdict import Question, campaign_facts, verdict


@dataclass(frozen=True, eq=False)
class Assessment:
    """What is concluded from the reports: modes and derivatives, and the verdict."""

    physics: Physics
    questions: tuple[Question, ...]
    findings: tuple[Finding, ...]  # of the data doctor; test records only when they were scored
    members: tuple[NarxModel, ...] = ()  # that left out one training record each

    @property
    def serious_findings(self) -> tuple[Finding, ...]:
        """The doctor's errors and warnings."""
        return tuple(one for one in self.findings if one.severity is not Severity.NOTE)

    def to_dict(self) -> dict[str, Any]:
        """Verdict, modes and the doctor's errors and warnings as plain data."""
        return {
            "verdict": [question.to_dict() for question in self.questions],
            "modes": self.physics.to_dict(),
            "doctor": [one.to_dict() for one in self.serious_findings],
        }


def assess(result: StudyResult, judged: Mapping[Use, ValidationReport]) -> Assessment:
    """Physics with intervals from the ensemble, and the verdict on all reports.

    ``judged``: one report per use, the best linear model inside, as from ``judge_study``.
    """
    members = left_out(result)
    physics = study_physics(
        result.model,
        members or (result.members if len(result.members) > 1 else ()),
        refuse_above=judged[Use.VALIDATE].thresholds["reduction_theil"],
    )
    facts = None if result.campaign is None else campaign_facts(result.model, result.campaign)
    questions = verdict(judged[Use.VALIDATE], judged.get(Use.TEST), physics=physics, facts=facts)
    findings = _findings(result.campaign, Use.TEST in judged)
    return Assessment(physics, questions, findings, members)


def left_out(result: StudyResult) -> tuple[NarxModel, ...]:
    """Refits of the model without one training record each; none without the records."""
    if result.campaign is None:
        return ()
    return left_out_members(result.model, result.campaign, result.config)


def _findings(campaign: Campaign | None, with_test: bool) -> tuple[Finding, ...]:
    if campaign is None:
        return ()
    uses = tuple(Use.EXCLUDE if use is Use.TEST and not with_test else use for use in campaign.uses)
    return examine_campaign(replace(campaign, uses=uses))
