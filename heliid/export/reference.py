"""The free run in its slow, obvious form: plain Python numbers, nothing compiled.

It fixes what every exported form must reproduce. Sums are exact before rounding (``fsum``), so
the answer depends neither on the order of summation nor on a maths library for arrays; loading a
model file re-runs its self-check with it, on any machine, before numba is imported.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heliid.model.network import DIVERGED_AT, NarxModel

Rows = list[list[float]]


@dataclass(frozen=True, slots=True)
class PlainRun:
    """Outputs (N, ny), SI deviations from trim; ``diverged`` is the sample that left, or None.

    From the sample that left the bound on, the last good row is repeated.
    """

    y: np.ndarray
    diverged: int | None


def extended_inputs(model: NarxModel, u: Sequence[Sequence[float]]) -> Rows:
    """Scaled inputs (N, nu + n_memory): each leaky copy starts at its input's first value."""
    scaling = model.scaling
    mean, std = scaling.input_mean.tolist(), scaling.input_std.tolist()
    rows = [[(x - m) / s for x, m, s in zip(row, mean, std, strict=True)] for row in u]
    leaks = model.structure.memory
    state = [rows[0][index] for index, _ in leaks] if rows else []
    extended: Rows = []
    for row in rows:
        state = [
            leak * row[index] + (1.0 - leak) * v
            for (index, leak), v in zip(leaks, state, strict=True)
        ]
        extended.append(row + state)
    return extended


def free_run_plain(
    model: NarxModel,
    u: Sequence[Sequence[float]],
    y_start: Sequence[Sequence[float]],
    *,
    shake: float = 0.0,
) -> PlainRun:
    """The model's free run over ``u`` (N, nu) from ``y_start`` (n_start, ny).

    Both in SI, deviations from trim (absolute where the model has no trim). The first
    ``n_start`` rows of the result are ``y_start``. ``shake`` adds a relative rounding error of
    this size, alternating in sign, to every output step: the difference to the run without it
    tells how far rounding alone carries.
    """
    scaling, structure = model.scaling, model.structure
    mean, std = scaling.output_mean.tolist(), scaling.output_std.tolist()
    x = extended_inputs(model, u)
    y: Rows = [[(v - m) / s for v, m, s in zip(row, mean, std, strict=True)] for row in y_start]
    step = _Step(model)
    diverged = None
    for k in range(structure.n_start, len(x)):
        if diverged is None:
            row = step(k, y, x)
            if shake:
                row = [v * (1.0 + (shake if (k + j) % 2 else -shake)) for j, v in enumerate(row)]
            if not all(abs(v) <= DIVERGED_AT for v in row):
                diverged = k
        y.append(y[-1] if diverged is not None else row)
    values = np.array(y, dtype=float).reshape(-1, structure.n_outputs)
    out = values * np.array(std) + np.array(mean)
    out[: len(y_start)] = np.array(y_start, dtype=float).reshape(-1, structure.n_outputs)
    return PlainRun(out[: len(x)], diverged)


class _Step:
    """One step of a model, its arrays unpacked into plain lists."""

    def __init__(self, model: NarxModel) -> None:
        out_taps, in_taps = model.structure.taps()
        self.out_taps = [(int(j), int(lag)) for j, lag in out_taps]
        self.in_taps = [(int(i), int(lag)) for i, lag in in_taps]
        weights = model.weights
        self.hidden = list(zip(weights.w_hid.tolist(), weights.b_hid.tolist(), strict=True))
        self.rows = list(
            zip(
                weights.linear.tolist(),
                weights.bias.tolist(),
                weights.w_out.tolist(),
                model.scaling.increment_std.tolist(),
                strict=True,
            )
        )

    def __call__(self, k: int, y: Rows, x: Rows) -> list[float]:
        phi = [y[k - lag][j] for j, lag in self.out_taps]
        phi += [x[k - lag][i] for i, lag in self.in_taps]
        z = [math.tanh(_affine(w, phi, b)) for w, b in self.hidden]
        return [
            math.fsum([y[k - 1][j], c, increment * _affine(v, z, 0.0), *map(_times, row, phi)])
            for j, (row, c, v, increment) in enumerate(self.rows)
        ]


def _affine(weights: list[float], values: list[float], start: float) -> float:
    return math.fsum([start, *map(_times, weights, values)])


def _times(a: float, b: float) -> float:
    return a * b
