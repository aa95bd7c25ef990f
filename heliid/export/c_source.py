"""C99 source of a model: one header, one source file, no heap, no recursion, C++-clean.

In double precision the generated code does the same arithmetic in the same order as the app's
kernel, its own tanh included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from string import Template

import numpy as np

from heliid.export.names import c_comment, c_string
from heliid.export.portable import (
    Portable,
    PortableChannel,
    heading,
    inputs_first,
    single_tolerance,
)
from heliid.model.network import DIVERGED_AT

TEMPLATES = Path(__file__).parent / "templates"
EXTRA_ROWS = 64  # steps between two moves of the window to the front
_FACTORIALS = (
    1.6059043836821613e-10, 2.08767569878681e-09, 2.505210838544172e-08, 2.755731922398589e-07,
    2.7557319223985893e-06, 2.48015873015873e-05, 1.984126984126984e-04, 1.3888888888888889e-03,
    8.333333333333333e-03, 4.1666666666666664e-02, 1.6666666666666666e-01, 0.5,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CReal:
    """How one of C's real types is written; ``single`` for float."""

    name: str
    single: bool

    def __call__(self, value: float) -> str:
        """The shortest literal that reads back as the same number of this type."""
        if not self.single:
            text = repr(float(value))
            return text if any(mark in text for mark in ".en") else text + ".0"
        with np.errstate(over="ignore"):
            text = str(np.float32(value))
        return (text if any(mark in text for mark in ".e") else text + ".0") + "F"


REALS = {"float64": CReal("double", False), "float32": CReal("float", True)}


def c_files(portable: Portable, dtype: str = "float64") -> dict[str, str]:
    """File name to text: NAME.h and NAME.c; ``dtype`` is ``"float64"`` or ``"float32"``."""
    real = REALS[dtype]
    n_test = len(portable.test.u)
    values = _hidden(portable, real) | _memory(portable, real) | {
        "about": _ABOUT.format(
            dt=repr(portable.model.dt), name=portable.name, n_in=len(portable.inputs),
            n_out=len(portable.outputs),
            first=", ".join(real(channel.trim) for channel in portable.inputs),
        ),
        "defines": "",
        "state": _STATE.format(name=portable.name, NAME=portable.name.upper()),
        "more": "",
        "whose": "the model",
        "tanh": tanh_source(portable, real) if portable.model.structure.n_hidden else "",
        "n_test": str(n_test),
        "test_u": list_of(real, portable.test.u),
        "test_y": list_of(real, portable.test.y),
        "tolerance": f"{single_tolerance(portable):.1e}" if real.single else "1e-11",
    }  # fmt: skip
    return c_pair(portable, real, "model.c", values)


_ABOUT = """\
 * Use, with the step of {dt} s kept by the caller:
 *   static {name}_state s;  {name}_init(&s);
 *   {name}_real u[{n_in}] = {{{first}}}, y[{n_out}];
 *   (void){name}_step(&s, u, y);   now y holds the outputs at the end of the step"""
_STATE = """\
  {name}_real past[{NAME}_ROWS][{NAME}_WIDTH];
  {name}_real u_trim[{NAME}_N_INPUTS];
  {name}_real y_trim[{NAME}_N_OUTPUTS];
  uint32_t at;      /* row of the next sample */
  int32_t diverged; /* 1: outputs hold their last good values until the next start */"""


def c_pair(portable: Portable, real: CReal, body: str, own: dict[str, str]) -> dict[str, str]:
    """NAME.h and NAME.c: the parts that all C code of a model shares around one ``body``.

    ``own``: what the body and the header need beside: about, defines, state, more (functions of
    the header), whose (in the self-test), tolerance, n_test, test_u, test_y, and the body's own.
    """
    values = c_values(portable, real) | c_layout(portable)
    values |= {name: list_of(real, table) for name, table in c_tables(portable).items()}
    values |= {"gather": "\n".join(c_gather(portable))} | own
    for part in ("channels", "advance", "ending"):
        values[part] = fill(f"{part}.c", values).rstrip("\n")
    name = portable.file
    return {f"{name}.h": fill("model.h", values), f"{name}.c": fill(body, values) + "\n"}


def fill(template: str, values: dict[str, str]) -> str:
    """A file of ``templates/`` with its ``${...}`` replaced; every one must have a value."""
    text = Template((TEMPLATES / template).read_text(encoding="utf-8")).substitute(values)
    return "\n".join(line.rstrip() for line in text.split("\n"))


def c_values(portable: Portable, real: CReal) -> dict[str, str]:
    """The replacements that every C file of a model shares."""
    model, channels = portable.model, portable.channels
    names = {}
    for kind, group in (("input", portable.inputs), ("output", portable.outputs)):
        names[f"{kind}_names"] = ", ".join(c_string(c.name) for c in group)
        names[f"{kind}_units"] = ", ".join(c_string(c.unit) for c in group)
    return names | {
        "name": portable.name,
        "file": portable.file,
        "NAME": portable.name.upper(),
        "real": real.name,
        "dt_literal": real(model.dt),
        "n_in": str(len(portable.inputs)),
        "n_out": str(len(portable.outputs)),
        "n_channels": str(len(channels)),
        "n_phi": str(model.structure.n_phi),
        "n_start": str(portable.n_start),
        "limit": real(DIVERGED_AT),
        "heading": "\n".join(
            f" * {c_comment(line)}" if line else " *" for line in heading(portable)
        ),
        "positions": "\n".join(_positions(portable)),
        "envelope": list_of(real, [ends_of(c) for c in channels]),
    }


def list_of(literal: Callable[[float], str], values: Iterable, indent: str = "  ") -> str:
    """A nested C initialiser; rows are wrapped at 96 columns."""
    items = list(values)
    if items and np.ndim(items[0]) > 0:
        rows = [indent + list_of(literal, row, indent + "  ") for row in items]
        return "{\n" + ",\n".join(rows) + "}"
    lines, line = [], ""
    for text in (literal(value) for value in items):
        if line and len(line) + len(text) > 92 - len(indent):
            lines.append(line)
            line = ""
        line += (", " if line else "") + text
    return "{" + f",\n{indent} ".join([*lines, line]) + "}"


def tanh_source(portable: Portable, real: CReal) -> str:
    """The function ``bounded``: tanh in plain arithmetic, libm's where that cannot hold."""
    bits = (
        (23, 127, "uint32_t", 12582912.0) if real.single else (52, 1023, "uint64_t", 2.0**52 * 1.5)
    )
    factors = _FACTORIALS[6:] if real.single else _FACTORIALS
    high, low = 6.93147180369123816490e-01, 1.90821492927058770002e-10
    if real.single:
        high, low = 0.693359375, -2.12194440e-4  # 9 significant bits: n * high is exact
    series = [f"  t = {real(factors[0])};"]
    series += [f"  t = (t * r) + {real(factor)};" for factor in factors[1:]]
    return fill(
        "tanh.c",
        {
            "NAME": portable.name.upper(),
            "libm": "tanhf" if real.single else "tanh",
            "end": real(9.25 if real.single else 19.0625),
            "zero": real(0.0),
            "one": real(1.0),
            "two": real(2.0),
            "log2_e": real(1.4426950408889634),
            "ln2_high": real(high),
            "ln2_low": real(low),
            "round": real(bits[3]),
            "bits": bits[2],
            "bias_bits": str(bits[1]),
            "mantissa": str(bits[0]),
            "series": "\n".join(series),
        },
    )


def c_tables(portable: Portable) -> dict[str, np.ndarray]:
    """The constant tables of numbers, by the name of their replacement."""
    linear = inputs_first(portable, portable.model.weights.linear)
    return {
        "u_trim": np.array([c.trim for c in portable.inputs]),
        "u_offset": np.array([c.offset for c in portable.inputs]),
        "u_std": np.array([c.std for c in portable.inputs]),
        "y_trim": np.array([c.trim for c in portable.outputs]),
        "y_offset": np.array([c.offset for c in portable.outputs]),
        "y_std": np.array([c.std for c in portable.outputs]),
        "linear": linear.T,
        "bias": portable.model.weights.bias,
    }


def c_layout(portable: Portable) -> dict[str, str]:
    """Width and length of the window of the past."""
    width = len(portable.channels) + len(portable.model.structure.memory)
    return {
        "width": str(width),
        "rows": str(portable.n_start + max(EXTRA_ROWS, portable.n_start)),
    }


def c_gather(portable: Portable) -> Iterable[str]:
    """One assignment per entry of the regressor."""
    n_out, n_in = len(portable.outputs), len(portable.inputs)
    taps = [(n_out + i, lag, i) for i, lag in portable.input_taps]
    taps += [(j, lag, -1) for j, lag in portable.output_taps]
    for position, (column, lag, i) in enumerate(taps):
        row = "at" if lag == 0 else f"at - {lag}u"
        who = portable.outputs[column] if column < n_out else None
        if 0 <= i < n_in:
            who = portable.inputs[i]
        label = who.ident if who else f"memory {i - n_in}"
        yield f"  phi[{position}] = state->past[{row}][{column}]; /* {label} */"


def _hidden(portable: Portable, real: CReal) -> dict[str, str]:
    h = portable.model.structure.n_hidden
    if not h:
        return {
            "hidden_tables": "",
            "hidden_locals": "",
            "hidden_code": "",
            "increment": "    next[j] = state->past[state->at - 1u][j] + next[j];",
        }
    weights = portable.model.weights
    by_tap = list_of(real, inputs_first(portable, weights.w_hid).T)
    tables = [
        f"static const real HIDDEN[N_PHI][{h}] = {by_tap};",
        f"static const real HIDDEN_BIAS[{h}] = {list_of(real, weights.b_hid)};",
        f"static const real OUT[N_OUT][{h}] = {list_of(real, weights.w_out)};",
        "/* Standard deviations of the outputs' steps: the unit of the hidden units' part. */",
        "static const real INCREMENT[N_OUT] = "
        + list_of(real, portable.model.scaling.increment_std) + ";",
    ]  # fmt: skip
    return {
        "hidden_tables": "\n".join(tables),
        "hidden_locals": f"  real z[{h}];\n  uint32_t i;\n",
        "hidden_code": _HIDDEN_CODE.replace("@H", f"{h}u"),
        "increment": _INCREMENT.replace("@H", f"{h}u").replace("@0", real(0.0)),
    }


_HIDDEN_CODE = """\
  for (i = 0u; i < @H; ++i) {
    z[i] = HIDDEN_BIAS[i];
  }
  for (t = 0u; t < N_PHI; ++t) {
    for (i = 0u; i < @H; ++i) {
      z[i] += HIDDEN[t][i] * phi[t];
    }
  }
  for (i = 0u; i < @H; ++i) {
    z[i] = bounded(z[i]);
  }"""
_INCREMENT = """\
    real sum = @0;
    for (i = 0u; i < @H; ++i) {
      sum += OUT[j][i] * z[i];
    }
    next[j] = (state->past[state->at - 1u][j] + (INCREMENT[j] * sum)) + next[j];"""


def _memory(portable: Portable, real: CReal) -> dict[str, str]:
    memory = portable.model.structure.memory
    if not memory:
        return {"memory_code": "  (void)is_first;"}
    first = len(portable.channels)
    n_out = len(portable.outputs)
    lines = ["  if (is_first != 0) {"]
    for n, (index, _) in enumerate(memory):
        lines.append(f"    row[{first + n}] = row[{n_out + index}];")
    lines += ["  } else {", "    const real *const before = state->past[state->at - 1u];"]
    for n, (index, leak) in enumerate(memory):
        lines.append(
            f"    row[{first + n}] = ({real(leak)} * row[{n_out + index}]) + "
            f"({real(1.0 - leak)} * before[{first + n}]);"
        )
    return {"memory_code": "\n".join([*lines, "  }"])}


def _positions(portable: Portable) -> Iterable[str]:
    name = portable.name.upper()
    for letter, group in (("U", portable.inputs), ("Y", portable.outputs)):
        for k, channel in enumerate(group):
            comment = c_comment(f"{channel.name} [{channel.unit}]")
            yield f"#define {name}_{letter}_{channel.ident.upper()} {k}u /* {comment} */"


def ends_of(channel: PortableChannel) -> list[float]:
    """The training envelope; without one, a range that nothing leaves."""
    known = np.isfinite(channel.low) and np.isfinite(channel.high)
    return [channel.low, channel.high] if known else [-3.0e38, 3.0e38]
