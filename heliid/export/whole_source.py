"""What fixed-point and ternary C code share: everything but weights and prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heliid.export.c_source import REALS, c_pair, fill, list_of
from heliid.export.fixed_point import (
    A_FRACTION,
    LIMIT_Q,
    TANH,
    TANH_END,
    TANH_STEPS,
    Y_FRACTION,
    FixedModel,
)
from heliid.export.names import c_comment
from heliid.export.verify import make_cases


@dataclass(frozen=True, eq=False)
class Form:
    """What sets one way of storing weights apart from another.

    ``levels``: the highest level of residual edges; None where there are none.
    """

    about: str
    remarks: Sequence[str]
    weights: str
    predict: str  # the template with the prediction
    parts: dict[str, str]  # its replacements: hidden_tables, hidden_locals, tanh, ...
    test_y: np.ndarray
    levels: int | None = None


def whole_files(fixed: FixedModel, form: Form) -> dict[str, str]:
    """File name to text: NAME.h and NAME.c in whole numbers."""
    portable, real = fixed.portable, REALS["float64"]
    own = make_cases(portable)[0]
    memory = portable.model.structure.memory
    name, upper = portable.name, portable.name.upper()
    names = {"name": name, "NAME": upper, "frac": str(fixed.fraction)}
    has_levels = form.levels is not None
    values = names | form.parts | {
        "about": _about(fixed, form),
        "defines": _DEFINES.format(**names) + (
            f"#define {upper}_TOP_LEVEL {form.levels} "
            f"/* levels 0 to this; {name}_init chooses the highest */\n" if has_levels else ""
        ),
        "state": _STATE.format(**names, n_memory=max(len(memory), 1))
        + (_LEVEL_STATE if has_levels else ""),
        "more": (_LEVEL_DECLARED.format(**names) if has_levels else "") + _STEP_Q.format(**names),
        "more_code": _LEVEL_CODE.format(**names) if has_levels else "",
        "init_more": f"  state->level = {upper}_TOP_LEVEL;\n" if has_levels else "",
        "u_scale": f"{2.0**fixed.fraction!r}",
        "y_to_u": str(Y_FRACTION - fixed.fraction),
        "limit_q": str(LIMIT_Q),
        "weights": form.weights,
        "bias": whole_list(fixed.bias),
        "memory_code": "\n".join(_memory(fixed)) or "  (void)is_first;",
        "whose": "this fixed-point model",
        "tolerance": "1e-12",
        "n_test": str(len(own.u)),
        "test_u": list_of(real, own.u),
        "test_y": list_of(real, form.test_y),
    }  # fmt: skip
    values["predict"] = fill(form.predict, values).rstrip("\n")
    return c_pair(portable, real, "fixed.c", values)


def _about(fixed: FixedModel, form: Form) -> str:
    portable, frac = fixed.portable, fixed.fraction
    name = portable.name
    lines = [f"Fixed point, {form.about}, 32-bit outputs."]
    if form.levels is not None:
        lines += [
            f"Residual edges can be switched while it runs: {name}_set_level(&s, 0) is the least "
            f"work,",
            f"{name}_set_level(&s, {name.upper()}_TOP_LEVEL) the best fit; no restart is needed.",
        ]
    lines += [*map(c_comment, form.remarks), "", "Use, in whole numbers only:"]
    lines += [
        f"  static {name}_state s;  {name}_init(&s);",
        f"  int16_t u[{len(portable.inputs)}] = {{0}};  int32_t y[{len(portable.outputs)}];",
        f"  (void){name}_step_q(&s, u, y);   now y holds the outputs at the end of the step",
        f"with u = (value - trim - offset) / std * 2^{frac} and y = (value - trim - offset) / std "
        f"* 2^24;",
        f"{name}_step does this scaling in floating point.",
    ]
    return "\n".join(f" * {line}".rstrip() for line in lines)


_DEFINES = """\
#define {NAME}_U_FRACTION {frac} /* bits behind the point of u in step_q */
#define {NAME}_Y_FRACTION 24 /* bits behind the point of y in step_q */
"""
_STATE = """\
  int16_t past[{NAME}_ROWS][{NAME}_WIDTH];
  int32_t y[{NAME}_N_OUTPUTS];
  int32_t memory[{n_memory}];
  {name}_real u_trim[{NAME}_N_INPUTS];
  {name}_real y_trim[{NAME}_N_OUTPUTS];
  uint32_t at;       /* row of the next sample */
  int32_t diverged;  /* 1: outputs hold their last good values until the next start */
  int32_t saturated; /* 1: a value did not fit in 16 bits since the start; it was cut */"""
_LEVEL_STATE = """
  int32_t level;     /* residual edges up to this level are active */"""
_LEVEL_DECLARED = """\
/* Switch residual edges on or off from the next step on; returns the level that holds. */
int32_t {name}_set_level({name}_state *state, int32_t level);

"""
_STEP_Q = """\
/* One step in whole numbers. Returns 0, or 1 when diverged. */
int32_t {name}_step_q({name}_state *state, const int16_t *u, int32_t *y);

"""
_LEVEL_CODE = """\
int32_t {name}_set_level({name}_state *state, int32_t level) {{
  const int32_t low = (level > 0) ? level : 0;
  state->level = (low < {NAME}_TOP_LEVEL) ? low : {NAME}_TOP_LEVEL;
  return state->level;
}}

"""


def whole_list(values: np.ndarray, suffix: str = "") -> str:
    """Whole numbers as a C initialiser."""
    return list_of(lambda value: f"{int(value)}{suffix}", values.tolist())


def tanh_table_code() -> list[str]:
    """The table of tanh."""
    return [
        f"/* tanh at 0, 1/{TANH_STEPS}, ..., {TANH_END}, 15 bits behind the point. */",
        f"static const int16_t TANH[{len(TANH)}] = {whole_list(TANH)};",
    ]


def tanh_code() -> str:
    """The function ``bounded``, which reads the table of tanh."""
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
