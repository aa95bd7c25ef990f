"""From a study's result to a run in the project, and candidates as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from heliid.data.campaign import Campaign
from heliid.events import CandidateScored
from heliid.project.document import Project, ProjectRecord, Run
from heliid.search.searcher import cost_from_plain, cost_to_plain
from heliid.study import StudyResult
from heliid.validation.evidence import record_facts

_COSTS = ("cost", "nrmse", "cpu_s")


def candidate_to_dict(candidate: CandidateScored) -> dict[str, Any]:
    """Plain data that strict JSON can hold; a cost that is not finite becomes None."""
    row = {one.name: getattr(candidate, one.name) for one in fields(candidate)}
    row["genome"] = list(candidate.genome)
    return row | {name: cost_to_plain(row[name]) for name in _COSTS}


def candidate_from_dict(row: dict[str, Any]) -> CandidateScored:
    """The inverse of ``candidate_to_dict``."""
    values = {name: cost_from_plain(row[name]) for name in _COSTS}
    genome = tuple(int(gene) for gene in row["genome"])
    known = {one.name for one in fields(CandidateScored)}
    rest = {key: value for key, value in row.items() if key in known}
    return CandidateScored(**{**rest, **values, "genome": genome})


def make_run(
    result: StudyResult,
    *,
    key: str,
    name: str,
    created: str,
    order: str = "",
    judgement: dict[str, Any] | None = None,
    test_used: bool = False,
) -> Run:
    """The run of a finished study; ``order`` is that of a fit, "" for a search.

    It carries the very records it ran on, so that ``heliid.project.rerun`` can repeat it.
    """
    return Run(
        key=key,
        name=name,
        created=created,
        config=result.config.to_dict(),
        campaign=describe(result.campaign, order),
        candidates=tuple(candidate_to_dict(one) for one in result.candidates),
        model=result.model,
        linear=result.linear,
        members=result.members,
        reason=result.reason,
        notices=result.notices,
        judgement=judgement or {},
        test_used=test_used,
        used=result.campaign,
    )


def describe(campaign: Campaign | None, order: str = "") -> dict[str, Any]:
    """What a run says of its records and its way of working, as plain data."""
    if campaign is None:
        return {"how": "fit" if order else "search", "order": order, "records": []}
    return {
        "how": "fit" if order else "search",
        "order": order,
        "inputs": list(campaign.inputs),
        "outputs": list(campaign.outputs),
        "records": [
            record_facts(record, use)
            for record, use in zip(campaign.records, campaign.uses, strict=True)
        ],
    }


def study_project(result: StudyResult, run: Run, notes: str = "") -> Project:
    """A project that holds one study: what the command line leaves for the window to open."""
    campaign = result.campaign
    if campaign is None:
        return Project(runs=(run,), config=result.config.to_dict(), notes=notes)
    return Project(
        records=tuple(
            ProjectRecord(f"r{k}", record, use)
            for k, (record, use) in enumerate(zip(campaign.records, campaign.uses, strict=True), 1)
        ),
        inputs=campaign.inputs,
        outputs=campaign.outputs,
        config=result.config.to_dict(),
        runs=(run,),
        notes=notes,
    )


def find_run(runs: Sequence[Run], wanted: str) -> Run | None:
    """The run of that key, or of that name when only one has it."""
    by_key = [run for run in runs if run.key == wanted]
    by_name = [run for run in runs if run.name == wanted]
    return by_key[0] if by_key else by_name[0] if len(by_name) == 1 else None
