"""Predictions and residuals as CSV: the free run beside the measurement, sample by sample.

Text cells that a spreadsheet would take for a formula get an apostrophe in front; numbers are
written so that they read back exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from heliid.data.record import FlightRecord
from heliid.export.names import csv_cell
from heliid.export.portable import Portable
from heliid.model.simulate import Response, free_run, one_step
from heliid.units import unit_or_free


@dataclass(frozen=True, slots=True)
class _Column:
    """Header cell without unit, its unit, and the values in that unit."""

    name: str
    unit: str
    values: np.ndarray


def predictions_csv(portable: Portable, records: Sequence[FlightRecord]) -> str:
    """One row per sample and record at model rate.

    Columns: record, time, inputs, then per output measured, model (free run), residual (measured
    minus model), one step ahead; at the end whether the sample is outside the training envelope.
    The first n_start model values are the measurement. Without records: the model's test vector.
    """
    if not records:
        return _test_vector_csv(portable)
    lines: list[str] = []
    for record in records:
        response, ahead = free_run(portable.model, record), one_step(portable.model, record)
        columns = list(_columns(portable, response, ahead))
        if not lines:
            lines.append(_header(["record"], columns))
        lines += _rows([csv_cell(record.name)], columns)
    return "\n".join(lines) + "\n"


def _test_vector_csv(portable: Portable) -> str:
    test = portable.test
    time = np.arange(len(test.u)) * portable.model.dt
    columns = [_Column("time", "s", time)]
    columns += [_Column(c.name, c.unit, test.u[:, k]) for k, c in enumerate(portable.inputs)]
    columns += [
        _Column(f"{c.name} model", c.unit, test.y[:, k]) for k, c in enumerate(portable.outputs)
    ]
    return "\n".join([_header([], columns), *_rows([], columns)]) + "\n"


def _columns(portable: Portable, response: Response, ahead: Response) -> Iterable[_Column]:
    yield _Column("time", "s", response.time)
    for k, c in enumerate(portable.inputs):
        yield _Column(c.name, c.unit, unit_or_free(c.unit).from_si(response.u[:, k]))
    for k, c in enumerate(portable.outputs):
        unit = unit_or_free(c.unit)
        measured = unit.from_si(response.measured[:, k])
        model = unit.from_si(response.simulated[:, k])
        yield _Column(f"{c.name} measured", c.unit, measured)
        yield _Column(f"{c.name} model", c.unit, model)
        yield _Column(f"{c.name} residual", c.unit, measured - model)
        yield _Column(f"{c.name} one step", c.unit, unit.from_si(ahead.simulated[:, k]))
    yield _Column("outside envelope", "-", response.outside.astype(float))


def _header(first: list[str], columns: Sequence[_Column]) -> str:
    return ",".join([*first, *(csv_cell(f"{c.name} [{c.unit}]") for c in columns)])


def _rows(first: list[str], columns: Sequence[_Column]) -> Iterable[str]:
    for row in zip(*(c.values.tolist() for c in columns), strict=True):
        yield ",".join([*first, *(_number(value) for value in row)])


def _number(value: float) -> str:
    return str(int(value)) if value in (0.0, 1.0) else repr(value)
