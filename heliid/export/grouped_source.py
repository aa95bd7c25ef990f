"""C99 source of a model in grouped ternary terms whose residual edges are switched at run time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from heliid.data.record import FlightRecord
from heliid.export import runners
from heliid.export.grouped import (
    GroupedMachine,
    GroupedModel,
    Grouping,
    WholeTerms,
    activation_shifts,
    make_grouped,
    run_grouped,
)
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


def grouped_written(
    portable: Portable,
    grouping: Grouping,
    records: Sequence[FlightRecord],
    training: Sequence[FlightRecord] | None = None,
) -> Written:
    """NAME.c and NAME.h; checked against the bit-exact emulation at the highest level.

    With ``training`` records scales and biases are refitted to them.
    """
    grouped = make_grouped(portable, grouping, records)
    if training is not None:
        from heliid.export.grouped_refit import refit  # scipy is slow to import

        grouped = refit(grouped, training)
    files = grouped_files(grouped)
    source = f"{portable.file}.c"

    def check(folder: Path) -> Verified:
        cases = [
            Case(c.name, c.u, run_grouped(grouped, c, grouped.top)[0], c.u_trim, c.y_trim)
            for c in make_cases(portable, records)
        ]
        verdict = verify(portable, cases, runners.c_run(portable, folder / source))
        told = verdict.sentence.replace("difference is", "difference to HeliID's emulation is")
        return replace(verdict, sentence=told)

    notes = tuple(level_lines(grouped))
    return Written({source: files[source], **files}, notes, check)


def level_lines(grouped: GroupedModel) -> list[str]:
    """What each level costs."""
    return [
        f"Level {level}: {grouped.multiplications(level)} multiplications per step, "
        f"{grouped.bits(level)} bits."
        for level in range(grouped.top + 1)
    ]


def grouped_files(grouped: GroupedModel) -> dict[str, str]:
    """File name to text: NAME.h and NAME.c."""
    machine, own = GroupedMachine(grouped, grouped.top), make_cases(grouped.portable)[0]
    phi_shift, _ = activation_shifts(grouped)
    n_linear = str(max(len(machine.linear.rows), 1))
    form = Form(
        about=f"ternary weights with a scale per group of {grouped.grouping.group}, "
        f"{grouped.grouping.bits}-bit activations",
        remarks=level_lines(grouped),
        weights=f"{_TERM}\nstatic const term LINEAR[{n_linear}u] = {terms_text(machine.linear)};",
        predict="predict_terms.c",
        parts=_hidden(grouped, machine)
        | {"n_linear": n_linear, "shorten": _shorten("phi", "N_PHI", phi_shift)},
        test_y=run_grouped(grouped, own, grouped.top)[0],
        levels=grouped.top,
    )
    return whole_files(grouped.fixed, form)


_TERM = """\
/* A term adds its signed sum, times factor, shifted right, to a row, when its level is active.
   Bit t of plus and minus belongs to the t-th entry from first. */
typedef struct {
  uint64_t plus;
  uint64_t minus;
  int32_t factor;
  uint8_t shift;
  uint8_t level;
  uint16_t row;
  uint16_t first;
} term;
"""


def terms_text(terms: WholeTerms) -> str:
    """A table of terms as a C initialiser; one that adds nothing when there are none."""
    lines = []
    for k, row in enumerate(terms.rows.tolist()):
        used = np.flatnonzero(terms.signs[k])
        first = int(used[0])
        plus, minus = (_mask(terms.signs[k, first:] == sign) for sign in (1, -1))
        lines.append(
            f"  {{{plus}, {minus}, {int(terms.factor[k])}, {int(terms.shift[k])}u, "
            f"{int(terms.level[k])}u, {row}u, {first}u}}"
        )
    return "{\n" + ",\n".join(lines or ["  {0u, 0u, 0, 1u, 0u, 0u, 0u}"]) + "}"


def _mask(flags: np.ndarray) -> str:
    return f"UINT64_C(0x{sum(1 << t for t in np.flatnonzero(flags).tolist()):x})"


def _shorten(name: str, length: str, shift: int) -> str:
    if not shift:
        return ""
    return (
        f"  for (j = 0u; j < {length}; ++j) {{\n"
        f"    {name}[j] = (int16_t)scaled_down((int64_t){name}[j], {shift}u);\n"
        f"  }}"
    )


def _hidden(grouped: GroupedModel, machine: GroupedMachine) -> dict[str, str]:
    fixed = grouped.fixed
    if fixed.hidden is None:
        return {"hidden_tables": "", "hidden_locals": "", "hidden_code": "", "tanh": ""}
    h = f"{len(fixed.hidden_bias)}u"
    n_hidden, n_out = (f"{max(len(one.rows), 1)}u" for one in (machine.hidden, machine.out))
    tables = [
        f"static const term HIDDEN[{n_hidden}] = {terms_text(machine.hidden)};",
        f"static const int32_t HIDDEN_BIAS[{h}] = {whole_list(fixed.hidden_bias)};",
        f"static const term OUT[{n_out}] = {terms_text(machine.out)};",
        *tanh_table_code(),
    ]
    code = [
        f"  for (j = 0u; j < {h}; ++j) {{",
        "    a[j] = (int64_t)HIDDEN_BIAS[j];",
        "  }",
        f"  add_terms(HIDDEN, {n_hidden}, state->level, phi, a);",
        f"  for (j = 0u; j < {h}; ++j) {{",
        "    z[j] = (int16_t)bounded(a[j]);",
        "  }",
        _shorten("z", h, machine.z_shift),
        f"  add_terms(OUT, {n_out}, state->level, z, next);",
    ]
    return {
        "hidden_tables": "\n".join(tables),
        "hidden_locals": f"  int64_t a[{h}];\n  int16_t z[{h}];\n",
        "hidden_code": "\n".join(line for line in code if line),
        "tanh": tanh_code(),
    }
