"""A model for MATLAB and Octave: one function file, and its numbers as a .mat file."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from heliid.export.c_source import fill
from heliid.export.names import ascii_line, matlab_string
from heliid.export.portable import Portable, PortableChannel, facts, heading, inputs_first
from heliid.model.network import DIVERGED_AT


def matlab_files(portable: Portable) -> dict[str, str | bytes]:
    """File name to content: NAME.m and NAME.mat."""
    return {
        f"{portable.file}.m": fill("model.m", _values(portable)),
        f"{portable.file}_data.mat": mat_bytes(_variables(portable)),
    }


def mat_bytes(variables: dict[str, Any]) -> bytes:
    """A .mat file (level 5) with these variables."""
    from scipy.io import savemat  # slow to import

    stream = io.BytesIO()
    savemat(stream, variables, oned_as="row", long_field_names=True)
    return stream.getvalue()


def matrix(rows: Any, shape: tuple[int, int] | None = None) -> str:
    """A MATLAB matrix literal of a 2-D array (or a row vector of a 1-D one)."""
    array = np.asarray(rows, dtype=float)
    array = array.reshape(shape) if shape else np.atleast_2d(array)
    if array.size == 0:
        return f"zeros({array.shape[0]}, {array.shape[1]})"
    lines = [" ".join(_number(value) for value in row) for row in array.tolist()]
    return "[" + "; ...\n      ".join(lines) + "]"


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return repr(value)


def _values(portable: Portable) -> dict[str, str]:
    model = portable.model
    structure, weights = model.structure, model.weights
    h, n, n_out = structure.n_hidden, structure.n_phi, structure.n_outputs
    n_start = portable.n_start
    values = {
        "name": portable.name,
        "heading": "\n".join(_comments(portable)),
        "dt": repr(model.dt),
        "n_in": str(len(portable.inputs)),
        "n_out": str(n_out),
        "n_start": str(n_start),
        "n_extended": str(len(portable.inputs) + len(structure.memory)),
        "limit": repr(DIVERGED_AT),
        "first_input": " ".join(repr(c.trim) for c in portable.inputs),
        "bias": matrix(weights.bias),
        "b_hid": matrix(weights.b_hid, (1, h)),
        "increment": matrix(model.scaling.increment_std),
        "linear": matrix(inputs_first(portable, weights.linear), (n_out, n)),
        "w_hid": matrix(inputs_first(portable, weights.w_hid), (h, n)),
        "w_out": matrix(weights.w_out, (n_out, h)),
        "out_at": _places(portable.output_taps, n_start, n_start),
        "in_at": _places(portable.input_taps, n_start, n_start + 1),
        "memory_code": "\n".join(_memory(portable)),
        "inputs": _names(portable.inputs),
        "outputs": _names(portable.outputs),
        "envelope": matrix([[c.low, c.high] for c in portable.channels]),
        "about": matlab_string(ascii_line(json.dumps(facts(portable)), 20_000)),
        "test_u": matrix(portable.test.u),
        "test_y": matrix(portable.test.y),
    }
    for letter, group in (("u", portable.inputs), ("y", portable.outputs)):
        for field in ("trim", "offset", "std"):
            values[f"{letter}_{field}"] = matrix([getattr(c, field) for c in group])
    return values


def _comments(portable: Portable) -> Iterable[str]:
    first, *rest = heading(portable)
    yield f"%{portable.name.upper()} {first}"
    for line in rest:
        # an indented block, so that %{ alone on a line can never begin a block comment
        yield f"%   {ascii_line(line)}".rstrip()


def _places(taps: Sequence[tuple[int, int]], n_start: int, rows: int) -> str:
    """Positions in a (rows, channels) matrix counted down the columns from 1.

    Row ``n_start + 1`` is the sample to be predicted; it exists among the inputs only.
    """
    return matrix([channel * rows + n_start + 1 - lag for channel, lag in taps], (1, len(taps)))


def _memory(portable: Portable) -> Iterable[str]:
    memory = portable.model.structure.memory
    if not memory:
        return
    first = len(portable.inputs)
    yield "  if isempty(before)"
    yield "    x = [x, " + ", ".join(f"x({i + 1})" for i, _ in memory) + "];"
    yield "  else"
    terms = [
        f"{leak!r} * x({i + 1}) + (1.0 - {leak!r}) * before({first + n + 1})"
        for n, (i, leak) in enumerate(memory)
    ]
    yield "    x = [x, " + ", ...\n      ".join(terms) + "];"
    yield "  end"


def _names(channels: Sequence[PortableChannel]) -> str:
    rows = [f"{matlab_string(c.name)}, {matlab_string(c.unit)}" for c in channels]
    return "{" + "; ...\n    ".join(rows) + "}"


def _variables(portable: Portable) -> dict[str, Any]:
    """The model's numbers under the names of the model file."""
    model = portable.model
    structure = model.structure
    variables: dict[str, Any] = {
        "dt": model.dt,
        "n_start": portable.n_start,
        "output_taps": np.array(portable.output_taps, dtype=float).reshape(-1, 2),
        "input_taps": np.array(portable.input_taps, dtype=float).reshape(-1, 2),
        "memory": np.array(structure.memory, dtype=float).reshape(-1, 2),
        "increment_std": model.scaling.increment_std,
        "input_names": np.array([c.name for c in portable.inputs], dtype=object),
        "input_units": np.array([c.unit for c in portable.inputs], dtype=object),
        "output_names": np.array([c.name for c in portable.outputs], dtype=object),
        "output_units": np.array([c.unit for c in portable.outputs], dtype=object),
        "envelope": np.array([[c.low, c.high] for c in portable.channels]),
        "test_u": portable.test.u,
        "test_y": portable.test.y,
        "about": json.dumps(facts(portable)),
    }
    for letter, group in (("u", portable.inputs), ("y", portable.outputs)):
        for field in ("trim", "offset", "std"):
            variables[f"{letter}_{field}"] = np.array([getattr(c, field) for c in group])
    return variables | {name: getattr(model.weights, name) for name in
                        ("w_hid", "b_hid", "w_out", "linear", "bias")}  # fmt: skip
