"""Everything that a report says about a finished study: judgement, physics, verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from heliid.data.campaign import Use
from heliid.physics import Physics, study_physics
from heliid.study import StudyResult
from heliid.validation import ValidationReport
from heliid.verdict import Question, campaign_facts, verdict


@dataclass(frozen=True, eq=False)
class Assessment:
    """``judged``: one report per use, the best linear model inside (see ``judge_study``)."""

    judged: Mapping[Use, ValidationReport]
    physics: Physics | None = None
    questions: tuple[Question, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Verdict and modes as plain data."""
        return {
            "verdict": [question.to_dict() for question in self.questions],
            "modes": None if self.physics is None else self.physics.to_dict(),
        }


def assess(result: StudyResult, judged: Mapping[Use, ValidationReport]) -> Assessment:
    """Physics with intervals from the ensemble, and the verdict on all reports."""
    physics = study_physics(result.model, result.members if len(result.members) > 1 else ())
    facts = None if result.campaign is None else campaign_facts(result.model, result.campaign)
    questions = verdict(judged[Use.VALIDATE], judged.get(Use.TEST), physics=physics, facts=facts)
    return Assessment(judged, physics, questions)
