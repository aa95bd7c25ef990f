"""Hessian-free Gauss-Newton: the step of Levenberg-Marquardt by preconditioned CG, no matrix."""

from __future__ import annotations

import math

import numpy as np

from heliid.events import ShouldStop, never
from heliid.training.curvature import SegmentObjective
from heliid.training.levenberg import MU_ACCEPT, MU_MAX, MU_MIN, MU_REJECT, Descent, Problem
from heliid.training.trainers.krylov import conjugate_gradients
from heliid.training.trainers.preconditioner import BlockPreconditioner

MOST_PRODUCTS = 60  # per solution
REJECTIONS = 12
TOLERANCE = 1e-5  # of the cost, twice in a row


def descend(
    problem: Problem,
    theta: np.ndarray,
    segments: np.ndarray,
    *,
    iterations: int,
    mu: float = 1e-2,
    should_stop: ShouldStop = never,
) -> Descent:
    """At most ``iterations`` steps; accept and reject as Levenberg-Marquardt does.

    Martens (2010). Deviates: the Gauss-Newton product is exact over all segments, the damping is
    relative to the preconditioner's diagonal, and the solver begins at 0, not at the last step.
    """
    objective = SegmentObjective(problem, segments)
    cost = objective.move_to(theta)
    done, slow = 0, 0
    while done < iterations and math.isfinite(cost) and not should_stop():
        done += 1
        gradient = objective.gradient()
        blocks = BlockPreconditioner(problem, theta, segments)
        accepted = False
        for _ in range(REJECTIONS):
            step = _step(objective, blocks, gradient, mu)
            value = objective.cost(theta + step)
            if value < cost:
                accepted = True
                break
            mu = min(mu * MU_REJECT, MU_MAX)
        if not accepted:
            break
        slow = slow + 1 if cost - value < TOLERANCE * cost else 0
        theta = theta + step
        cost = objective.move_to(theta)
        mu = max(mu * MU_ACCEPT, MU_MIN)
        if slow >= 2:
            break
    return Descent(theta, 2.0 * cost, mu, done)


def _step(
    objective: SegmentObjective, blocks: BlockPreconditioner, gradient: np.ndarray, mu: float
) -> np.ndarray:
    """The solution of (Gauss-Newton + mu D) x = -gradient, D the blocks' diagonal."""
    blocks.damp(mu)

    def product(v: np.ndarray) -> np.ndarray:
        return objective.gauss_newton(v) + mu * blocks.diagonal * v

    return conjugate_gradients(product, -gradient, blocks.solve, most=MOST_PRODUCTS).x
