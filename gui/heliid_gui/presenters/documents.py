"""Between the window's state and the saved project: pure functions, no Qt.

What the core's project has no field of its own for (seconds and costs of a run, the set-up it was
started with) goes into the run's plain-data ``campaign`` under ``window``.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import fields, replace
from typing import Any
from weakref import WeakKeyDictionary

from heliid import project as projects
from heliid.data.campaign import Campaign, Use
from heliid.data.record import FlightRecord
from heliid.events import CandidateScored
from heliid.project import Project, ProjectRecord
from heliid.study import StudyConfig
from heliid_gui.presenters.setup import Setup
from heliid_gui.presenters.workbench import Run, Workbench

_COSTS = ("cost", "nrmse", "cpu_s")
_SAVED: WeakKeyDictionary[Run, projects.Run] = WeakKeyDictionary()


def to_project(
    bench: Workbench, layout: dict[str, Any] | None = None, *, notes: str = ""
) -> Project:
    """Everything of the window that is saved; runs that did not change are converted once.

    ``notes`` are those of the file: the window shows none and must not lose them.
    """
    setup = bench.setup
    return Project(
        records=setup.records,
        inputs=setup.inputs,
        outputs=setup.outputs,
        config=setup.config.to_dict(),
        runs=tuple(saved_run(run, setup) for run in bench.runs),
        thresholds={"limits": dict(bench.limits), "manoeuvres": dict(bench.manoeuvres)},
        layout={"record": bench.current_record, "run": bench.current_run, **(layout or {})},
        notes=notes,
    )


def setup_of(project: Project) -> Setup:
    """The set-up in a project."""
    config = StudyConfig.from_dict(project.config) if project.config else StudyConfig()
    return Setup(project.records, project.inputs, project.outputs, config)


def judging_of(project: Project) -> tuple[dict[str, float], dict[str, str]]:
    """Edited limits and manoeuvres in a project; what cannot be read is left out."""
    limits = project.thresholds.get("limits") or {}
    said = project.thresholds.get("manoeuvres") or {}
    if not limits and not said:
        return {}, {}
    from heliid.validation.manoeuvre import KINDS  # slow to import
    from heliid.validation.thresholds import DEFAULT

    return (
        {k: float(v) for k, v in limits.items() if k in DEFAULT and _number(v, -1.0) >= 0.0},
        {str(k): str(v) for k, v in said.items() if str(v) in KINDS},
    )


def runs_of(project: Project) -> tuple[Run, ...]:
    """The runs in a project; their free runs are not in the file and are made anew."""
    return tuple(opened_run(run, project) for run in project.runs)


# ---- runs ------------------------------------------------------------------------------------


def saved_run(run: Run, now: Setup) -> projects.Run:
    """A run as the project keeps it."""
    known = _SAVED.get(run)
    if known is None:
        known = _SAVED[run] = _saved_run(run, now)
    about = known.campaign.get("window") or {}
    setup = _setup_to_dict(run.setup, now)
    if about.get("setup") != setup:  # its records have left the project since, or come back
        campaign = {**known.campaign, "window": {**about, "setup": setup}}
        known = _SAVED[run] = replace(known, campaign=campaign)
    return known


def _saved_run(run: Run, now: Setup) -> projects.Run:
    about = {
        "seconds": run.seconds,
        "cost": _plain(run.cost),
        "linear_cost": _plain(run.linear_cost),
        "stars": sorted(list(genome) for genome in run.stars),
        "tried": {name: list(places) for name, places in run.tried.items()},
        "setup": _setup_to_dict(run.setup, now),
    }
    return projects.Run(
        key=run.key,
        name=run.name,
        created=run.created,
        config=run.config.to_dict(),
        campaign={**_described(run.campaign), "window": about},
        candidates=tuple(candidate_to_dict(one) for one in run.candidates),
        model=run.model,
        linear=run.linear,
        members=run.members,
        reason=run.reason,
        notices=run.notices,
        starred=run.starred,
        test_used=run.test_used,
        judgement=run.judgement,
        used=run.campaign,
    )


def opened_run(saved: projects.Run, project: Project) -> Run:
    """A run of the project as the window shows it."""
    about = saved.campaign.get("window")
    about = about if isinstance(about, dict) else {}
    campaign = saved.used or Campaign((), (), (), ())
    config = StudyConfig.from_dict(saved.config)
    setup = _setup_from_dict(about.get("setup"), project, config) or _setup_of_campaign(
        campaign, config
    )
    candidates = tuple(candidate_from_dict(row) for row in saved.candidates)
    costs = [one.cost for one in candidates if math.isfinite(one.cost)]
    run = Run(
        key=saved.key,
        name=saved.name,
        created=saved.created,
        setup=setup,
        campaign=campaign,
        config=config,
        candidates=candidates,
        model=saved.model,
        linear=saved.linear,
        members=saved.members,
        reason=saved.reason,
        notices=saved.notices,
        seconds=_number(about.get("seconds"), 0.0),
        cost=_number(about.get("cost"), min(costs, default=math.nan)),
        linear_cost=_number(about.get("linear_cost"), math.nan),
        starred=saved.starred,
        test_used=saved.test_used,
        stars=_stars(about.get("stars")),
        tried=_tried(about.get("tried"), len(candidates)),
        judgement=dict(saved.judgement),
    )
    _SAVED[run] = saved
    return run


def same_run(run: Run, **changes: Any) -> Run:
    """A run with what is not saved changed (its free runs); its saved form stays the same."""
    made = replace(run, **changes)
    if run in _SAVED:
        _SAVED[made] = _SAVED[run]
    return made


def _stars(rows: Any) -> frozenset[tuple[int, ...]]:
    rows = rows if isinstance(rows, list) else []
    return frozenset(tuple(int(gene) for gene in row) for row in rows)


def _tried(found: Any, n_candidates: int) -> dict[str, tuple[int, ...]]:
    """Which search judged which candidates; what does not fit them is left out."""
    found = found if isinstance(found, dict) else {}
    return {
        str(name): tuple(int(place) for place in places)
        for name, places in found.items()
        if isinstance(places, list)
        and all(isinstance(one, int) and 0 <= one < n_candidates for one in places)
    }


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _number(value: Any, default: float) -> float:
    return float(value) if isinstance(value, (int, float)) else default


def candidate_to_dict(candidate: CandidateScored) -> dict[str, Any]:
    """Plain data for strict JSON, the same as the core's; it needs nothing slow to import."""
    row = {one.name: getattr(candidate, one.name) for one in fields(candidate)}
    row["genome"] = list(candidate.genome)
    return row | {name: _plain(row[name]) for name in _COSTS}


def candidate_from_dict(row: dict[str, Any]) -> CandidateScored:
    """The inverse; a cost that is not there is infinite."""
    known = {one.name for one in fields(CandidateScored)}
    values = {key: value for key, value in row.items() if key in known}
    values |= {name: math.inf if row[name] is None else float(row[name]) for name in _COSTS}
    values["genome"] = tuple(int(gene) for gene in row["genome"])
    return CandidateScored(**values)


def _described(campaign: Campaign) -> dict[str, Any]:
    """What is said about the records of a run, as ``heliid.project.runs.describe`` does."""
    pairs = zip(campaign.records, campaign.uses, strict=True)
    return {
        "how": "search",
        "order": "",
        "inputs": list(campaign.inputs),
        "outputs": list(campaign.outputs),
        "records": [_record_facts(record, use) for record, use in pairs],
    }


def _record_facts(record: FlightRecord, use: Use) -> dict[str, Any]:
    digest = hashlib.sha256(record.time.astype("<f8").tobytes())
    digest.update(record.values.astype("<f8").tobytes())
    return {
        "use": str(use),
        "name": record.name,
        "file": record.source.name,
        "sha256": record.source.sha256,
        "content": digest.hexdigest(),
        "start": float(record.time[0]),
        "end": float(record.time[-1]),
    }


# ---- the set-up of a run ---------------------------------------------------------------------


def _setup_to_dict(setup: Setup, now: Setup) -> dict[str, Any] | None:
    """The set-up by reference to the project's records; None when one of them is gone."""
    there = {item.key: item.record for item in now.records}
    if any(there.get(item.key) is not item.record for item in setup.records):
        return None
    return {
        "inputs": list(setup.inputs),
        "outputs": list(setup.outputs),
        "records": [
            {
                "key": item.key,
                "use": item.use.value,
                "steps": list(item.steps),
                "regions": [[start, end, use.value] for start, end, use in item.regions],
            }
            for item in setup.records
        ],
    }


def _setup_from_dict(data: Any, project: Project, config: StudyConfig) -> Setup | None:
    there = {item.key: item.record for item in project.records}
    if not isinstance(data, dict) or any(row["key"] not in there for row in data["records"]):
        return None
    items = tuple(
        ProjectRecord(
            key=row["key"],
            record=there[row["key"]],
            use=Use(row["use"]),
            steps=tuple(dict(step) for step in row["steps"]),
            regions=tuple((float(a), float(b), Use(use)) for a, b, use in row["regions"]),
        )
        for row in data["records"]
    )
    return Setup(items, tuple(data["inputs"]), tuple(data["outputs"]), config)


def _setup_of_campaign(campaign: Campaign, config: StudyConfig) -> Setup:
    """Where the records of then are gone: the pieces that were used, as records of their own."""
    pairs = zip(campaign.records, campaign.uses, strict=True)
    items = tuple(
        ProjectRecord(f"u{number}", record, use) for number, (record, use) in enumerate(pairs, 1)
    )
    return Setup(items, campaign.inputs, campaign.outputs, config)
