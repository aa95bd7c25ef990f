"""``heliid doctor``: files in, plain data out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from heliid.data.campaign import Campaign, Use
from heliid.data.csvfile import CsvReader, read_csv
from heliid.data.dialect import detect
from heliid.data.doctor.campaign import check_campaign
from heliid.data.doctor.examine import examine
from heliid.data.doctor.finding import Finding, Severity, ordered
from heliid.data.readers import read_file, reader_for
from heliid.data.record import FlightRecord
from heliid.errors import RecordError


def doctor_files(
    paths: Iterable[Path | str],
    *,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
    validate: Iterable[Path | str] = (),
    test: Iterable[Path | str] = (),
) -> dict[str, Any]:
    """Findings for each file as plain data, for the command line and for scripts.

    A file that cannot be read has an ``error`` sentence and no findings; one with missing values
    is examined with straight lines in their place, and a finding says so. What only shows when
    the files are seen together (other rates, other units, an input that turns its sign, validation
    or test outside the range of ``paths``) joins the findings of the file it is about.
    """
    given = ((Use.TRAIN, paths), (Use.VALIDATE, validate), (Use.TEST, test))
    examined = [(use, *_one(Path(p), inputs, outputs)) for use, group in given for p in group]
    _add_shared(examined, inputs, outputs)
    files = [_as_data(path, outcome) for _, path, outcome in examined]
    counts = {
        str(severity): sum(
            finding["severity"] == severity for file in files for finding in file["findings"]
        )
        for severity in Severity
    }
    return {
        "files": files,
        "n_files": len(files),
        "n_unreadable": sum(bool(file["error"]) for file in files),
        "counts": counts,
        "is_fit": all(file["is_fit"] for file in files),
    }


_Outcome = str | tuple[FlightRecord, list[Finding]]  # why it cannot be read, or what is in it


def _one(path: Path, inputs: Sequence[str], outputs: Sequence[str]) -> tuple[Path, _Outcome]:
    try:
        record, extra = _read(path)
        return path, (record, [*extra, *examine(record, inputs=inputs, outputs=outputs)])
    except RecordError as reason:
        return path, str(reason)


def _add_shared(
    examined: list[tuple[Use, Path, _Outcome]], inputs: Sequence[str], outputs: Sequence[str]
) -> None:
    """Put findings across records to those of the record they are about, else of the first."""
    readable = [(use, outcome) for use, _, outcome in examined if not isinstance(outcome, str)]
    if len(readable) < 2:
        return
    records = [outcome[0] for _, outcome in readable]
    names = [[record.channel(name).name for name in group] for record in records[:1]
             for group in (inputs, outputs)]  # fmt: skip
    uses = [use for use, _ in readable]
    campaign = Campaign(tuple(records), tuple(uses), tuple(names[0]), tuple(names[1]))
    for finding in check_campaign(campaign):
        mine = (found for _, (record, found) in readable if record.name == finding.record)
        next(mine, readable[0][1][1]).append(finding)


def _as_data(path: Path, outcome: _Outcome) -> dict[str, Any]:
    if isinstance(outcome, str):
        return {
            "file": str(path),
            "error": outcome,
            "record": None,
            "findings": [],
            "is_fit": False,
            "verdict": outcome,
        }
    record, found = outcome[0], ordered(outcome[1])
    return {
        "file": str(path),
        "error": "",
        "record": {
            "name": record.name,
            "sha256": record.source.sha256,
            "n_samples": record.n_samples,
            "dt": record.dt,
            "duration": record.duration,
            "channels": [channel.to_dict() for channel in record.channels],
        },
        "findings": [finding.to_dict() for finding in found],
        "is_fit": not any(finding.severity is Severity.ERROR for finding in found),
        "verdict": verdict(found),
    }


def verdict(found: Sequence[Finding]) -> str:
    """One sentence about a record from its findings."""
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    warnings = [finding for finding in found if finding.severity is Severity.WARNING]
    if errors:
        return f"Not fit for identification as it is: {_kinds(errors)}."
    if warnings:
        return f"Fit for identification with care: {_kinds(warnings)}."
    return "Fit for identification: nothing found that speaks against it."


def _kinds(found: Sequence[Finding]) -> str:
    names = [
        f"{finding.kind} ({', '.join(finding.channels[:2])})" if finding.channels else finding.kind
        for finding in found
    ]
    return ", ".join(dict.fromkeys(names))


def _read(path: Path) -> tuple[FlightRecord, list[Finding]]:
    """The record, and a finding when it only reads with its missing values bridged."""
    try:
        return read_file(path), []
    except RecordError as refusal:
        if not isinstance(reader_for(path), CsvReader):
            raise
        dialect = replace(detect(path), missing_policy="interpolate")
        try:
            record = read_csv(path, dialect=dialect)
        except RecordError:
            raise refusal from None
        n_cells = sum(dict(step.parameters).get("n_cells", 0) for step in record.history)
        finding = Finding(
            "missing",
            Severity.ERROR,
            f"{n_cells} cell(s) have no value and were bridged by straight lines for this "
            f"examination only: {refusal}",
            evidence=(("n_cells", float(n_cells)),),
            start=float(record.time[0]),
            end=float(record.time[-1]),
            record=record.name,
        )
        return record, [finding]
