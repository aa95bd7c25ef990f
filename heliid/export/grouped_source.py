"""C99 source of a model in grouped ternary terms whose residual edges are switched at run time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from heliid.data.record import FlightRecord
from heliid.export import runners
from heliid.export.c_source import REALS, c_gather, c_layout, c_tables, c_values, fill, list_of
from heliid.export.fixed_point import LIMIT_Q, TANH, TANH_END, TANH_STEPS, Y_FRACTION
from heliid.export.fixed_source import _memory, _tanh_code, _whole_list
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
    portable, fixed, real = grouped.portable, grouped.fixed, REALS["float64"]
    machine = GroupedMachine(grouped, grouped.top)
    tables = {name: list_of(real, table) for name, table in c_tables(portable).items()}
    own = make_cases(portable)[0]
    phi_shift, _ = activation_shifts(grouped)
    values = c_values(portable, real) | tables | c_layout(portable)
    values |= {
        "group": f"group of {grouped.grouping.group}",
        "bits": str(grouped.grouping.bits),
        "top": str(grouped.top),
        "frac": str(fixed.fraction),
        "u_scale": f"{float(2**fixed.fraction)!r}",
        "y_to_u": str(Y_FRACTION - fixed.fraction),
        "limit_q": f"{LIMIT_Q}",
        "loss": "\n".join(f" * {line}" for line in level_lines(grouped)),
        "n_memory_size": str(max(len(portable.model.structure.memory), 1)),
        "n_linear": str(max(len(machine.linear.rows), 1)),
        "linear_terms": terms_text(machine.linear),
        "bias": _whole_list(fixed.bias),
        "gather": "\n".join(c_gather(portable)),
        "memory_code": "\n".join(_memory(fixed)) or "  (void)is_first;",
        "shorten": _shorten("phi", "N_PHI", phi_shift),
        "n_test": str(len(own.u)),
        "test_u": list_of(real, own.u),
        "test_y": list_of(real, run_grouped(grouped, own, grouped.top)[0]),
    }
    values |= _hidden(grouped, machine)
    return {f"{portable.file}.{end}": fill(f"grouped.{end}", values) for end in ("h", "c")}


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
        f"static const int32_t HIDDEN_BIAS[{h}] = {_whole_list(fixed.hidden_bias)};",
        f"static const term OUT[{n_out}] = {terms_text(machine.out)};",
        f"/* tanh at 0, 1/{TANH_STEPS}, ..., {TANH_END}, 15 bits behind the point. */",
        f"static const int16_t TANH[{len(TANH)}] = {_whole_list(TANH)};",
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
        "tanh": _tanh_code(),
    }
