"""Simulate an FMU with FMPy in a process of its own: FMU, cases.npz, output file.

The FMU gets at time t the input held from t to t + dt, and starts from the given samples.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np


def main(fmu: str, given: str, out: str) -> None:
    """Write the outputs (N, ny) of the free run as raw doubles."""
    from fmpy import read_model_description, simulate_fmu
    from fmpy.validation import validate_fmu

    problems = validate_fmu(fmu)
    if problems:
        raise SystemExit(f"error: {problems[0]}")
    data = np.load(given)
    u, y_start, n_start, dt = data["u"], data["y_start"], int(data["n_start"]), float(data["dt"])
    variables = read_model_description(fmu).modelVariables
    n_u, n_y = u.shape[1], y_start.shape[1]
    by_reference = {
        int(v.valueReference): v.name for v in variables if v.type.startswith(("Real", "Float"))
    }
    inputs = [by_reference[k] for k in range(n_u)]
    outputs = [by_reference[n_u + k] for k in range(n_y)]
    steps = len(u) - n_start
    signals = np.zeros(steps + 1, dtype=[("time", float), *((name, float) for name in inputs)])
    signals["time"] = np.arange(steps + 1) * dt
    for k, name in enumerate(inputs):
        signals[name] = np.append(u[n_start:, k], u[-1, k])
    result = simulate_fmu(
        fmu,
        start_time=0.0,
        stop_time=steps * dt,
        step_size=dt,
        output_interval=dt,
        input=signals,
        start_values=_start_values(variables, data),
        output=outputs,
    )
    y = np.array([[row[name] for name in outputs] for row in result])
    np.concatenate([y_start, y[1 : steps + 1]]).tofile(out)


def _start_values(variables: list, data: Any) -> dict[str, Any]:
    u, y = data["u"][: int(data["n_start"])], data["y_start"]
    both = np.hstack([u, y])
    trims = np.concatenate([data["u_trim"], data["y_trim"]])
    flag = next(v.name for v in variables if v.valueReference == str(both.shape[1] + 2)
                or v.valueReference == both.shape[1] + 2)  # fmt: skip
    values: dict[str, Any] = {flag: True}
    for variable in variables:
        reference = int(variable.valueReference)
        if 1000 <= reference < 10_000:
            values[variable.name] = float(trims[reference - 1000])
        elif reference >= 10_000 and variable.dimensions:
            values[variable.name] = [float(v) for v in np.ravel(u if reference == 10_000 else y)]
        elif reference >= 10_000:
            values[variable.name] = float(both.flat[reference - 10_000])
    return values


if __name__ == "__main__":
    main(*sys.argv[1:4])
