"""The identification report: what was done, on what data, how good it is, how to repeat it.

``study_blocks`` gives the content as blocks, ``study_report`` as one self-contained HTML page of
less than 2 MB. Nothing is computed here that the study or the judgement did not compute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from heliid.data.campaign import Campaign, Use
from heliid.data.doctor import Severity
from heliid.data.record import Channel
from heliid.export.assessment import Assessment, assess
from heliid.export.model_files import model_hash
from heliid.export.page import (
    BAD,
    GOOD,
    WARN,
    Block,
    Cell,
    Code,
    Facts,
    Figure,
    Heading,
    Remark,
    Table,
    Text,
    page_html,
)
from heliid.export.repeat import command_for
from heliid.export.report_figures import history_blocks
from heliid.export.report_judgement import judgement_blocks, mean_fit, thresholds_blocks
from heliid.export.report_physics import physics_blocks, response_blocks, verdict_blocks
from heliid.export.svg import Curve, Panel, panel_svg
from heliid.model.network import NarxModel
from heliid.search.encoding import structure_text
from heliid.study import StudyResult
from heliid.study.judgement import TEST_USED
from heliid.units import unit_or_free
from heliid.validation import ValidationReport

MAX_BYTES = 2_000_000
ALL_RECORDS = 10_000
# Points per curve and drawn records per use, tried until the page is small enough.
STEPS = ((380, ALL_RECORDS), (240, ALL_RECORDS), (140, ALL_RECORDS), (80, ALL_RECORDS), (80, 12))
N_CANDIDATES = 12
USE_TITLES = {Use.VALIDATE: "Validation", Use.TEST: "Test", Use.TRAIN: "Training"}


@dataclass(frozen=True, eq=False)
class ReportInput:
    """What the report is made of, besides the study itself.

    ``judged``: one ``ValidationReport`` per use, the best linear model inside (``judge_study``).
    ``assessment`` is made from it when it is not given.
    ``extra``: blocks of other rooms (the data doctor), by title, put before the limits.
    """

    judged: Mapping[Use, ValidationReport]
    command: str = ""
    created: str = ""
    assessment: Assessment | None = None
    extra: Mapping[str, Sequence[Block]] = field(default_factory=dict)


TITLE = "Identification report"


def study_report(result: StudyResult, given: ReportInput) -> str:
    """The report as one HTML page below ``MAX_BYTES``."""
    page = ""
    given = replace(given, assessment=given.assessment or assess(result, given.judged))
    for n_bins, n_drawn in STEPS:
        blocks = study_blocks(result, given, n_bins, n_drawn)
        page = page_html(TITLE, _subtitle(result, given), blocks)
        if len(page.encode()) <= MAX_BYTES:
            break
    return page


def study_pdf(result: StudyResult, given: ReportInput) -> bytes:
    """The same report as a vector PDF."""
    from heliid.export.pdf import report_pdf  # ReportLab: only for those who print

    given = replace(given, assessment=given.assessment or assess(result, given.judged))
    data = b""
    for n_bins, n_drawn in STEPS:
        blocks = study_blocks(result, given, n_bins, n_drawn)
        data = report_pdf(TITLE, _subtitle(result, given), blocks)
        if len(data) <= MAX_BYTES:
            break
    return data


def _subtitle(result: StudyResult, given: ReportInput) -> str:
    model = result.model
    inputs, outputs = (
        ", ".join(channel.name for channel in side) for side in (model.inputs, model.outputs)
    )
    made = f", {given.created}" if given.created else ""
    version = model.provenance["versions"]["heliid"]
    return f"From {inputs} to {outputs}. Made by HeliID {version}{made}."


def study_blocks(
    result: StudyResult,
    given: ReportInput,
    n_bins: int = STEPS[0][0],
    n_drawn: int = ALL_RECORDS,
) -> list[Block]:
    """The whole content, in reading order."""
    assessment = given.assessment or assess(result, given.judged)
    blocks: list[Block] = []
    blocks += _summary(result, given)
    blocks += verdict_blocks(assessment.questions)
    blocks += _data(result)
    blocks += _doctor(assessment)
    blocks += _structure(result)
    blocks += _search(result, n_bins)
    for use, report in given.judged.items():
        if use is Use.TRAIN:
            continue
        blocks += [Heading(f"{USE_TITLES[use]} records")]
        blocks += judgement_blocks(report)
    for use, report in given.judged.items():
        blocks += [Heading(f"Time histories, {USE_TITLES[use].lower()}")]
        blocks += history_blocks(report, result.model.inputs, n_bins, n_drawn)
    blocks += physics_blocks(assessment.physics)
    blocks += response_blocks(result.model, assessment.physics)
    for title, more in given.extra.items():
        blocks += [Heading(title), *more]
    blocks += thresholds_blocks(given.judged)
    blocks += _repeat(result, given)
    return blocks


def _summary(result: StudyResult, given: ReportInput) -> list[Block]:
    """The few lines that most readers stop at."""
    model = result.model
    rows: list[tuple[str, str | Cell]] = [
        ("Model", f"{_order(model)}, {model.structure.n_parameters} weights"),
        ("Model rate", f"{1 / model.dt:.6g} Hz"),
        ("Cost on validation", f"{result.cost:.4f} (best linear model {result.linear_cost:.4f})"),
    ]
    for use, report in given.judged.items():
        if use is not Use.TRAIN:
            rows.append((f"Free-run fit, {USE_TITLES[use].lower()}", _fit_cell(report)))
    rows += [
        ("Ended by", _reason(result.reason)),
        ("Time taken", f"{result.seconds:.0f} s"),
    ]
    blocks: list[Block] = [Heading("Summary"), Facts(tuple(rows))]
    if Use.TEST not in given.judged:
        blocks.append(Remark("No test record was scored: these numbers are from validation, which "
                             "chose the order and so flatters the model.", WARN))  # fmt: skip
    else:
        blocks.append(Remark("The test records were scored once, at the end; nothing was chosen "
                             "by them. They are not untouched any more.", GOOD))  # fmt: skip
    blocks += [Remark(text) for text in result.notices if text != TEST_USED]
    return blocks


def _fit_cell(report: ValidationReport) -> Cell:
    """Mean whole-record fit beside that of the linear model."""
    mine = mean_fit(report)
    if report.linear is None:
        return Cell(f"{mine:.1f} %")
    theirs = mean_fit(report.linear)
    mark = GOOD if mine > theirs else (WARN if mine == theirs else BAD)
    diverged = f"; diverged on {len(report.diverged)} record(s)" if report.diverged else ""
    return Cell(f"{mine:.1f} % (linear {theirs:.1f} %){diverged}", BAD if diverged else mark)


_REASONS = {
    "budget": "the budget was used up",
    "stopped": "the user stopped it; the best so far is shown",
    "stagnation": "no better order was found for the time set",
    "space exhausted": "every order in the box was tried",
    "time limit": "the time limit",
    "done": "done",
}


def _reason(reason: str) -> str:
    return _REASONS.get(reason, reason)


def _order(model: NarxModel) -> str:
    kind = "linear" if model.structure.n_hidden == 0 else f"{model.structure.n_hidden} hidden units"
    return f"{structure_text(model.structure)} ({kind})"


def _data(result: StudyResult) -> list[Block]:
    """Records with hashes and conditioning, channels with their envelope."""
    campaign = result.campaign
    if campaign is None:
        return []
    blocks: list[Block] = [Heading("Data"), _records_table(campaign), _channels_table(result.model)]
    steps = [
        (record.name, step.kind, ", ".join(f"{k} = {v}" for k, v in step.parameters))
        for record in campaign.records
        for step in record.history
    ]
    if steps:
        blocks.append(Table(("record", "step", "parameters"), tuple(steps),
                            "Conditioning, in the order in which it was done.",
                            ("record", "step", "parameters")))  # fmt: skip
    return blocks


def _doctor(assessment: Assessment) -> list[Block]:
    """The data doctor's errors and warnings; notes are only counted."""
    serious = assessment.serious_findings
    n_notes = len(assessment.findings) - len(serious)
    count = f"{len(serious)} errors or warnings, {n_notes} notes (heliid doctor lists them all)."
    blocks: list[Block] = [Heading("Data doctor", 3), Text(count)]
    if serious:
        rows = tuple(
            (one.record, Cell(str(one.severity), _SEVERITIES[one.severity]), one.sentence,
             one.remedy.sentence() if one.remedy else "")
            for one in serious
        )  # fmt: skip
        columns = ("record", "severity", "finding", "remedy")
        blocks.append(Table(columns, rows, wide=columns))
    return blocks


_SEVERITIES = {Severity.ERROR: BAD, Severity.WARNING: WARN, Severity.NOTE: ""}


def _records_table(campaign: Campaign) -> Table:
    rows = []
    for record, use in zip(campaign.records, campaign.uses, strict=True):
        rows.append(
            (
                record.name,
                str(use),
                record.source.name,
                f"{record.time[0]:.2f}-{record.time[-1]:.2f}",
                str(record.n_samples),
                f"{1 / record.dt:.4g}",
                Cell(record.source.sha256[:16] or "-", hint=record.source.sha256),
            )
        )
    return Table(
        ("record", "use", "file", "time [s]", "samples", "rate [Hz]", "SHA-256 (first 16)"),
        tuple(rows),
        wide=("record", "use", "file", "SHA-256 (first 16)"),
    )


def _channels_table(model: NarxModel) -> Table:
    rows = []
    for k, channel in enumerate((*model.inputs, *model.outputs)):
        role = "input" if k < len(model.inputs) else "output"
        low, high = _envelope_in_unit(model, k, channel)
        rows.append((channel.name, role, channel.unit, low, high))
    return Table(
        ("channel", "role", "unit", "smallest", "largest"),
        tuple(rows),
        "Envelope of the training records, in the unit of the file's header.",
        ("channel", "role", "unit"),
    )


def _envelope_in_unit(model: NarxModel, k: int, channel: Channel) -> tuple[str, str]:
    if k >= model.envelope.shape[0]:
        return "-", "-"
    unit = unit_or_free(channel.unit)
    low, high = (float(unit.from_si(v)) for v in model.envelope[k])
    return f"{low:.4g}", f"{high:.4g}"


def _structure(result: StudyResult) -> list[Block]:
    """The order in full, and how the model sees a record."""
    model = result.model
    structure = model.structure
    rows: list[tuple[str, str | Cell]] = [
        ("Order", structure_text(structure)),
        ("Hidden units", str(structure.n_hidden)),
        ("Free weights", str(structure.n_parameters)),
        ("Step", f"{model.dt:.6g} s ({1 / model.dt:.6g} Hz)"),
        ("Trim", _trim_text(model.trim_rule)),
        (
            "Filter",
            f"zero-phase low-pass at {model.filter_hz:.4g} Hz" if model.filter_hz else "none",
        ),
        ("Past needed", f"{structure.n_start * model.dt:.4g} s"),
    ]
    lags = [
        (c.name, "output", _lags(one))
        for c, one in zip(model.outputs, structure.output_lags, strict=True)
    ]
    lags += [
        (c.name, "input", _lags(one))
        for c, one in zip(model.inputs, structure.input_lags, strict=False)
    ]
    return [
        Heading("Structure"),
        Text("Two-tier NARX network: past samples are the first tier, a static map with a linear "
             "bypass is the second; the outputs' increments are predicted and run coupled."),
        Facts(tuple(rows)),
        Table(("channel", "side", "past samples used"), tuple(lags),
              "In steps before the predicted sample; 0 is the input held over the step that ends "
              "in it.", ("channel", "side", "past samples used")),
    ]  # fmt: skip


def _lags(lags: Sequence[int]) -> str:
    return ", ".join(map(str, lags)) or "not used"


def _trim_text(rule: str) -> str:
    if rule == "none":
        return "absolute values, no trim taken out"
    return f"deviations from the mean of each record's first {rule.partition(':')[2]} s"


def _filter_text(filter_hz: float) -> str:
    return f"zero-phase low-pass of the outputs at {filter_hz:.4g} Hz" if filter_hz else "none"


def _search(result: StudyResult, n_bins: int) -> list[Block]:
    """How the search went: best cost so far, every candidate, the best ones by name."""
    candidates = result.candidates
    if not candidates:
        return []
    best = sorted(candidates, key=lambda one: (one.cost, one.index))[:N_CANDIDATES]
    rows = tuple(
        (
            str(one.index), one.searcher, one.structure_text, str(one.n_parameters),
            f"{one.cost:.4f}", f"{one.nrmse:.4f}", "diverged" if one.diverged else one.reason,
        )
        for one in best
    )  # fmt: skip
    config = result.config
    return [
        Heading("Search"),
        Text(f"{len(candidates)} unique orders were trained by {', '.join(config.searches())} "
             f"(budget {config.budget}, seed {config.seed}); the best were refitted from more "
             f"starts, and the model with the lowest cost on validation was taken."),
        Figure(panel_svg(convergence_panel(result), n_bins=n_bins)),
        Table(("no.", "search", "order", "weights", "cost", "NRMSE", "remark"), rows,
              "The best candidates. Cost: free-run NRMSE on validation over several windows, plus "
              "the price of complexity.", ("search", "order", "remark")),
    ]  # fmt: skip


def convergence_panel(result: StudyResult) -> Panel:
    """Cost of every candidate and of the best so far, against unique trainings."""
    kinds = ("best", "other", "third")
    curves = []
    index = np.array([one.index for one in result.candidates], dtype=float)
    cost = np.array([one.cost for one in result.candidates])
    cost = np.where(np.isfinite(cost), cost, np.nan)
    curves.append(Curve(index, cost, "candidate", "candidate"))
    names = list(dict.fromkeys(one.searcher for one in result.candidates))
    for k, name in enumerate(names):
        own = np.array([one.searcher == name for one in result.candidates])
        so_far = np.fmin.accumulate(cost[own])
        label = "best so far" if len(names) == 1 else f"best so far, {name}"
        curves.append(Curve(index[own], so_far, kinds[k % len(kinds)], label, is_step=True))
    return Panel(
        title="Convergence",
        x_label="unique trainings",
        y_label="cost on validation",
        curves=tuple(curves),
        levels=((result.linear_cost, "best linear model"),),
        log_y=True,
        height=240,
    )


def _repeat(result: StudyResult, given: ReportInput) -> list[Block]:
    """Versions, seed, settings and the exact command."""
    origin = result.model.provenance
    versions = ", ".join(f"{name} {number}" for name, number in origin["versions"].items())
    settings = {**origin["config"]}
    box = settings.pop("box")
    rows: list[tuple[str, str | Cell]] = [
        ("Versions", versions),
        ("Seed", str(origin["seed"])),
        ("Box of orders", ", ".join(f"{k} {v}" for k, v in box.items())),
        ("Settings", ", ".join(f"{k} {v}" for k, v in settings.items() if k != "seed")),
        ("Model, SHA-256", model_hash(result.model)),
        ("Linear model, SHA-256", model_hash(result.linear)),
    ]
    blocks: list[Block] = [Heading("How to repeat it"), Facts(tuple(rows))]
    command = given.command or command_for(result)
    if not command:
        blocks.append(Text("The records were conditioned or cut in the app, so no single command "
                           "repeats this study; its project file does."))  # fmt: skip
    else:
        blocks += [
            Text("The same records, this version and this command give the same model, bit for "
                 "bit, whatever the number of workers:"),
            Code(command),
        ]  # fmt: skip
    return blocks
