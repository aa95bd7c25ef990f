"""The model linearised at its trim, for control design: JSON, CSV, .mat, python-control.

The discrete form is exact; where u, w, q and theta are outputs and four states describe the model
well enough, the JSON and .mat files hold that continuous form too.

Time convention: x[k+1] = A x[k] + B u[k], y[k] = C x[k], where u[k] is the input held over the
step from sample k to k+1. All quantities are deviations from the operating point, SI.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

from heliid.errors import ExportError
from heliid.export.json_text import readable
from heliid.export.matlab import mat_bytes
from heliid.export.names import csv_cell
from heliid.export.portable import Portable, facts
from heliid.export.verify import TOLERANCE, Verified
from heliid.model.network import NarxModel
from heliid.physics import (
    LinearModel,
    linearise,
    study_physics,
)
from heliid.physics.derivatives import longitudinal_order

N_CHECK = 50
CONVENTION = (
    "x[k+1] = A x[k] + B u[k], y[k] = C x[k] + D u[k]; u[k] is the input held over the step from "
    "sample k to k+1; deviations from the operating point, SI."
)


def state_space_files(portable: Portable, form: str = "json") -> dict[str, str | bytes]:
    """File name to content in one of the forms ``json``, ``csv``, ``mat``."""
    linear = linearise(portable.model)
    data = linear_facts(portable, linear)
    name = f"{portable.file}.{form}"
    if form == "json":
        return {name: readable(data) + "\n"}
    if form == "csv":
        return {name: _csv(linear)}
    if form == "mat":
        return {name: mat_bytes(_variables(linear, data))}
    raise ExportError(
        f"A linear model cannot be written as '{form[:20]}': choose json, csv or mat."
    )


def to_control(model: NarxModel) -> Any:
    """The linearised model as a ``control.StateSpace`` in discrete time.

    Raises
    ------
    ExportError
        python-control is not installed.
    """
    try:
        import control
    except ImportError as problem:
        raise ExportError(
            "A python-control object needs the package 'control': install it with  "
            "pip install 'heliid[control]'."
        ) from problem
    linear = linearise(model)
    space = linear.discrete
    return control.StateSpace(
        space.A, space.B, space.C, space.D, linear.dt,
        states=_labels(space.states), inputs=_labels([c.name for c in linear.inputs]),
        outputs=_labels([c.name for c in linear.outputs]),
    )  # fmt: skip


def check_state_space(portable: Portable, path: Path) -> Verified:
    """Read the file back and run it beside the app's own linear model, on a step of each input."""
    linear = linearise(portable.model)
    a, b, c, d = _read(path, linear)
    steps = np.eye(b.shape[1])[:, None, :] * linear.input_std * np.ones((1, N_CHECK, 1))
    worst = 0.0
    for u in steps:
        x, y = np.zeros(len(a)), np.empty((N_CHECK, len(c)))
        for k in range(N_CHECK):
            x, y[k] = a @ x + b @ u[k], c @ (a @ x + b @ u[k]) + d @ u[k]
        worst = max(worst, float(np.max(np.abs(y - linear.simulate(u)) / linear.output_std)))
    ok = worst <= TOLERANCE
    return Verified(
        ok, worst, "reader",
        f"{'Verified' if ok else 'Not verified'}: read back and stepped {N_CHECK} samples per "
        f"input; the largest difference is {worst:.1e} standard deviations.",
    )  # fmt: skip


def _read(path: Path, linear: LinearModel) -> list[np.ndarray]:
    """A, B, C, D from a written file of any of the three forms."""
    if path.suffix == ".json":
        data = json.loads(path.read_text(encoding="utf-8"))
    elif path.suffix == ".mat":
        from scipy.io import loadmat

        data = loadmat(path)
    else:
        rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
        data = _blocks(rows, linear)
    shapes = [np.array(data[name], dtype=float) for name in "ABCD"]
    return [matrix.reshape(len(matrix), -1) for matrix in shapes]


def _blocks(rows: list[list[str]], linear: LinearModel) -> dict[str, list[list[float]]]:
    """The blocks of ``_csv``, each a heading and as many rows as its matrix has."""
    space, at = linear.discrete, 1
    blocks = {}
    for name, matrix in (("A", space.A), ("B", space.B), ("C", space.C), ("D", space.D)):
        lines = rows[at + 1 : at + 1 + len(matrix)]
        blocks[name] = [[float(cell) for cell in line[1:]] for line in lines]
        at += 1 + len(matrix)
    return blocks


def continuous_form(model: NarxModel) -> dict[str, Any] | None:
    """The reduced x' = A x + B v in u, w, q, theta, SI; None where it would be another aircraft.

    v is the input after a first-order lag or a pure delay of ``seconds``, per input.
    """
    order = longitudinal_order(model.outputs)
    physics = study_physics(model)
    reduced = physics.reduced
    if order is None or reduced is None or physics.refusal:
        return None
    return {
        "A": reduced.A.tolist(),
        "B": reduced.B.tolist(),
        "states": [{"name": model.outputs[j].name, "unit": model.outputs[j].si} for j in order],
        "input_element": reduced.kind,
        "seconds": reduced.seconds.tolist(),
        "theil_to_full_model": physics.reduction_theil,
        "convention": "x' = A x + B v; v: each input after its lag or delay; deviations, SI",
    }


def linear_facts(portable: Portable, linear: LinearModel) -> dict[str, Any]:
    """Matrices, names, units, operating point, eigenvalues and where all of it comes from."""
    space = linear.discrete
    roots = np.linalg.eigvals(space.A)
    kept = roots[np.abs(roots) > 1e-9]  # shift registers have eigenvalues 0: infinitely fast
    slow = np.log(kept.astype(complex)) / linear.dt
    order = np.argsort(np.abs(slow))
    return {
        "format": "heliid-state-space",
        "format_version": 1,
        "convention": CONVENTION,
        "example": "d = json.load(open(path)); control.ss(d['A'], d['B'], d['C'], d['D'], d['dt'])",
        "dt": linear.dt,
        "inputs": [{"name": c.name, "unit": c.si} for c in linear.inputs],
        "outputs": [{"name": c.name, "unit": c.si} for c in linear.outputs],
        "states": [
            {"name": n, "unit": u} for n, u in zip(space.states, space.state_units, strict=True)
        ],
        "A": space.A.tolist(),
        "B": space.B.tolist(),
        "C": space.C.tolist(),
        "D": space.D.tolist(),
        "operating_point": {
            "inputs": linear.trim.u.tolist(),
            "outputs": linear.trim.y.tolist(),
            "relative_to": "trim" if portable.model.trim_rule != "none" else "zero",
            "is_fixed_point": linear.trim.is_fixed_point,
            "drift_per_second": linear.trim.drift.tolist(),
        },
        "eigenvalues_per_second": [[float(s.real), float(s.imag)] for s in slow[order]],
        "continuous_longitudinal": continuous_form(portable.model),
        "about": facts(portable),
    }


def _csv(linear: LinearModel) -> str:
    """Blocks A, B, C, D: matrix, row name, then one column per column name."""
    space = linear.discrete
    states, inputs = list(space.states), [c.name for c in linear.inputs]
    outputs = [c.name for c in linear.outputs]
    blocks = [("A", space.A, states, states), ("B", space.B, states, inputs),
              ("C", space.C, outputs, states), ("D", space.D, outputs, inputs)]  # fmt: skip
    lines = [f"dt [s],{linear.dt!r}"]
    for name, matrix, rows, columns in blocks:
        lines.append(",".join([name, *(csv_cell(c) for c in columns)]))
        for row, values in zip(rows, matrix.tolist(), strict=True):
            lines.append(",".join([csv_cell(row), *(repr(v) for v in values)]))
    return "\n".join(lines) + "\n"


def _variables(linear: LinearModel, data: dict[str, Any]) -> dict[str, Any]:
    space = linear.discrete
    reduced = data["continuous_longitudinal"]
    continuous = {}
    if reduced:
        continuous = {
            "Ac": np.array(reduced["A"]),
            "Bc": np.array(reduced["B"]),
            "input_element": reduced["input_element"],
            "input_seconds": np.array(reduced["seconds"]),
        }
    return continuous | {
        "A": space.A,
        "B": space.B,
        "C": space.C,
        "D": space.D,
        "dt": linear.dt,
        "u0": linear.trim.u,
        "y0": linear.trim.y,
        "states": np.array(space.states, dtype=object),
        "inputs": np.array([c.name for c in linear.inputs], dtype=object),
        "outputs": np.array([c.name for c in linear.outputs], dtype=object),
        "convention": CONVENTION,
        "about": json.dumps(data["about"]),
    }


def _labels(names: Any) -> list[str]:
    """Signal labels as python-control takes them: no dots."""
    return [str(name).replace(".", "_") for name in names]
