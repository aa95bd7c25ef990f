"""C99 source of a fixed-point model, with the loss of fit that was measured for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from heliid.data.record import FlightRecord
from heliid.export import runners
from heliid.export.c_source import REALS, c_gather, c_layout, c_tables, c_values, fill, list_of
from heliid.export.fixed_point import (
    A_FRACTION,
    LIMIT_Q,
    TANH,
    TANH_END,
    TANH_STEPS,
    Y_FRACTION,
    FixedModel,
    Rows,
    quantise,
    run_fixed,
)
from heliid.export.names import c_comment
from heliid.export.portable import Portable
from heliid.export.runners import Case
from heliid.export.target import Written
from heliid.export.verify import Verified, make_cases, verify
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
    portable, real = fixed.portable, REALS["float64"]
    tables = {name: list_of(real, table) for name, table in c_tables(portable).items()}
    memory = portable.model.structure.memory
    own = make_cases(portable)[0]
    values = c_values(portable, real) | tables | c_layout(portable)
    values |= {
        "kind": fixed.kind,
        "weight_type": {"int16": "int16_t", "int8": "int8_t", "int4": "int8_t"}[fixed.kind],
        "frac": str(fixed.fraction),
        "u_scale": f"{2.0**fixed.fraction!r}",
        "y_to_u": str(Y_FRACTION - fixed.fraction),
        "limit_q": str(LIMIT_Q),
        "loss": "\n".join(f" * {c_comment(line)}" for line in _loss_lines(fixed, losses)),
        "n_memory_size": str(max(len(memory), 1)),
        "linear": _whole_list(fixed.linear.whole),
        "linear_factor": _whole_list(fixed.linear.factor),
        "linear_shift": _whole_list(fixed.linear.shift, "u"),
        "bias": _whole_list(fixed.bias),
        "gather": "\n".join(c_gather(portable)),
        "memory_code": "\n".join(_memory(fixed)) or "  (void)is_first;",
        "n_test": str(len(own.u)),
        "test_u": list_of(real, own.u),
        "test_y": list_of(real, run_fixed(fixed, own)[0]),
    }
    values |= _hidden(fixed)
    return {f"{portable.file}.{end}": fill(f"fixed.{end}", values) for end in ("h", "c")}


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


def _whole_list(values: np.ndarray, suffix: str = "") -> str:
    return list_of(lambda value: f"{int(value)}{suffix}", values.tolist())


def _rows(name: str, rows: Rows, first: str, second: str) -> list[str]:
    return [
        f"static const weight {name}[{first}][{second}] = {_whole_list(rows.whole)};",
        f"static const int32_t {name}_FACTOR[{first}] = {_whole_list(rows.factor)};",
        f"static const uint32_t {name}_SHIFT[{first}] = {_whole_list(rows.shift, 'u')};",
    ]


def _hidden(fixed: FixedModel) -> dict[str, str]:
    if fixed.hidden is None or fixed.out is None:
        return {"hidden_tables": "", "hidden_locals": "", "hidden_code": "", "out_code": "",
                "tanh": ""}  # fmt: skip
    h = f"{len(fixed.hidden.whole)}u"
    tables = [
        *_rows("HIDDEN", fixed.hidden, h, "N_PHI"),
        f"static const int32_t HIDDEN_BIAS[{h}] = {_whole_list(fixed.hidden_bias)};",
        *_rows("OUT", fixed.out, "N_OUT", h),
        f"/* tanh at 0, 1/{TANH_STEPS}, ..., {TANH_END}, 15 bits behind the point. */",
        f"static const int16_t TANH[{len(TANH)}] = {_whole_list(TANH)};",
    ]
    return {
        "hidden_tables": "\n".join(tables),
        "hidden_locals": f"  int32_t z[{h}];\n  uint32_t i;\n",
        "hidden_code": _HIDDEN.replace("@H", h),
        "out_code": _OUT.replace("@H", h),
        "tanh": _tanh_code(),
    }


def _tanh_code() -> str:
    end, last = f"{TANH_END << A_FRACTION}", f"{len(TANH) - 2}"
    return _TANH.replace("@END", end).replace("@LAST", last)


_TANH = """\
/* tanh from the table, linear in between: 16 bits behind the point in, 15 out. */
static int32_t bounded(int64_t a) {
  const int64_t size = (a < 0) ? -a : a;
  const uint32_t cut = (size < @END) ? (uint32_t)size : @ENDu;
  const uint32_t found = cut >> 10u;
  const uint32_t place = (found < @LASTu) ? found : @LASTu;
  const uint32_t part = cut - (place << 10u);
  const int32_t step = (int32_t)TANH[place + 1u] - (int32_t)TANH[place];
  const int32_t rise = ((step * (int32_t)part) + 512) / 1024;
  const int32_t z = (int32_t)TANH[place] + rise;
  return (a < 0) ? -z : z;
}
"""
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


def _memory(fixed: FixedModel) -> list[str]:
    memory = fixed.portable.model.structure.memory
    if not memory:
        return []
    first = len(fixed.portable.channels)
    up = Y_FRACTION - fixed.fraction
    lines = []
    for n, (index, _) in enumerate(memory):
        wide = f"((int64_t)u[{index}] * {1 << up})"
        lines += [
            "  if (is_first != 0) {",
            f"    state->memory[{n}] = (int32_t){wide};",
            "  } else {",
            f"    const int64_t gap = {wide} - (int64_t)state->memory[{n}];",
            f"    const int64_t move = scaled_down(gap * {int(fixed.leaks[n])}, 30u);",
            f"    state->memory[{n}] += (int32_t)move;",
            "  }",
            f"  row[{first + n}] = narrow(state, scaled_down((int64_t)state->memory[{n}], {up}u));",
        ]
    return lines
