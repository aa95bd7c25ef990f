"""``heliid simulate``: the free run of a model on one record, as a table."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from heliid.cli import console
from heliid.cli.records import read_record

if TYPE_CHECKING:
    from heliid.data.record import FlightRecord
    from heliid.model.simulate import Response


def run(options: argparse.Namespace) -> int:
    """Read, simulate, write."""
    from heliid.atomic import write_text
    from heliid.export.model_files import load_model
    from heliid.model.simulate import free_run

    model = load_model(options.model)
    record = read_record(options.file)
    response = free_run(model, record)
    write_text(Path(options.out), response_csv(response, record))
    notices = []
    if response.diverged_at is not None:
        notices.append(
            f"The free run diverged {response.diverged_at:.2f} s after the record's start; from "
            f"there on the model columns hold the last value."
        )
    outside = float(response.outside.mean())
    if outside > 0.0:
        notices.append(f"{100 * outside:.0f} % of the samples lie outside the training envelope.")
    document = {
        "file": options.out,
        "record": record.name,
        "rows": int(response.time.shape[0]),
        "rate_hz": 1.0 / model.dt,
        "units": {c.name: record.channel(c.name).unit for c in response.channels},
        "n_start": response.n_start,
        "diverged_at": response.diverged_at,
        "outside_envelope": outside,
        "notices": notices,
    }
    if options.json:
        console.write_json(document)
    else:
        console.write(
            f"{options.out}: {document['rows']} samples at {document['rate_hz']:.6g} Hz; the "
            f"first {response.n_start} model values are measured, they start the run."
        )
        for notice in notices:
            console.write(notice)
    return 0


def response_csv(response: Response, record: FlightRecord) -> str:
    """The table: time, then measured, model and residual of each output, in its header's unit."""
    from heliid.units import unit_or_free

    header = ["time [s]"]
    columns = [response.time]
    for j, channel in enumerate(response.channels):
        shown = record.channel(channel.name).unit
        unit = unit_or_free(shown)
        measured = unit.from_si(response.measured[:, j])
        model = unit.from_si(response.simulated[:, j])
        header += [f"{channel.name} {part} [{shown}]" for part in ("measured", "model", "residual")]
        columns += [measured, model, measured - model]
    lines = [",".join(_cell(name) for name in header)]
    lines += [",".join(map(_number, row)) for row in zip(*columns, strict=True)]
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    return repr(float(value))


def _cell(text: str) -> str:
    """A header cell: no separator, quote or line end inside, and no formula at its start."""
    if text[:1] in "=+-@\t\0":
        text = "'" + text
    if any(mark in text for mark in ',"\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text
