"""A short free run that travels with a model, so that whoever reads it can tell it still works."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from heliid.export.reference import free_run_plain
from heliid.model.network import NarxModel

N_SAMPLES = 100  # predicted samples, when the model is stable enough for that many
ROUNDING = 4 * float(np.finfo(float).eps)
DRIFT_ALLOWED = 1e-13  # in standard deviations; beyond it rounding decides, so the vector ends
TOLERANCE = 1e-12  # in standard deviations of the output


@dataclass(frozen=True, eq=False)
class SelfCheck:
    """Inputs (N, nu) and outputs (N, ny), SI deviations from trim; first n_start rows are given."""

    u: np.ndarray
    y: np.ndarray

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"inputs": self.u.tolist(), "outputs": self.y.tolist()}


def make_self_check(model: NarxModel, n_samples: int = N_SAMPLES) -> SelfCheck:
    """The model's free run on a fixed, smooth test input of about one standard deviation.

    It ends early where the model is so unstable that rounding alone would change the answer by
    1e-13 standard deviations, but holds at least one predicted sample.
    """
    n_start = model.structure.n_start
    u, y_start = _excitation(model, n_start + n_samples)
    run = free_run_plain(model, u.tolist(), y_start.tolist())
    shaken = free_run_plain(model, u.tolist(), y_start.tolist(), shake=ROUNDING)
    drift = np.max(np.abs(run.y - shaken.y) / model.scaling.output_std, axis=1)
    too_far = np.flatnonzero(drift > DRIFT_ALLOWED)
    end = min([len(u), *too_far[:1].tolist(), run.diverged or len(u), shaken.diverged or len(u)])
    end = max(end, n_start + 1)
    return SelfCheck(u[:end], run.y[:end])


def worst_difference(model: NarxModel, check: SelfCheck) -> float:
    """The largest difference to a fresh run, in standard deviations; inf when it diverges."""
    y_start = check.y[: model.structure.n_start].tolist()
    run = free_run_plain(model, check.u.tolist(), y_start)
    if run.diverged is not None and len(check.u) > model.structure.n_start + 1:
        return math.inf
    return float(np.max(np.abs(run.y - check.y) / model.scaling.output_std))


def _excitation(model: NarxModel, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (n, nu) and first outputs (n_start, ny), SI deviations from trim."""
    scaling = model.scaling
    k = np.arange(n, dtype=float)[:, None]
    i = np.arange(scaling.input_mean.size, dtype=float)
    u = 0.7 * np.sin((0.05 + 0.03 * i) * k + i) + 0.5 * np.sign(np.sin(0.021 * (i + 2.0) * k + 0.5))
    j = np.arange(scaling.output_mean.size, dtype=float)
    y = 0.3 * np.cos(0.2 * (j + 1.0) * k[: model.structure.n_start])
    return (
        np.round(u, 4) * scaling.input_std + scaling.input_mean,
        np.round(y, 4) * scaling.output_std + scaling.output_mean,
    )
