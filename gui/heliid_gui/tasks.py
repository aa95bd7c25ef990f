"""What the worker process can be asked to do; plain functions on plain data, no Qt.

The core is imported inside the functions: the worker starts at once, and a task that needs
little loads little.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heliid.errors import CampaignError
from heliid.events import BestImproved, Event, LinearReady, Report, ShouldStop
from heliid_gui.presenters.judgement import Interval, Judgement

if TYPE_CHECKING:
    from heliid.comparison import Comparison
    from heliid.data.campaign import Campaign
    from heliid.data.doctor import Finding
    from heliid.data.record import FlightRecord
    from heliid.export.targets import Exported
    from heliid.model.network import NarxModel
    from heliid.physics import Physics
    from heliid.physics.responses import TestResponse
    from heliid.study import StudyConfig, StudyResult
    from heliid_gui.presenters.evolve import Responses
    from heliid_gui.presenters.workbench import Run

PREVIEW_CHARACTERS = 6000


def warm_up() -> None:
    """Load what the first search needs, so that Start answers at once."""
    import heliid.study
    import heliid.training  # noqa: F401


def identify(
    campaign: Campaign,
    config: StudyConfig,
    checkpoint: Path | None,
    place: tuple[str, str] | None = None,
    *,
    report: Report,
    should_stop: ShouldStop,
) -> StudyResult:
    """The study behind the Start button; its last words on both models are the final ones.

    ``place``: address and certificates of the cluster that trains the orders; None: this machine.
    """
    from heliid import study
    from heliid_gui.cluster_tasks import engine_at

    seen: dict[str, NarxModel] = {}

    def hear(event: Event) -> None:
        if isinstance(event, BestImproved):
            seen["best"] = event.model
        elif isinstance(event, LinearReady):
            seen["linear"] = event.model
        report(event)

    with engine_at(place, report) as engine:
        result = study.identify(
            campaign, config, report=hear, should_stop=should_stop, engine=engine,
            checkpoint=checkpoint,
        )  # fmt: skip
    if seen.get("linear") is not result.linear:  # the search found a better one, or it was refitted
        shown = _watched(result, result.linear, campaign)
        report(LinearReady(result.linear, result.linear_cost, shown))
    if seen.get("best") is not result.model:
        report(_final(result, campaign))
    return result


def _final(result: StudyResult, campaign: Campaign) -> BestImproved:
    """The refitted winner with its free run on the records that scored the search."""
    shown = _watched(result, result.model, campaign)
    return BestImproved(len(result.candidates), "refit", result.cost, result.model, shown)


def _watched(result: StudyResult, model: NarxModel, campaign: Campaign) -> Responses:
    """The model's free runs on the records that scored the search, as events carry them."""
    from heliid.data.campaign import Use
    from heliid.model.simulate import free_run

    used = result.campaign or campaign
    shown = {}
    for record in used.with_use(Use.VALIDATE) or used.with_use(Use.TRAIN):
        run = free_run(model, record)
        shown[record.name] = (run.time, run.measured, run.simulated)
    return shown


def responses(
    models: dict[str, NarxModel],
    records: tuple[FlightRecord, ...],
    *,
    report: Report,
    should_stop: ShouldStop,
) -> dict[str, dict[str, Any]]:
    """Free run of each model on each record: {model: {record: Response}}."""
    from heliid.model.simulate import free_run

    del report
    found: dict[str, dict[str, Any]] = {}
    for label, model in models.items():
        found[label] = {}
        for record in records:
            if should_stop():
                return found
            found[label][record.name] = free_run(model, record)
    return found


def candidate(
    campaign: Campaign,
    config: StudyConfig,
    order: str,
    *,
    report: Report,
    should_stop: ShouldStop,
) -> tuple[NarxModel, dict[str, tuple]]:
    """One order of the table, trained anew: the model and its free runs as in ``BestImproved``."""
    from dataclasses import replace

    from heliid import study

    del report
    alone = replace(config, workers=1, n_ensemble=1)
    result = study.fit(campaign, alone, order, should_stop=should_stop)
    return result.model, _final(result, campaign).responses


def examine(
    record: FlightRecord,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    *,
    report: Report,
    should_stop: ShouldStop,
) -> tuple[Finding, ...]:
    """What the data doctor says about a record."""
    from heliid.data.doctor import examine as ask

    del report, should_stop
    return ask(record, inputs=inputs, outputs=outputs)


def judge(
    model: NarxModel,
    linear: NarxModel | None,
    members: tuple[NarxModel, ...],
    campaign: Campaign,
    with_test: bool,
    config: StudyConfig | None = None,
    limits: Mapping[str, float] | None = None,
    manoeuvres: Mapping[str, str] | None = None,
    *,
    report: Report,
    should_stop: ShouldStop,
) -> Judgement:
    """The model judged on validation (and, when asked, test) records, with verdict and modes.

    With ``config`` the intervals of the modes come from refits that leave out one record each.
    """
    from heliid.data.campaign import Use
    from heliid.errors import HeliIDError
    from heliid.physics import study_physics
    from heliid.study.uncertainty import left_out_members
    from heliid.validation import DEFAULT
    from heliid.validation import judge as judge_records
    from heliid.verdict import campaign_facts, verdict
    from heliid_gui.robust_tasks import tail_curves

    del report
    uses = [Use.VALIDATE, Use.TRAIN, *([Use.TEST] if with_test else [])]
    reports = {}
    thresholds = DEFAULT.edited(dict(limits or {}))
    for use in uses:
        records = campaign.with_use(use)
        if records and not should_stop():
            reports[use.value] = judge_records(
                model, records, linear=linear, thresholds=thresholds, manoeuvres=manoeuvres,
                should_stop=should_stop,
            )  # fmt: skip
    refits: tuple[NarxModel, ...] = ()
    if config is not None:
        refits = left_out_members(model, campaign, config, should_stop=should_stop)
    try:
        physics = study_physics(
            model, refits or members, refuse_above=thresholds["reduction_theil"]
        )
        why_not, responses = "", _test_responses(model, physics)
    except HeliIDError as error:
        physics, why_not, responses = None, str(error), {}
    first = reports.get(Use.VALIDATE.value) or reports[Use.TRAIN.value]
    questions = verdict(
        first,
        reports.get(Use.TEST.value),
        physics=physics,
        facts=campaign_facts(model, campaign),
    )
    judged = [record for use in uses for record in campaign.with_use(use)]
    intervals = _intervals(members, campaign, judged)
    tails = {use: tail_curves(model, linear, campaign.with_use(Use(use))) for use in reports}
    return Judgement(reports, questions, physics, why_not, intervals, responses, tails)


def _test_responses(model: NarxModel, physics: Physics) -> dict[tuple[str, str], TestResponse]:
    """Step, doublet and 3-2-1-1 on every input: the model beside its linearisation."""
    from heliid.physics.responses import KINDS, respond

    return {
        (channel.name, kind): respond(model, channel.name, kind, linear=physics.linear)
        for channel in model.inputs
        for kind in KINDS
    }


def _intervals(
    members: tuple[NarxModel, ...], campaign: Campaign, records: list[FlightRecord]
) -> dict[str, Interval]:
    """The ensemble's bands; none for a single model, or for members that answer other questions."""
    from heliid.data.campaign import Use
    from heliid.ensemble import Ensemble
    from heliid.errors import HeliIDError

    if len(members) < 2:
        return {}
    try:
        ensemble = Ensemble(members).with_noise_from(campaign.with_use(Use.TRAIN))
        bands = {record.name: ensemble.run(record) for record in records}
    except HeliIDError:
        return {}
    return {
        name: Interval(b.response.time, b.low, b.high, b.coverage()) for name, b in bands.items()
    }


def export_model(
    model: NarxModel,
    target: str,
    path: Path,
    records: tuple[FlightRecord, ...],
    options: dict[str, str],
    training: tuple[FlightRecord, ...] = (),
    *,
    report: Report,
    should_stop: ShouldStop,
) -> Exported:
    """The model written in one form and run again by something that is not HeliID."""
    from heliid.export.targets import export

    del report, should_stop
    chosen: dict[str, Any] = dict(options)
    return export(model, target, path, records=records, training=training, **chosen)


def preview(
    model: NarxModel,
    target: str,
    options: dict[str, str],
    *,
    report: Report,
    should_stop: ShouldStop,
) -> str:
    """The beginning of what would be written."""
    from heliid.export.targets import preview as preview_text

    del report, should_stop
    text = preview_text(model, target, **options)
    return text if len(text) <= PREVIEW_CHARACTERS else text[:PREVIEW_CHARACTERS] + "\n…"


def study_result(run: Run) -> StudyResult:
    """A run of the window as a study's result."""
    import math

    from heliid.study import StudyResult

    if run.model is None:
        raise CampaignError("This run has no model.")
    linear = run.linear or run.model
    costs = [one.cost for one in run.candidates if math.isfinite(one.cost)]
    return StudyResult(
        run.model,
        linear,
        run.members or (run.model,),
        run.candidates,
        run.config,
        run.reason,
        run.notices,
        run.seconds,
        cost=run.cost if math.isfinite(run.cost) else min(costs, default=math.nan),
        linear_cost=run.linear_cost,
        campaign=run.campaign,
    )


def compare_optimisers(
    campaign: Campaign,
    config: StudyConfig,
    searches: tuple[str, ...],
    n_seeds: int,
    *,
    report: Report,
    should_stop: ShouldStop,
) -> Comparison:
    """The searchers side by side on one problem: same budget, same seeds."""
    from heliid.study.compare import compare_searches

    found = compare_searches(
        campaign, config, searches, n_seeds, report=report, should_stop=should_stop
    )
    return found.comparison


def _write(file: Any, data: bytes) -> None:
    file.write(data)


def write_report(
    run: Run,
    path: Path,
    limits: Mapping[str, float] | None = None,
    *,
    report: Report,
    should_stop: ShouldStop,
) -> Path:
    """The identification report of a run, one HTML page or a PDF by the file's ending."""
    from heliid import atomic
    from heliid.export.report import ReportInput, study_pdf, study_report
    from heliid.study.judgement import judge_study
    from heliid.validation import DEFAULT

    del report
    result, judged = judge_study(
        study_result(run),
        with_test=run.test_used,
        thresholds=DEFAULT.edited(dict(limits or {})),
        should_stop=should_stop,
    )
    given = ReportInput(judged, "", run.created[:10])
    if path.suffix.lower() == ".pdf":
        data = study_pdf(result, given)
    else:
        data = study_report(result, given).encode()
    atomic.write_file(path, lambda file: _write(file, data))
    return path


def write_all(
    run: Run,
    folder: Path,
    limits: Mapping[str, float] | None = None,
    *,
    report: Report,
    should_stop: ShouldStop,
) -> Path:
    """Everything about a run in a folder: models, candidates, report, summary."""
    from heliid.export.study_files import prepare_folder, write_study
    from heliid.study.judgement import judge_study
    from heliid.validation import DEFAULT

    del report
    result, judged = judge_study(
        study_result(run),
        with_test=run.test_used,
        thresholds=DEFAULT.edited(dict(limits or {})),
        should_stop=should_stop,
    )
    write_study(result, judged, prepare_folder(folder), created=run.created[:10])
    return folder
