"""Hessian-free on the exact, possibly indefinite Hessian: Bi-CGSTAB and negative curvature.

After He, Mudigere, Smelyanskiy and Takáč, "Large scale distributed Hessian-free optimization for
deep neural network" (2016): gradient and acceptance on everything, curvature from a mini-batch of
windows, inner solver Bi-CGSTAB, and where the solver meets negative curvature that direction is
followed downhill. Deviates: a seeded Lanczos run looks for negative curvature where neither the
solution nor its directions lower the cost, so that a saddle without a slope is left as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from heliid.events import ShouldStop, never
from heliid.training.curvature import Objective, SegmentObjective
from heliid.training.levenberg import MU_ACCEPT, MU_MAX, MU_MIN, MU_REJECT, Descent, Problem
from heliid.training.spectrum import lanczos
from heliid.training.trainers.krylov import Solution, bicgstab, dot
from heliid.training.trainers.preconditioner import BlockPreconditioner

MOST_PRODUCTS = 40  # per solution, two per step of Bi-CGSTAB
PROBE_STEPS = 20  # of Lanczos where nothing else goes down
LENGTHS = (1.0, 0.25, 4.0, 0.0625, 0.0156)  # of a step along negative curvature
TOLERANCE = 1e-5
LEVEL = 1e-8  # gradient norm, in the scale of the cost, that counts as none
REJECTIONS = 12
SAFE = 1.0  # damping after negative curvature, in parts of that curvature


@dataclass
class Trace:
    """What happened, for tests and for the comparison."""

    met: int = 0  # iterations in which negative curvature was met
    followed: int = 0  # ... and lowered the cost more than the solution alone
    probes: int = 0  # runs of Lanczos
    products: int = 0
    costs: list[float] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Scale:
    """The metric of damping and directions, and how to solve with its damped form."""

    diagonal: np.ndarray
    damp: Callable[[float], None]
    solve: Callable[[np.ndarray], np.ndarray]


def identity_scale(size: int) -> Scale:
    """No preconditioner."""
    return Scale(np.ones(size), lambda _: None, lambda x: x)


def descend(
    problem: Problem,
    theta: np.ndarray,
    segments: np.ndarray,
    *,
    iterations: int,
    mu: float = 1e-2,
    should_stop: ShouldStop = never,
    batch: int = 0,
    trace: Trace | None = None,
) -> Descent:
    """At most ``iterations`` steps.

    ``batch``: windows whose curvature is taken at a time, in turn; 0 for all of them.
    """
    whole = SegmentObjective(problem, segments)
    n_parts = max(1, len(segments) // batch) if batch > 0 else 1
    parts = [whole] if n_parts == 1 else [
        SegmentObjective(problem, segments[k::n_parts]) for k in range(n_parts)
    ]  # fmt: skip

    def scale_at(place: np.ndarray) -> Scale:
        problem.cost(place, segments)  # the blocks read the runs of this place
        blocks = BlockPreconditioner(problem, place, segments)
        return Scale(blocks.diagonal, blocks.damp, blocks.solve)

    found = minimise(
        whole, theta, iterations=iterations, mu=mu, should_stop=should_stop,
        curvature=lambda k: parts[k % n_parts], scale_at=scale_at, trace=trace,
    )  # fmt: skip
    return Descent(found.theta, 2.0 * found.cost, found.mu, found.iterations)


def minimise(
    objective: Objective,
    theta: np.ndarray,
    *,
    iterations: int,
    mu: float = 1e-2,
    should_stop: ShouldStop = never,
    curvature: Callable[[int], Objective] | None = None,
    scale_at: Callable[[np.ndarray], Scale] | None = None,
    trace: Trace | None = None,
) -> Descent:
    """A minimum of any objective; ``cost`` of the result is the objective's own.

    ``curvature(k)`` gives the objective whose Hessian serves in iteration k, ``scale_at(theta)``
    the preconditioner there.
    """
    trace = Trace() if trace is None else trace
    cost = objective.move_to(theta)
    done, slow = 0, 0
    while done < iterations and math.isfinite(cost) and not should_stop():
        bent = objective if curvature is None else curvature(done)
        scale = identity_scale(objective.size) if scale_at is None else scale_at(theta)
        if bent is not objective:
            bent.move_to(theta)
        done += 1
        trial, value, mu = _iterate(objective, bent, scale, theta, cost, mu, trace)
        if not value < cost:
            break
        slow = slow + 1 if cost - value < TOLERANCE * abs(cost) else 0
        theta = trial
        cost = objective.move_to(theta)
        trace.costs.append(cost)
        if slow >= 2:
            break
    return Descent(theta, cost, mu, done)


def _iterate(
    objective: Objective,
    bent: Objective,
    scale: Scale,
    theta: np.ndarray,
    cost: float,
    mu: float,
    trace: Trace,
) -> tuple[np.ndarray, float, float]:
    """The best place this iteration finds, its cost, and the damping for the next one."""
    gradient = objective.gradient()
    best, value = theta, cost
    norm = math.sqrt(dot(gradient, gradient / np.maximum(scale.diagonal, 1e-300)))
    if norm > LEVEL * math.sqrt(abs(cost) + 1e-300):
        for _ in range(REJECTIONS):
            found = _solve(bent, scale, gradient, mu)
            trace.products += found.products
            best, value = _downhill(objective, gradient, theta, cost, found.x)
            if found.negative is not None:
                trace.met += 1
                reach = math.sqrt(dot(found.x, scale.diagonal * found.x))
                other, lower = _along(objective, gradient, best, value, found.negative, reach)
                if lower < value:
                    trace.followed += 1
                    best, value = other, lower
            # the system is definite from here on: below, its solution is drawn to saddles
            definite = SAFE * -found.curvature
            if value < cost:
                return best, value, max(mu * MU_ACCEPT, definite, MU_MIN)
            mu = min(max(mu * MU_REJECT, definite), MU_MAX)
    trace.probes += 1
    direction = _probe(bent, scale, trace)
    if direction is not None:
        trace.met += 1
        best, value = _along(objective, gradient, theta, cost, direction, 0.0)
        trace.followed += value < cost
    return best, value, mu


def _solve(bent: Objective, scale: Scale, gradient: np.ndarray, mu: float) -> Solution:
    scale.damp(mu)

    def product(v: np.ndarray) -> np.ndarray:
        return bent.hessian(v) + mu * scale.diagonal * v

    return bicgstab(
        product, -gradient, scale.solve, most=MOST_PRODUCTS, mu=mu, scale=scale.diagonal
    )


def _downhill(
    objective: Objective, gradient: np.ndarray, theta: np.ndarray, cost: float, x: np.ndarray
) -> tuple[np.ndarray, float]:
    """The full or the shortened step; turned round when it points uphill (He et al., step 7)."""
    if dot(gradient, x) > 0.0:
        x = -x
    for length in (1.0, 0.5, 0.125):
        trial = theta + length * x
        value = objective.cost(trial)
        if value < cost:
            return trial, value
    return theta, cost


def _along(
    objective: Objective,
    gradient: np.ndarray,
    theta: np.ndarray,
    cost: float,
    direction: np.ndarray,
    reach: float,
) -> tuple[np.ndarray, float]:
    """The lowest of a few places along negative curvature, in units of ``reach`` (1 when 0).

    The sense is the one that goes downhill; without a slope both are tried.
    """
    slope = dot(gradient, direction)
    senses = (-math.copysign(1.0, slope),) if slope != 0.0 else (1.0, -1.0)
    best, value = theta, cost
    for sense in senses:
        for length in LENGTHS:
            trial = theta + sense * length * (reach if reach > 0.0 else 1.0) * direction
            found = objective.cost(trial)
            if found < value:
                best, value = trial, found
    return best, value


def _probe(bent: Objective, scale: Scale, trace: Trace) -> np.ndarray | None:
    """The direction of most negative curvature that Lanczos finds in the scaled space, or None."""
    root = 1.0 / np.sqrt(np.maximum(scale.diagonal, 1e-300))
    found = lanczos(lambda v: root * bent.hessian(root * v), bent.size, steps=PROBE_STEPS, seed=1)
    trace.products += found.products
    if not found.smallest < -1e-10 * max(abs(found.largest), 1e-300):
        return None
    return root * found.vectors[:, 0]
