"""A finished study judged: on validation, on training for comparison, and once on test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from heliid.data.campaign import Use
from heliid.data.record import FlightRecord
from heliid.errors import CampaignError
from heliid.events import ShouldStop, never
from heliid.model.network import NarxModel
from heliid.study.job import StudyResult
from heliid.validation import DEFAULT, WINDOWS, Thresholds, ValidationReport, judge, record_facts

TEST_USED = (
    "The test records were scored now, once, after everything was chosen; they are not untouched "
    "any more."
)


def judge_study(
    result: StudyResult,
    *,
    with_test: bool = False,
    windows: Sequence[float | str] = WINDOWS,
    thresholds: Thresholds = DEFAULT,
    should_stop: ShouldStop = never,
) -> tuple[StudyResult, dict[Use, ValidationReport]]:
    """The result and one report per use, each with the best linear model beside the model.

    With ``with_test`` the test records are scored too: their scores and hashes then stand in the
    model, and a notice says that they were used. Without it nobody looks at them.

    Raises
    ------
    CampaignError
        Test records are asked for but there are none.
    """
    if result.campaign is None:
        raise CampaignError("This result has lost its records: run the study again.")
    uses = [Use.VALIDATE, Use.TRAIN]
    if with_test:
        if not result.campaign.with_use(Use.TEST):
            raise CampaignError("No record has the role test: choose one before the study.")
        uses.insert(1, Use.TEST)
    reports = {
        use: judge(
            result.model,
            result.campaign.with_use(use),
            windows=windows,
            linear=result.linear,
            thresholds=thresholds,
            should_stop=should_stop,
        )
        for use in uses
    }
    return (_with_test(result, reports[Use.TEST]) if with_test else result), reports


def _with_test(result: StudyResult, report: ValidationReport) -> StudyResult:
    """The result whose models say that and how they were tested."""
    records = result.campaign.with_use(Use.TEST) if result.campaign else ()
    is_same = result.linear is result.model
    model = tested(result.model, records, report)
    beside = model if is_same else result.linear
    if not is_same and report.linear is not None:
        beside = tested(result.linear, records, report.linear)
    return replace(
        result,
        model=model,
        linear=beside,
        members=(model, *result.members[1:]),
        notices=(*result.notices, TEST_USED),
    )


def tested(
    model: NarxModel, records: Sequence[FlightRecord], report: ValidationReport
) -> NarxModel:
    """The model with its test scores and the facts of the records that made them."""
    facts = [record_facts(record, Use.TEST) for record in records]
    known = list(model.provenance.get("records", []))
    return replace(
        model,
        provenance={**model.provenance, "records": [*known, *facts]},
        scores={**model.scores, "test": {"window": "all", "rows": score_rows(report)}},
    )


def score_rows(report: ValidationReport) -> list[dict[str, Any]]:
    """NRMSE and fit % of the whole-record free run, per record and output; plain data."""
    keys = ("record", "output", "nrmse", "fit", "diverged_at")
    return [
        {key: line[key] for key in keys} for line in report.score_table() if line["window"] == "all"
    ]
