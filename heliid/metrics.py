"""How far a model is from a measurement: arrays in, numbers out.

Every function takes ``measured`` and ``model`` of the same shape, (N,) or (N, n), and reduces
over time: one number, or one per column (n,). Error = measured - model. Where a measure is not
defined (a constant measured signal has no spread to compare with) the number is nan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# J_rms (Tischler & Remple): 1 deg = 1 deg/s = 1 ft/s = 1 ft/s^2; SI values times these.
J_RMS_WEIGHTS = {
    "rad": 180.0 / np.pi,
    "rad/s": 180.0 / np.pi,
    "m/s": 1.0 / 0.3048,
    "m/s^2": 1.0 / 0.3048,
}


@dataclass(frozen=True, slots=True)
class Theil:
    """Theil's inequality coefficient and the shares of the mean square error.

    ``u`` is 0 for a perfect model and at most 1. ``bias + variance + covariance`` = 1: wrong
    mean, wrong size of the motion, and what is neither. Floats, or arrays (n,) per column.
    """

    u: Any
    bias: Any
    variance: Any
    covariance: Any


def _ratio(a: Any, b: Any) -> Any:
    """The ratio a / b, nan where b is 0; without a warning."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    shape = np.broadcast_shapes(a.shape, b.shape)
    return np.divide(a, b, out=np.full(shape, np.nan), where=b > 0.0)[()]


def _spread(values: np.ndarray) -> np.ndarray:
    """The standard deviation over time; exactly 0 for a constant column (N,) or (N, n)."""
    if values.shape[0] == 0:
        return np.full(values.shape[1:], np.nan)
    constant = np.max(values, axis=0) == np.min(values, axis=0)
    return np.where(constant, 0.0, np.std(values, axis=0))


def rms(values: np.ndarray) -> Any:
    """Root mean square over time; nan when there are no samples."""
    if values.shape[0] == 0:
        return np.full(values.shape[1:], np.nan)[()]
    return np.sqrt(np.mean(np.square(values), axis=0))


def rmse(measured: np.ndarray, model: np.ndarray) -> Any:
    """Root mean square error, in the unit of the signals."""
    return rms(measured - model)


def nrmse(measured: np.ndarray, model: np.ndarray) -> Any:
    """rms(error) / std(measured); 1 is as good as the mean of the measurement."""
    return _ratio(rmse(measured, model), _spread(measured))


def fit_percent(measured: np.ndarray, model: np.ndarray) -> Any:
    """100 (1 - norm(error) / norm(measured - mean)), as in MathWorks' documentation of compare."""
    return 100.0 * (1.0 - nrmse(measured, model))


def vaf(measured: np.ndarray, model: np.ndarray) -> Any:
    """Variance accounted for, %: 100 (1 - var(error) / var(measured)); blind to a bias."""
    error = measured - model
    return 100.0 * (1.0 - _ratio(np.square(_spread(error)), np.square(_spread(measured))))


def max_error(measured: np.ndarray, model: np.ndarray) -> Any:
    """Largest absolute error, in the unit of the signals; nan when there are no samples."""
    error = np.abs(measured - model)
    return np.max(error, axis=0) if error.shape[0] else np.full(error.shape[1:], np.nan)[()]


def theil(measured: np.ndarray, model: np.ndarray) -> Theil:
    """Theil's inequality coefficient with its bias, variance and covariance parts.

    U = rms(e) / (rms z + rms y); U_M = (mean z - mean y)^2 / MSE; U_S = (s_z - s_y)^2 / MSE;
    U_C = 2 (1 - rho) s_z s_y / MSE, written 2 (s_z s_y - cov) / MSE so that a constant signal
    needs no correlation. All signals are what the caller gives: deviations from trim, or the
    coefficient flatters a signal with a large mean. The parts of a perfect model are nan.
    """
    error = measured - model
    if error.shape[0] == 0:
        empty = np.full(error.shape[1:], np.nan)[()]
        return Theil(empty, empty, empty, empty)
    mse = np.mean(np.square(error), axis=0)
    s_z, s_y = np.std(measured, axis=0), np.std(model, axis=0)
    z = measured - np.mean(measured, axis=0)
    y = model - np.mean(model, axis=0)
    covariance = np.mean(z * y, axis=0)
    return Theil(
        u=_ratio(np.sqrt(mse), rms(measured) + rms(model)),
        bias=_ratio(np.square(np.mean(error, axis=0)), mse),
        variance=_ratio(np.square(s_z - s_y), mse),
        covariance=_ratio(2.0 * (s_z * s_y - covariance), mse),
    )


def j_rms(measured: np.ndarray, model: np.ndarray, si_units: Sequence[str]) -> float:
    """Weighted rms error over all outputs, sqrt(sum e'We / (N n_o)), Tischler & Remple.

    ``measured`` and ``model`` (N, ny) in SI, ``si_units`` one per column. The weights make
    1 deg = 1 deg/s = 1 ft/s = 1 ft/s^2; columns of another quantity have no weight in the
    source and are left out. nan when nothing is left.
    """
    columns = [j for j, unit in enumerate(si_units) if unit in J_RMS_WEIGHTS]
    if not columns or measured.shape[0] == 0:
        return float("nan")
    weights = np.array([J_RMS_WEIGHTS[si_units[j]] for j in columns])
    error = (measured[:, columns] - model[:, columns]) * weights
    return float(np.sqrt(np.mean(np.square(error))))
