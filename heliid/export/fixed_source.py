"""C99 source of a fixed-point model, with the loss of fit that was measured for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from heliid.data.record import FlightRecord
from heliid.export import runners
from heliid.export.fixed_point import FixedModel, Rows, quantise, run_fixed
from heliid.export.portable import Portable
from heliid.export.runners import Case
from heliid.export.target import Written
from heliid.export.verify import Verified, make_cases, verify
from heliid.export.whole_source import (
    Form,
    tanh_code,
    tanh_table_code,
    whole_files,
    whole_list,
)
from heliid.metrics import fit_percent


@dataclass(frozen=True, slots=True)
class Loss:
    """Free-run fit (%) of one output on one record: double precision, fixed point."""

    record: str
    output: str
    fit_double: float
    fit_fixed: float
    rms_difference: float  # between the two, in standard deviations of the training data
    saturated: bool

    @property
    def points(self) -> float:
        """Points of fit lost; negative when the fixed-point model happens to fit better."""
        return self.fit_double - self.fit_fixed


def fixed_point_written(portable: Portable, kind: str, records: Sequence[FlightRecord]) -> Written:
    """NAME.c and NAME.h in fixed point; checked against the bit-exact emulation."""
    fixed = quantise(portable, kind)
    losses = measure_loss(fixed, records)
    files = fixed_files(fixed, losses)
    source = f"{portable.file}.c"

    def check(folder: Path) -> Verified:
        cases = [
            Case(c.name, c.u, run_fixed(fixed, c)[0], c.u_trim, c.y_trim)
            for c in make_cases(portable, records)
        ]
        verdict = verify(portable, cases, runners.c_run(portable, folder / source))
        told = verdict.sentence.replace("difference is", "difference to HeliID's emulation is")
        return replace(verdict, sentence=told)

    return Written({source: files[source], **files}, tuple(loss_text(fixed, losses)), check)


def measure_loss(fixed: FixedModel, records: Sequence[FlightRecord]) -> list[Loss]:
    """The loss on each record and output; without records, on the model's test vector.

    Without a measurement the fit is that of the fixed-point run to the double-precision one.
    """
    portable = fixed.portable
    cases = make_cases(portable, records)
    measured = [case.y for case in cases]
    if records:
        cases, measured = cases[1:], [_measured(portable, record) for record in records]
    losses = []
    std = np.array([c.std for c in portable.outputs])
    for case, truth in zip(cases, measured, strict=True):
        y, saturated = run_fixed(fixed, case)
        rows = slice(portable.n_start, None)
        for j, channel in enumerate(portable.outputs):
            difference = (y[rows, j] - case.y[rows, j]) / std[j]
            losses.append(
                Loss(
                    case.name, channel.name,
                    _fit(truth[rows, j], case.y[rows, j]), _fit(truth[rows, j], y[rows, j]),
                    float(np.sqrt(np.mean(difference**2))), saturated,
                )
            )  # fmt: skip
    return losses


def loss_text(fixed: FixedModel, losses: Sequence[Loss]) -> list[str]:
    """Sentences for the dialog and for the head of the file."""
    on = "the given records" if losses[0].record != "test vector" else "the model's test vector"
    known = [loss for loss in losses if math.isfinite(loss.points)]
    if not known:
        return [f"Fit lost by {fixed.kind} on {on}: not defined, no output moves there."]
    worst = max(known, key=lambda loss: loss.points)
    lines = [
        f"Fit lost by {fixed.kind} on {on}: at most {worst.points:.2f} points "
        f"({worst.output}, {worst.record}: {worst.fit_double:.2f} % in double precision, "
        f"{worst.fit_fixed:.2f} % in fixed point)."
    ]
    if any(loss.saturated for loss in losses):
        lines.append("A signal left the range of 16 bits and was cut: expect more loss there.")
    if on != "the given records":
        lines.append("Give validation records to measure the loss where it matters.")
    return lines


def fixed_files(fixed: FixedModel, losses: Sequence[Loss]) -> dict[str, str]:
    """File name to text: NAME.h and NAME.c."""
    own = make_cases(fixed.portable)[0]
    kind = {"int16": "int16_t", "int8": "int8_t", "int4": "int8_t"}[fixed.kind]
    tables = [
        f"typedef {kind} weight;\n",
        "/* A row's sum, times its factor, shifted right, is the result. */",
        *_rows("LINEAR", fixed.linear, "N_OUT", "N_PHI"),
    ]
    form = Form(
        about=f"{fixed.kind} weights with one scale per row, 16-bit regressor",
        remarks=_loss_lines(fixed, losses),
        weights="\n".join(tables),
        predict="predict_rows.c",
        parts=_hidden(fixed),
        test_y=run_fixed(fixed, own)[0],
    )
    return whole_files(fixed, form)


def _loss_lines(fixed: FixedModel, losses: Sequence[Loss]) -> list[str]:
    lines = loss_text(fixed, losses)
    for loss in losses:
        lines.append(
            f"  {loss.record}, {loss.output}: fit {loss.fit_double:.2f} % (double), "
            f"{loss.fit_fixed:.2f} % ({fixed.kind}); rms difference {loss.rms_difference:.2e} "
            f"standard deviations"
        )
    return lines


def _measured(portable: Portable, record: FlightRecord) -> np.ndarray:
    """The measured outputs at model rate, (N, ny), in the units of the export."""
    from heliid.model.simulate import prepare_for
    from heliid.units import unit_or_free

    prepared = prepare_for(portable.model, record)
    y = prepared.y + prepared.y_trim
    return np.column_stack(
        [unit_or_free(c.unit).from_si(y[:, j]) for j, c in enumerate(portable.outputs)]
    )


def _fit(measured: np.ndarray, model: np.ndarray) -> float:
    return float(fit_percent(measured, model))


def _rows(name: str, rows: Rows, first: str, second: str) -> list[str]:
    return [
        f"static const weight {name}[{first}][{second}] = {whole_list(rows.whole)};",
        f"static const int32_t {name}_FACTOR[{first}] = {whole_list(rows.factor)};",
        f"static const uint32_t {name}_SHIFT[{first}] = {whole_list(rows.shift, 'u')};",
    ]


def _hidden(fixed: FixedModel) -> dict[str, str]:
    if fixed.hidden is None or fixed.out is None:
        return {"hidden_tables": "", "hidden_locals": "", "hidden_code": "", "out_code": "",
                "tanh": ""}  # fmt: skip
    h = f"{len(fixed.hidden.whole)}u"
    tables = [
        *_rows("HIDDEN", fixed.hidden, h, "N_PHI"),
        f"static const int32_t HIDDEN_BIAS[{h}] = {whole_list(fixed.hidden_bias)};",
        *_rows("OUT", fixed.out, "N_OUT", h),
        *tanh_table_code(),
    ]
    return {
        "hidden_tables": "\n".join(tables),
        "hidden_locals": f"  int32_t z[{h}];\n  uint32_t i;\n",
        "hidden_code": _HIDDEN.replace("@H", h),
        "out_code": _OUT.replace("@H", h),
        "tanh": tanh_code(),
    }


_HIDDEN = """\
  for (i = 0u; i < @H; ++i) {
    int64_t sum = 0;
    for (t = 0u; t < N_PHI; ++t) {
      const int32_t product = (int32_t)HIDDEN[i][t] * (int32_t)phi[t];
      sum += (int64_t)product;
    }
    sum = scaled_down(sum * (int64_t)HIDDEN_FACTOR[i], HIDDEN_SHIFT[i]);
    z[i] = bounded((int64_t)HIDDEN_BIAS[i] + sum);
  }"""
_OUT = """\
    sum = 0;
    for (i = 0u; i < @H; ++i) {
      const int32_t product = (int32_t)OUT[j][i] * z[i];
      sum += (int64_t)product;
    }
    next[j] += scaled_down(sum * (int64_t)OUT_FACTOR[j], OUT_SHIFT[j]);"""
