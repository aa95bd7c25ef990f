"""A finished study as a folder: two models, the candidates, the summary and the report."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from heliid.atomic import write_all, write_file, write_json, write_text
from heliid.data.campaign import Use
from heliid.errors import ExportError
from heliid.export.assessment import assess
from heliid.export.folders import prepare_folder as prepare_folder
from heliid.export.model_files import load_model, model_hash, save_model
from heliid.export.report import ReportInput, study_pdf, study_report
from heliid.model.network import NarxModel
from heliid.search.encoding import structure_text
from heliid.study import StudyResult
from heliid.validation import ValidationReport

MODEL, LINEAR, SEARCH, REPORT, REPORT_PDF, SUMMARY = (
    "model.json", "linear.json", "search.csv", "report.html", "report.pdf", "summary.json",
)  # fmt: skip
FILES = {
    "model": MODEL, "linear": LINEAR, "search": SEARCH, "report": REPORT,
    "report_pdf": REPORT_PDF, "summary": SUMMARY,
}  # fmt: skip
ENSEMBLE = "ensemble"  # folder of the other members, beside the model
CANDIDATE_COLUMNS = (
    "index", "searcher", "order", "n_parameters", "n_hidden", "cost", "nrmse", "diverged",
    "cpu_s", "is_best", "reason",
)  # fmt: skip


def write_study(
    result: StudyResult,
    judged: Mapping[Use, ValidationReport],
    folder: Path,
    *,
    command: str = "",
    created: str = "",
) -> dict[str, Any]:
    """Write all files, each whole or not at all, the summary last; the summary comes back.

    ``judged`` as from ``judge_study``; ``created`` is a date for the summary and the report (the
    models hold none, so that the same study gives the same bits).
    """
    assessment = assess(result, judged)
    summary = {
        **study_summary(result, judged, command=command, created=created),
        **assessment.to_dict(),
    }
    given = ReportInput(judged, command, created, assessment)
    report, printed = study_report(result, given), study_pdf(result, given)
    try:
        save_model(result.model, folder / MODEL)
        save_model(result.linear, folder / LINEAR)
        _write_members(result, assessment.members, folder / ENSEMBLE)
        write_text(folder / SEARCH, candidates_csv(result))
        write_text(folder / REPORT, report)
        write_file(folder / REPORT_PDF, lambda file: write_all(file, printed))
        write_json(folder / SUMMARY, summary)
    except OSError as problem:
        raise ExportError(
            f"The results could not be written to {folder} ({problem.strerror or problem}): "
            f"choose another folder or free some space."
        ) from problem
    return summary


def _write_members(result: StudyResult, left_out: Sequence[NarxModel], folder: Path) -> None:
    """The members of the ensemble besides the model; those of an earlier study go."""
    for old in (*folder.glob("member_*.json"), *folder.glob("left_out_*.json")):
        old.unlink()
    for k, member in enumerate(result.members[1:], start=2):
        save_model(member, folder / f"member_{k}.json")
    for k, member in enumerate(left_out, start=1):
        save_model(member, folder / f"left_out_{k}.json")


def load_members(path: Path, model: NarxModel) -> list[NarxModel]:
    """The ensemble that lies beside a model file; none when it is not its own.

    Refits that left out a record where there are at least three, else the model and the members
    of its search. A member belongs to the model when both were made from the same records, seed
    and settings.
    """
    for pattern, first in (("left_out_*.json", []), ("member_*.json", [model])):
        files = sorted((path.parent / ENSEMBLE).glob(pattern))
        own = [one for one in map(load_model, files) if _study_of(one) == _study_of(model)]
        if len(own) > (0 if first else 2):
            return [*first, *own]
    return []


def _study_of(model: NarxModel) -> dict[str, Any]:
    """What the members of one study share in their provenance; test records come later."""
    origin = model.provenance
    records = origin.get("records", [])
    seen = [r for r in records if isinstance(r, dict) and r.get("use") != str(Use.TEST)]
    return {"records": seen, **{key: origin.get(key) for key in ("config", "seed", "how")}}


def candidates_csv(result: StudyResult) -> str:
    """One line per unique candidate, in the order in which they count."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(CANDIDATE_COLUMNS)
    for one in result.candidates:
        row = (
            one.index, one.searcher, one.structure_text, one.n_parameters, one.n_hidden,
            repr(one.cost), repr(one.nrmse), int(one.diverged), f"{one.cpu_s:.4f}",
            int(one.is_best), one.reason,
        )  # fmt: skip
        lines.writerow(row)
    return text.getvalue()


def study_summary(
    result: StudyResult,
    judged: Mapping[Use, ValidationReport],
    *,
    command: str = "",
    created: str = "",
) -> dict[str, Any]:
    """What the study found as plain data for strict JSON; errors in the units of the headers."""
    model = result.model
    return {
        "format": "heliid-summary",
        "format_version": 1,
        "created": created,
        "command": command,
        "versions": model.provenance["versions"],
        "reason": result.reason,
        "seconds": round(result.seconds, 3),
        "files": dict(FILES),
        "inputs": [{"name": c.name, "unit": c.unit} for c in model.inputs],
        "outputs": [{"name": c.name, "unit": c.unit} for c in model.outputs],
        "rate_hz": 1.0 / model.dt,
        "trim_rule": model.trim_rule,
        "model": _about(model, result.cost),
        "linear": _about(result.linear, result.linear_cost),
        "is_linear_better": model.structure.n_hidden == 0,
        "ensemble": [
            {"order": structure_text(one.structure), "cost": _number(cost)}
            for one, cost in zip(result.members, result.member_costs, strict=False)
        ],
        "candidates": len(result.candidates),
        "seed": result.config.seed,
        "config": result.config.to_dict(),
        "records": model.provenance["records"],
        "scores": {str(use): _table(report) for use, report in judged.items()},
        "linear_scores": {
            str(use): _table(report.linear) for use, report in judged.items() if report.linear
        },
        "notices": list(result.notices),
    }


def _about(model: NarxModel, cost: float) -> dict[str, Any]:
    return {
        "order": structure_text(model.structure),
        "n_hidden": model.structure.n_hidden,
        "n_parameters": model.structure.n_parameters,
        "cost": _number(cost),
        "sha256": model_hash(model),
    }


def _table(report: ValidationReport) -> list[dict[str, Any]]:
    """The score lines without what is only there for machines in SI."""
    return [
        {key: value for key, value in line.items() if not key.endswith("_si") and key != "si"}
        for line in report.score_table()
    ]


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
