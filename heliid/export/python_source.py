"""Stand-alone Python of a model: one file that needs numpy and nothing else."""

from __future__ import annotations

import pprint
import textwrap
from typing import Any

import numpy as np

from heliid.export.c_source import fill
from heliid.export.names import one_line
from heliid.export.portable import Portable, facts, heading, inputs_first
from heliid.model.network import DIVERGED_AT


def python_files(portable: Portable) -> dict[str, str]:
    """File name to text: NAME.py."""
    return {f"{portable.file}.py": fill("model.py.txt", _values(portable))}


def _values(portable: Portable) -> dict[str, str]:
    model = portable.model
    structure, weights = model.structure, model.weights
    texts = {
        "name": portable.name,
        "title": f"The dynamic model {portable.name}, as HeliID identified it.",
        "heading": "\n".join(f"# {_utf8(line)}".rstrip() for line in heading(portable)),
        "first_input": ", ".join(repr(c.trim) for c in portable.inputs),
        "facts": _literal(facts(portable)),
    }
    numbers: dict[str, Any] = {
        "dt": model.dt,
        "n_in": len(portable.inputs),
        "n_out": len(portable.outputs),
        "n_start": portable.n_start,
        "n_phi": structure.n_phi,
        "n_hidden": structure.n_hidden,
        "limit": DIVERGED_AT,
        "inputs": [(_utf8(c.name), _utf8(c.unit)) for c in portable.inputs],
        "outputs": [(_utf8(c.name), _utf8(c.unit)) for c in portable.outputs],
        "envelope": [
            (c.low, c.high) if np.isfinite(c.low) else (None, None) for c in portable.channels
        ],
        "out_channel": [j for j, _ in portable.output_taps],
        "out_lag": [lag for _, lag in portable.output_taps],
        "in_channel": [i for i, _ in portable.input_taps],
        "in_lag": [lag for _, lag in portable.input_taps],
        "memory": list(structure.memory),
        "linear": inputs_first(portable, weights.linear).tolist(),
        "bias": weights.bias.tolist(),
        "w_hid": inputs_first(portable, weights.w_hid).tolist(),
        "b_hid": weights.b_hid.tolist(),
        "w_out": weights.w_out.tolist(),
        "increment": model.scaling.increment_std.tolist(),
        "test_u": portable.test.u.tolist(),
        "test_y": portable.test.y.tolist(),
    }
    for letter, group in (("u", portable.inputs), ("y", portable.outputs)):
        numbers[f"{letter}_trim"] = [c.trim for c in group]
        numbers[f"{letter}_offset"] = [c.offset for c in group]
        numbers[f"{letter}_std"] = [c.std for c in group]
    return texts | {key: _literal(value) for key, value in numbers.items()}


def _literal(value: Any) -> str:
    """A Python literal; the lines after the first are indented."""
    return textwrap.indent(pprint.pformat(value, width=96, compact=True, sort_dicts=False),
                           "    ").lstrip()  # fmt: skip


def _utf8(text: str) -> str:
    return one_line(text, 400)
