"""What a report concludes about a finished study from its judgement: physics and verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from heliid.data.campaign import Use
from heliid.physics import Physics, study_physics
from heliid.study import StudyResult
from heliid.validation import ValidationReport
from heliid.verdict import Question, campaign_facts, verdict


@dataclass(frozen=True, eq=False)
class Assessment:
    """What is concluded from the reports: modes and derivatives, and the verdict."""

    physics: Physics
    questions: tuple[Question, ...]

    def to_dict(self) -> dict[str, Any]:
        """Verdict and modes as plain data."""
        return {
            "verdict": [question.to_dict() for question in self.questions],
            "modes": self.physics.to_dict(),
        }


def assess(result: StudyResult, judged: Mapping[Use, ValidationReport]) -> Assessment:
    """Physics with intervals from the ensemble, and the verdict on all reports.

    ``judged``: one report per use, the best linear model inside, as from ``judge_study``.
    """
    physics = study_physics(result.model, result.members if len(result.members) > 1 else ())
    facts = None if result.campaign is None else campaign_facts(result.model, result.campaign)
    questions = verdict(judged[Use.VALIDATE], judged.get(Use.TEST), physics=physics, facts=facts)
    return Assessment(physics, questions)
