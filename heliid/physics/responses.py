"""Responses of the model and of its linearisation to the same textbook input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heliid.data.prepare import Prepared
from heliid.errors import SettingsError
from heliid.model.network import NarxModel
from heliid.model.simulate import run_prepared
from heliid.physics.linear_model import LinearModel, Trim, find_trim, linearise

KINDS = ("step", "doublet", "3-2-1-1")
START_S = 0.5


@dataclass(frozen=True, eq=False)
class TestResponse:
    """One input moved, from trim; deviations from the trim, SI.

    ``model`` holds its last value after a divergence; ``diverged_at`` says when, s.
    """

    __test__ = False  # for pytest: this is no test class

    kind: str
    input: str
    time: np.ndarray  # (N,) s
    u: np.ndarray  # (N,) the input
    model: np.ndarray  # (N, ny)
    linear: np.ndarray  # (N, ny)
    diverged_at: float | None


def make_input(kind: str, dt: float, seconds: float, unit_s: float = 0.7) -> np.ndarray:
    """A step, doublet or 3-2-1-1 of height 1 (N,), half a second after the start."""
    if kind not in KINDS:
        raise SettingsError(f"There is no input called '{kind}': choose {', '.join(KINDS)}.")
    n = round(seconds / dt)
    u, at = np.zeros(n), START_S
    if kind == "step":
        u[round(at / dt) :] = 1.0
        return u
    sign = 1.0
    for length in (1, 1) if kind == "doublet" else (3, 2, 1, 1):
        u[round(at / dt) : round((at + length * unit_s) / dt)] = sign
        at, sign = at + length * unit_s, -sign
    return u


def simulate_from_trim(
    model: NarxModel, trim: Trim, u: np.ndarray
) -> tuple[np.ndarray, float | None]:
    """Free run (N, ny) of the whole model for inputs u (N, nu), deviations from trim, SI.

    Row k follows input k. Also the time of divergence in s, or None.
    """
    before = model.structure.n_start
    n = before + len(u)
    prepared = Prepared(
        name="test input",
        time=model.dt * np.arange(n),
        u=trim.u + np.concatenate([np.zeros((before, u.shape[1])), u]),
        y=np.broadcast_to(trim.y, (n, len(trim.y))),
        u_trim=np.zeros(len(trim.u)),
        y_trim=np.zeros(len(trim.y)),
    )
    run = run_prepared(model, prepared)
    at = None if run.diverged_at is None else run.diverged_at - before * model.dt
    return run.simulated[before:] - trim.y, at


def respond(
    model: NarxModel,
    input_name: str,
    kind: str = "3-2-1-1",
    *,
    size: float | None = None,
    seconds: float = 15.0,
    unit_s: float = 0.7,
    linear: LinearModel | None = None,
) -> TestResponse:
    """The model and its linearisation side by side; ``size`` in the input's SI unit.

    By default the size is one standard deviation of the training input.

    Raises
    ------
    SettingsError
        No such input or kind of signal.
    """
    names = [channel.name for channel in model.inputs]
    if input_name not in names:
        raise SettingsError(f"There is no input '{input_name}': choose {', '.join(names)}.")
    i = names.index(input_name)
    linear = linear or linearise(model, find_trim(model))
    height = float(model.scaling.input_std[i]) if size is None else size
    u = np.zeros((round(seconds / model.dt), len(names)))
    u[:, i] = height * make_input(kind, model.dt, seconds, unit_s)
    full, diverged_at = simulate_from_trim(model, linear.trim, u)
    return TestResponse(
        kind, input_name, model.dt * np.arange(len(u)), u[:, i], full, linear.simulate(u),
        diverged_at,
    )  # fmt: skip
