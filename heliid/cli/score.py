"""``heliid score``: a model judged on records by its free run."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from heliid.cli import console
from heliid.cli.records import read_records

if TYPE_CHECKING:
    from heliid.data.record import FlightRecord
    from heliid.model.network import NarxModel
    from heliid.sharpness import Flatness
    from heliid.tails import Tail
    from heliid.validation import ValidationReport
    from heliid.verdict import Question

COLUMNS = ("record", "output", "window", "rmse", "unit", "nrmse", "fit", "theil", "note")
_KEYS = (
    "record", "output", "unit", "window", "n_samples", "rmse", "nrmse", "fit", "theil",
    "theil_bias", "theil_variance", "theil_covariance", "vaf", "max_error", "diverged_at",
    "outside_envelope",
)  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Read, judge, print."""
    from heliid.export.model_files import load_model

    model = load_model(options.model)
    linear = load_model(options.linear) if options.linear else None
    records = read_records(options.files)
    from heliid.validation import judge  # heavy: only when there is something to judge
    from heliid.validation.thresholds import DEFAULT

    limits = DEFAULT.edited(dict(options.limit))
    report = judge(
        model, records, windows=options.windows, linear=linear, thresholds=limits,
        manoeuvres=said_manoeuvres(options.manoeuvre, records),
    )  # fmt: skip
    questions = _verdict(report) if options.verdict else ()
    rows = score_rows(report, records)
    flat = _flatness(model, records) if options.sharpness else None
    tail = _tails(model, records) if options.tails else ()
    beside = score_rows(report.linear, records) if report.linear else None
    if options.json:
        document = {"model": options.model, "scores": rows}
        if beside is not None:
            document["linear"] = {"model": options.linear, "scores": beside}
        if flat is not None:
            document["sharpness"] = flat.to_dict()
        if options.tails:
            document["tails"] = [one.to_dict() for one in tail]
        if options.verdict:
            document["verdict"] = [one.to_dict() for one in questions]
        if limits.edits:
            document["edited_limits"] = {row.key: row.value for row in limits.edits}
        console.write_json(document)
        return 0
    console.write(score_table(rows))
    if beside is not None:
        console.write(f"\nThe linear model {options.linear}:\n")
        console.write(score_table(beside))
    console.write(footnote(report.start_s))
    for one in questions:
        console.write(f"\n[{one.light}] {one.text}\n  {one.sentence}")
    for row in limits.edits:
        console.write(f"\nEdited limit: {row.text} {row.value:g} (was {row.original:g}).")
    if tail:
        from heliid.tails import tail_lines

        console.write("\nThe bad end (NRMSE, mean of the outputs):\n" + "\n".join(tail_lines(tail)))
    if flat is not None:
        console.write(flatness_text(flat))
    return 0


def said_manoeuvres(said: Sequence[str], records: Sequence[FlightRecord]) -> dict[str, str]:
    """What was flown, by record name, from ``KIND`` for all records or ``RECORD=KIND``."""
    from heliid.errors import RecordError

    names = [record.name for record in records]
    found: dict[str, str] = {}
    for text in said:
        name, mark, kind = text.rpartition("=")
        if mark and name not in names:
            raise RecordError(
                f"There is no record '{name[:60]}' to call a {kind[:20]}: the records are "
                f"{', '.join(names)}."
            )
        found |= {name: kind} if mark else dict.fromkeys(names, kind)
    return found


def _verdict(report: ValidationReport) -> tuple[Question, ...]:
    from heliid.verdict import verdict  # only for those who ask for it

    return verdict(report)


def _flatness(model: NarxModel, records: Sequence[FlightRecord]) -> Flatness:
    from heliid.sharpness import stated_flatness  # only for those who ask for it

    return stated_flatness(model, records)


def _tails(model: NarxModel, records: Sequence[FlightRecord]) -> tuple[Tail, ...]:
    from heliid.tails import tails  # only for those who ask for it

    return tails(model, records)


def flatness_text(found: Flatness) -> str:
    """Sharpness and curvature in three lines."""
    from heliid.sharpness import describe

    return "\n" + "\n".join(describe(found))


def score_rows(report: ValidationReport, records: Sequence[FlightRecord]) -> list[dict[str, Any]]:
    """One plain line per record, output and window; errors in the unit of that record's header."""
    by_name = {record.name: record for record in records}
    rows = []
    for line in report.score_table():
        unit, factor = _unit_of(by_name[line["record"]], line)
        line["unit"] = unit
        for key in ("rmse", "max_error"):
            line[key] = None if line[f"{key}_si"] is None else line[f"{key}_si"] / factor
        rows.append({key: line[key] for key in _KEYS})
    return rows


def _unit_of(record: FlightRecord, line: dict[str, Any]) -> tuple[str, float]:
    """The unit that the record's header gives this output, and its size in SI."""
    from heliid.units import unit_or_free

    unit = unit_or_free(record.channel(line["output"]).unit)
    return unit.symbol, unit.factor


def score_table(rows: Iterable[dict[str, Any]]) -> str:
    """The scores as text."""
    lines = []
    for row in rows:
        note = []
        if row["diverged_at"] is not None:
            note.append(f"diverged at {row['diverged_at']:.2f} s")
        if row["outside_envelope"]:
            note.append(f"{100 * row['outside_envelope']:.0f} % outside the training envelope")
        window = row["window"] if row["window"] == "all" else f"{row['window']} s"
        fit = "-" if row["fit"] is None else f"{row['fit']:.1f} %"
        values = (row["rmse"], row["unit"], row["nrmse"], fit, row["theil"])
        lines.append((row["record"], row["output"], window, *values, "; ".join(note)))
    return console.table(COLUMNS, lines)


def footnote(start_s: float) -> str:
    """What the numbers are."""
    return (
        f"Free run, restarted from data every window (all: never); the first {start_s:.3g} s of "
        f"each record start the run and are not scored."
    )
