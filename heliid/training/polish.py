"""The last digits of a least-squares solution, and whether it may be called converged.

Near the minimum the cost cannot fall any more in rounding (it is flat to second order) while the
weights still lack half their digits. The gradient is not flat: here Gauss-Newton steps are judged
by it alone, and the same numbers say honestly whether the place found is a minimum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from heliid.kernels.normal import solve_damped
from heliid.training.levenberg import Problem, descend

STEP_DONE = 1e-14  # of each weight's size: nothing left to move
STEP_CONVERGED = 1e-6  # the next Gauss-Newton step may move no weight by more of its size
GRADIENT_CONVERGED = 1e-5  # largest cosine between the residual and a column of the Jacobian
STEP_EXACT = 1e-9  # so small a step needs no small cosine: a residual near zero is all rounding
COST_SLACK = 1e-9  # the cost may rise by so much of itself: rounding, not a wrong way
_DAMPINGS = (0.0, 1e-14, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1.0)


@dataclass(frozen=True, eq=False)
class Polished:
    """Where the polishing ended; ``step`` and ``gradient`` are what ``converged`` rests on."""

    theta: np.ndarray
    cost: float
    converged: bool
    step: float  # largest relative move of the next undamped step, inf when there is none
    gradient: float  # largest cosine between residual and Jacobian column
    iterations: int


def polish(
    problem: Problem, theta: np.ndarray, segments: np.ndarray, *, iterations: int = 50
) -> Polished:
    """Gauss-Newton steps from ``theta`` while the scaled gradient falls.

    ``converged`` is true only when the normal equations can be solved without damping, their step
    is small against every weight, and the residual is orthogonal to the Jacobian; a plateau, a
    singular valley or weights on their way to infinity are not called minima.
    """
    here = _look(problem, theta, segments)
    done = 0
    while here is not None and done < iterations and here.step > STEP_DONE:
        done += 1
        better = _better(problem, here, segments)
        if better is None:
            break
        here = better
    if here is None:
        return Polished(theta, math.inf, False, math.inf, math.inf, done)
    is_level = here.gradient <= GRADIENT_CONVERGED or here.step <= STEP_EXACT
    converged = here.step <= STEP_CONVERGED and is_level
    return Polished(here.theta, here.cost, converged, here.step, here.gradient, done)


def solve(
    problem: Problem, theta: np.ndarray, segments: np.ndarray, *, iterations: int = 2000
) -> Polished:
    """A minimum from a start that may be far away, to the last digits; see ``polish``."""
    found = descend(
        problem, theta, segments,
        iterations=iterations, mu=1e-8, tolerance=0.0, rejections=60, is_cautious=True,
    )  # fmt: skip
    return polish(problem, found.theta, segments)


@dataclass(frozen=True, eq=False)
class _Place:
    """Cost, normal equations and undamped step at one point."""

    theta: np.ndarray
    cost: float
    gram: np.ndarray
    half_gradient: np.ndarray
    gradient: float
    norm: float
    step: float


def _look(problem: Problem, theta: np.ndarray, segments: np.ndarray) -> _Place | None:
    cost = problem.cost(theta, segments)
    system = problem.normal(theta, segments) if math.isfinite(cost) else None
    if system is None:
        return None
    gram, half = system
    scale = np.sqrt(np.maximum(np.diagonal(gram), 0.0) * max(cost, np.finfo(float).tiny))
    with np.errstate(divide="ignore", invalid="ignore"):
        cosines = np.abs(half) / scale
    cosines = np.where(half == 0.0, 0.0, cosines)
    step = np.empty_like(theta)
    size = math.inf
    if solve_damped(gram, half, 0.0, problem.lower, step):
        size = _relative(step, theta)
    norm = float((cosines * cosines).sum())
    return _Place(theta, cost, gram, half, float(cosines.max()), norm, size)


def _better(problem: Problem, here: _Place, segments: np.ndarray) -> _Place | None:
    """The first less and less bold step at which the scaled gradient is smaller, if any."""
    step = np.empty_like(here.theta)
    for damping in _DAMPINGS:
        if not solve_damped(here.gram, here.half_gradient, damping, problem.lower, step):
            continue
        there = _look(problem, here.theta + step, segments)
        if there is None or there.cost > here.cost * (1.0 + COST_SLACK):
            continue
        if there.norm < here.norm:
            return there
    return None


def _relative(step: np.ndarray, theta: np.ndarray) -> float:
    size = np.maximum(np.abs(theta), np.finfo(float).tiny)
    return float((np.abs(step) / size).max())
